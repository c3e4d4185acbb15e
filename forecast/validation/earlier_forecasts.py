"""Totals forecast from earlier Januaries: as they were shipped, and as the present models make them from the figures up to then.

What differs between the two is the models (and figures up to then that were revised since); what differs between the second and
the forecast of now is the January published since. `forecast.presentation.then_and_now` sets a saved result beside that of now
with them.

Invariant: rows "as shipped" of an origin are never written again once the tables have moved on.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from data import tables
from data.errors import SourceError
from data.panels.history import History
from forecast.core import defaults
from forecast.core.atomic_files import write_one
from forecast.demand.members import Models
from forecast.validation.backtest import check_origins
from models.base import FittedModel
from models.headline import HEADLINE

TABLE = tables.REFERENCE / "evidence" / "earlier_forecasts.csv"
"""Total plans forecast from earlier Januaries, for every authority."""

SHIPPED, REFITTED = "as shipped", "present models"
"""Who made a forecast: the release of the January it was made from, or the models of now."""

COLUMNS: tuple[str, ...] = ("origin", "made_by", "la_code", "january", "p10", "p50", "p90")
"""Columns of `TABLE`: plans in ``january``, forecast from January ``origin``: percentiles."""

LEVELS: tuple[float, ...] = (0.1, 0.5, 0.9)
"""Probabilities of the percentiles."""


def tabulate(fitted: FittedModel, origin: int, made_by: str) -> pd.DataFrame:
    """Return the forecasts of a fitted model of totals as rows of `TABLE`, for the years that are usually forecast.

    Parameters
    ----------
    fitted
        Model of totals, fitted up to the origin.
    origin
        Last January it saw.
    made_by
        `SHIPPED` or `REFITTED`.
    """
    januaries = range(origin + 1, origin + defaults.YEARS + 1)
    levels = fitted.forecast(januaries).quantiles(LEVELS).isel(series=0)
    wide = levels.to_series().unstack("quantile").set_axis(["p10", "p50", "p90"], axis=1)  # noqa: PD010 - one cell each
    rows = wide.reset_index().rename(columns={"area": "la_code"})
    return rows.assign(origin=origin, made_by=made_by)[list(COLUMNS)].round(1)


def refit(history: History, origin: int, models: Models, seed: int = 0) -> pd.DataFrame:
    """Return what the present models forecast from an earlier January, fitted to nothing later; rows of `TABLE`.

    Parameters
    ----------
    history
        Today's authorities, up to now.
    origin
        The earlier January.
    models
        How models are made and sampled.
    seed
        Seed of the samplers.

    Raises
    ------
    OptionError
        The origin leaves too little history, or is later than the figures.
    """
    check_origins(history, [origin])
    fitted = models.totals(HEADLINE).fit(history.until(origin), rng=np.random.default_rng(seed))
    return tabulate(fitted, origin, REFITTED)


def read(path: Path = TABLE) -> pd.DataFrame:
    """Return the table of earlier forecasts; no row where there is none yet.

    Raises
    ------
    SourceError
        A column is missing, or a value cannot be used.
    """
    if not path.exists():
        return pd.DataFrame(columns=list(COLUMNS))
    table = pd.read_csv(path)
    wrong = (
        tuple(table.columns) != COLUMNS
        or not table["made_by"].isin([SHIPPED, REFITTED]).all()
        or not (table["p10"].le(table["p50"]) & table["p50"].le(table["p90"])).all()
        or table.duplicated(["origin", "made_by", "la_code", "january"]).any()
    )
    if wrong:
        raise SourceError(
            f"{path} is not the table of earlier forecasts it should be: columns {', '.join(COLUMNS)}, each cell once, "
            "percentiles in order. Put it back as it was, or write it again with 'sendplan earlier-forecasts'."
        )
    return table


def together(known: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Return two tables as one, rows of the second in the place of those of the same origin and maker."""
    key = ["origin", "made_by"]
    replaced = known.set_index(key).index.isin(new.set_index(key).index)
    rows = pd.concat([known[~replaced], new]) if len(known) else new
    return rows.sort_values([*key, "la_code", "january"], ignore_index=True)


def write(table: pd.DataFrame, path: Path) -> Path:
    """Write the table of earlier forecasts, whole or not at all."""
    return write_one(path, lambda draft: table.to_csv(draft, index=False, lineterminator="\n"))


def totals(table: pd.DataFrame, origin: int, made_by: str, la_code: int) -> pd.Series:
    """Return the middle forecasts of an authority's total by January; empty where there are none."""
    own = table[(table["origin"] == origin) & (table["made_by"] == made_by) & (table["la_code"] == la_code)]
    return own.set_index("january")["p50"].astype(float)
