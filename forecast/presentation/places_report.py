"""The results of ``sendplan places`` in words and tables, and its files.

Every figure comes from the tables of `forecast.presentation.place_tables` and `forecast.presentation.summary`, which are
written beside the page, so the terminal, the page and the files cannot disagree.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from data.citations import SEN2
from data.geography import maps, setting_points
from data.provisions import takes_overflow
from data.registers.register import academic_year, in_force
from data.vocabulary import ALL, NEED_GROUPS, PHASES, PROVISIONS, SPECIALIST_PROVISIONS
from forecast.core.atomic_files import Writer, write_all
from forecast.core.outcome import ONE_CHILD, Outcome
from forecast.core.table_files import write_text
from forecast.places import geography
from forecast.places.allocation import GROUPED
from forecast.places.preference_order import DESTINATIONS
from forecast.presentation import describe, place_tables, summary, wording, words
from forecast.presentation.published_figures import (
    ADD,
    CHANCE,
    FIGURES,
    PLACED,
    PLACES,
    SHORT,
    WANT,
    averaged,
    in_table,
    of_cell,
    shown,
)
from forecast.presentation.record import PRODUCT, markdown_table, provenance

GROUP_LABELS: dict[str, str] = {ALL: "All needs"} | {g.code: g.label for g in NEED_GROUPS}

SHORT_TAIL = f"{SHORT}, {wording.UPPER_TAIL}"
"""Heading of the column of children short in the worst tenth of futures."""

DEMAND = "Who wants a place: at today's choices, and with those turned away"
OVERFLOW = "Where children who are short go"
"""Titles of tables that commands, pages and papers share."""

DEAR: tuple[str, ...] = takes_overflow()
"""Destinations whose causes are told: they cost most."""

SHOWN = 8
"""Rows of the longest tables in the terminal and on the page; the files have them all."""

ZONE_COLUMNS: tuple[str, ...] = ("la_code", "year", "zone_code", "zone_name", "phase", "wanted_mean")

AHEAD: tuple[int, ...] = (1, 3, 5)
"""Years ahead shown."""

MANY_UNSEATED = 10.0
"""Children placed today for whom the register has no place, from which a reader should be told."""

Show = Callable[[pd.DataFrame, str], None]


@dataclass(frozen=True)
class PlacesTables:
    """The tables of one authority, in the form they are written in.

    Parameters
    ----------
    frames
        File name without ending -> tidy table.
    """

    frames: Mapping[str, pd.DataFrame]

    @classmethod
    def of(cls, outcome: Outcome) -> PlacesTables:
        """Return every table of a run."""
        return cls(
            {
                "shortfall": summary.shortfall_long(outcome),
                "demand": place_tables.demand_long(outcome),
                "overflow": place_tables.overflow_long(outcome),
                "first_years": place_tables.first_years(outcome),
                "places_to_add": place_tables.places_to_add(outcome),
                "settings": place_tables.settings_long(outcome),
                "placements": place_tables.placements_long(outcome),
                "post16": place_tables.post16_long(outcome),
            }
        )

    @property
    def shortfall(self) -> pd.DataFrame:
        """``shortfall.parquet``."""
        return self.frames["shortfall"]


def write(
    tables: PlacesTables, distances: Distances, page: str, record: Mapping[str, Any], folder: Path
) -> list[Path]:
    """Write tables, page and the record of the run into a folder, all or none.

    Raises
    ------
    OutputError
        The folder cannot be written to.
    """
    text = json.dumps(record, indent=2, ensure_ascii=False) + "\n"
    others = {
        "zones.parquet": partial(_write_table, distances.zones),
        "places.md": partial(write_text, page),
    }
    return write_tables(tables, text, folder, others)


def write_tables(
    tables: PlacesTables, record: str, folder: Path, others: Mapping[str, Writer] | None = None
) -> list[Path]:
    """Write tables and the record of the run into a folder, all or none."""
    writers: dict[str, Writer] = {
        f"{name}.parquet": partial(_write_table, frame) for name, frame in tables.frames.items()
    }
    return write_all(folder, {**writers, **(others or {}), "run.json": partial(write_text, record)})


def _write_table(frame: pd.DataFrame, path: Path) -> None:
    frame.to_parquet(path, index=False)


def combine(parts: Sequence[PlacesTables]) -> PlacesTables:
    """Return the tables of several authorities combined."""
    names = list(parts[0].frames) if parts else []
    return PlacesTables(
        {name: pd.concat([p.frames[name] for p in parts], ignore_index=True) for name in names}
    )


def headline(outcome: Outcome, tables: PlacesTables) -> str:
    """Return one sentence, fit to be read aloud, on which places run out first, when, how likely, and for how many."""
    name = outcome.area.name
    first = [r for r in summary.run_outs(tables.shortfall) if r.january is not None]
    if not first:
        return (
            f"No kind of specialist place in {name} is more likely than not to run out in the years to "
            f"{int(tables.shortfall['year'].max())}."
        )
    cells = tables.shortfall
    chosen = cells[
        (cells["year"] == first[0].january)
        & (cells["phase"] == first[0].phase)
        & (cells["provision"] == first[0].provision)
        & (cells["need_group"] == ALL)
    ].iloc[0]
    bound = place_tables.binding(cells)
    bound = bound[bound["provision"] == first[0].provision]
    who = (
        ""
        if bound.empty
        else (
            f" {GROUP_LABELS[str(bound.iloc[0]['need_group'])]} "
            f"({words.PHASE_LABELS[str(bound.iloc[0]['phase'])].lower()}) runs short first."
        )
    )
    wanted = in_table("specialist_wanted", chosen.to_dict(), "wanted_")
    return (
        f"{words.run_out_sentence(first[0])} {wanted} children want one in January "
        f"{first[0].january}; {of_cell('places', chosen)} places on average.{who}"
    )


def place_figures(cell: Mapping[Hashable, Any], to_add: float) -> dict[str, str]:
    """Return the columns that tables of kinds of place share, from a row of ``shortfall.parquet`` and the places to add."""
    return {
        PLACES: of_cell("places", cell),
        WANT: in_table("specialist_wanted", cell, "wanted_"),
        PLACED: of_cell("placed", cell),
        SHORT: in_table("shortfall", cell, "shortfall_"),
        CHANCE: of_cell("p_shortfall", cell),
        ADD: shown("places_to_add", to_add),
    }


def by_phase_table(outcome: Outcome, tables: PlacesTables) -> pd.DataFrame:
    """Return places against demand by phase and provision in some Januaries, with places to add for 80 % certainty."""
    origin = outcome.plans.origin
    januaries = [origin + y for y in AHEAD if origin + y <= int(tables.shortfall["year"].max())]
    cells = summary.all_needs(tables.shortfall)
    every = tables.frames["places_to_add"]
    to_add = {
        (r["year"], r["phase"], r["provision"]): r["places_to_add"]
        for r in every[every["need_group"] == ALL].to_dict("records")
    }
    rows = []
    for phase in PHASES:
        for provision in SPECIALIST_PROVISIONS:
            own = cells[(cells["phase"] == phase.code) & (cells["provision"] == provision)].set_index("year")
            if own["places"].max() <= 0 and own["wanted_q90"].max() < ONE_CHILD:
                continue
            for january in januaries:
                cell = own.loc[january].to_dict()
                rows.append(
                    {
                        "Phase": phase.label,
                        "Provision": words.SHORT_PROVISIONS[provision].capitalize(),
                        "January": january,
                    }
                    | place_figures(cell, to_add[january, phase.code, provision])
                )
    return pd.DataFrame(rows)


def binding_table(tables: PlacesTables) -> pd.DataFrame:
    """Return the needs and phases whose places run out first, as text."""
    rows = place_tables.binding(tables.shortfall).head(SHOWN)
    cells = rows.to_dict("records")
    return pd.DataFrame(
        {
            "Need": [GROUP_LABELS[g] for g in rows["need_group"]],
            "Phase": [words.PHASE_LABELS[p] for p in rows["phase"]],
            "Provision": [words.SHORT_PROVISIONS[p].capitalize() for p in rows["provision"]],
            "First January": list(rows["january"]),
            "Chance then": [of_cell("p_shortfall", row) for row in cells],
            SHORT: [of_cell("shortfall", row) for row in cells],
            SHORT_TAIL: [shown("shortfall", row["shortfall_q90"]) for row in cells],
        }
    )


def demand_table(outcome: Outcome, tables: PlacesTables) -> pd.DataFrame:
    """Return observed and latent demand by provision in some Januaries, as text."""
    frame = tables.frames["demand"]
    frame = frame[(frame["phase"] == ALL) & (frame["need_group"] == ALL)]
    cells = {(r["year"], r["provision"], r["demand"]): r for r in frame.to_dict("records")}
    rows = []
    for provision in SPECIALIST_PROVISIONS:
        for january in (outcome.plans.origin + y for y in AHEAD):
            if (january, provision, "observed") in cells:
                rows.append(
                    {
                        "Provision": words.SHORT_PROVISIONS[provision].capitalize(),
                        "January": january,
                        "At today's choices": in_table(
                            "specialist_wanted", cells[january, provision, "observed"]
                        ),
                        "With those turned away": in_table(
                            "specialist_wanted", cells[january, provision, "latent"]
                        ),
                    }
                )
    return pd.DataFrame(rows)


def overflow_table(outcome: Outcome, tables: PlacesTables) -> pd.DataFrame:
    """Return where children without the place they want go, in some Januaries, as text."""
    frame = tables.frames["overflow"]
    frame = frame[(frame["phase"] == ALL) & (frame["need_group"] == ALL) & (frame["provision"] == ALL)]
    rows = []
    for destination in dict.fromkeys(frame["destination"]):
        own = frame[frame["destination"] == destination].set_index("year")
        if own["q90"].max() < ONE_CHILD:
            continue
        rows.append(
            {"Where they go": DESTINATIONS[str(destination)]}
            | {
                str(outcome.plans.origin + y): in_table(
                    "overflow", own.loc[outcome.plans.origin + y].to_dict()
                )
                for y in AHEAD
                if outcome.plans.origin + y in own.index
            }
        )
    return pd.DataFrame(rows)


def cause_lines(outcome: Outcome) -> list[str]:
    """Return sentences on the causes of overflow into INMSS and EOTAS, largest first."""
    january = min(outcome.plans.origin + AHEAD[1], int(outcome.shortfall.wanted["january"][-1]))
    known = [d for d in DEAR if d in outcome.shortfall.overflow["destination"].to_numpy()]
    every = place_tables.causes(outcome, known)
    lines = []
    for destination in known:
        rows = every[(every["year"] == january) & (every["destination"] == destination)]
        total = float(rows["mean"].sum())
        if total < ONE_CHILD:
            continue
        parts = [
            f"{GROUP_LABELS[str(r['need_group'])].lower()}, {words.PHASE_LABELS[str(r['phase'])].lower()}, "
            f"no place in {words.SHORT_PROVISIONS[str(r['provision'])]}: {shown('overflow', r['mean'])}"
            for r in rows.head(3).to_dict("records")
            if r["mean"] >= ONE_CHILD
        ]
        lines.append(
            f"{PROVISIONS[destination]}: {shown('overflow', total)} children on average in January {january} for want of a state "
            f"place. Largest parts, which add up on average: {'; '.join(parts)}."
        )
    return lines


def settings_table(outcome: Outcome, tables: PlacesTables) -> pd.DataFrame:
    """Return each setting's places, and the chance that it is full, in some Januaries."""
    frame = tables.frames["settings"]
    januaries = [outcome.plans.origin + y for y in AHEAD]
    source = {u.name: u for u in outcome.shortfall.units}
    rows = []
    for name in dict.fromkeys(frame["setting"]):
        own = frame[frame["setting"] == name].set_index("year")
        januaries_shown = [j for j in januaries if j in own.index]
        if own.loc[januaries_shown, "places"].max() <= 0:
            continue
        unit = source[str(name)]
        by_year = {r["year"]: r for r in own.loc[januaries_shown].reset_index().to_dict("records")}
        rows.append(
            {
                "Setting": str(name),
                "Provision": PROVISIONS[unit.provision],
                "Status": f"{unit.status}, {unit.confidence} confidence",
            }
            | {averaged(str(j)): _room_in_words(by_year[j]) for j in januaries_shown}
        )
    return pd.DataFrame(rows)


