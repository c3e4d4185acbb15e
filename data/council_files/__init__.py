"""What all files that a council fills in have in common: cells, formulas, and kept versions."""
