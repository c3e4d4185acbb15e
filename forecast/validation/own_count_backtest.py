"""How much a council's own count during the year would have lowered the error of the next January's forecast.

Forecasts of totals one year ahead are those of the public record (`forecast.validation.track_record.TOTALS`): middle and 80 %
interval of each authority and origin, taken for a normal distribution of the log. The count of a day is simulated from what
happened:

    log count = (1 - f) L[origin] + f L[origin + 1] + e,   e ~ N(0, the error that the forecast assumes)

and the forecast is given it as `forecast.demand.own_count.given_total` does.

Invariant: the simulated count knows the outcome it is scored on, so this says what a count of that accuracy is worth, and not how
accurate councils' counts are; the second part of the table draws the error twice as large as the forecast assumes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import scoringrules
import xarray as xr
from scipy import stats

from data import tables
from data.counts.own_counts import PlansCount
from data.panels.history import History
from data.vocabulary import ALL
from forecast.demand.own_count import CountDay, LastPublished, given_total
from forecast.validation import summary_files

HEADING = "## With the council's own count during the year"
"""Heading of the section of the public record."""

TABLE = tables.REFERENCE / "evidence" / "own_count_backtest.csv"
"""Mean scores by day counted."""

DAYS: tuple[tuple[int, int], ...] = ((3, 31), (6, 30), (9, 30), (12, 31))
"""Days of the origin's year on which plans are counted: month and day."""

ERRORS: tuple[float, ...] = (1.0, 2.0)
"""How many times the error that the forecast assumes the simulated count has."""

DRAWS = 400
"""Draws of each forecast, at even steps of the normal distribution."""

SEED = 19
"""Seed of the simulated errors."""

WITHOUT = "none"
"""The day of a forecast without a count."""

SCORES: tuple[str, ...] = ("missed", "log_crps", "held_80", "width_80")
"""Columns of scores: absolute error of the middle and CRPS, both of logs; whether the 80 % interval held; its width in logs."""

COLUMNS: tuple[str, ...] = ("counted", "error", "cells", *SCORES, "ratio")
"""Columns of the summary: scores x 100 but the ratio, of ``log_crps`` to that without a count."""


@dataclass(frozen=True)
class ScoredForecast:
    """One forecast of the public record one year ahead: plans at the origin, forecast, and plans that came."""

    la_code: int
    origin: int
    before: float
    median: float
    spread: float
    actual: float


def cases(totals: pd.DataFrame, history: History) -> Iterator[ScoredForecast]:
    """Yield the forecasts one year ahead of the public record, where plans at the origin are published.

    Parameters
    ----------
    totals
        Result of `forecast.validation.track_record.read_totals`.
    history
        The long series that it was scored on.
    """
    stock = history.stock.sel(series=ALL, drop=True)
    tail = stats.norm.ppf(0.9)
    one_ahead = totals[totals["target"] == totals["origin"] + 1]
    for row in one_ahead.to_dict("records"):
        la_code, origin = int(row["la_code"]), int(row["origin"])
        before = float(stock.sel(area=la_code, january=origin))
        if not math.isnan(before):
            spread = math.log(float(row["high_80"]) / float(row["low_80"])) / (2 * tail)
            yield ScoredForecast(la_code, origin, before, float(row["median"]), spread, float(row["actual"]))


def score(totals: pd.DataFrame, history: History) -> pd.DataFrame:
    """Return a row a forecast and day counted: ``la_code``, ``origin``, ``counted``, ``error``, `SCORES`; arguments as `cases`.

    An authority's simulated errors do not depend on which others are scored.
    """
    steps = stats.norm.ppf((np.arange(DRAWS) + 0.5) / DRAWS)
    rows = []
    for case in cases(totals, history):
        draws = xr.DataArray(
            np.exp(math.log(case.median) + case.spread * steps)[:, None],
            dims=("draw", "january"),
            coords={"january": [case.origin + 1]},
        )
        key = {"la_code": case.la_code, "origin": case.origin}
        rows.append({**key, "counted": WITHOUT, "error": 0.0, **_scores(draws, case.actual)})
        for times in ERRORS:
            rng = np.random.default_rng([SEED, case.la_code, case.origin, round(times)])
            for month, day in DAYS:
                count = simulated(case, date(case.origin, month, day), times, rng)
                given = given_total(draws, LastPublished(case.origin, case.before), count, rng)
                label = f"{day} {date(2000, month, 1):%B}"
                rows.append({**key, "counted": label, "error": times, **_scores(given, case.actual)})
    return pd.DataFrame(rows)


