"""Costs of children and places, income, and the balance of the high needs block, in pounds."""
