"""Runs of one authority: the baseline, and the same years again under a scenario."""
