"""Capital schemes: what each costs and saves, which to choose together, and whether a base could do instead."""
