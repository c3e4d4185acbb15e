"""Price books: what a place or a placement costs, from published spending or the council's own ledger, and how prices grow."""
