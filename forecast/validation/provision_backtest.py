"""Back-test of plans by kind of provision, and ``docs/track-record-places.md``, its public record.

Definitions (39 quantiles and wCRPS as in `forecast.validation.backtest`). Cell = (authority, kind, origin, target), scored
against the plans as published, without anything handed back. On identical cells and from the same draws of the headline total:

* ratio = sum of CRPS / sum of CRPS of "latest share": the share at the last published January times the total. Its standard
  error treats an authority as one observation (linearised ratio of cluster sums). That benchmark has no error of the share, so
  its intervals are far too narrow and it is easily beaten;
* ratio to "share held": the latest share with this model's own errors and nothing else, which shows what the equations add.

Strictly no later information: totals and kinds are fitted to ``history.until(origin)``. The headline's members are sampled as
briefly as the ensemble samples them at past origins; the model of kinds is sampled in full and must pass its gate.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from data import tables
from data.panels.history import History
from data.vocabulary import ALL
from forecast.core import defaults
from forecast.core.atomic_files import write_one
from forecast.core.quantile_table import PROBABILITIES
from forecast.validation.backtest import check_origins
from models.base import Model
from models.inference import Diagnostics
from models.provision_totals import (
    CHANGED_RETURN,
    KIND_CODES,
    KIND_LABELS,
    KINDS,
    REST,
    FittedProvision,
    ProvisionTotals,
)

PAGE = tables.DATA_DIR.parent / "docs" / "track-record-places.md"
"""The page that a back-test of every reporting origin refreshes."""

ORIGINS: tuple[int, ...] = tuple(range(2019, 2026))
"""Origins of the public record: the first has ages at college that can be compared, the last a January to score."""

LAST_TUNING_TARGET = 2022
"""Targets up to this January were used to choose constants."""

LITTLE_ADDED = 0.98
"""Ratio to the share held from which a kind's equations are said to add next to nothing."""

ERAS: Mapping[str, str] = {
    "before": "origin and target before the 2023 break",
    "crossing": "origin before, target after",
    "after": "origin and target after it",
}
"""Where a cell lies about the change to person-level returns."""

DYNAMICS: Mapping[str, float] = {
    "follows": 1.0,
    "follows_age": 0.0,
    "drift": 0.0,
    "momentum": 0.0,
    "reverts": 0.0,
    "undone": 0.0,
}
"""Values at which a share is held but for its errors."""


@dataclass(frozen=True)
class Backtest:
    """The results of a back-test of plans by kind of provision.

    Parameters
    ----------
    cells
        One row a cell: la_code, kind, origin, target, horizon, era, actual, median, in_80, width_80, crps, crps_latest,
        crps_held.
    diagnostics
        How well the model of kinds was sampled, by origin.
    """

    cells: pd.DataFrame
    diagnostics: Mapping[int, Diagnostics]


def backtest(
    history: History,
    totals: Model,
    provision: ProvisionTotals,
    origins: Sequence[int],
    horizon: int = 5,
    *,
    draws: int = defaults.DRAWS,
    seed: int = 0,
    on_step: Callable[[str], None] = lambda _: None,
) -> Backtest:
    """Forecast plans by kind of provision from earlier Januaries and score those published since.

    Parameters
    ----------
    history
        Everything published; models see it only up to the origin.
    totals
        Model of totals with age bands.
    provision
        Model of kinds.
    origins
        Last Januaries seen.
    horizon
        Most years ahead.
    draws
        Joint draws from each origin.
    seed
        Seed of the models' own randomness.
    on_step
        Called with a sentence after each fit.
    """
    check_origins(history, origins)
    parts, diagnostics = [], {}
    # Nothing later than the last January can be scored, so nothing from it is forecast.
    for origin in origins:
        past = history.until(origin)
        targets = list(range(origin + 1, min(origin + horizon, history.origin) + 1))
        if not targets:
            continue
        forecast = totals.fit(past, rng=np.random.default_rng([seed, origin])).forecast(targets)
        bands = forecast.draws(draws, np.random.default_rng([seed, origin, 1]))
        on_step(f"totals from January {origin}")
        fitted = provision.fit(past, rng=np.random.default_rng([seed, origin, 2]))
        on_step(f"kinds of provision from January {origin}")
        diagnostics[origin] = fitted.diagnostics
        parts.append(_cells(history, fitted, bands, seed))
    return Backtest(pd.concat(parts, ignore_index=True), diagnostics)


