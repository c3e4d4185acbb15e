"""The frame of every page: address, access, menu, errors in place and footer."""
