"""What every page shares: the address, who may look, the menu, errors in place and the footer."""
