"""The sections of a report on sufficiency of places: places wanted and available, shortfalls, and where children go.

Every figure comes from the tables of `forecast.presentation.summary`, `forecast.presentation.place_tables` and
`forecast.presentation.compare`, which the commands also write, so a paper and the files beside it cannot disagree. Tables of
paper show fewer rows than those files, and say so.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from data.vocabulary import ALL, NEED_GROUPS, PHASES, SPECIALIST_PROVISIONS
from forecast.core import defaults
from forecast.core.futures import FALLS, FUTURES, LEVELS_OFF, RISES
from forecast.core.outcome import ONE_CHILD, Outcome
from forecast.places.preference_order import DESTINATIONS
from forecast.presentation import futures as named_futures
from forecast.presentation import own_record, places_report, summary, wording, words
from forecast.presentation.futures import TODAYS_RATES, Futures
from forecast.presentation.place_tables import NEVER, first_likely
from forecast.presentation.places_report import GROUP_LABELS, PlacesTables
from forecast.presentation.published_figures import (
    ADD,
    CHANCE,
    FIGURES,
    PLACES,
    SHORT,
    WANT,
    in_table,
    of_cell,
    shown,
)
from forecast.presentation.run_figures import RunFigures
from forecast.presentation.top_lines import top_lines
from forecast.reports import charts
from forecast.reports.document import DocumentTable, Paper, Picture

FEW = 5.0
"""A phase and kind of place with fewer children and places than this is left out of a paper's tables."""

SCORED = 5
"""Years ahead for which forecasts have been scored, and so the years a paper leads with."""

PATH_NAMES: dict[str, str] = {
    RISES: "rises",
    LEVELS_OFF: "levels off",
    FALLS: "falls",
    TODAYS_RATES: "today's rates",
}
"""What a path is called where its line ends."""

PANELS = 4
"""Phases and kinds of place drawn."""


@dataclass(frozen=True)
class Need:
    """The figures of one authority's run that a report uses.

    Parameters
    ----------
    outcome
        The run.
    tables
        Its tables.
    figures
        The published figures of the run.
    futures
        The three futures of joining, and the reform beside them.
    top
        What stands first: an old forecast, the council's own count.
    """

    outcome: Outcome
    tables: PlacesTables
    figures: RunFigures
    futures: Futures
    top: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, outcome: Outcome, reform_chance: float = defaults.REFORM_CHANCE, issued: date | None = None
    ) -> Need:
        """Return the figures that a report uses: of a run, the chance of the reform and the day the report is of."""
        futures = Futures.of(outcome, reform_chance)
        top = tuple(top_lines(outcome, issued or date(outcome.plans.origin, 1, 1)))
        return cls(outcome, PlacesTables.of(outcome), RunFigures.of(outcome), futures, top)

    @property
    def name(self) -> str:
        """Name of the authority."""
        return self.outcome.area.name

    @property
    def first(self) -> int:
        """First January forecast."""
        return self.outcome.plans.origin + 1

    @property
    def last(self) -> int:
        """Last January forecast."""
        return int(self.outcome.shortfall.wanted["january"][-1])

    @property
    def lead(self) -> int:
        """January that a report leads with: the last that has been scored, or the last forecast."""
        return min(self.outcome.plans.origin + SCORED, self.last)

    def total_text(self, measure: str, january: int) -> str:
        """Return a total with its interval as text: "391 (302 to 480)"."""
        return self.figures.at(measure, january).with_range

    def cell(
        self, january: int, phase: str = ALL, provision: str = ALL, need_group: str = ALL
    ) -> dict[Hashable, Any]:
        """Return one row of ``shortfall.parquet``."""
        f = self.tables.shortfall
        rows = f[
            (f["year"] == january)
            & (f["phase"] == phase)
            & (f["provision"] == provision)
            & (f["need_group"] == need_group)
        ]
        return dict(rows.iloc[0].to_dict())

    def kinds(self) -> list[tuple[str, str]]:
        """Return the phases and provisions in use, in the order of planners' tables."""
        every = summary.all_needs(self.tables.shortfall)
        kinds = []
        for phase in PHASES:
            for provision in SPECIALIST_PROVISIONS:
                own = every[(every["phase"] == phase.code) & (every["provision"] == provision)]
                if max(float(own["places"].max()), float(own["wanted_q90"].max())) >= FEW:
                    kinds.append((phase.code, provision))
        return kinds

    def widest(self) -> list[tuple[str, str]]:
        """Return the phases and provisions with the largest shortfalls in the January the report leads with, largest first."""
        short = {k: float(self.cell(self.lead, *k)["shortfall_q50"]) for k in self.kinds()}
        return sorted((k for k, n in short.items() if n >= ONE_CHILD), key=lambda k: -short[k])


