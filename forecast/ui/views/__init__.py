"""What pages show, as frames and text made from draws: one module a page, tested without a browser."""
