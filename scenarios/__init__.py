"""What might change: levers and scenarios. Empty in this release: every forecast is the baseline."""
