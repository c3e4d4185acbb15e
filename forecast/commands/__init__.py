"""The commands of ``sendplan``, one module a group; `forecast.cli` gives each its name."""