def kind_of_place(phase: str, provision: str) -> str:
    """Return a phase and provision as text, such as "Secondary: state special schools"."""
    return f"{words.PHASE_LABELS[phase]}: {words.SHORT_PROVISIONS[provision]}"


def places_in(phase: str, provision: str) -> str:
    """Return a phase and provision within a sentence, such as "secondary places in state special schools"."""
    return f"{words.PHASE_LABELS[phase].lower()} places in {words.SHORT_PROVISIONS[provision]}"


def problem(need: Need) -> str:
    """Return the problem in one paragraph."""
    outcome, lead = need.outcome, need.lead
    now = float(outcome.plans.known.sum())
    cell = need.cell(lead)
    lines = [
        f"{need.name} had {wording.whole(now)} education, health and care (EHC) plans in January {outcome.plans.known_january}. "
        f"We expect {need.total_text('plans', lead)} by January {lead}.",
        f"By then {need.total_text('specialist_wanted', lead)} children and young people would want a specialist place, and "
        f"there would be {of_cell('places', cell)} places for them on average.",
    ]
    if need.figures.at("shortfall", lead).centre >= ONE_CHILD:
        empty = float(cell["places"]) - float(cell["filled_q50"]) >= FEW
        lines.append(
            f"If nothing more is built than is agreed, {need.total_text('shortfall', lead)} would be short of "
            "a specialist place"
            + (
                ", and some places would stand empty because they are for other ages or needs."
                if empty
                else "."
            )
        )
    widest = need.widest()
    if widest:
        worst = need.cell(lead, *widest[0])
        lines.append(
            f"The widest gap is in {places_in(*widest[0])}: {of_cell('shortfall', worst)} short "
            f"in January {lead}, and a shortfall is {wording.likelihood(float(worst['p_shortfall']))}."
        )
    else:
        lines.append(f"No kind of place is short of a whole child in January {lead}.")
    return " ".join(lines)


def plans_and_places(need: Need) -> DocumentTable:
    """Return plans, children who want a place, places and children short, in some Januaries, as a table."""
    januaries = sorted({need.first, min(need.first + 2, need.last), need.lead, need.last})
    return DocumentTable(
        pd.DataFrame(
            [
                {
                    "January": str(j),
                    "EHC plans": need.total_text("plans", j),
                    FIGURES["specialist_wanted"].name: need.total_text("specialist_wanted", j),
                    FIGURES["places"].label: of_cell("places", need.cell(j)),
                    FIGURES["shortfall"].name: need.total_text("shortfall", j),
                }
                for j in januaries
            ]
        ),
        f"EHC plans, specialist places and children short of one, {need.name}",
        widths=(1.5, 3.8, 3.6, 2.0, 3.5),
        note=f"{wording.MIDDLES_IN_BRACKETS} Years more than five ahead have not been tested against what happened: "
        "read them as a direction and not as a number."
        if need.last > need.outcome.plans.origin + SCORED
        else wording.MIDDLES_IN_BRACKETS,
    )


