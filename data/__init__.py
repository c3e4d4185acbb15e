"""Published tables, the authorities they describe, price books, and the council's own files (registers, unit costs, schemes)."""
