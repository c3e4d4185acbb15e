"""One script a page, named in `forecast.ui.frame.registry`: each reads the choices, asks for a view and shows it."""