def by_kind(need: Need) -> DocumentTable:
    """Return places against demand by phase and provision, with when each runs out and how many would be enough, as a table."""
    likely = first_likely(need.tables.shortfall)
    firsts = {(r["phase"], r["provision"]): int(r["january"]) for r in _all_groups(likely)}
    add = need.tables.frames["places_to_add"]
    to_add = {
        (r["phase"], r["provision"]): int(r["places_to_add"])
        for r in _all_groups(add[add["year"] == need.lead])
    }
    rows = []
    for kind in need.kinds():
        cell = need.cell(need.lead, *kind)
        rows.append(
            {
                "Phase and kind of place": kind_of_place(*kind),
                f"{WANT}, {need.lead}": in_table("specialist_wanted", cell, "wanted_"),
                f"{PLACES}, {need.lead}": of_cell("places", cell),
                SHORT: of_cell("shortfall", cell),
                CHANCE: of_cell("p_shortfall", cell),
                "First January short": _january(firsts[kind], need.last),
                ADD: shown("places_to_add", to_add[kind]),
            }
        )
    return DocumentTable(
        pd.DataFrame(rows),
        f"Specialist places wanted and there, by phase and kind of place, January {need.lead}",
        widths=(3.4, 3.5, 1.4, 1.6, 2.1, 1.7, 1.7),
        note=f"{wording.MIDDLES_IN_BRACKETS} A kind of place is short where one child or more is. "
        "First January short: the first in which that is at least as likely as not. Places to add assume that every "
        "place suits every child of that phase, and each line stands alone: do not add them up. Wanted less places "
        "need not be the number short: a school of several phases fills places wherever its children are. Phases and "
        "kinds of place with fewer than five children and places are left out.",
    )


def by_need(need: Need) -> DocumentTable:
    """Return children who want a place and children without one, by need group, as a table."""
    likely = first_likely(need.tables.shortfall)
    firsts = {
        r["need_group"]: int(r["january"])
        for r in likely[(likely["phase"] == ALL) & (likely["provision"] == ALL)].to_dict("records")
    }
    rows = []
    for group in NEED_GROUPS:
        cell = need.cell(need.lead, need_group=group.code)
        if float(cell["wanted_q90"]) < ONE_CHILD:
            continue
        rows.append(
            {
                "Main need": GROUP_LABELS[group.code],
                f"{WANT}, {need.lead}": in_table("specialist_wanted", cell, "wanted_"),
                SHORT: of_cell("shortfall", cell),
                f"{SHORT}, {wording.UPPER_TAIL}": shown("shortfall", float(cell["shortfall_q90"])),
                CHANCE: of_cell("p_shortfall", cell),
                "First January short": _january(firsts[group.code], need.last),
            }
        )
    return DocumentTable(
        pd.DataFrame(rows),
        f"Children who want a specialist place and children short of one, by main need, January {need.lead}",
        widths=(4.4, 3.5, 1.8, 2.1, 2.0, 1.8),
        note=f"{wording.MIDDLES_IN_BRACKETS} All phases and kinds of specialist place together. Trends by need are less "
        "certain than totals: needs by authority are published for one January only.",
    )


def binding(need: Need) -> DocumentTable | None:
    """Return the needs, phases and provisions that run out first, as a table; None if none does."""
    frame = places_report.binding_table(need.tables)
    if frame.empty:
        return None
    shown = pd.DataFrame(
        {
            "Main need": frame["Need"],
            "Phase and kind of place": [
                f"{p}: {k.lower()}" for p, k in zip(frame["Phase"], frame["Provision"], strict=True)
            ],
            "First January short": [str(j) for j in frame["First January"]],
            "Short then": frame[SHORT],
            f"Short then, {wording.UPPER_TAIL}": frame[places_report.SHORT_TAIL],
        }
    )
    return DocumentTable(
        shown,
        "The needs and phases that fall short first",
        words=("Phase and kind of place",),
        widths=(4.6, 4.6, 1.9, 2.1, 2.6),
        note=f"The first {len(shown)}, soonest and largest first.",
    )


def gap_chart(need: Need) -> Picture:
    """Return all specialist places wanted against those available, as a chart."""
    panel = _panel(need, ALL, ALL)
    short = need.total_text("shortfall", need.lead)
    last, first = need.cell(need.last), need.cell(need.first)
    return charts.over_years(
        [panel],
        unit="Children and young people",
        along="January",
        title=f"Children who want a specialist place, and places, {need.name}: {short} short in "
        f"January {need.lead}",
        key="Dashed line with dots: want a place. Solid stepped line: places, each holding until the next January. "
        f"{charts.BAND_KEY} More children can be short than the gap shows, because places for other ages or needs may "
        "stand empty.",
        description=f"Line chart. {in_table('specialist_wanted', first, 'wanted_')} children want a specialist place in January "
        f"{need.first} and {in_table('specialist_wanted', last, 'wanted_')} in January {need.last}, with 80 % intervals; places "
        f"go from {of_cell('places', first)} to {of_cell('places', last)}.",
    )


