"""Statistics: one model a file behind one protocol. No files, network, clock or user interface."""
