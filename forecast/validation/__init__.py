"""What earlier forecasts got right: back-tests, hindcasts and checks against what was spent."""
