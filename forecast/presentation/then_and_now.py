"""A saved result beside that of now, and what the difference comes from.

With S the result and B the baseline (the result without a scenario), then and now, and P the baseline that the present models
make from the figures of then, for the total of plans in each January

    S now - S then = (B now - P) + (P - B then) + ((S now - B now) - (S then - B then))
                     data          model          scenario

For other measures P is not known, so data and model stand together: B now - B then. In a January that is published by now, S now
and B now are what was published.

P, and B then where only what was shipped is known, are middle values of a distribution; a result is the middle of its draws. With
the same seed the two differ alike at the same number of years ahead, so `brought_to_draws` brings them to the draws of now.

Invariant: the parts add up to the difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecast.presentation import compare

PARTS: dict[str, str] = {
    "data": "Data",
    "model": "Model",
    "data_and_model": "Data and model",
    "scenario": "Scenario",
}
"""What a difference comes from: code to heading."""

OF_TOTAL: tuple[str, ...] = ("model", "data", "scenario")
"""Parts of the total of plans."""

OF_OTHERS: tuple[str, ...] = ("data_and_model", "scenario")
"""Parts where data and model cannot be told apart."""


@dataclass(frozen=True, eq=False)
class ThenAndNow:
    """The figures that a saved result is set beside; each is indexed by January, with a column for each measure.

    Parameters
    ----------
    then, now
        The result.
    baseline_then, baseline_now
        Without the scenario; a column, or all of them, may be missing where that is not known.
    present_on_then
        Total of plans that the present models make from the figures of then, by January; empty where it is not known.
    published
        Total of plans in the Januaries published by now, by January.
    """

    then: pd.DataFrame
    now: pd.DataFrame
    baseline_then: pd.DataFrame
    baseline_now: pd.DataFrame
    present_on_then: pd.Series
    published: pd.Series


def attributed(figures: ThenAndNow) -> pd.DataFrame:
    """Return then, now, their difference and its parts: columns measure, january, published, then, now, difference and `PARTS`.

    A part that is not known is NaN. Rows are the Januaries of then; ``now`` is NaN in a January that is not made now.
    """
    frames = []
    for measure in figures.then.columns:
        then = figures.then[measure].dropna()
        known = figures.published if measure == "plans" else pd.Series(dtype=float)
        now, base_now = (_with_published(f, measure, known) for f in (figures.now, figures.baseline_now))
        base_then = _column(figures.baseline_then, measure)
        present = figures.present_on_then if measure == "plans" else pd.Series(dtype=float)
        frame = pd.DataFrame({"then": then})
        frame["now"] = now.reindex(then.index)
        frame["difference"] = frame["now"] - frame["then"]
        baseline = base_now.reindex(then.index) - base_then.reindex(then.index)
        frame["model"] = present.reindex(then.index) - base_then.reindex(then.index)
        frame["data"] = base_now.reindex(then.index) - present.reindex(then.index)
        # Where the two can be told apart they are not shown together.
        frame["data_and_model"] = baseline.where(frame["model"].isna())
        frame["scenario"] = frame["difference"] - baseline
        frame["published"] = then.index.isin(known.index)
        frames.append(frame.assign(measure=measure).rename_axis("january").reset_index())
    columns = ["measure", "january", "published", "then", "now", "difference", *PARTS]
    return pd.concat(frames, ignore_index=True)[columns]


def brought_to_draws(middles: pd.Series, origin: int, drawn: pd.Series, exact: pd.Series) -> pd.Series:
    """Return middle values of forecasts from an origin as a run's draws would give them.

    Parameters
    ----------
    middles
        By January.
    origin
        The January they were made from.
    drawn, exact
        Middle of the draws of a run with the same seed, and of the distribution they are drawn from, by years ahead from 1.
    """
    factor = (drawn / exact).reindex(middles.index - origin)
    brought: pd.Series = middles * factor.fillna(1.0).to_numpy()
    return brought


def _column(frame: pd.DataFrame, measure: str) -> pd.Series:
    return frame[measure] if measure in frame.columns else pd.Series(dtype=float)


def _with_published(frame: pd.DataFrame, measure: str, published: pd.Series) -> pd.Series:
    own = _column(frame, measure)
    past = published[~published.index.isin(own.index)]
    return own if past.empty else pd.concat([past, own])


def table_text(rows: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Return one measure of `attributed` as text: a line a January; rounded so that the parts shown add up to the difference."""
    own = rows[rows["measure"] == measure]
    parts = [p for p in (OF_TOTAL if own["model"].notna().any() else OF_OTHERS) if own[p].notna().any()]
    lines = []
    for row in own.to_dict("records"):
        levels = [row["then"], *(row["then"] + np.cumsum([row[p] for p in parts])), row["now"]]
        reached = _rounded(measure, levels)
        line = {
            "January": f"{row['january']}{' (published)' if row['published'] else ''}",
            "Then": compare.part(measure, row["then"]),
            "Now": "not made now" if np.isnan(row["now"]) else compare.part(measure, row["now"]),
            "Difference": _step(measure, reached[0], reached[-1]),
        }
        line |= {
            PARTS[p]: _step(measure, a, b)
            for p, a, b in zip(parts, reached[:-1], reached[1:-1], strict=False)
        }
        lines.append(line)
    return pd.DataFrame(lines)


def _rounded(measure: str, levels: Sequence[float]) -> list[float]:
    """Return levels at the precision they are shown in, so that steps between them add up."""
    unit = 100 if measure == "p_shortfall" else 1
    return [float(np.rint(np.round(unit * level, 6))) / unit for level in levels]


def _step(measure: str, before: float, after: float) -> str:
    return "" if np.isnan(after - before) else compare.part(measure, after - before, signed=True)
