"""Forms in which a council changes its own register, prices, schemes and scenarios."""