def _room_in_words(row: Mapping[Hashable, Any]) -> str:
    """Return "28 of 30; full 90 %"; children of other provisions who took a free place count as pupils."""
    pupils, places = shown("pupils", row["places"] - row["free_mean"]), shown("places", row["places"])
    return f"{pupils} of {places}; full {shown('p_full', row['p_full'])}"


def notes(outcome: Outcome, borrowed: bool) -> list[str]:
    """Return sentences that a reader must know about these figures."""
    shortfall, name = outcome.shortfall, outcome.area.name
    lines = [
        "Who wants a specialist place: children move and new plans are placed as in the latest year, whether or not places grow"
        + (
            ", raised by those thought to be turned away today."
            if shortfall.blend
            else "; children turned away today are not counted, so demand is a lower bound."
        ),
        "How many are turned away cannot be counted, only inferred from how places and overflow differ between authorities; the "
        "interval holds only if that reading is right. Use --demand 0 to leave them out.",
        "Places are those of open and agreed rows of the register; schemes slip as its columns say.",
        "Pupils keep their place while their setting admits them; where a child could be placed if others took places that stand "
        "free elsewhere, the model lets them, so shortfalls are the least possible with these places.",
        "Overflow is counted afresh each January: a child in an independent school still wants the state place.",
    ]
    if not shortfall.blend and bool((shortfall.latent == shortfall.observed).all()):
        lines.append(
            f"{name} published no placements of its latest plans by age and need, so those turned away cannot be told."
        )
    if borrowed:
        lines.append(
            f"{name}'s returns cannot be compared with others', so how many are turned away is that of other authorities."
        )
    unseated = float(shortfall.unseated.sum())
    if unseated >= MANY_UNSEATED:
        lines.append(
            f"The register has no place for {shown('pupils', unseated)} of the children placed in January "
            f"{outcome.plans.origin}: places, ages or needs in it do not match who is there."
        )
    lines += list(outcome.register.warnings)
    return lines


