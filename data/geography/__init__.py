"""Outlines of authorities and their small areas, and where settings are."""
