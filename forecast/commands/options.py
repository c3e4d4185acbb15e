"""Arguments and options that several commands share.

Invariant: an option of one name means the same and has the same usual value in every command that takes its type from here.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from data.errors import OptionError
from data.formatting import describe_control_character, quoted

if TYPE_CHECKING:
    from data.areas import Area

AnyArea = Annotated[str, typer.Argument(help="Name, GSS code or DfE number of an authority, or 'all'.")]
"""One authority or all of them."""

OneArea = Annotated[str, typer.Argument(help="Name, GSS code or DfE number of an authority.")]
"""One authority."""

Years = Annotated[int, typer.Option(help="Januaries ahead.")]
"""How far to forecast."""

Capacity = Annotated[
    Path | None,
    typer.Option(
        help="The council's own capacity register (CSV or .xlsx); see 'sendplan capacity template'."
    ),
]
"""A register to use instead of the shipped one."""

OwnCount = Annotated[
    Path | None,
    typer.Option(
        "--own-count",
        help="The council's own count of plans since the last January (CSV or .xlsx); see 'sendplan counts template'.",
    ),
]
"""A count that the forecast is made to agree with."""

Seed = Annotated[int, typer.Option(help="Same seed, same numbers.")]
"""Where chance starts."""

Model = Annotated[str, typer.Option(help="Demand model.")]
"""Name of a model of `forecast.demand.members`."""

Draws = Annotated[int, typer.Option(help="Number of draws.")]
"""How many futures to draw."""

Origins = Annotated[list[int] | None, typer.Option(help="Last Januaries seen, several in a row.")]
"""Januaries to forecast from in a back-test."""

ModelSeed = Annotated[int, typer.Option(help="Seed of the models' own randomness.")]
"""Where chance starts in a back-test."""


ReformChance = Annotated[
    float,
    typer.Option(
        help="Chance, 0 to 1, that the reform becomes law: a future shown beside the forecast, never in it."
    ),
]
"""Chance of the reform that a reader sets."""


def single(area: str, why: str) -> Area:
    """Return the one authority meant.

    Parameters
    ----------
    area
        Its name, GSS code or DfE number.
    why
        Why all will not do, as the beginning of a sentence: "Counts are one authority's".

    Raises
    ------
    OptionError
        All were asked for.
    """
    from data import areas

    chosen = areas.resolve(area)
    if len(chosen) > 1:
        raise OptionError(f"{why}, but 'all' was asked for. Name the authority.")
    return chosen[0]


def file_name(path: Path | None) -> str | None:
    """Return the name of a file for the record of a run; None where none was given."""
    return None if path is None else path.name


def check_chance(option: str, value: float) -> None:
    """Raise an `OptionError` unless the value of an option is a chance, 0 to 1."""
    if not 0 <= value <= 1:
        raise OptionError(f"{option} {value:g} is not a chance. Write a share from 0 to 1, such as 0.8.")


def check_shown(option: str, text: str | None) -> None:
    """Raise an `OptionError` if the text of an option holds a character that cannot be shown."""
    if text is not None and (odd := describe_control_character(text)) is not None:
        raise OptionError(f"{option} {quoted(text)} {odd}")


def check_may_write(path: Path, force: bool, instead: str = "another name") -> None:
    """Raise an `OptionError` if a file exists and nobody said that it may be replaced; ``instead`` is what to choose."""
    if path.exists() and not force:
        raise OptionError(
            f"{path} exists, and may hold your edits, so it was left alone. Choose {instead}, or add --force."
        )
