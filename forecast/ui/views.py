"""One authority's figures ready to show: frames and strings, no draws.

Invariant: every number comes from `forecast.summary` or `forecast.words`, so a page cannot disagree with
the files or the terminal.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import dropwhile

import numpy as np
import pandas as pd

from data.areas import Area
from data.register import Register, academic_year, in_force
from data.register_file import to_csv
from data.vocabulary import ALL, BAND_CODES, NEEDS, PHASE_CODES, PROVISIONS, SPECIALIST_PROVISIONS
from forecast import places_report, record, summary, words
from forecast.outcome import Outcome
from forecast.run import DEFAULT_DRAWS, DEFAULT_YEARS, Road
from forecast.summary import RunOut
from forecast.ui import exports

PUBLISHED = "Published"
ESTIMATED = "Estimated from the former authority"
MISSING = "Not published"
FORECAST = "Forecast"

NOT_ALWAYS_COLLECTED = BAND_CODES[-1]
"""Ages 20 to 25 were first collected in 2015, so years without them are not gaps in a return."""

LOCATED = {"local": "In the authority", "elsewhere": "Elsewhere"}


@dataclass(frozen=True)
class AreaView:
    """What the pages show of one authority.

    Parameters
    ----------
    area, origin
        The authority and the January of its latest published plans.
    headline
        Two sentences a director can say aloud.
    plans
        A row a January: january, kind, q10, q50, q90 (EHC plans; equal where published, NaN where not).
    plans_shown
        The same in words.
    bands, needs
        Plans by age band and by primary need, in words; a row a January.
    places
        A row a phase, provision and January: see `places_frame`.
    places_shown
        Places against demand in words; a row a phase, provision and January.
    places_more
        Titled tables on needs, demand, overflow and settings, in words.
    run_outs, run_out_lines
        When places run out, soonest first, as values and as sentences.
    estimates, notes
        What is estimated rather than known; what is odd in the authority's own returns.
    register, register_later
        Settings in force at ``origin``, and rows that begin later, in words.
    register_basis
        A row a kind of place: how many are published, from the council or estimated.
    register_origin
        Name of the register file, or "estimated".
    files
        Name of a download -> its content.
    """

    area: Area
    origin: int
    headline: str
    plans: pd.DataFrame
    plans_shown: pd.DataFrame
    bands: pd.DataFrame
    needs: tuple[pd.DataFrame, ...]
    places: pd.DataFrame
    places_shown: pd.DataFrame
    places_more: tuple[tuple[str, pd.DataFrame], ...]
    run_outs: tuple[RunOut, ...]
    run_out_lines: tuple[str, ...]
    estimates: tuple[str, ...]
    notes: tuple[str, ...]
    register: pd.DataFrame
    register_later: pd.DataFrame
    register_basis: pd.DataFrame
    register_origin: str
    files: dict[str, bytes]

    @property
    def phases(self) -> tuple[str, ...]:
        """Phases with specialist places or children who want one, in the order of the vocabulary."""
        return tuple(p for p in PHASE_CODES if any(r.phase == p for r in self.run_outs))

    @property
    def first_phase(self) -> str:
        """The phase whose places run out first."""
        return self.run_outs[0].phase if self.run_outs else PHASE_CODES[0]


def of_road(road: Road, area: Area) -> AreaView:
    """Run one authority with the usual options and return its view."""
    return of_outcome(road.baseline(area).outcome)


def of_outcome(outcome: Outcome) -> AreaView:
    """Return the view of a run."""
    long, shortfall = summary.plans_long(outcome), summary.shortfall_long(outcome)
    origin = outcome.plans.origin
    plans = plans_frame(outcome, long)
    arguments = {
        "area": outcome.area.name, "years": DEFAULT_YEARS, "capacity": None, "seed": outcome.seed,
        "model": outcome.plans.model, "draws": DEFAULT_DRAWS,
    }  # fmt: skip
    return AreaView(
        area=outcome.area,
        origin=origin,
        headline=words.headline(outcome, long, shortfall),
        plans=plans,
        plans_shown=plans_in_words(plans),
        bands=words.bands_table(outcome, long),
        needs=tuple(_labelled(part) for part in words.needs_tables(outcome, long)),
        places=places_frame(outcome, shortfall),
        places_shown=words.places_table(outcome, shortfall),
        places_more=more_on_places(outcome),
        run_outs=tuple(summary.run_outs(shortfall)),
        run_out_lines=tuple(words.run_out_lines(shortfall)),
        estimates=tuple(words.estimates(outcome)),
        notes=notes(outcome, plans),
        register=settings_in_words(in_force(outcome.register, origin)),
        register_later=settings_in_words(begins_after(outcome.register, origin)),
        register_basis=basis_in_words(outcome.register, origin),
        register_origin=outcome.register.origin,
        files={
            "plans.csv": exports.to_csv(long),
            "shortfall.csv": exports.to_csv(shortfall),
            "summary.md": record.markdown(outcome, long, shortfall).encode(),
            "run.json": json.dumps(
                record.provenance(outcome, arguments), indent=2, ensure_ascii=False
            ).encode(),
            f"capacity-{outcome.area.slug}.csv": to_csv(outcome.register).encode("utf-8-sig"),
        },
    )


def plans_frame(outcome: Outcome, long: pd.DataFrame) -> pd.DataFrame:
    """Return plans each January, past and forecast: january, kind, q10, q50, q90."""
    total, estimated = outcome.history_total, outcome.spliced
    known = zip(total["january"].to_numpy(), total.to_numpy(), estimated.to_numpy(), strict=True)
    # Nothing is said of the years before an authority's first figure.
    rows = [
        (int(j), MISSING if np.isnan(v) else ESTIMATED if e else PUBLISHED, v, v, v)
        for j, v, e in dropwhile(lambda row: np.isnan(row[1]), known)
    ]
    ahead = summary.interval(long)
    future = pd.DataFrame(
        {"january": ahead.index, "kind": FORECAST, **{q: list(ahead[q]) for q in ahead.columns}}
    )
    past = pd.DataFrame(rows, columns=["january", "kind", "q10", "q50", "q90"])
    return pd.concat([past, future], ignore_index=True).astype({"january": "int64"})


def more_on_places(outcome: Outcome) -> tuple[tuple[str, pd.DataFrame], ...]:
    """Return titled tables on needs, demand, overflow and settings, as finished text."""
    found = places_report.PlacesTables.of(outcome)
    return (
        ("Which needs run out first", places_report.binding_table(found)),
        ("Observed and latent demand", places_report.demand_table(outcome, found)),
        ("Where children without a place go", places_report.overflow_table(outcome, found)),
        (
            "Settings: pupils of places, and the chance of being full",
            places_report.settings_table(outcome, found),
        ),
    )


def places_frame(outcome: Outcome, shortfall: pd.DataFrame) -> pd.DataFrame:
    """Return places against demand: phase, provision, january, placed, places, q10, q50, q90.

    ``placed`` (residents placed, published) is known at one January only, the origin or the last one returned;
    the quantiles of places wanted only after the origin.
    """
    now, counted = outcome.shortfall, outcome.placements.known_january
    placed = now.placed_now.to_series().rename("placed").reset_index().assign(january=counted)
    places = now.places_now.to_series().rename("places").reset_index().assign(january=outcome.plans.origin)
    known = placed.merge(places, how="outer", on=["phase", "provision", "january"])
    ahead = summary.all_needs(shortfall).rename(
        columns={"year": "january", "wanted_q10": "q10", "wanted_q50": "q50", "wanted_q90": "q90"}
    )
    ahead = ahead[ahead["phase"].isin(PHASE_CODES) & ahead["provision"].isin(SPECIALIST_PROVISIONS)]
    columns = ["phase", "provision", "january", "placed", "places", "q10", "q50", "q90"]
    both = pd.concat([known.reindex(columns=columns), ahead.reindex(columns=columns)], ignore_index=True)
    return both.astype({"january": "int64", "q10": "float64", "placed": "float64"})


def plans_in_words(plans: pd.DataFrame) -> pd.DataFrame:
    """Return `plans_frame` as finished text."""

    def cell(row: pd.Series) -> str:
        if row["kind"] == MISSING:
            return "not published"
        return interval(row) if row["kind"] == FORECAST else f"{row['q50']:,.0f}"

    return pd.DataFrame(
        {"EHC plans": [cell(r) for _, r in plans.iterrows()], "Basis": list(plans["kind"])},
        index=pd.Index(plans["january"], name="January"),
    )


def interval(row: pd.Series) -> str:
    """Return "4,900 (4,400 to 5,500)" from a row of `plans_frame` or `places_frame`."""
    return words.with_interval({q: float(row[q]) for q in ("q10", "q50", "q90")})


def notes(outcome: Outcome, plans: pd.DataFrame) -> tuple[str, ...]:
    """Return what a reader should know about the authority's own returns."""
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
        first = plans["january"].min()
        lines.append(f"A total is known for each January from {first} to {outcome.plans.origin}.")
    return tuple(lines)


