"""Which scenario a command means, and the store it may be kept in.

A scenario is named by the id of one in the library or in the store, or by the path of a file; the library comes first.
What it is based on is looked for beside its file, then in the library, then in the store.

Invariant: looking makes no store.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from scenarios.scenario import Scenario
    from scenarios.store import Store, Version

Ref = Annotated[str, typer.Argument(help="Id of a scenario in the library or the store, or a file.")]
"""One scenario."""

Kept = Annotated[
    str | None,
    typer.Option(
        "--store",
        help="A file, or postgresql+psycopg://USER@SERVER/DATABASE; out/scenarios.sqlite where left out.",
    ),
]
"""Where scenarios are kept."""


@dataclass(frozen=True)
class Chosen:
    """A scenario that was named.

    Parameters
    ----------
    said
        As its file or the store has it.
    flat
        With what it is based on read in: what is run.
    kept
        The version it was read from; None for a file or the library.
    """

    said: Scenario
    flat: Scenario
    kept: Version | None = None


def chosen(ref: str, store: str | None) -> Chosen:
    """Return the scenario that a name stands for: library, then file, then the latest version in the store.

    Raises
    ------
    ScenarioError
        There is none of that name, or it is not one that can be run.
    """
    from scenarios import reading
    from scenarios.keeping import scenario_of

    path = Path(ref)
    kept = None
    if ref in reading.library():
        said = reading.find(ref)
    elif path.is_file():
        said = reading.read(path)
    else:
        kept = latest(ref, store)
        said = reading.find(ref) if kept is None else scenario_of(kept)
    folder = path.parent if path.is_file() and ref not in reading.library() else None

    def base(name: str) -> Scenario:
        beside = folder is not None and any((folder / f"{name}{e}").is_file() for e in reading.ENDINGS)
        held = None if beside or name in reading.library() else latest(name, store)
        return reading.find(name, folder) if held is None else scenario_of(held)

    return Chosen(said, reading.resolve(said, base), kept)


def open_if_there(store: str | None) -> Store | None:
    """Return the store where there is one; looking does not make one."""
    from scenarios.store import Store
    from scenarios.store.address import address_of

    where = address_of(store)
    return None if where.is_file and not Path(str(where.url.database)).exists() else Store.open(store)


def latest(scenario_id: str, store: str | None) -> Version | None:
    """Return the latest version of a scenario in the store; None where it is not there."""
    held = open_if_there(store)
    kept = () if held is None else held.scenarios()
    return next((v for v in kept if v.scenario_id == scenario_id), None)
