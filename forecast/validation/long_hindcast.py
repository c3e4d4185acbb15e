"""How forecasts of five to fifteen years would have done: England on its long series, authorities from January 2016.

England has no ages before 2010, so it is one box: plans a year on are those that did not end, and new ones,

    N_{t+1} = N_t (1 - ended) + residents of one age x -log(1 - C_t),

with C_t drawn by the law of joining (`models.joining.draw_chances`) and ``ended`` that of the last year. The law of growth is
that of the national path (`models.growth`), its parameters weighted by how well they tell the years to the origin (importance
sampling). Eras are known as at the origin: before 2014 nobody knew of plans. The same cells score every law.

What this can show is little: about three regimes, origins that overlap, and laws that were written by people who knew what came.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import t as student

from data import tables
from data.panels.history import History
from data.vocabulary import ALL
from forecast.validation import summary_files
from forecast.validation.long_series import WAYS, LongSeries, fill, known_new_plans, known_totals, read
from models import growth, joining
from models.base import Array, FittedModel, Model
from models.ensemble import SCORED_LEVELS, crps
from models.growth import (
    LARGEST_GROWTH,
    LAST_STATEMENT_JANUARY,
    STEP_TAIL,
    long_run_weight,
)
from models.joining import (
    FIRST_HANDED_OVER,
    FittedHandOver,
    FittedTotals,
    draw_chances,
    weight_of_law,
)
from models.joining_evidence import COHORT, Rise

TABLE = tables.REFERENCE / "evidence" / "long_hindcasts.csv"
"""Scores of the long hindcasts, behind the page and the app."""

HEADING = "## Five to fifteen years ahead"

FIRST_ORIGIN, LAST_ORIGIN = 1998, 2024
"""Origins of England: seven years of the series come first, and something must follow."""

FIRST_PUBLISHED_ORIGIN = 2015
"""First origin with five published Januaries in a row before it."""

AUTHORITY_ORIGINS: tuple[int, ...] = (2016, 2017, 2018, 2019, 2020, 2021)

LONGEST = 15
DRAWS = 2000
PRIOR_DRAWS = 20_000

YEARS: tuple[tuple[int, int], ...] = ((1, 2), (3, 4), (5, 7), (8, 10), (11, 15))
AUTHORITY_YEARS: tuple[tuple[int, int], ...] = ((1, 2), (3, 4), (5, 7), (8, 9))
"""Years ahead scored together, of England and of authorities: of ten years there is one origin."""

COLUMNS: tuple[str, ...] = (
    "part",
    "gaps",
    "law",
    "years",
    "cells",
    "log_crps",
    "ratio",
    "bias",
    "held_80",
    "held_95",
    "width_80",
)

TODAYS, HANDED_OVER = "growth", "handed over"
"""Names of the law of growth that forecasts followed without end, and of the one in use."""

Law = Callable[[LongSeries, int, np.random.Generator], Array]
"""Function (series to the origin, years ahead, generator) -> log plans, dims ``(draw, year)``."""


def growth_law(series: LongSeries, years: int, rng: np.random.Generator) -> Array:
    """Return paths of the national growth model, told England's growth to the origin and nothing else."""
    seen = np.diff(series.logs)
    origin = series.last
    statements, plans = (
        mean + spread * rng.standard_normal(PRIOR_DRAWS)
        for mean, spread in (growth.LONG_RUN_STATEMENTS, growth.LONG_RUN_PLANS)
    )
    persistence = rng.beta(*growth.PATH_PERSISTENCE, PRIOR_DRAWS)
    shock = np.exp(growth.LOG_SHOCK[0] + growth.LOG_SHOCK[1] * rng.standard_normal(PRIOR_DRAWS))
    era = _era(np.arange(series.first, series.first + len(seen)), origin)
    away = seen - (statements[:, None] + (plans - statements)[:, None] * era)
    expected = np.concatenate([np.zeros((PRIOR_DRAWS, 1)), persistence[:, None] * away[:, :-1]], axis=1)
    fit = student.logpdf((away - expected) / shock[:, None], STEP_TAIL).sum(axis=1) - len(seen) * np.log(
        shock
    )
    weight = np.exp(fit - fit.max())
    kept = rng.choice(PRIOR_DRAWS, DRAWS, p=weight / weight.sum())
    statements, plans, persistence, shock = statements[kept], plans[kept], persistence[kept], shock[kept]

    def long_run(january: int) -> Array:
        return np.asarray(statements + (plans - statements) * _era(np.array([january]), origin)[0])

    path, before = np.full(DRAWS, seen[-1]), long_run(origin - 1)
    logs, out = np.full(DRAWS, series.logs[-1]), []
    for year in range(years):
        now = long_run(origin + year)
        path = now + persistence * (path - before) + shock * rng.standard_t(STEP_TAIL, DRAWS)
        before = now
        logs = logs + np.clip(path, *LARGEST_GROWTH)
        out.append(logs)
    return np.stack(out, axis=1)