def _cells(history: History, fitted: FittedProvision, bands: xr.DataArray, seed: int) -> pd.DataFrame:
    """Return the scored cells of one origin."""
    # It compiles when loaded, for seconds; reading scores and forecasting need none of it.
    import scoringrules as sr

    shares = latest_shares(history.until(fitted.origin))
    latest = bands.sel(series=ALL, drop=True) * shares
    # Both start from the published share, so the gain is of the equations alone.
    still = replace(
        fitted,
        plans=shares.sel(kind=list(KIND_CODES)).transpose("area", "kind").to_numpy() * fitted.total[:, None],
        posterior=fitted.posterior.assign(
            {name: value + 0.0 * fitted.posterior[name] for name, value in DYNAMICS.items()}
        ),
    )
    rng = partial(np.random.default_rng, [seed, fitted.origin, 3])
    forecasts = {"": fitted.kinds(bands, rng()), "_latest": latest, "_held": still.kinds(bands, rng())}
    dims = ("area", "kind", "january")
    actual = published_kinds(history).sel(january=bands["january"]).transpose(*dims)
    cells = actual.rename("actual").to_series().reset_index()
    known = cells["actual"].notna().to_numpy()
    levels = np.asarray(PROBABILITIES)
    y = cells["actual"].to_numpy()[known]
    cells = cells[known].rename(columns={"area": "la_code", "january": "target"}).reset_index(drop=True)
    cells["origin"] = fitted.origin
    cells["horizon"] = cells["target"] - fitted.origin
    cells["era"] = np.where(
        cells["target"] < CHANGED_RETURN,
        "before",
        np.where(cells["origin"] >= CHANGED_RETURN, "after", "crossing"),
    )
    for name, drawn in forecasts.items():
        ordered = drawn.sel(kind=actual["kind"]).transpose(*dims, "draw").to_numpy()
        quantile = np.moveaxis(np.quantile(ordered, levels, axis=-1), 0, -1).reshape(-1, len(levels))[known]
        cells[f"crps{name}"] = 2 * sr.quantile_score(y[:, None], quantile, levels).mean(axis=1)
        if not name:
            at = {p: quantile[:, i] for i, p in enumerate(PROBABILITIES)}
            cells["median"] = at[0.5]
            cells["in_80"] = (at[0.1] <= y) & (y <= at[0.9])
            cells["width_80"] = at[0.9] - at[0.1]
    return cells


def published_kinds(history: History) -> xr.DataArray:
    """Return published plans by kind, the rest included, dims ``(area, january, kind)``; NaN where not usable."""
    placed = history.placements
    kinds = [placed.sel(provision=list(p)).sum("provision", skipna=False) for p in KINDS.values()]
    rest = placed.sum("provision", skipna=False) - sum(kinds)
    whole = xr.concat([*kinds, rest], dim="kind").assign_coords(kind=[*KIND_CODES, REST])
    return whole.transpose("area", "january", "kind")


def latest_shares(history: History) -> xr.DataArray:
    """Return each area's shares of kinds at its last usable return, the rest included, dims ``(area, kind)``."""
    kinds = published_kinds(history)
    shares = kinds / kinds.sum("kind", skipna=False).where(lambda whole: whole > 0)
    januaries = shares["january"]
    usable = januaries.where(shares.notnull().all("kind")).max("january").fillna(januaries[0])
    return shares.sel(january=usable.astype(int)).drop_vars("january").fillna(0.0)


