"""What we know: published tables, the areas they describe, and the council's own capacity register."""
