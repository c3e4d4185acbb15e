"""One script a page, listed in `forecast.ui.frame.registry`: each reads the choices, makes a view and shows it."""
