"""Forms in which a council edits its own register, prices, schemes and scenarios."""