@dataclass(frozen=True)
class Distances:
    """Where demand lives and how far places are, as straight-line estimates.

    Parameters
    ----------
    shown
        Title -> table for people.
    zones
        ``zones.parquet``: wanted places by zone, January and phase, an apportionment and not a count.
    notes
        What a reader must know.
    """

    shown: Mapping[str, pd.DataFrame]
    zones: pd.DataFrame
    notes: tuple[str, ...]

    @classmethod
    def of(cls, outcome: Outcome) -> Distances:
        """Return the distances of one authority."""
        code, origin = outcome.area.la_code, outcome.plans.origin
        zones = maps.zones(code)
        rows = in_force(outcome.register, origin + 1, statuses=("open", "agreed"))
        placed = setting_points.settings(rows, code)
        reach = geography.within_reach(zones, placed, geography.offers(rows, GROUPED))
        journeys = geography.journeys(zones, placed, _pupils(outcome))
        wanted = describe.mean(outcome.shortfall.wanted.sum(("provision", "need_group")))
        shared = geography.demand_by_zone(wanted, zones)
        by_zone = shared.values().rename("wanted_mean").to_series().reset_index()
        names = zones.frame.set_index("zone_code")["zone_name"]
        table = by_zone.rename(columns={"january": "year", "zone": "zone_code"}).assign(
            la_code=code, zone_name=lambda f: f["zone_code"].map(names)
        )
        return cls(
            shown={
                "Places within a straight line of the average child": _reach_table(reach),
                "Estimated journeys": _journeys_table(journeys),
                "Where wanted places would be lived, largest shares (an apportionment)": _zones_table(
                    outcome, table
                ),
                "Nearest setting with room where one is likely to be full": _next_table(
                    outcome, placed, rows
                ),
            },
            zones=table.astype({"year": "int64"})[list(ZONE_COLUMNS)],
            notes=tuple(
                dict.fromkeys(
                    [
                        shared.label,
                        journeys.label,
                        *(f"{n.what}: {n.why}" for n in (*zones.notes, *placed.notes)),
                    ]
                )
            ),
        )


