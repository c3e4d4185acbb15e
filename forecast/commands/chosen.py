"""The scenario argument of commands and the store option; `forecast.runs.scenario_names` says what a name means."""

from __future__ import annotations

from typing import Annotated

import typer

Ref = Annotated[
    str,
    typer.Argument(
        help="Id of a scenario in the library or the store, a kept version such as my-plan@2, or a file."
    ),
]
"""One scenario."""

Kept = Annotated[
    str | None,
    typer.Option(
        "--store",
        help="A file, or postgresql+psycopg://USER@SERVER/DATABASE; out/scenarios.sqlite where left out.",
    ),
]
"""Where scenarios are kept."""
