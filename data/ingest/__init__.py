"""Official releases to tidy tables: one module a publisher's series, every quirk a named rule."""