def _pupils(outcome: Outcome) -> pd.DataFrame:
    """Return expected pupils by setting, phase and need group in the first forecast January."""
    filled = describe.mean(outcome.shortfall.unit_filled.isel(january=0))
    by_unit = filled.rename("pupils").to_series().reset_index()
    by_unit["setting"] = by_unit["unit"].map({u.name: u.setting for u in outcome.shortfall.units})
    return by_unit.groupby(["setting", "phase", "need_group"])["pupils"].sum().reset_index()


def _reach_table(reach: geography.Reach) -> pd.DataFrame:
    average = reach.places.sel(located="local", need_group=ALL).mean("zone")
    columns = {
        averaged(f"Within {km:g} km"): [
            shown("places", float(average.sel(within_km=km, phase=p.code))) for p in PHASES
        ]
        for km in average["within_km"].to_numpy().tolist()
    }
    return pd.DataFrame({"Phase": [p.label for p in PHASES], **columns})


def _journeys_table(journeys: geography.Journeys) -> pd.DataFrame:
    distances = journeys.distances[journeys.distances["pupils"] >= ONE_CHILD]
    return pd.DataFrame(
        {
            "Phase": [words.PHASE_LABELS.get(str(p), "All phases") for p in distances["phase"]],
            FIGURES["pupils"].heading: [shown("pupils", x) for x in distances["pupils"]],
            "Median km": [f"{x:.1f}" for x in distances["median_km"]],
            "8 in 10 within km": [f"{x:.1f}" for x in distances["p80_km"]],
            "Beyond 8 km": [wording.per_cent(x) for x in distances["beyond_8km"]],
        }
    )