def simulated(case: ScoredForecast, day: date, times: float, rng: np.random.Generator) -> PlansCount:
    """Return a count of a day, simulated from the totals around it with some times the error that a forecast assumes."""
    blank = PlansCount(day=day, total=max(1, round(case.before)))
    measure = CountDay.of(blank).measure([case.origin, case.origin + 1], blank.total)
    path = measure.weights @ np.log([case.before, case.actual])
    return PlansCount(
        day=day,
        total=max(1, round(math.exp(path + times * math.sqrt(measure.error) * rng.standard_normal()))),
    )


def _scores(draws: xr.DataArray, actual: float) -> dict[str, float]:
    logs, came = np.log(draws.to_numpy()[:, 0]), math.log(actual)
    low, middle, high = np.quantile(logs, (0.1, 0.5, 0.9))
    return {
        "missed": abs(middle - came),
        "log_crps": float(scoringrules.crps_ensemble(came, logs)),
        "held_80": float(low <= came <= high),
        "width_80": high - low,
    }


def summary(cells: pd.DataFrame) -> pd.DataFrame:
    """Return mean scores by error and day counted, columns `COLUMNS`, the forecast without a count first."""
    without = cells.loc[cells["counted"] == WITHOUT, "log_crps"].mean()
    rows = []
    for (error, counted), own in cells.groupby(["error", "counted"], sort=False):
        means = {name: 100 * own[name].mean() for name in SCORES}
        ratio = own["log_crps"].mean() / without
        rows.append({"counted": counted, "error": error, "cells": len(own), **means, "ratio": ratio})
    table = pd.DataFrame(rows, columns=list(COLUMNS)).round(4)
    return table.sort_values("error", kind="stable", ignore_index=True)


def write(table: pd.DataFrame, path: Path = TABLE) -> Path:
    """Write the summary, whole or not at all."""
    return summary_files.write_summary(table, path)


def read_summary(path: Path = TABLE) -> pd.DataFrame:
    """Return the summary; no row where there is none yet (`forecast.validation.summary_files.read_summary`)."""
    return summary_files.read_summary(
        path, COLUMNS, "own counts", "sendplan backtest-own-count --out FILE.parquet"
    )


def markdown(table: pd.DataFrame) -> str:
    """Return the section of the track record."""
    lines = [
        HEADING,
        "",
        "Written by `sendplan backtest-own-count --out FILE.parquet`. Forecasts one year ahead of the table of totals, given a "
        "count of plans on a day of the origin's year (`--own-count`).",
        "",
        "**What this can show.** Nobody published councils' counts during the year, so the count is simulated from the outcome: "
        "the point between the two Januaries' logs on that day, with an error drawn as the forecast assumes it. It shows what a "
        "count of that accuracy is worth and that the spread shrinks as it should; it does not show how accurate councils' "
        "counts are. The second part draws errors twice as large as the forecast assumes. Each forecast is the published middle "
        "and 80 % interval, taken for a normal distribution of the log.",
        "",
        "Missed is the mean absolute error of the middle in log points (x 100, about per cent); width is that of the 80 % "
        "interval.",
        "",
        "| Plans counted on | Error of the count | Cells | Missed | logCRPS | Ratio | 80 % held | Width |",
        "|---|---|---|---|---|---|---|---|",
    ]
    names = {0.0: "", 1.0: "as assumed", 2.0: "twice as large"}
    for row in table.to_dict("records"):
        counted = "no count" if row["counted"] == WITHOUT else row["counted"]
        lines.append(
            f"| {counted} | {names.get(float(row['error']), row['error'])} | {int(row['cells']):,} | {row['missed']:.2f} | "
            f"{row['log_crps']:.2f} | {row['ratio']:.3f} | {row['held_80']:.1f} | {row['width_80']:.1f} |"
        )
    return "\n".join([*lines, ""])
