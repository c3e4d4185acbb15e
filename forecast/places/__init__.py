"""Specialist places: what the register offers, who may be admitted where, and who is left without."""
