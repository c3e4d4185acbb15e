"""What every package of forecasts shares: the outcome of a run, array types, financial years and whole-file writing."""
