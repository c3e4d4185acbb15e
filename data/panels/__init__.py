"""Panels: published tables as arrays on complete grids, and the objects that models are fitted to."""
