"""``sendplan audit``: how earlier forecasts did, beside the returns published since."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from data.errors import SourceError
from forecast.commands.output import console, progress, say, show

if TYPE_CHECKING:
    from forecast.validation.audit import Kept


def audit_command(
    area: Annotated[str, typer.Argument(help="Authority (name or number), or 'all'.")],
    keep: Annotated[
        bool,
        typer.Option(
            "--keep",
            help="First keep today's forecast of every authority, to be audited later. Takes some minutes.",
        ),
    ] = False,
) -> None:
    """Set every forecast that was kept beside each return published since: inside its interval or not, by how much, and why."""
    from data import areas
    from data.panels import history_tables
    from forecast.presentation import audit_words
    from forecast.validation import audit

    screen = console()
    matches = areas.resolve(area)
    one = matches[0] if len(matches) == 1 else None
    if keep:
        kept_now = keep_forecast()
        say(
            screen,
            "This version of today's forecast is kept already."
            if kept_now is None
            else f"Kept: {kept_now.stem}",
        )
    history = history_tables.load("current")
    for path in audit.write_entries(history, date.today().isoformat()):
        say(screen, f"New entry: {path.name}")
    entries = audit_words.audited(history, one)
    if not entries:
        raise SourceError(
            "No kept forecast has met a later return yet. Keep today's with 'sendplan audit all --keep', and come back when the "
            "next January is published."
        )
    for entry in entries:
        screen.print()
        for sentence in entry.sentences:
            say(screen, sentence)
        show(screen, entry.table, entry.title, index=False)


def keep_forecast() -> Kept | None:
    """Keep the forecast of every authority from the newest January; None where this version of it is kept already.

    Raises
    ------
    FitError
        There is no stored fit of this data and these models that passed its gate.
    OutputError
        It could not be written; nothing has changed.
    """
    import pandas as pd

    from data import areas
    from forecast.demand import stored_fit
    from forecast.runs.baseline import ForecastInputs
    from forecast.validation import audit

    inputs = ForecastInputs.prepare()
    kept = audit.Kept(inputs.history.origin, stored_fit.key()[:8], date.today().isoformat())
    if any(known.stem == kept.stem for known in audit.forecasts()):
        return None
    codes = [int(code) for code in inputs.history.stock["area"].to_numpy()]
    rows = []
    with progress(console()) as bar:
        task = bar.add_task("Authorities", total=len(codes))
        for code in codes:
            one = areas.by_code(code)
            bar.update(task, description=one.name)
            rows.append(audit.tabulate(inputs.baseline(one, years=audit.JANUARIES).outcome))
            bar.advance(task)
    audit.keep(pd.concat(rows, ignore_index=True), kept)
    return kept