def widest_chart(need: Need) -> Picture | None:
    """Return the largest shortfalls as a chart, one panel a phase and provision; None if there is none."""
    kinds = need.widest()[:PANELS]
    if not kinds:
        return None
    descriptions = []
    for kind in kinds:
        cell = need.cell(need.lead, *kind)
        descriptions.append(
            f"{kind_of_place(*kind)}, {in_table('specialist_wanted', cell, 'wanted_')} wanted and "
            f"{of_cell('places', cell)} places in January {need.lead}"
        )
    return charts.over_years(
        [_panel(need, *kind, title=kind_of_place(*kind)) for kind in kinds],
        unit="Children",
        along="January",
        title=f"Where the gap is widest: {places_in(*kinds[0])}",
        key=f"Dashed line with dots: wanted. Solid stepped line: places. {charts.BAND_KEY} Scales differ.",
        description=f"{len(kinds)} small line charts of places wanted against places there are: {'; '.join(descriptions)}.",
    )


def _panel(need: Need, phase: str, provision: str, title: str = "All specialist places") -> charts.ChartPanel:
    f = summary.all_needs(need.tables.shortfall)
    rows = f[(f["phase"] == phase) & (f["provision"] == provision)].sort_values("year")

    def column(name: str) -> tuple[float, ...]:
        return tuple(float(v) for v in rows[name])

    return charts.ChartPanel(
        title,
        tuple(str(y) for y in rows["year"]),
        (
            charts.Line(WANT, column("wanted_q50"), column("wanted_q10"), column("wanted_q90")),
            charts.Line("Places", column("places"), steps=True),
        ),
    )


def destinations(need: Need) -> DocumentTable | None:
    """Return where children who are short go, in some Januaries, as a table; None if there are none."""
    frame = places_report.overflow_table(need.outcome, need.tables)
    if frame.empty:
        return None
    return DocumentTable(
        frame.rename(columns={c: f"January {c}" for c in frame.columns if c != "Where they go"}),
        "Where children who are short would go",
        widths=(6.4, *([3.5] * (len(frame.columns) - 1))),
        note=f"{wording.MIDDLES_IN_BRACKETS} Where families and councils turn when a kind of place is full is an "
        "assumption that can be edited, not a published fact. Each row is rounded by itself.",
    )


def destinations_chart(need: Need) -> Picture | None:
    """Return where children without a place go in the January the report leads with, as a chart; None if there are none."""
    f = need.tables.frames["overflow"]
    f = f[(f["phase"] == ALL) & (f["need_group"] == ALL) & (f["provision"] == ALL) & (f["year"] == need.lead)]
    f = f[f["q90"] >= ONE_CHILD].sort_values("q50", ascending=False, kind="stable")
    if f.empty:
        return None
    rows = [
        charts.LabelledInterval(
            DESTINATIONS[str(r["destination"])], float(r["q10"]), float(r["q50"]), float(r["q90"])
        )
        for r in f.to_dict("records")
    ]
    largest = rows[0]
    return charts.ranges(
        rows,
        unit="Children and young people",
        title=f"Children short of a specialist place, January {need.lead}: most often "
        f"{largest.name[0].lower()}{largest.name[1:]}",
        key=f"Points: middle of the forecast. {charts.WHISKER_KEY}",
        description=f"Points with whiskers. Children short of a specialist place in January {need.lead}: "
        + "; ".join(
            f"{r.name}, {in_table('overflow', {'q10': r.low, 'q50': r.middle, 'q90': r.high})}" for r in rows
        )
        + ".",
    )