def _era(januaries: npt.NDArray[np.integer[Any]], origin: int) -> Array:
    """Return the weight of the era of plans, as known at an origin."""
    return np.where(origin < LAST_STATEMENT_JANUARY, 0.0, long_run_weight(januaries.astype(np.int64)))


def joining_law(series: LongSeries, years: int, rng: np.random.Generator) -> Array:
    """Return paths of the law of joining alone, dims ``(draw, year)``, lowest early chance first."""
    joined = series.new_plans()
    chances = draw_chances(Rise.of(-np.expm1(-joined / COHORT)), years, DRAWS, rng)
    order = np.argsort(np.log(chances.chance()[:, :FIRST_HANDED_OVER]).sum(axis=1), kind="stable")
    return _one_box(series, -np.log1p(-chances.chance()[order]))


def rates_held(series: LongSeries, years: int, rng: np.random.Generator) -> Array:
    """Return paths were joining rates to stay as in the last year but for the law's yearly shocks to the level."""
    rate = series.new_plans()[-1] / COHORT
    shocks = joining.LEVEL_SHOCK * rng.standard_t(joining.SHOCK_TAIL, (DRAWS, years))
    return _one_box(series, rate * np.exp(np.cumsum(shocks, axis=1)))


def _one_box(series: LongSeries, rates: Array) -> Array:
    plans, out = np.full(len(rates), np.exp(series.logs[-1])), []
    for rate in rates.T:
        plans = plans * (1 - series.ended[-1]) + COHORT * rate
        out.append(np.log(plans))
    return np.stack(out, axis=1)


def handed_over(weight: Callable[[npt.NDArray[np.integer[Any]]], Array]) -> Law:
    """Return the law that moves from growth to joining, by the weight of joining at each number of years ahead."""

    def law(series: LongSeries, years: int, rng: np.random.Generator) -> Array:
        grows, joins = growth_law(series, years, rng), joining_law(series, years, rng)
        paired = np.empty_like(joins)
        paired[np.argsort(grows[:, min(years, FIRST_HANDED_OVER) - 1], kind="stable")] = joins
        start = np.full((DRAWS, 1), series.logs[-1])
        w = weight(np.arange(1, years + 1))
        step = (1 - w) * np.diff(grows, axis=1, prepend=start) + w * np.diff(paired, axis=1, prepend=start)
        return np.asarray(series.logs[-1] + np.cumsum(step, axis=1))

    return law


def damped(persistence: float, towards: float) -> Law:
    """Return the law of a last growth that fades towards a level, with the shocks of the growth law."""

    def law(series: LongSeries, years: int, rng: np.random.Generator) -> Array:
        path, logs, out = np.full(DRAWS, np.diff(series.logs)[-1]), np.full(DRAWS, series.logs[-1]), []
        shock = np.exp(growth.LOG_SHOCK[0])
        for _ in range(years):
            path = towards + persistence * (path - towards) + shock * rng.standard_t(STEP_TAIL, DRAWS)
            logs = logs + path
            out.append(logs)
        return np.stack(out, axis=1)

    return law


LAWS: Mapping[str, Law] = {
    TODAYS: growth_law,
    HANDED_OVER: handed_over(weight_of_law),
    "half and half": handed_over(lambda ahead: np.full(len(ahead), 0.5)),
    "joining alone": handed_over(lambda ahead: np.ones(len(ahead))),
    "joining rates held": rates_held,
    "damped growth": damped(0.9, 0.0),
    "growth reverting to 1 %": damped(0.85, 0.01),
}
"""Laws that were tried, on the same cells; the first is what ratios are against."""


