"""The page Evidence: earlier forecasts of this authority and of all, and checks of the models' fit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from data.areas import Area
from data.panels.history_tables import long_series
from forecast.demand import stored_fit
from forecast.presentation import wording
from forecast.presentation.published_figures import in_table, shown
from forecast.validation import track_record

DECISIONS = track_record.PAGE.parent / "decisions"
"""Why the planner is as it is: one file a decision."""

LABELS: dict[str, str] = {
    "bayes_growth": "Growth of plans",
    "band_shares": "Ages of plans",
    "cohort": "Who joins, leaves and moves",
    "provision_totals": "Plans by kind of provision",
    "moves": "Moves between settings",
    "latent_demand": "Children turned away",
}
"""Models for people."""

_LINK = re.compile(r"\[([^\]]+)\]\([^)]+\)")


@dataclass(frozen=True)
class RecordView:
    """Earlier forecasts against outcomes.

    Parameters
    ----------
    own
        `forecast.validation.track_record.TOTALS_COLUMNS` of the authority, or of the series it is part of; empty where it is not
        scored.
    part_of
        Whether the series is that of several authorities.
    by_ahead
        ahead (text), share (inside the 80 % interval, 0 to 100), missed (mean absolute error, per cent), width (of the
        interval, per cent), count; over all authorities.
    by_origin
        The same by the January the forecast was made from.
    sentence, own_sentence
        The record of all, and of this authority, in words.
    dates
        The Januaries the forecasts were made from and of, in words.
    """

    own: pd.DataFrame
    part_of: bool
    by_ahead: pd.DataFrame
    by_origin: pd.DataFrame
    sentence: str
    own_sentence: str
    dates: str


def record(area: Area, totals: pd.DataFrame) -> RecordView:
    """Return the record of an authority from `forecast.validation.track_record.read_totals`."""
    series = long_series().get(area.la_code, area.la_code)
    own = totals[totals["la_code"] == series].reset_index(drop=True)
    members = [code for code, of in long_series().items() if of == series]
    scored = totals.assign(
        ahead=totals["target"] - totals["origin"],
        inside=(totals["low_80"] <= totals["actual"]) & (totals["actual"] <= totals["high_80"]),
        missed=100 * (totals["median"] - totals["actual"]).abs() / totals["actual"],
        width=100 * (totals["high_80"] - totals["low_80"]) / totals["median"],
    )
    by_ahead = _grouped(scored, "ahead").assign(
        ahead=lambda f: [f"{int(n)} {'year' if n == 1 else 'years'} ahead" for n in f["ahead"]]
    )
    by_origin = _grouped(scored, "origin").assign(origin=lambda f: [f"January {int(n)}" for n in f["origin"]])
    return RecordView(
        own=own,
        part_of=len([m for m in members if m != series]) > 1 and not own.empty,
        by_ahead=by_ahead,
        by_origin=by_origin,
        sentence=(
            f"Over {totals['la_code'].nunique()} authorities and {len(totals):,} forecasts of plans that the models "
            f"had not seen, the "
            f"middle was out by {wording.per_cent(scored['missed'].mean() / 100, 1)} on average, and the 80 % interval held "
            f"{wording.hundredths(scored['inside'].mean())} outcomes."
        ),
        own_sentence=_own(area, scored[scored["la_code"] == series]),
        dates=(
            f"made January {totals['origin'].min()} to {totals['origin'].max()}, of January {totals['target'].min()} to "
            f"{totals['target'].max()}"
        ),
    )


def _grouped(scored: pd.DataFrame, by: str) -> pd.DataFrame:
    counted = scored.groupby(by).agg(
        share=("inside", lambda v: 100 * v.mean()),
        missed=("missed", "mean"),
        width=("width", "mean"),
        count=("inside", "size"),
    )
    return counted.reset_index()


def _own(area: Area, scored: pd.DataFrame) -> str:
    if scored.empty:
        return f"{area.name} is too small to be scored: one child changes the picture."
    year = scored[scored["ahead"] == 1]
    last = year.sort_values("target").iloc[-1]
    side = "under" if last["median"] < last["actual"] else "over"
    return (
        f"{area.name}: {int(scored['inside'].sum())} of {len(scored)} earlier forecasts held the plans that came. From January "
        f"{int(last['origin'])} it said {shown('plans', last['median'])} for January {int(last['target'])} "
        f"({wording.count_range(last['low_80'], last['high_80'])}); {wording.whole(last['actual'])} came, so it was "
        f"{wording.per_cent(abs(last['median'] / last['actual'] - 1), 1)} {side}."
    )


def record_table(own: pd.DataFrame) -> pd.DataFrame:
    """Return the earlier forecasts of an authority, as text."""
    inside = (own["low_80"] <= own["actual"]) & (own["actual"] <= own["high_80"])
    return pd.DataFrame(
        {
            "Made from": [f"January {o}" for o in own["origin"]],
            "Of": [f"January {t}" for t in own["target"]],
            "Said": [
                in_table("plans", {"q10": r["low_80"], "q50": r["median"], "q90": r["high_80"]})
                for r in own.to_dict("records")
            ],
            "Came": [f"{v:,.0f}" for v in own["actual"]],
            "Inside": ["yes" if i else "no" for i in inside],
        }
    )


def calibration_table(frame: pd.DataFrame, first: str, column: str) -> pd.DataFrame:
    """Return a table of `RecordView.by_ahead` or ``by_origin`` as text."""
    return pd.DataFrame(
        {
            first: list(frame[column]),
            "Forecasts": [f"{n:,}" for n in frame["count"]],
            "Middle out by, on average": [wording.per_cent(v / 100, 1) for v in frame["missed"]],
            "Inside the 80 % interval": [wording.per_cent(v / 100) for v in frame["share"]],
            "Width of the interval": [f"{wording.per_cent(v / 100)} of the middle" for v in frame["width"]],
        }
    )


def load_record(area: Area) -> RecordView:
    """Return the shipped record of an authority."""
    return record(area, track_record.read_totals())


def fit_table(about: Mapping[str, Any] | None = None) -> pd.DataFrame:
    """Return the checks of the stored fit as text, one row for each model.

    Raises
    ------
    FitError
        There is no fit that may be shown.
    """
    manifest = stored_fit.manifest() if about is None else about
    rows = [
        {
            "Model": LABELS.get(name, name),
            "R-hat (at most 1.01)": f"{values['r_hat']:.3f}",
            "Effective sample (at least 400)": f"{min(values['ess_bulk'], values['ess_tail']):,.0f}",
            "Divergences (none)": f"{values['divergences']}",
        }
        for name, values in manifest["diagnostics"].items()
    ]
    return pd.DataFrame(rows)


def decisions(folder: Path = DECISIONS) -> tuple[tuple[str, str], ...]:
    """Return title and text of every decision, oldest first; links to other files become plain words."""
    texts = []
    for path in sorted(folder.glob("[0-9]*.md")) if folder.is_dir() else []:
        title, _, text = path.read_text(encoding="utf-8").partition("\n")
        texts.append((title.removeprefix("# ").strip(), _LINK.sub(r"\1", text).strip()))
    return tuple(texts)


def glossary_table(terms: Mapping[str, str]) -> pd.DataFrame:
    """Return terms and their meaning as a table."""
    return pd.DataFrame({"Word": list(terms), "What it means": list(terms.values())})