def futures_chart(need: Need) -> Picture:
    """Return the paths of the three futures, with today's rates, as a chart; the shading is the range of the whole forecast."""
    futures = need.futures
    januaries = sorted(int(j) for j in futures.paths["january"].unique())
    whole = {j: need.figures.at("plans", j).row for j in januaries}
    # In the order of the colours of charts of a paper, so that each has that of the page.
    shown = [
        which
        for which in (LEVELS_OFF, RISES, FALLS, TODAYS_RATES)
        if futures.at(which, need.last) is not None
    ]
    drawn: list[charts.Line] = []
    for which in shown:
        rows = [futures.at(which, j) for j in januaries]
        middle = tuple(row["q50"] for row in rows if row is not None)
        # Shading of each would hide the others: the first line carries that of the whole forecast.
        low, high = (tuple(whole[j][end] for j in januaries) if not drawn else () for end in ("q10", "q90"))
        drawn.append(charts.Line(PATH_NAMES[which], middle, low, high))
    return charts.over_years(
        [charts.ChartPanel("EHC plans", tuple(str(j) for j in januaries), tuple(drawn))],
        unit="EHC plans",
        along="January",
        title=named_futures.finding(futures, need.last),
        key=f"Lines: middle of each future. {charts.BAND_KEY} It is that of the whole forecast.",
        description="Line chart of EHC plans. " + " ".join(named_futures.lines(futures)[: len(FUTURES) + 1]),
    )


def futures_table(need: Need) -> DocumentTable:
    """Return the plans of each future in some Januaries, as a table."""
    futures = need.futures
    januaries = sorted({need.first, need.lead, min(need.lead + 2, need.last), need.last})
    shown = named_futures.table(futures).loc[januaries].reset_index()
    shown["January"] = shown["January"].astype(str)
    return DocumentTable(
        shown,
        f"EHC plans in each future, {need.name}",
        widths=(1.6, *([round(15.0 / (len(shown.columns) - 1), 1)] * (len(shown.columns) - 1))),
        note=f"{wording.MIDDLES_IN_BRACKETS} {named_futures.how_tagged(futures)}",
    )


def write_futures(paper: Paper, need: Need) -> None:
    """Write the section on the three futures: how many plans in each, and what the width of a range rests on."""
    paper.heading("How many plans, in three futures")
    for sentence in own_record.sentences(need.outcome):
        paper.paragraph(sentence)
    paper.picture(futures_chart(need))
    paper.bullets(named_futures.lines(need.futures))
    if judgement := named_futures.judgement(need.futures):
        paper.paragraph(judgement)
    paper.table(futures_table(need))


def write(paper: Paper, need: Need) -> None:
    """Write the sections on plans, on need and places, and on where children without a place go."""
    write_futures(paper, need)
    paper.heading("Need and places")
    paper.paragraph(words.how_to_read(need.outcome))
    paper.heading("All specialist places", 2)
    paper.picture(gap_chart(need))
    paper.table(plans_and_places(need))
    paper.heading("By phase and kind of place", 2)
    if need.kinds():
        paper.table(by_kind(need))
        wide = widest_chart(need)
        if wide is not None:
            paper.picture(wide)
    else:
        paper.paragraph(
            "No phase and kind of place has as many as five children or places, so none is shown apart."
        )
    paper.paragraph(words.PLACES_NOTE)
    paper.heading("By need", 2)
    groups = by_need(need)
    if groups.frame.empty:
        paper.paragraph("No group of needs has a child or more who wants a specialist place.")
    else:
        paper.table(groups)
    first = binding(need)
    if first is None:
        paper.paragraph("No need and phase is more likely than not to fall short in the years forecast.")
    else:
        paper.table(first)
    paper.heading(places_report.OVERFLOW)
    where = destinations(need)
    if where is None:
        paper.paragraph("In the years forecast nobody is expected to be short of a specialist place.")
        return
    paper.paragraph(
        "A child who is short does not disappear: they go somewhere dearer, further away or "
        "less suitable, or wait. This is what a capital programme would change."
    )
    drawn = destinations_chart(need)
    if drawn is not None:
        paper.picture(drawn)
    paper.table(where)
    causes = places_report.cause_lines(need.outcome)
    if causes:
        paper.paragraph(
            "What the dearest of these are caused by, on average, because parts have to add up and middles do not:"
        )
        paper.bullets(causes)


def _all_groups(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(k): v for k, v in r.items()} for r in frame[frame["need_group"] == ALL].to_dict("records")]


def _january(january: int, last: int) -> str:
    return f"none to {last}" if january == NEVER else str(january)
