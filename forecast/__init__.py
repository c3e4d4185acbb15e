"""The road from plans to places: run, simulate, place, compare with capacity, score and summarise."""
