"""What the pages show, as frames and text made from draws: one module a page, each tested without a browser."""
