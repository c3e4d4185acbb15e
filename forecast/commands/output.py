"""Output of commands: a console wide enough for tables, progress kept apart from results, and tables of text."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

if TYPE_CHECKING:
    import pandas as pd
    from rich.progress import Progress

    from forecast.core.outcome import Outcome

WIDTH = 150
"""Columns to print when the output is not a terminal."""

OF_WORDS: frozenset[str] = frozenset(
    {
        "Phase", "Provision", "Why", "model", "table", "source", "Scenario", "What it says", "For", "Measure", "Bar", "Lever",
        "Line", "S251", "Published by", "Note", "Part", "After the override", "Stability grant", "Financial year",
        "Theirs", "Ours",
        "For example", "Column", "Problem", "Proposed",
    }
)  # fmt: skip
"""Columns that hold words and begin at the left; numbers end at the right."""


def console() -> Console:
    """Return a console wide enough for tables when the output is a file or a pipe."""
    screen = Console()
    return screen if screen.is_terminal else Console(width=WIDTH)


def progress(screen: Console) -> Progress:
    """Return a progress bar on standard error, so that it never mixes with results."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True, width=None if screen.is_terminal else WIDTH),
        transient=True,
    )


def say(screen: Console, text: str, style: str = "") -> None:
    """Print text literally: brackets, colons and addresses in it have no special meaning."""
    screen.print(Text(text, style=style), soft_wrap=True)


def say_top_lines(screen: Console, outcome: Outcome) -> None:
    """Print what stands at the top of every output: that a forecast is old, and what the council's own count moves."""
    from forecast.presentation.top_lines import top_lines

    for line in top_lines(outcome, date.today()):
        say(screen, line)


def show(screen: Console, frame: pd.DataFrame, title: str, *, index: bool = True) -> None:
    """Print a table of text, and below it why a column holds averages."""
    from rich.table import Table

    from forecast.presentation.published_figures import why_averages

    shown = frame.reset_index() if index else frame
    table = Table(title=Text(title), title_justify="left", title_style="bold")
    for column in shown.columns:
        table.add_column(Text(str(column)), justify="left" if str(column) in OF_WORDS else "right")
    for row in shown.itertuples(index=False):
        table.add_row(*(Text(str(cell)) for cell in row))
    screen.print(table)
    if why := why_averages(shown):
        say(screen, why)
    screen.print()