def ratio(cells: pd.DataFrame, bar: str = "crps_latest") -> tuple[float, float]:
    """Return the ratio of summed CRPS to a benchmark's, and its standard error by authority cluster."""
    if cells.empty:
        return float("nan"), float("nan")
    sums = cells.groupby("la_code")[["crps", bar]].sum()
    value = sums["crps"].sum() / sums[bar].sum()
    areas = len(sums)
    residual = sums["crps"] - value * sums[bar]
    variance = areas / max(areas - 1, 1) * float((residual**2).sum()) / float(sums[bar].sum()) ** 2
    return float(value), float(np.sqrt(variance))


def summary(cells: pd.DataFrame) -> pd.DataFrame:
    """Return scores by kind and years ahead; "all kinds" covers the four specialist kinds, without the rest.

    Columns: kind, horizon, cells, wcrps, ratio, ratio_se, ratio_held, wape, coverage_80, width_80 (per cent of plans).
    """
    specialist = cells[cells["kind"] != REST]
    groups = [("all kinds", specialist), *((k, cells[cells["kind"] == k]) for k in (*KIND_CODES, REST))]
    rows = []
    for kind, own in groups:
        for horizon in [*sorted(own["horizon"].unique()), "all"]:
            chosen = own if horizon == "all" else own[own["horizon"] == horizon]
            rows.append({"kind": kind, "horizon": str(horizon), **_scores(chosen)})
    return pd.DataFrame(rows)


def by_era(cells: pd.DataFrame) -> pd.DataFrame:
    """Return scores by kind before, across and after the 2023 break, in the columns of `summary` with ``era`` for ``horizon``."""
    specialist = cells[cells["kind"] != REST]
    groups = [("all kinds", specialist), *((k, cells[cells["kind"] == k]) for k in (*KIND_CODES, REST))]
    rows = [
        {"kind": kind, "era": era, **_scores(own[own["era"] == era])}
        for era in ERAS
        for kind, own in groups
        if (own["era"] == era).any()
    ]
    return pd.DataFrame(rows)


def _scores(cells: pd.DataFrame) -> dict[str, float]:
    value, error = ratio(cells)
    plans = cells["actual"].sum()
    return {
        "cells": len(cells),
        "wcrps": 100 * cells["crps"].sum() / plans,
        "ratio": value,
        "ratio_se": error,
        "ratio_held": ratio(cells, "crps_held")[0],
        "wape": 100 * (cells["median"] - cells["actual"]).abs().sum() / plans,
        "coverage_80": 100 * cells["in_80"].mean(),
        "width_80": 100 * cells["width_80"].sum() / plans,
    }


def is_complete(result: Backtest) -> bool:
    """Return whether a back-test is complete and its fits passed, so that it may become the public record."""
    passed = all(d.passed for d in result.diagnostics.values())
    return PAGE.parent.is_dir() and set(result.diagnostics) == set(ORIGINS) and passed


