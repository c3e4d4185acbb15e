"""Stores on both kinds of database: each test that asks for one runs on a file and on a real PostgreSQL server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scenarios.store import Store
from tests.stores import Server, postgres_server, ticking, why_no_postgres


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    why = why_no_postgres()
    if why:
        pytest.skip(why)
    with postgres_server() as running:
        yield running


@pytest.fixture(params=["file", "server"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return where a store may be made that does not exist yet."""
    if request.param == "file":
        return str(tmp_path / "scenarios.sqlite")
    server: Server = request.getfixturevalue("server")
    return server.make_place()


@pytest.fixture
def store(where: str) -> Store:
    return Store.open(where, ticking())