def england_cells(history: History, laws: Mapping[str, Law] = LAWS, seed: int = 0) -> pd.DataFrame:
    """Return scored cells of England, one for each way of filling gaps, law, origin and year ahead."""
    table = read()
    rows = []
    for way in WAYS:
        series = fill(known_totals(history, table), known_new_plans(history, table), way)
        for origin in range(FIRST_ORIGIN, min(LAST_ORIGIN, series.last - 1) + 1):
            past, years = series.until(origin), min(LONGEST, series.last - origin)
            for name, law in laws.items():
                drawn = law(past, years, np.random.default_rng([seed, origin]))
                quantiles = np.quantile(drawn, SCORED_LEVELS, axis=0).T
                for k in range(years):
                    at = origin + k + 1 - series.first
                    rows.append(
                        (
                            way,
                            name,
                            origin,
                            k + 1,
                            bool(series.published[at]),
                            *_scores(quantiles[k], series.logs[at]),
                        )
                    )
    return pd.DataFrame(rows, columns=["gaps", "law", "origin", "ahead", "published", *SCORES])


SCORES: tuple[str, ...] = ("log_crps", "error", "held_80", "held_95", "width_80")
_LOW_80, _HIGH_80 = (int(np.argmin(np.abs(SCORED_LEVELS - p))) for p in (0.1, 0.9))
_MIDDLE = len(SCORED_LEVELS) // 2


def _scores(quantiles: Array, actual: float) -> tuple[float, ...]:
    low, high = quantiles[_LOW_80], quantiles[_HIGH_80]
    return (
        crps(quantiles[None], np.array([actual])),
        float(quantiles[_MIDDLE] - actual),
        float(low <= actual <= high),
        float(quantiles[0] <= actual <= quantiles[-1]),
        float(high - low),
    )


def authority_cells(
    history: History,
    ensemble: Model,
    rule: Model,
    origins: Sequence[int] = AUTHORITY_ORIGINS,
    seed: int = 0,
    on_step: Callable[[str], None] = lambda _: None,
) -> pd.DataFrame:
    """Return scored cells of authorities' totals, from each origin to the last January.

    Parameters
    ----------
    history
        The long series of authorities; a model sees it up to the origin.
    ensemble
        The ensemble of totals: scored as it would go on without end, and as it hands over to joining.
    rule
        The rule that ratios are against.
    origins
        Last Januaries seen.
    seed
        Seed of the models.
    on_step
        Told what was forecast.
    """
    rows = []
    for origin in origins:
        past = history.until(origin)
        targets = list(range(origin + 1, min(origin + LONGEST, history.origin) + 1))
        fitted = cast(FittedTotals, ensemble.fit(past, rng=np.random.default_rng([seed, origin])))
        by_law: dict[str, FittedModel] = {
            HANDED_OVER: FittedHandOver.of(past, fitted, LONGEST),
            ensemble.name: fitted,
            rule.name: rule.fit(past, rng=np.random.default_rng([seed, origin])),
        }
        for law, model in by_law.items():
            table = model.forecast(targets).quantiles(SCORED_LEVELS.tolist()).sel(series=ALL)
            logs = np.log1p(table.transpose("area", "january", "quantile").to_numpy())
            for k, target in enumerate(targets):
                actual = np.log1p(history.actual(target).sel(series=ALL).to_numpy())
                scored = history.pooled.to_numpy() & ~np.isnan(actual)
                rows += [
                    (law, origin, target - origin, *_scores(q, y))
                    for q, y in zip(logs[scored, k], actual[scored], strict=True)
                ]
        on_step(f"authorities from January {origin}")
    return pd.DataFrame(rows, columns=["law", "origin", "ahead", *SCORES])


@dataclass(frozen=True)
class ScoredPart:
    """Cells scored together.

    Parameters
    ----------
    name, gaps
        Whose cells, and how gaps in them were filled; blank where there are none.
    cells
        Scored cells: ``law``, ``origin``, ``ahead`` and `SCORES`.
    against
        Law whose score ratios are against.
    years
        Years ahead scored together.
    """

    name: str
    gaps: str
    cells: pd.DataFrame
    against: str
    years: tuple[tuple[int, int], ...] = YEARS


def england_parts(cells: pd.DataFrame) -> list[ScoredPart]:
    """Return the parts of England: all cells by way of filling gaps, then those between published Januaries alone."""
    parts = [ScoredPart(ENGLAND, WAYS[way], cells[cells["gaps"] == way], TODAYS) for way in WAYS]
    known = (
        cells["published"] & (cells["origin"] >= FIRST_PUBLISHED_ORIGIN) & (cells["gaps"] == next(iter(WAYS)))
    )
    return [*parts, ScoredPart(PUBLISHED, "", cells[known], TODAYS)]


