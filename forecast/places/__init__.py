"""Specialist places: what the register offers, whom each unit admits, and which children go without a place."""
