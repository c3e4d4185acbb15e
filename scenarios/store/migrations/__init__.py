"""How the tables of a store came to be, step by step, so that any older store can be brought up to date."""