def authority_part(cells: pd.DataFrame, rule: str) -> ScoredPart:
    """Return the part of the authorities, its ratios against a rule."""
    return ScoredPart(AUTHORITIES, "", cells, rule, AUTHORITY_YEARS)


def cells_of(parts: Sequence[ScoredPart]) -> pd.DataFrame:
    """Return the cells of all parts as one table, with the columns ``part`` and ``gaps``."""
    return pd.concat([p.cells.assign(part=p.name, gaps=p.gaps) for p in parts], ignore_index=True)


def summary(parts: Sequence[ScoredPart]) -> pd.DataFrame:
    """Return mean scores by law and years ahead, columns `COLUMNS`; scores, biases and shares held are times 100."""
    rows = []
    for part in parts:
        for low, high in part.years:
            cells = part.cells[part.cells["ahead"].between(low, high)]
            base = cells.loc[cells["law"] == part.against, "log_crps"].mean()
            for law, own in cells.groupby("law", sort=False):
                means = own[list(SCORES)].mean()
                rows.append(
                    {
                        "part": part.name,
                        "gaps": part.gaps,
                        "law": law,
                        "years": f"{low} to {high}",
                        "cells": len(own),
                        "log_crps": 100 * means["log_crps"],
                        "ratio": means["log_crps"] / base,
                        "bias": 100 * means["error"],
                        "held_80": 100 * means["held_80"],
                        "held_95": 100 * means["held_95"],
                        "width_80": means["width_80"],
                    }
                )
    return pd.DataFrame(rows, columns=list(COLUMNS)).round(4)


ENGLAND, PUBLISHED, AUTHORITIES = "England", "England, published Januaries only", "Authorities"
"""Names of the parts."""


def write(table: pd.DataFrame, path: Path = TABLE) -> Path:
    """Write the summary, whole or not at all."""
    return summary_files.write_summary(table, path)


def read_summary(path: Path = TABLE) -> pd.DataFrame:
    """Return the summary; no row where there is none yet (`forecast.validation.summary_files.read_summary`)."""
    return summary_files.read_summary(
        path, COLUMNS, "long hindcasts", "sendplan backtest --long --out FILE.parquet"
    )


def markdown(table: pd.DataFrame) -> str:
    """Return the section of the track record."""
    lines = [
        HEADING,
        "",
        "Up to three years ahead totals are those of the models above; over years four to eight they hand over to the law of "
        "joining (`models/joining.py`). Written by `sendplan backtest --long --out FILE.parquet`.",
        "",
        "**What this can show.** England's series (statements from 1991, plans from 2014) holds about three regimes: growth to "
        "2001, a slow fall to 2009, and growth since the reform of 2014. Origins overlap, so "
        f"{LAST_ORIGIN - FIRST_ORIGIN + 1} of them are far from so many tests. Only four totals between 1991 and 2009 are at "
        "hand: the Januaries between are filled in three ways, and a filled January knows the next total. The laws were written, "
        "and the momentum, its error and the drift chosen, by people who had seen these cells (England, targets to January "
        "2026). Nothing was tuned on authorities' totals after January 2022. Beyond five years the width is judgement informed "
        "by these regimes.",
        "",
        "Bias is forecast less outcome, in log points x 100. Width is that of the 80 % interval, in logs.",
        "",
    ]
    for name in dict.fromkeys(table["part"]):
        part = table[table["part"] == name]
        against = part.loc[(part["ratio"] - 1).abs() < 1e-9, "law"].iloc[0]
        lines += [f"### {name}", "", f"Ratios are to `{against}` on the same cells.", "", _rows(part), ""]
    return "\n".join(lines)


def _rows(part: pd.DataFrame) -> str:
    gaps = part["gaps"].ne("").any()
    head = [*(["Gaps filled"] if gaps else []), "Years ahead", "Law", "Cells", "logCRPS", "Ratio", "Bias"]
    head += ["80 % held", "95 % held", "Width"]
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for row in part.to_dict("records"):
        cells = [
            *([row["gaps"]] if gaps else []), row["years"], row["law"], f"{row['cells']:,}", f"{row['log_crps']:.1f}",
            f"{row['ratio']:.3f}", f"{row['bias']:+.1f}", f"{row['held_80']:.1f}", f"{row['held_95']:.1f}",
            f"{row['width_80']:.2f}",
        ]  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
