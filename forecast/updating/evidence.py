"""What is written down when a new release comes: the forecast of before as it was, and how it did against the new figures.

Invariant: the forecast is that of the tables and the fit in use, and nothing of the new release enters it. Files are written
among the new ones, so they come into use with the release, or not at all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from data.errors import FitError
from data.panels import history_tables
from data.panels.history import History
from forecast.core.sources import ROOT
from forecast.demand import stored_fit
from forecast.demand.members import Models
from forecast.validation import backtest, earlier_forecasts, track_record, unseen_january
from models.headline import HEADLINE
from models.joining import FittedHandOver
from models.memory import Memory


@dataclass(frozen=True)
class Outturn:
    """The forecast of before, and the figures that it forecast.

    Parameters
    ----------
    history, fitted
        The tables in use and the product's own forecast of totals from them.
    totals
        Table ``plans_total`` of the new release.
    root
        Folder of the new files; paths in it are as in the installation.
    """

    history: History
    fitted: FittedHandOver
    totals: pd.DataFrame
    root: Path

    def at(self, path: Path) -> Path:
        """Return where a file of the installation stands among the new files."""
        return self.root / path.relative_to(ROOT)


Recorder = Callable[[Outturn], tuple[str, ...]]
"""Writes down something about the forecast of before among the new files, and returns what it says in sentences."""


def keep_forecast(outturn: Outturn) -> tuple[str, ...]:
    """Keep the forecast of before as it was shipped (`forecast.validation.earlier_forecasts`)."""
    table = outturn.at(earlier_forecasts.TABLE)
    rows = earlier_forecasts.tabulate(outturn.fitted, outturn.history.origin, earlier_forecasts.SHIPPED)
    earlier_forecasts.write(earlier_forecasts.together(earlier_forecasts.read(table), rows), table)
    return (
        f"The forecast from January {outturn.history.origin} is kept as it was: {earlier_forecasts.TABLE}.",
    )


def score_forecast(outturn: Outturn) -> tuple[str, ...]:
    """Score the forecast of before of the next January against its figures (`forecast.validation.unseen_january`)."""
    january = outturn.history.origin + 1
    rows = outturn.totals.loc[outturn.totals["january"] == january]
    actual = rows.set_index("la_code")["as_published"].dropna().astype("float64")
    if actual.empty:
        return (
            f"Nothing is scored: the release has no total of January {january}, which the tables in use do not have yet.",
        )
    rule = Models(Memory()).totals(backtest.BENCHMARK)
    made = unseen_january.forecasts(outturn.history, outturn.fitted, HEADLINE, rule)
    scores = unseen_january.score(made, outturn.history, actual)
    page, table = outturn.at(track_record.PAGE), outturn.at(unseen_january.TABLE)
    if page.exists():
        track_record.write_unseen(scores, page, table)
    else:
        # Installed without its documents.
        track_record.write_unseen_scores(scores, table)
    return tuple(unseen_january.sentences(scores, HEADLINE))


RECORDERS: tuple[Recorder, ...] = (keep_forecast, score_forecast)
"""What is written down, in order; what else is to be scored at every update is added here."""


def record(root: Path, totals: pd.DataFrame) -> tuple[str, ...]:
    """Write down the forecast of before and how it did, and return it in sentences.

    Parameters
    ----------
    root
        Folder of the new files.
    totals
        Table ``plans_total`` of the new release.
    """
    history = history_tables.load("current")
    try:
        fitted = stored_fit.load(history).headline(history)
    except FitError as error:
        return (f"The forecast of before is not scored, because there is none that may be used. {error}",)
    outturn = Outturn(history, fitted, totals, root)
    return tuple(sentence for recorder in RECORDERS for sentence in recorder(outturn))
