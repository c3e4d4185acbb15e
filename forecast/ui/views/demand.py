"""The page Demand: plans by age and need, why they change, comparison with others, and the stages before a plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from data import tables
from data.panels.backlogs import Backlog
from data.panels.history import History
from data.panels.history_tables import population
from data.vocabulary import ALL, NEED_CODES, NEEDS, PHASES
from forecast.core.outcome import Outcome
from forecast.presentation import explain, own_record, summary, wording, words
from forecast.presentation.joining import Joining
from forecast.ui.views.common import FORECAST, MISSING, PUBLISHED, WORKED_OUT, future, labelled, plans_frame

FIRST_COMPARED = 2015
"""Comparisons begin with the reform of 2014: plans up to 25 years, and statements on their way out."""

PIPELINE: dict[str, tuple[str, str]] = {
    "requests": ("requests", "Requests for an assessment"),
    "assessments": ("assessments", "Assessments completed"),
    "new_plans": ("new_plans", "New plans"),
}
"""Step ahead of the plan: measure of the forecast, and label; the history has the same names."""


NOBODY = 0.5
"""Plans below which there is no child, in a number that may be worked out."""


@dataclass(frozen=True)
class DemandView:
    """The content of the page Demand.

    Parameters
    ----------
    plans
        `forecast.ui.views.common.plans_frame` of all plans.
    cells
        phase, need, january, kind, q10, q50, q90: the known January and the forecast, of every phase and need with "All".
    bands, needs
        Plans by age band and by need in words; a row a January.
    own_record
        Own growth, the growth forecast and why they differ.
    joining
        Joining rate and lifetime chance of a plan in words; a row a January.
    drivers
        January to `forecast.presentation.explain.table`.
    rates
        january, who, rate: plans for every 1,000 residents; the authority first, England last.
    ranks
        Authority, neighbours, region and England side by side, in words.
    rank, of
        Where the authority stands among those with a figure, 1 being the highest rate.
    pipeline
        Step of `PIPELINE` to year (``january``), kind, q10, q50, q90.
    known_january, known
        January and number of the latest published plans.
    estimated_mix
        Whether plans by age or need are estimated.
    need_note
        What is known of needs, in words.
    backlogs
        Backlogs cleared lately: a sentence, and requests, new plans and plans due by calendar year, as text.
    """

    plans: pd.DataFrame
    cells: pd.DataFrame
    bands: pd.DataFrame
    needs: tuple[pd.DataFrame, ...]
    own_record: tuple[str, ...]
    joining: pd.DataFrame
    drivers: Mapping[int, pd.DataFrame]
    rates: pd.DataFrame
    ranks: pd.DataFrame
    rank: int
    of: int
    pipeline: Mapping[str, pd.DataFrame]
    known_january: int
    known: float
    estimated_mix: bool
    need_note: str
    backlogs: tuple[tuple[str, pd.DataFrame], ...]

    def frame(self, phase: str, need: str) -> pd.DataFrame:
        """Return plans of one phase and need: all Januaries if both are "All", else from the latest January known by both."""
        if phase == ALL and need == ALL:
            return self.plans
        rows = self.cells[(self.cells["phase"] == phase) & (self.cells["need"] == need)]
        return rows[["january", "kind", "q10", "q50", "q90"]].reset_index(drop=True)


def demand(outcome: Outcome, history: History) -> DemandView:
    """Return the content of the page for a run."""
    long = summary.plans_long(outcome)
    rates, ranks, rank, of = compared(outcome, history)
    return DemandView(
        plans=plans_frame(outcome, long),
        cells=cells(outcome),
        bands=words.bands_table(outcome, long),
        needs=tuple(labelled(part) for part in words.needs_tables(outcome, long)),
        own_record=tuple(own_record.sentences(outcome)),
        joining=Joining.of(outcome.plans).table(),
        drivers={
            int(j): explain.table(outcome.plans, int(j)) for j in outcome.plans.future["january"].to_numpy()
        },
        rates=rates,
        ranks=ranks,
        rank=rank,
        of=of,
        pipeline=pipeline(outcome, history),
        known_january=outcome.plans.known_january,
        known=float(outcome.plans.known.sum()),
        estimated_mix=outcome.plans.estimated_mix,
        need_note=f"{words.needs_known(outcome)} {words.DOWN_SYNDROME_IN_WORDS}.",
        backlogs=tuple(
            (words.backlog_in_words(b, outcome.area.name), backlog_table(b))
            for b in words.recent_backlogs(outcome)
        ),
    )


def backlog_table(backlog: Backlog) -> pd.DataFrame:
    """Return requests, new plans issued and new plans due in each year of a backlog, as text; a row a calendar year."""
    columns = {
        "Requests": backlog.requests,
        "New plans issued": backlog.new_plans,
        "New plans had they come as requests did": backlog.due,
    }
    return pd.DataFrame(
        {name: [wording.whole(n) for n in counts] for name, counts in columns.items()},
        index=pd.Index(backlog.years, name="Calendar year"),
    )


def cells(outcome: Outcome) -> pd.DataFrame:
    """Return plans by phase and need: phase, need, january, kind, q10, q50, q90."""
    plans = summary.plans_by_phase(outcome)
    known = outcome.plans.known.sel(need=list(NEED_CODES))
    rows = []
    for phase, ages in ((ALL, None), *((p.code, p.ages) for p in PHASES)):
        own = known if ages is None else known.sel(age=list(ages))
        counts = own.sum("age")
        for need in (ALL, *NEED_CODES):
            count = float(counts.sum() if need == ALL else counts.sel(need=need))
            kind = PUBLISHED if need == ALL or words.needs_are_published(outcome) else WORKED_OUT
            rows.append((phase, need, outcome.plans.known_january, kind, count, count, count))
    past = pd.DataFrame(rows, columns=["phase", "need", "january", "kind", "q10", "q50", "q90"])
    return pd.concat([past, plans.assign(kind=FORECAST)[list(past.columns)]], ignore_index=True)


def by_age_table(view: DemandView, january: int) -> pd.DataFrame:
    """Return plans by age band at the known January and at another, as text."""
    return view.bands.loc[[view.known_january, january]].T.rename_axis("Age")


def by_need_table(view: DemandView, january: int) -> pd.DataFrame:
    """Return plans by primary need at the known January and at another, as text."""
    whole = pd.concat([part.loc[[view.known_january, january]].T for part in view.needs])
    return whole.rename_axis("Primary need")


def steps(drivers: pd.DataFrame, known: float, first: int, last: int) -> pd.DataFrame:
    """Return `forecast.presentation.explain.table` as the bars of a waterfall: label, start, end, low, high, kind, change.

    Parameters
    ----------
    drivers
        Terms and, last, the whole change.
    known, first
        Plans at the January it starts from, and that January.
    last
        The January it goes to.
    """
    rows = [(f"January {first}", 0.0, known, known, known, "total", known)]
    level = known
    for row in drivers.iloc[:-1].to_dict("records"):
        end = level + row["mean"]
        kind = "more" if row["mean"] >= 0 else "fewer"
        rows.append((row["label"], level, end, level + row["q10"], level + row["q90"], kind, row["mean"]))
        level = end
    rows.append((f"January {last}", 0.0, level, level, level, "total", level))
    return pd.DataFrame(rows, columns=["label", "start", "end", "low", "high", "kind", "change"])


def drivers_table(drivers: pd.DataFrame) -> pd.DataFrame:
    """Return why plans change, as text."""
    return pd.DataFrame(
        {
            "Why": list(drivers["label"]),
            "Plans, average": [f"{round(v):+,}" for v in drivers["mean"]],
            "80 % interval": [
                f"{round(a):+,} to {round(b):+,}" for a, b in zip(drivers["q10"], drivers["q90"], strict=True)
            ],
        }
    )


def compared(outcome: Outcome, history: History) -> tuple[pd.DataFrame, pd.DataFrame, int, int]:
    """Return rates over time, a table of ranks, the authority's rank and the number ranked.

    A rate of several authorities is their plans over their residents, of those with both figures; a January counts where at least
    half of them have one.
    """
    code, region = outcome.area.la_code, outcome.area.region
    stock = history.stock.sel(series=ALL, drop=True)
    januaries = [int(j) for j in stock["january"].to_numpy() if j >= FIRST_COMPARED]
    stock = stock.sel(january=januaries).where(~history.spliced.sel(january=januaries))
    # Years without an estimate of residents become gaps.
    people = population().reindex(area=stock["area"].to_numpy().tolist(), mid_year=[j - 1 for j in januaries])
    people = xr.DataArray(people.to_numpy(), dims=("area", "january"), coords=stock.coords)
    listing = tables.read("statistical_neighbours")
    near = listing[listing["la_code"] == code].sort_values("rank")["neighbour_la_code"].astype(int).tolist()
    near = [n for n in near if n in stock["area"].to_numpy()]
    groups = {
        outcome.area.name: [code],
        "Statistical neighbours": near,
        region: [int(a) for a in stock["area"].to_numpy()[(history.region == region).to_numpy()]],
        "England": [int(a) for a in stock["area"].to_numpy()],
    }
    rows = [
        (j, who, value)
        for who, members in groups.items()
        if members
        for j, value in zip(januaries, _rate(stock, people, members), strict=True)
        if not np.isnan(value)
    ]
    rates = pd.DataFrame(rows, columns=["january", "who", "rate"])
    last = outcome.plans.known_january
    at = (1000 * stock / people).sel(january=last).to_series().dropna().sort_values(ascending=False)
    order = {int(a): n for n, a in enumerate(at.index, start=1)}
    names = tables.read("areas").set_index("la_code")["name"]
    lines = []
    for who, members in (*groups.items(), *((str(names[n]), [n]) for n in near)):
        then = max(januaries[0], last - 5)
        now, before = (
            float(_rate(stock.sel(january=[j]), people.sel(january=[j]), members)[0]) if members else np.nan
            for j in (last, then)
        )
        if np.isnan(now):
            continue
        single = len(members) == 1
        lines.append(
            {
                "Whose": who,
                f"Rate per 1,000, January {last}": f"{now:.1f}",
                f"January {then}": "not published" if np.isnan(before) else f"{before:.1f}",
                "Change": "" if np.isnan(before) else f"{now - before:+.1f}",
                "Rank in England": f"{order[members[0]]} of {len(order)}"
                if single and members[0] in order
                else "",
            }
        )
    return rates, pd.DataFrame(lines), order.get(code, 0), len(order)


def _rate(stock: xr.DataArray, people: xr.DataArray, members: list[int]) -> list[float]:
    """Return plans per 1,000 residents of several authorities together, one value a January."""
    own, living = stock.sel(area=members), people.sel(area=members)
    both = own.notnull() & living.notnull()
    enough = both.mean("area") >= 0.5
    rate = 1000 * own.where(both).sum("area") / living.where(both).sum("area")
    return [float(v) for v in rate.where(enough).to_numpy()]


def pipeline(outcome: Outcome, history: History) -> dict[str, pd.DataFrame]:
    """Return each stage before a plan by calendar year, past and forecast."""
    process = summary.process_long(outcome)
    process = process[process["age_band"] == ALL]
    flows = history.flows.sel(area=outcome.area.la_code)
    stages = {}
    for name, (measure, _) in PIPELINE.items():
        past = flows[name].to_series()
        # A year that is not published is a gap, from the first that is.
        past = past.loc[past.first_valid_index() :] if past.notna().any() else past.iloc[:0]
        kind = past.isna().map({True: MISSING, False: PUBLISHED})
        rows = pd.DataFrame({"january": past.index, "kind": kind, "q10": past, "q50": past, "q90": past})
        ahead = process[process["measure"] == measure].set_index("year")[["q10", "q50", "q90"]]
        if len(rows) and len(ahead):
            stages[name] = pd.concat([rows, future(ahead)], ignore_index=True).astype({"january": "int64"})
    return stages


def of_whom(phase: str, need: str) -> str:
    """Return in words which plans a title is about: "autistic spectrum disorder, primary"; blank for all."""
    parts = [NEEDS[need].lower()] if need != ALL else []
    parts += [words.PHASE_LABELS[phase].lower()] if phase != ALL else []
    return ", ".join(parts)
