"""Capacity registers: the places a council has, in its own file or estimated, with their versions."""