def _zones_table(outcome: Outcome, zones: pd.DataFrame) -> pd.DataFrame:
    """Return the zones with the most wanted places in some Januaries."""
    totals = zones.groupby(["zone_name", "year"])["wanted_mean"].sum()
    years = [outcome.plans.origin + y for y in AHEAD if outcome.plans.origin + y <= int(zones["year"].max())]
    largest = totals.xs(years[-1], level="year").sort_values(ascending=False, kind="stable").head(SHOWN)
    return pd.DataFrame(
        {"Zone": list(largest.index)}
        | {
            averaged(str(y)): [shown("specialist_wanted", float(totals[name, y])) for name in largest.index]
            for y in years
        }
    )


def _next_table(outcome: Outcome, placed: maps.Layer, rows: pd.DataFrame) -> pd.DataFrame:
    """Return, for each setting likely to be full, its largest group of pupils and the nearest setting with room for them."""
    shortfall = outcome.shortfall
    free = shortfall.unit_free.isel(january=0)
    mean = {(u.setting, u.age_low): float(describe.mean(free.sel(unit=u.name))) for u in shortfall.units}
    rooms = rows.assign(
        places=[mean.get((str(r["setting"]), int(r["age_low"])), 0.0) for r in rows.to_dict("records")]
    )
    offered = geography.offers(rooms, GROUPED)
    on_map = set(placed.frame["setting"])
    kind = {u.setting: words.SHORT_PROVISIONS[u.provision].capitalize() for u in shortfall.units}
    lines = []
    for unit in shortfall.units:
        if (
            unit.setting not in on_map
            or float(describe.chance(free.sel(unit=unit.name) < ONE_CHILD)) < summary.LIKELY
        ):
            continue
        pupils = describe.mean(shortfall.unit_filled.isel(january=0).sel(unit=unit.name))
        cells = pupils.rename("pupils").to_series()
        largest = cells.index[int(cells.to_numpy().argmax())]
        near = geography.nearest_with_room(placed, offered, unit.setting, largest[0], largest[1], count=1)
        lines.append(
            {
                "Setting": unit.name,
                "For": f"{GROUP_LABELS[largest[1]]}, {words.PHASE_LABELS[largest[0]].lower()}",
                "Nearest with room": "none in the register" if near.empty else str(near.iloc[0]["setting"]),
                "Kind": "" if near.empty else kind[str(near.iloc[0]["setting"])],
                "Km": "" if near.empty else f"{float(near['distance_km'].iloc[0]):.1f}",
                averaged("Free there"): "" if near.empty else shown("free", float(near["places"].iloc[0])),
            }
        )
    return pd.DataFrame(lines)


