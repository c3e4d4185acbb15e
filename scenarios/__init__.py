"""Scenarios: named lists of levers, how each lever changes the inputs of a forecast, and the store that keeps versions."""