def listed(values: Iterable[object]) -> str:
    """Return "2020, 2021 and 2023"."""
    text = [str(v) for v in values]
    return text[0] if len(text) == 1 else f"{', '.join(text[:-1])} and {text[-1]}"


def begins_after(register: Register, january: int) -> pd.DataFrame:
    """Return register rows that begin after the academic year of a January."""
    return register.rows[register.rows["from_academic_year"] > academic_year(january)]


def settings_in_words(rows: pd.DataFrame) -> pd.DataFrame:
    """Return register rows as a table for people; "From" is the academic year a row begins."""
    needs = rows["needs"].map(
        lambda codes: (
            "All"
            if codes == ALL
            else ", ".join(NEEDS[c].lower() if c == "OTH" else c for c in codes.split(";"))
        )
    )
    years = [
        f"{first} on" if pd.isna(last) else f"{first} only" if last == first else f"{first} to {last}"
        for first, last in zip(rows["from_academic_year"], rows["to_academic_year"], strict=True)
    ]
    table = pd.DataFrame(
        {
            "Setting": rows["setting"],
            "Provision": rows["provision"].map(PROVISIONS),
            "Ages": rows["age_low"].astype("str") + " to " + rows["age_high"].astype("str"),
            "Needs": needs,
            "Places": rows["places"].map("{:,}".format),
            "Academic years": years,
            "Status": rows["status"].str.capitalize() + ", " + rows["located"].map(LOCATED).str.lower(),
            "Basis and confidence": rows["basis"].str.capitalize() + ", " + rows["confidence"],
            "Source": rows["source"],
        }
    )
    return table.reset_index(drop=True)


def basis_in_words(register: Register, january: int) -> pd.DataFrame:
    """Return how the places of one January are known, a row a kind of specialist place; open and agreed."""
    rows = in_force(register, january, statuses=("open", "agreed"))
    rows = rows[rows["provision"].isin(SPECIALIST_PROVISIONS)]
    count = rows.pivot_table(index="provision", columns="basis", values="places", aggfunc="sum", fill_value=0)
    count = count.reindex(
        index=list(SPECIALIST_PROVISIONS), columns=["published", "council", "estimated"], fill_value=0
    )
    total = count.sum(axis=1)
    share = count["estimated"].div(total.where(total > 0))
    return pd.DataFrame(
        {
            "Kind of place": [PROVISIONS[p] for p in count.index],
            "Places": [f"{n:,}" for n in total],
            "Published": [f"{n:,}" for n in count["published"]],
            "From the council": [f"{n:,}" for n in count["council"]],
            "Estimated": [f"{n:,}" for n in count["estimated"]],
            "Share estimated": ["no places" if pd.isna(s) else f"{100 * s:.0f} %" for s in share],
        }
    )


def _labelled(part: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose need codes are written out."""
    return part.rename(columns=NEEDS)