def write_record(result: Backtest, page: Path = PAGE) -> Path:
    """Write the public record, whole or not at all, and return its path."""
    text = markdown(result)
    return write_one(page, lambda path: _write(path, text))


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def markdown(result: Backtest) -> str:
    """Return the public record as Markdown."""
    cells = result.cells
    origins, last = sorted(result.diagnostics), int(cells["target"].max())
    specialist = cells[cells["kind"] != REST]
    value, error = ratio(specialist)
    tuning, later = (
        ratio(specialist[(specialist["target"] <= LAST_TUNING_TARGET) == early])[0] for early in (True, False)
    )
    return "\n".join(
        [
            "# Track record: plans by kind of provision",
            "",
            "How well `provision_totals` would have split the forecast of totals into specialist kinds. Every forecast was made "
            "with data up to its origin and nothing later, and is scored against plans as published.",
            "",
            f"Origins January {origins[0]} to {origins[-1]}, targets to January {last}, {cells['la_code'].nunique()} long "
            f"series, {len(specialist):,} cells of the four kinds. Version {version('send-place-planner')}. Written by "
            f"`sendplan backtest-places --out FILE.parquet`. The model of kinds was sampled in full and passed its gate at "
            "every origin; the members behind the headline's totals were sampled more briefly, as the ensemble does at past "
            "origins.",
            "",
            "Kinds: " + "; ".join(f"`{code}` is {label}" for code, label in KIND_LABELS.items()) + ".",
            "",
            f"Summed over the four kinds, wCRPS was {value:.3f} times (SE {error:.3f}) that of \"latest share times the headline "
            f"total\": {tuning:.3f} on targets to January {LAST_TUNING_TARGET}, on which constants were chosen, and {later:.3f} "
            "on later ones. That benchmark knows no error of the share, so its intervals are far too narrow; against the latest "
            f"share with this model's own errors the ratio is {ratio(specialist, 'crps_held')[0]:.3f}.",
            "",
            "## By kind and years ahead",
            "",
            "wCRPS and width of the 80 % interval are in per cent of plans; the standard error treats an authority as one "
            "observation.",
            "",
            _table(summary(cells), "horizon", "Years ahead"),
            "",
            f"## About the {CHANGED_RETURN} break",
            "",
            f"Returns moved to person level in January {CHANGED_RETURN}: the kinds changed in part by definition, which no "
            "forecast from before could know. " + "; ".join(f"{era}: {words}" for era, words in ERAS.items()) + ".",
            "",
            _table(by_era(cells), "era", "Era"),
            "",
            "## Where it falls short",
            "",
            *(f"- {sentence}" for sentence in _shortcomings(cells)),
            "- Filled places are scored, not wanted ones, and by kind only: plans by kind and need are published for one "
            "January, 2025.",
            "- Priors come from changes to January 2022 and scores on later targets were printed while constants were chosen, so "
            "nothing here is a blind test ([experiments](experiments.md)).",
            "",
        ]
    )  # fmt: skip


def _shortcomings(cells: pd.DataFrame) -> list[str]:
    """Return sentences on kinds where the equations add little, the worst interval, and authorities where they do worse."""
    coverage = {
        (str(kind), int(str(origin))): float(own["in_80"].mean())
        for (kind, origin), own in cells.groupby(["kind", "origin"])
    }
    kind, origin = max(coverage, key=lambda at: abs(coverage[at] - 0.8))
    side = "too narrow" if coverage[kind, origin] < 0.8 else "too wide"
    sums = cells[cells["kind"] != REST].groupby("la_code")[["crps", "crps_latest"]].sum()
    worse = int((sums["crps"] > sums["crps_latest"]).sum())
    added = {k: ratio(cells[cells["kind"] == k], "crps_held")[0] for k in KIND_CODES}
    return [
        *(
            f"For `{k}` the equations add next to nothing: {value:.3f} of the score of its latest share with the same errors."
            for k, value in added.items()
            if value >= LITTLE_ADDED
        ),
        f"Worst held: from January {origin} the 80 % intervals of `{kind}` were {side}, with "
        f"{100 * coverage[kind, origin]:.1f} % of outcomes inside.",
        f"For {worse} of {len(sums)} authorities the latest share did better over all their cells.",
    ]


def _table(scores: pd.DataFrame, column: str, title: str) -> str:
    head = f"| Kind | {title} | Cells | wCRPS % | Ratio (SE) | Ratio to share held | WAPE % | 80 % held | Width % |"
    rows = [
        f"| {r['kind']} | {r[column]} | {r['cells']:,} | {r['wcrps']:.2f} | {r['ratio']:.3f} ({r['ratio_se']:.3f}) | "
        f"{r['ratio_held']:.3f} | {r['wape']:.2f} | {r['coverage_80']:.1f} | {r['width_80']:.1f} |"
        for r in scores.to_dict("records")
    ]
    return "\n".join([head, "|---|---|---|---|---|---|---|---|---|", *rows])
