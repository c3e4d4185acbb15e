"""One authority's run: the baseline, and the same years again under a scenario."""
