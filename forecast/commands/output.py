"""What commands print to: a console wide enough for tables, progress that never mixes with results, tables of finished text."""

from __future__ import annotations

import pandas as pd
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

WIDTH = 150
"""Columns to print when the output is not a terminal."""


def console() -> Console:
    """Return a console wide enough for tables when the output is a file or a pipe."""
    screen = Console()
    return screen if screen.is_terminal else Console(width=WIDTH)


def progress(screen: Console) -> Progress:
    """Return a progress bar on standard error, so that it never mixes with results."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True, width=None if screen.is_terminal else WIDTH),
        transient=True,
    )


def show(screen: Console, frame: pd.DataFrame, title: str, *, index: bool = True) -> None:
    """Print a frame of finished text as a table."""
    shown = frame.reset_index() if index else frame
    table = Table(title=title, title_justify="left", title_style="bold")
    for column in shown.columns:
        table.add_column(
            str(column),
            justify="right"
            if column not in ("Phase", "Provision", "Why", "model", "table", "source")
            else "left",
        )
    for row in shown.itertuples(index=False):
        table.add_row(*(str(cell) for cell in row))
    screen.print(table)
    screen.print()
