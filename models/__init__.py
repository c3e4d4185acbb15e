"""Statistical models, one a file behind one protocol, without files, network, clock or user interface."""
