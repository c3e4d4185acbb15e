"""Builders of the published tables from official releases, one module a series; each quirk of a release is a named rule."""
