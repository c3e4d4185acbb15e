"""Validation: back-tests and hindcasts of earlier forecasts, and checks of the cost model against real spending."""
