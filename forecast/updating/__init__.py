"""A newer release: looked for, fetched, checked, laid over the tables, fitted, scored against, and switched to as a whole."""
