"""The page Overview: the main sentence, four figures, what changed, and what is estimated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.citations import SEN2
from data.formatting import listed
from data.panels.history import History
from data.vocabulary import BAND_CODES
from forecast.core.outcome import Outcome
from forecast.presentation import own_record, summary, wording, words
from forecast.presentation.published_figures import PublishedFigure
from forecast.presentation.run_figures import RunFigures
from forecast.ui.views.common import MISSING, REGISTER, Measure, Source, plans_frame

NOT_ALWAYS_COLLECTED = BAND_CODES[-1]
"""Ages 20 to 25 were first collected in 2015, so years without them are not gaps in a return."""


@dataclass(frozen=True)
class OverviewView:
    """The content of the page Overview.

    Parameters
    ----------
    headline, how_to_read
        The sentences to say aloud, and how to read their ranges.
    plans
        `forecast.ui.views.common.plans_frame`.
    measures
        January to its four figures.
    run_out_lines
        When places run out, soonest first.
    own_record
        Own growth, the growth forecast and why they differ.
    changed
        What moved between the last two returns, in words; a row a measure.
    estimates, notes
        What is estimated, and what is odd in the authority's own returns.
    """

    headline: str
    how_to_read: str
    plans: pd.DataFrame
    measures: Mapping[int, tuple[Measure, ...]]
    run_out_lines: tuple[str, ...]
    own_record: tuple[str, ...]
    changed: pd.DataFrame
    estimates: tuple[str, ...]
    notes: tuple[str, ...]


def overview(outcome: Outcome, history: History) -> OverviewView:
    """Return the content of the page for a run."""
    long, shortfall = summary.plans_long(outcome), summary.shortfall_long(outcome)
    plans = plans_frame(outcome, long)
    return OverviewView(
        headline=words.headline(outcome, long, shortfall),
        how_to_read=words.how_to_read(outcome),
        plans=plans,
        measures=measures(outcome, history),
        run_out_lines=tuple(words.run_out_lines(shortfall)),
        own_record=tuple(own_record.sentences(outcome)),
        changed=changed(outcome, history),
        estimates=tuple(words.estimates(outcome)),
        notes=notes(outcome, plans),
    )


def measures(outcome: Outcome, history: History) -> dict[int, tuple[Measure, ...]]:
    """Return the four figures of each January: plans, new plans, specialist places wanted, and children short."""
    figures = RunFigures.of(outcome)
    now, known = float(outcome.plans.known.sum()), outcome.plans.known_january
    new = history.flows["new_plans"].sel(area=outcome.area.la_code).to_series().dropna()
    placed = float(outcome.shortfall.placed_now.sum())
    forecast = f"Forecast from January {outcome.plans.origin}"
    sure = f"80 % interval: {wording.OUTCOMES_INSIDE}"
    register = f"{SEN2}; {REGISTER} {outcome.register.origin}"
    away = "Children turned away today are inferred, not counted." if outcome.shortfall.blend else ""
    by_january: dict[int, tuple[Measure, ...]] = {}
    for january in figures.januaries:
        plans, joiners, wanted, short, places, chance = (
            figures.at(name, january)
            for name in ("plans", "joiners", "specialist_wanted", "shortfall", "places", "p_shortfall")
        )
        latest = f"{wording.whole(new.iloc[-1])} in {new.index[-1]}" if len(new) else "not published"
        by_january[january] = (
            Measure(
                plans.definition.name, plans.text, _range(plans),
                f"{_growth(plans.centre, now)} since January {known}",
                Source("EHC plans", f"January {january}. {forecast}", sure, SEN2), ("EHC plan", "80 % interval"),
            ),
            Measure(
                f"New plans in {january - 1}", joiners.text, _range(joiners), f"{latest}, the last published",
                Source("New EHC plans", f"Calendar year {january - 1}. {forecast}", sure, SEN2), ("New plans",),
            ),
            Measure(
                wanted.definition.name, wanted.text, _range(wanted),
                f"{wording.count(placed)} placed in January {outcome.placements.known_january}; {places.text} "
                f"places in {january}",
                Source("Children and young people", f"January {january}. {forecast}", sure, register, away),
                ("Want a specialist place", "Places"),
            ),
            Measure(
                short.definition.name, short.text, _range(short),
                f"{chance.definition.name}: {chance.chance}",
                Source("Children and young people", f"January {january}. {forecast}", sure, register, away),
                ("Short", "Chance of shortfall", "Turned away"),
            ),
        )  # fmt: skip
    return by_january


def _range(one: PublishedFigure) -> str:
    return f"80 % interval {one.range}"


def _growth(later: float, now: float) -> str:
    change = wording.count_change(later - now)
    return f"{change} ({wording.growth(later / now - 1)})" if now else change


def changed(outcome: Outcome, history: History) -> pd.DataFrame:
    """Return changes between the last two returns, columns what, before, after, change; rows lacking a figure are left out."""
    origin, code = outcome.plans.origin, outcome.area.la_code
    rows = [("EHC plans, all ages", origin - 1, origin, outcome.history_total.rename(january="t"), "January")]
    rows += [
        (
            f"EHC plans, {words.BAND_LABELS[band].lower()}", origin - 1, origin,
            outcome.history_bands.sel(series=band, drop=True).rename(january="t"), "January",
        )
        for band in BAND_CODES
    ]  # fmt: skip
    flows = history.flows.sel(area=code)
    names = {
        "requests": "Requests for an assessment",
        "new_plans": "New plans",
        "pending": "Assessments under way at the year's end",
    }
    rows += [
        (label, origin - 2, origin - 1, flows[name].rename(year="t"), "calendar year")
        for name, label in names.items()
    ]
    lines = []
    for what, first, last, values, unit in rows:
        before, after = (float(values.sel(t=t)) for t in (first, last))
        if np.isnan(before) or np.isnan(after):
            continue
        share = f" ({wording.growth(after / before - 1)})" if before else ""
        lines.append(
            {
                "What": what,
                "Before": f"{wording.whole(before)} ({unit} {first})",
                "Latest": f"{wording.whole(after)} ({unit} {last})",
                "Change": wording.count_change(after - before) + share,
            }
        )
    in_time = flows["issued_in_20_weeks"] / flows["issued"]
    before, after = (float(in_time.sel(year=y)) for y in (origin - 2, origin - 1))
    if not np.isnan(before + after):
        lines.append(
            {
                "What": "New plans issued within 20 weeks",
                "Before": f"{wording.per_cent(before)} (calendar year {origin - 2})",
                "Latest": f"{wording.per_cent(after)} (calendar year {origin - 1})",
                "Change": wording.points(after - before),
            }
        )
    return pd.DataFrame(lines, columns=["What", "Before", "Latest", "Change"])


def notes(outcome: Outcome, plans: pd.DataFrame) -> tuple[str, ...]:
    """Return sentences that a reader should know about the authority's own returns."""
    lines = words.own_gaps(outcome)
    missing = plans.loc[plans["kind"] == MISSING, "january"]
    if len(missing):
        lines.append(f"No usable total for January {listed(missing)}: the chart has a gap.")
    bands = outcome.history_bands.sel(series=[b for b in BAND_CODES if b != NOT_ALWAYS_COLLECTED])
    # A sum that does not skip gaps has a gap where any band has one.
    summed = bands.sum("series", skipna=False).to_numpy()
    without = np.isnan(summed) & ~np.isnan(outcome.history_total.to_numpy())
    if without.any():
        lines.append(f"No plans by age band for January {listed(bands['january'].to_numpy()[without])}.")
    if not len(missing):
        lines.append(
            f"A total is known for each January from {plans['january'].min()} to {outcome.plans.origin}."
        )
    return tuple(lines)
