"""Back-tests: forecasts from earlier Januaries, scored against what happened.

Strictly no later information: a model is given ``history.until(origin)`` and nothing else. Definitions (equal to
the published method comparison, so figures can be set side by side):

* 39 quantiles q_p, p = 0.025 ... 0.975. Cell = (authority, origin, target, series).
* logCRPS = (2 / 39) sum_p pinball_p(log(y + 1), log(q_p + 1)), mean over cells, shown x 100.
* wCRPS = sum over cells of (2 / 39) sum_p pinball_p(y, q_p) / sum y, on counts.
* MAPE = mean |f - y| / max(y, 1), f the median.
* coverage = share of cells with q_.10 <= y <= q_.90 (and q_.025, q_.975); width = (q_.90 - q_.10) / f.
* ratio = mean logCRPS / mean logCRPS of `regional_growth` on identical cells; its standard error treats an
  authority as one observation (linearised ratio of cluster sums).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pandas as pd
import xarray as xr

from data.errors import OptionError
from data.panels.history import History
from data.vocabulary import ALL
from forecast.core.quantile_table import PROBABILITIES, long_table
from models.base import Model

BENCHMARK = "regional_growth"
"""The rule every ratio is against."""

LAST_AGGREGATE_JANUARY = 2022
FIRST_PERSON_LEVEL_ORIGIN = 2024
"""Bands are clean where origin and target are on one side of the 2023 break between aggregate and person-level returns;
January 2023 itself is left out because its bands come from another publication."""


def backtest(
    history: History,
    models: Sequence[Model],
    origins: Sequence[int],
    horizon: int,
    *,
    seed: int = 0,
    on_step: Callable[[str], None] = lambda _: None,
) -> pd.DataFrame:
    """Forecast from earlier Januaries and return the quantiles as a table (`forecast.core.quantile_table.COLUMNS`).

    Parameters
    ----------
    history
        Everything published; each model sees it only up to the origin.
    models
        Models to score.
    origins
        Last Januaries seen.
    horizon
        Years ahead, 1 to 5 or more. Targets later than the data are forecast too, and cannot be scored yet.
    seed
        Seed of the models' own randomness.
    on_step
        Called with a sentence after each model and origin.
    """
    check_origins(history, origins)
    parts = []
    for origin in origins:
        past = history.until(origin)
        targets = list(range(origin + 1, origin + horizon + 1))
        for model in models:
            rng = np.random.default_rng([seed, origin])
            forecast = model.fit(past, rng=rng).forecast(targets)
            parts.append(long_table(forecast.quantiles(PROBABILITIES), model.name, origin))
            on_step(f"{model.name} from January {origin}")
    return pd.concat(parts, ignore_index=True)


def check_origins(history: History, origins: Sequence[int]) -> None:
    """Raise an `OptionError` unless every origin leaves enough history to fit to."""
    first = int(history.stock["january"][0])
    for origin in origins:
        if not first + 3 <= origin <= history.origin:
            raise OptionError(
                f"Origin {origin} is out of range: forecasts need at least four Januaries of history, which runs from "
                f"{first} to {history.origin}. Choose origins from {first + 3} to {history.origin}."
            )


def score(table: pd.DataFrame, history: History) -> pd.DataFrame:
    """Return a row for each cell with its scores; cells without a published outcome are left out.

    Columns: model, la_code, origin, target, horizon, age_band, actual, median, low_80, high_80, log_crps, crps, ape, in_80,
    in_95, width_80.
    """
    return score_against(table, history.stock)


def score_against(table: pd.DataFrame, stock: xr.DataArray) -> pd.DataFrame:
    """Return what `score` does, against outcomes in plans with dims ``(area, series, january)``."""
    # It compiles when loaded, for seconds; reading scores and forecasting need none of it.
    import scoringrules as sr

    keys = ["model", "la_code", "origin", "target", "age_band"]
    ordered = table[table["need"] == ALL].sort_values([*keys, "quantile"])
    levels = np.asarray(PROBABILITIES)
    cells = ordered.iloc[:: len(levels)][keys].reset_index(drop=True)
    quantile = ordered["value"].to_numpy().reshape(-1, len(levels))
    renamed = stock.rename({"series": "age_band", "january": "target", "area": "la_code"})
    actual = renamed.to_series().rename("actual")
    y = cells.join(actual, on=["la_code", "age_band", "target"])["actual"].to_numpy()
    known = ~np.isnan(y)
    cells, quantile, y = cells[known].reset_index(drop=True), quantile[known], y[known]
    at = {p: quantile[:, i] for i, p in enumerate(PROBABILITIES)}
    median = at[0.5]
    scored: pd.DataFrame = cells.assign(
        horizon=cells["target"] - cells["origin"],
        actual=y,
        median=median,
        low_80=at[0.1],
        high_80=at[0.9],
        log_crps=2 * sr.quantile_score(np.log1p(y)[:, None], np.log1p(quantile), levels).mean(axis=1),
        crps=2 * sr.quantile_score(y[:, None], quantile, levels).mean(axis=1),
        ape=np.abs(median - y) / np.maximum(y, 1),
        in_80=(at[0.1] <= y) & (y <= at[0.9]),
        in_95=(at[0.025] <= y) & (y <= at[0.975]),
        width_80=(at[0.9] - at[0.1]) / np.maximum(median, 1),
    )
    return scored


def ratio(scores: pd.DataFrame, model: str, column: str = "log_crps") -> tuple[float, float]:
    """Return a model's score as a ratio to the benchmark's on identical cells, and its standard error by authority cluster."""
    cell = ["la_code", "origin", "target", "age_band"]
    ours = scores[scores["model"] == model].set_index(cell)[column]
    bar = scores[scores["model"] == BENCHMARK].set_index(cell)[column]
    both = pd.concat({"ours": ours, "bar": bar}, axis=1, join="inner").groupby("la_code").sum()
    if both.empty:
        return float("nan"), float("nan")
    value = both["ours"].sum() / both["bar"].sum()
    areas = len(both)
    residual = both["ours"] - value * both["bar"]
    variance = areas / max(areas - 1, 1) * float((residual**2).sum()) / float(both["bar"].sum()) ** 2
    return float(value), float(np.sqrt(variance))


def totals(scores: pd.DataFrame) -> pd.DataFrame:
    """Return scores of totals by model and horizon, with a row "all" for all horizons together."""
    cells = scores[scores["age_band"] == ALL]
    rows = []
    for model in _in_order(cells["model"]):
        horizons: Iterable[int | str] = [*sorted(cells["horizon"].unique()), "all"]
        for horizon in horizons:
            chosen = cells if horizon == "all" else cells[cells["horizon"] == horizon]
            own = chosen[chosen["model"] == model]
            value, error = ratio(chosen, model)
            rows.append(
                {
                    "model": model,
                    "horizon": str(horizon),
                    "cells": len(own),
                    "log_crps": 100 * own["log_crps"].mean(),
                    "ratio": value,
                    "ratio_se": error,
                    "mape": 100 * own["ape"].mean(),
                    "coverage_80": 100 * own["in_80"].mean(),
                    "coverage_95": 100 * own["in_95"].mean(),
                    "width_80": 100 * own["width_80"].mean(),
                }
            )
    return pd.DataFrame(rows)


def without_break(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the cells whose origin and target lie on the same side of the 2023 break in the series."""
    return scores[
        (scores["target"] <= LAST_AGGREGATE_JANUARY) | (scores["origin"] >= FIRST_PERSON_LEVEL_ORIGIN)
    ]


def bands(scores: pd.DataFrame) -> pd.DataFrame:
    """Return wCRPS and coverage of age bands by model, on all cells and on those that do not cross the 2023 break."""
    rows = []
    parts = scores[scores["age_band"] != ALL]
    for model in _in_order(parts["model"]):
        for label, cells in (("all", parts), ("clean", without_break(parts))):
            own = cells[cells["model"] == model]
            if own.empty:
                continue
            rows.append(
                {
                    "model": model,
                    "cells_used": label,
                    "cells": len(own),
                    "wcrps": 100 * own["crps"].sum() / own["actual"].sum(),
                    "ratio": ratio(cells, model, "crps")[0],
                    "wape": 100 * (own["median"] - own["actual"]).abs().sum() / own["actual"].sum(),
                    "coverage_80": 100 * own["in_80"].mean(),
                    "coverage_95": 100 * own["in_95"].mean(),
                }
            )
    return pd.DataFrame(rows)


def _in_order(models: pd.Series) -> list[str]:
    """Return model names, the product's own forecast first, the others by name."""
    names = sorted(set(models))
    return sorted(names, key=lambda m: (m != "headline", m != BENCHMARK, m))
