"""The January after the tables: forecast from the tables and the stored fit at hand, and scored once a release publishes it.

Invariant: nothing of the January that is scored enters its forecast: tables and fit end at the January before, and the release is
read for outcomes alone.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from data import tables
from data.errors import SourceError
from data.ingest.layout import layout
from data.ingest.reading import Release
from data.ingest.sen2_layout import authorities, measured, topic
from data.panels.history import History
from data.vocabulary import ALL, SMALLEST_AUTHORITIES
from forecast.core.quantile_table import PROBABILITIES, long_table
from forecast.validation import backtest
from models.base import FittedModel, Model

HEADING = "## Januaries that were forecast before they were published"
"""Heading of the section of the public record."""

TABLE = tables.REFERENCE / "evidence" / "unseen_januaries.csv"
"""Every total that was forecast before it was published, with the outcome and the scores."""

COLUMNS: tuple[str, ...] = (
    "model", "la_code", "origin", "target", "before", "median", "low_80", "high_80", "low_95", "high_95", "actual", "log_crps",
    "ape", "in_80", "in_95",
)  # fmt: skip
"""Columns of `TABLE`: plans in January ``origin`` (``before``) and ``target`` (``actual``), the forecast and its scores."""


def forecasts(history: History, fitted: FittedModel, name: str, pooled_rule: Model) -> pd.DataFrame:
    """Return forecasts of the next January's totals as a long table (`forecast.core.quantile_table.COLUMNS`).

    Parameters
    ----------
    history
        The tables at hand.
    fitted, name
        The model that was fitted to them, and its name.
    pooled_rule
        The rule it is set beside; fitted here.
    """
    target = history.origin + 1
    rule = pooled_rule.fit(history, rng=np.random.default_rng([0, history.origin]))
    return pd.concat(
        [
            long_table(model.forecast([target]).quantiles(PROBABILITIES), called, history.origin)
            for called, model in ((name, fitted), (pooled_rule.name, rule))
        ],
        ignore_index=True,
    )


def outcomes(folder: Path, january: int) -> pd.Series:
    """Return the published total of every authority in a January, by ``la_code``; those without a figure are left out.

    Parameters
    ----------
    folder
        Folder of official releases.
    january
        The January; its release is that of the same reporting year.

    Raises
    ------
    SourceError
        The folder does not hold that release, or it does not have the January.
    """
    newest = layout(str(january))
    release = Release(folder)
    if not newest.has(release, "caseload"):
        raise SourceError(
            f"{folder} does not hold '{newest.file}', so there is no January {january} to score against. Put the release there, "
            "or point --from at the folder that holds it."
        )
    rows = topic(authorities(newest.read(release, "caseload")), "all")
    plans = measured(rows, ["la_code", "january"], ["plans"], newest.source("caseload"))
    published = plans.loc[plans["january"] == january].dropna(subset="plans").set_index("la_code")["plans"]
    if published.empty:
        raise SourceError(
            f"'{newest.file}' has no total of January {january}, so nothing can be scored. Put the whole release there."
        )
    return published.astype(float)


def score(table: pd.DataFrame, history: History, actual: pd.Series) -> pd.DataFrame:
    """Return the scores of forecasts of totals, columns `COLUMNS`.

    Left out are authorities without a figure in either January, and City of London and Isles of Scilly.

    Parameters
    ----------
    table
        Result of `forecasts`.
    history
        What they were made from.
    actual
        Result of `outcomes`.
    """
    before = history.stock.sel(series=ALL, january=history.origin).to_series().dropna()
    known = [code for code in before.index.intersection(actual.index) if code not in SMALLEST_AUTHORITIES]
    stock = xr.DataArray(
        actual.loc[known].to_numpy()[:, None, None],
        coords={"area": known, "series": [ALL], "january": [history.origin + 1]},
        dims=("area", "series", "january"),
    )
    totals = table[(table["age_band"] == ALL) & table["la_code"].isin(known)]
    scored = backtest.score_against(totals, stock)
    outer = totals.pivot_table(index=["model", "la_code"], columns="quantile", values="value")[[0.025, 0.975]]
    outer.columns = pd.Index(["low_95", "high_95"])
    whole = scored.join(outer, on=["model", "la_code"]).assign(before=scored["la_code"].map(before))
    return whole.sort_values(["model", "la_code"], ignore_index=True)[list(COLUMNS)]


def read_scores(path: Path = TABLE) -> pd.DataFrame:
    """Return the scores of every January that was forecast before it was published; no row where there is none yet."""
    return pd.read_csv(path) if path.exists() else pd.DataFrame(columns=list(COLUMNS))


def together(known: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """Return the scores of all Januaries, those of one in the place of earlier ones of the same January."""
    rows = pd.concat([known[~known["target"].isin(scores["target"])], scores]) if len(known) else scores
    return rows.sort_values(["target", "model", "la_code"], ignore_index=True).round(4)


def markdown(scores: pd.DataFrame, name: str) -> str:
    """Return the section of the public record on Januaries that were forecast before they were published.

    Parameters
    ----------
    scores
        Result of `read_scores`.
    name
        The model whose record it is; the others are what it is set beside.
    """
    parts = [
        HEADING,
        "",
        "The one test that nobody can have tuned to: made from what was known before, scored after. The fit is made again from "
        "the same tables when code moves; nothing of the January enters it. Written by `sendplan score-january --from DIR`.",
        "",
    ]
    for _, of_target in scores.groupby("target"):
        parts += [*(f"- {sentence}" for sentence in sentences(of_target, name)), ""]
    return "\n".join(parts)


def sentences(scores: pd.DataFrame, name: str) -> list[str]:
    """Return what the scores of one January say, in sentences.

    Parameters
    ----------
    scores
        Rows of one target, columns `COLUMNS`.
    name
        The model whose record it is; the other one is what it is set beside.
    """
    own = scores[scores["model"] == name]
    target, origin, areas = int(own["target"].iloc[0]), int(own["origin"].iloc[0]), len(own)
    value, error = backtest.ratio(scores.assign(age_band=ALL), name)
    forecast, outcome = (100 * (own[what].sum() / own["before"].sum() - 1) for what in ("median", "actual"))
    coverage = {level: 100 * own[f"in_{level}"].astype(bool).mean() for level in (80, 95)}
    return [
        f"January {target}: made from tables and a fit that end at January {origin}, and scored on the {areas} authorities with "
        "a figure in both Januaries.",
        f"It missed totals by {100 * own['ape'].mean():.2f} % on average. Its 80 % intervals held {coverage[80]:.1f} % of them "
        f"and its 95 % intervals {coverage[95]:.1f} %.",
        f"Its logCRPS is {value:.3f} (SE {error:.3f}) of that of the pooled rule, `{backtest.BENCHMARK}`.",
        f"Together these authorities grew by {outcome:.1f} %; the middle forecasts added up to {forecast:.1f} %.",
    ]
