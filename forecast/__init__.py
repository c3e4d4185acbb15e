"""Forecasts of plans, placements, places and money for one authority, with the scenarios, reports, pages and commands on them."""
