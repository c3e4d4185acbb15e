"""Presentation: the only package where draws become numbers and words, in published figures, tables and sentences."""
