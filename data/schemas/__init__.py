"""Schemas of the published tables, a module a subject; gathered here by name."""

from data.schemas import finance, flows, places, plans, surroundings
from data.schemas.base import Table

TABLES: dict[str, Table] = {
    t.name: t for module in (plans, flows, surroundings, places, finance) for t in module.TABLES
}
"""Every published table, in the order people read them."""
