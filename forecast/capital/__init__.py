"""Capital schemes: what each costs and saves, which to build together, and whether a specialist base could do instead."""