def page(
    outcome: Outcome, tables: PlacesTables, distances: Distances, borrowed: bool, top: Sequence[str] = ()
) -> str:
    """Return the results as a Markdown page, which begins with the lines of ``top``."""
    lines = [
        f"# {outcome.area.name}: specialist places",
        "",
        *[line for sentence in top for line in (sentence, "")],
        headline(outcome, tables),
        "",
        words.how_to_read(outcome),
        "",
    ]
    sections: list[tuple[str, pd.DataFrame]] = [
        ("Places against demand", by_phase_table(outcome, tables)),
        ("Which needs run out first", binding_table(tables)),
        (DEMAND, demand_table(outcome, tables)),
        (OVERFLOW, overflow_table(outcome, tables)),
        (f"Settings (pupils of places, chance of being full), from {academic_year(outcome.plans.origin + 1)}",
         settings_table(outcome, tables)),
        *distances.shown.items(),
    ]  # fmt: skip
    for title, frame in sections:
        lines += [f"## {title}", "", "None." if frame.empty else markdown_table(frame, index=False), ""]
    lines += ["## What the overflow is caused by", "", *[f"- {x}" for x in cause_lines(outcome)], ""]
    lines += ["## Read this first", "", *[f"- {x}" for x in notes(outcome, borrowed)], ""]
    lines += ["## Distances", "", *[f"- {x}" for x in distances.notes], ""]
    sources = dict.fromkeys(u.source for u in outcome.shortfall.units)
    lines += ["## Sources of places", "", *[f"- {s}" for s in sources], ""]
    lines += [
        f"Demand: {SEN2}. Open Government Licence v3.0. Capacity register: {outcome.register.origin}. "
        f"{PRODUCT}. A forecast, not an outturn.",
        "",
    ]
    return "\n".join(lines)


def print_report(
    outcome: Outcome,
    tables: PlacesTables,
    distances: Distances,
    borrowed: bool,
    show: Show,
    say: Callable[[str], None],
) -> None:
    """Print the results for one authority."""
    say(headline(outcome, tables))
    say(words.how_to_read(outcome))
    for title, frame in (
        ("Places against demand", by_phase_table(outcome, tables)),
        ("Which needs run out first", binding_table(tables)),
        (DEMAND, demand_table(outcome, tables)),
        (OVERFLOW, overflow_table(outcome, tables)),
        ("Settings (pupils of places; chance of being full)", settings_table(outcome, tables)),
        *distances.shown.items(),
    ):
        if not frame.empty:
            show(frame, title)
    for line in (*cause_lines(outcome), *notes(outcome, borrowed)):
        say(f"- {line}")


def record_of(outcome: Outcome, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record of a run, with the demand it used."""
    return provenance(outcome, arguments) | {"demand": outcome.shortfall.blend}
