"""The results of a run in words and tables, for the terminal, ``summary.md`` and the app.

Every sentence comes from the summary tables, so the page, the file and the terminal cannot disagree. A number carries
its unit, its January and its 80 % interval.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from data.formatting import listed
from data.panels.backlogs import Backlog
from data.provisions import facts_of, whereabouts_unknown
from data.registers.register import academic_year, estimated_share
from data.vocabulary import (
    AGE_BANDS,
    ALL,
    BAND_CODES,
    NEED_CODES,
    NEEDS,
    PHASES,
    PROVISIONS,
    SPECIALIST_PROVISIONS,
)
from forecast.core.outcome import ONE_CHILD, Outcome
from forecast.presentation import joining, summary, wording
from forecast.presentation.describe import percentiles
from forecast.presentation.published_figures import CHANCE, PLACES, SHORT, WANT, in_table, of_cell, shown
from forecast.presentation.summary import RunOut
from scenarios.earlier_dates import of_register

PHASE_LABELS: dict[str, str] = {p.code: p.label for p in PHASES}
BAND_LABELS: dict[str, str] = {ALL: "All ages"} | {b.code: b.label for b in AGE_BANDS}
SHORT_PROVISIONS: dict[str, str] = {ALL: "all specialist provision"} | {
    p: facts_of(p).short_label for p in SPECIALIST_PROVISIONS
}
"""Provision names that fit in a sentence."""

HOW_TO_READ = (
    f"Ranges are 80 % intervals: {wording.OUTCOMES_INSIDE} as long as the law stays as it is. A change of law or policy is "
    "not in them."
)

IN_A_SCENARIO = (
    "This is the scenario '{}', not the forecast: it shows what follows if its levers come true. Ranges are 80 % intervals: "
    f"{wording.OUTCOMES_INSIDE} if they do. All else is as in the forecast."
)

COULD_RUN_OUT = 0.35
"""From this probability on, "not likely" would mislead."""

RECENT_YEARS = 3
"""Years of growth that a forecast starts from; a leap in them matters."""

SLOW_ISSUE = 0.25
"""Below this share issued within 20 weeks (the slowest fifth in 2024), delay holds new plans back."""

FEW_PLANS = 50
"""Below this number of plans one child is a large share of the forecast."""

DOWN_SYNDROME_IN_WORDS = (
    "Down syndrome, a need of its own in returns from January 2026, is counted under 'other difficulty or disability': plans "
    "with it are not yet published by authority, and were counted there before"
)
"""What a reader of needs must know of it; no full stop, as in a list."""

EMPTY_BASES = 0.8
"""Below this share of base places filled, coding of base pupils as mainstream is the likelier reason."""

MANY_NOT_RECORDED = 0.05
"""Above this share of plan holders without a recorded placement, a reader should be told."""

PLACES_NOTE = (
    "Places are those of the academic year that contains the January: open and agreed, schemes opening late or not at all as "
    "likely as the register says, in the authority and, held constant, in other authorities' schools that residents use now. A "
    "child is short whose age and need no free place admits, so places can be short and empty at once. A kind of place has run "
    "out in the first January in which one child or more is at least as likely as not to be short."
)


def how_to_read(outcome: Outcome) -> str:
    """Return a sentence on what the ranges of a run cover: a forecast or a scenario."""
    return HOW_TO_READ if outcome.scenario is None else IN_A_SCENARIO.format(outcome.scenario)


def headline(outcome: Outcome, long: pd.DataFrame, shortfall: pd.DataFrame) -> str:
    """Return two sentences on plans and places, fit to be read aloud."""
    table = summary.interval(long)
    january = int(table.index[min(4, len(table) - 1)])
    now = outcome.plans.known.sum().item()
    plans = (
        f"{outcome.area.name} had {now:,.0f} EHC plans in January {outcome.plans.known_january}. By January {january} we expect "
        f"{in_table('plans', table.to_dict('index')[january])}."
    )
    first = [r for r in summary.run_outs(shortfall) if r.january is not None]
    if not first:
        return f"{plans} No phase is more likely than not to run out of specialist places in the years shown."
    return f"{plans} {run_out_sentence(first[0])}"


def run_out_sentence(run_out: RunOut) -> str:
    """Return a sentence on when the places of a phase run out."""
    where = f"{PHASE_LABELS[run_out.phase]} places in {SHORT_PROVISIONS[run_out.provision]}"
    if run_out.january is None and run_out.probability >= COULD_RUN_OUT:
        return f"{where} could run out in the years shown, though no January is likelier than not: {_worst(run_out)}."
    if run_out.january is None:
        return f"{where} are not likely to run out in the years shown: {_worst(run_out)}."
    when = (
        f"in January {run_out.january}, the first year forecast"
        if run_out.from_start
        else f"by January {run_out.january}"
    )
    short = shown("shortfall", run_out.short)
    one, many = ("young person", "young people") if run_out.phase == "post16" else ("child", "children")
    return (
        f"{where} run out {when}: {wording.chances(run_out.probability)}, with {short} {one if short == '1' else many} "
        "short of a place."
    )


def _worst(run_out: RunOut) -> str:
    return f"{wording.chances(run_out.probability)} in the worst year"


def bands_table(outcome: Outcome, long: pd.DataFrame) -> pd.DataFrame:
    """Return plans by age band as text: one row for each January, the published one first."""
    return _plans_table(
        outcome, long, [(ALL, ALL, BAND_LABELS[ALL])] + [(b, ALL, BAND_LABELS[b]) for b in BAND_CODES]
    )


def needs_tables(outcome: Outcome, long: pd.DataFrame) -> list[pd.DataFrame]:
    """Return plans by primary need as two tables narrow enough to print."""
    columns = [(ALL, n, n) for n in NEED_CODES]
    half = (len(columns) + 1) // 2
    return [_plans_table(outcome, long, columns[:half]), _plans_table(outcome, long, columns[half:])]


def _plans_table(outcome: Outcome, long: pd.DataFrame, cells: list[tuple[str, str, str]]) -> pd.DataFrame:
    known = summary.known_plans(outcome).to_dict("index")
    columns: dict[str, list[str]] = {}
    for band, need, label in cells:
        future = summary.interval(long, band, need)
        columns[label] = [
            f"{known[band][need]:,.0f}",
            *(in_table("plans", row) for row in future.to_dict("records")),
        ]
    januaries = [outcome.plans.known_january, *sorted(long["target"].unique())]
    return pd.DataFrame(columns, index=pd.Index([int(j) for j in januaries], name="January"))


def places_table(
    outcome: Outcome, shortfall: pd.DataFrame, januaries: Sequence[int] | None = None
) -> pd.DataFrame:
    """Return places against demand as text: one row for each phase, provision and January, the published one first.

    ``januaries`` keeps some of the forecast Januaries; all are kept where None.
    """
    now, counted = outcome.shortfall, outcome.placements.known_january
    overall = summary.all_needs(shortfall)
    when = "" if counted == outcome.plans.origin else f" ({counted})"
    rows = []
    for phase in PHASES:
        for provision in SPECIALIST_PROVISIONS:
            cells = overall[(overall["phase"] == phase.code) & (overall["provision"] == provision)]
            if not _worth_showing(cells):
                continue
            label = {"Phase": phase.label, "Provision": PROVISIONS[provision]}
            placed = float(now.placed_now.sel(phase=phase.code, provision=provision))
            places = float(now.places_now.sel(phase=phase.code, provision=provision))
            rows.append(
                label
                | {
                    "January": outcome.plans.origin,
                    PLACES: shown("places", places),
                    WANT: f"{placed:,.0f} placed{when}",
                    SHORT: "",
                    CHANCE: "",
                }
            )
            for cell in cells.sort_values("year").to_dict("records"):
                if januaries is None or cell["year"] in januaries:
                    here = now.local_places.sel(january=cell["year"], phase=phase.code, provision=provision)
                    rows.append(
                        label
                        | {
                            "January": int(cell["year"]),
                            PLACES: places_in_words(cell["places"], float(here)),
                            WANT: in_table("specialist_wanted", cell, "wanted_"),
                            SHORT: in_table("shortfall", cell, "shortfall_"),
                            CHANCE: of_cell("p_shortfall", cell),
                        }
                    )
    return pd.DataFrame(rows)


def places_in_words(places: float, local: float) -> str:
    """Return "275 (234 local)", or only the number if all places are in the authority."""
    total, here = (shown("places", number) for number in (places, local))
    return total if here == total else f"{total} ({here} local)"


def _worth_showing(cells: pd.DataFrame) -> bool:
    """Return whether a phase and provision has a place or, with some chance, a child who wants one."""
    return bool(cells["places"].max() > 0 or cells["wanted_q90"].max() >= ONE_CHILD)


def run_out_lines(shortfall: pd.DataFrame) -> list[str]:
    """Return one sentence for each phase and provision, soonest first."""
    return [run_out_sentence(r) for r in summary.run_outs(shortfall)]


def estimates(outcome: Outcome) -> list[str]:
    """Return sentences on what is estimated and not known: first gaps of the authority, then those of all authorities."""
    origin = outcome.plans.origin
    lines = [
        *own_gaps(outcome),
        wanted_in_words(outcome),
        "Where plan holders of each age and need are taught is fitted to three published tables, not published.",
        f"{needs_known(outcome)} In later years children carry their need up the ages, what was unusual in "
        "the needs of the last two years' new plans fades, and recorded needs change with age by an amount nobody publishes: "
        "between none and all of what today's ages show. Trends by need are therefore less certain than totals.",
        joining.sentence(outcome),
    ]
    estimated = estimated_places(outcome)
    if estimated:
        lines.append(
            f"{listed(estimated)} in {academic_year(origin)} are estimates; the council's own register would replace them."
        )
    return lines + [one.sentence for one in of_register(outcome.register, origin + 1)]


def needs_known(outcome: Outcome) -> str:
    """Return a sentence or two on the January whose needs are published, and on those worked out since."""
    return f"Needs by authority are published for one January only ({outcome.plans.need_january}).{needs_since(outcome)}"


def recent_backlogs(outcome: Outcome) -> tuple[Backlog, ...]:
    """Return the backlogs cleared in the years of growth that the forecast starts from."""
    return tuple(b for b in outcome.backlogs if b.years[-1] >= outcome.plans.origin - RECENT_YEARS)


def needs_are_published(outcome: Outcome) -> bool:
    """Return whether the needs of the authority's latest plans are its own and published."""
    return outcome.plans.known_january <= outcome.plans.need_january and not outcome.plans.estimated_mix


def needs_since(outcome: Outcome) -> str:
    """Return a sentence on needs of a January after the last whose needs are published; blank if there is none."""
    plans = outcome.plans
    if needs_are_published(outcome) or plans.estimated_mix:
        return ""
    return (
        f" Those of January {plans.known_january} are worked out from it: a year older, less plans that end, with the needs of "
        f"the new plans of {plans.known_january - 1}."
    )


def backlog_in_words(backlog: Backlog, name: str) -> str:
    """Return what a backlog that was cleared did to the count of new plans, and how the forecast reads it."""
    year, before = backlog.years[-1], backlog.years[-2]
    new, requests = backlog.new_plans, backlog.requests
    return (
        f"{name} issued {new[-1]:,.0f} new plans in {year} after {new[-2]:,.0f} in {before}, while requests were "
        f"{requests[-1]:,.0f} after {requests[-2]:,.0f}: it cleared a backlog. About {backlog.caught_up:,.0f} of those plans "
        f"were due before {year}. The forecast counts them there, so it does not take the jump for new demand."
    )


def estimated_places(outcome: Outcome) -> list[str]:
    """Return what share of the places of each kind is an estimate: "12 % of places in state special schools"."""
    rows = estimated_share(outcome.register, outcome.plans.origin).set_index("provision")["share"]
    return [
        f"{wording.per_cent(rows[p])} of places in {SHORT_PROVISIONS[p]}"
        for p in SPECIALIST_PROVISIONS
        if rows[p] > 0
    ]


def wanted_in_words(outcome: Outcome) -> str:
    """Return a sentence on who wants a specialist place in this run."""
    observed = (
        "Who wants a specialist place: children move and new plans are placed as in the latest year, whether or not places "
        "grow."
    )
    if outcome.shortfall.blend == 0:
        return f"{observed} Those choices were made under today's supply, so demand is a lower bound."
    away = outcome.shortfall.latent - outcome.shortfall.observed
    first = away.isel(january=0).sum(("provision", "phase", "need_group"))
    low, middle, high = (shown("turned_away", float(value)) for value in percentiles(first))
    return (
        f"{observed} Children thought to be turned away are added: {middle} in January {int(away['january'][0])}, {low} to "
        f"{high}, inferred from how places and overflow differ between authorities, not counted."
    )


def own_gaps(outcome: Outcome) -> list[str]:
    """Return sentences on gaps in an authority's own returns; none if they are complete."""
    origin, plans, placements = outcome.plans.origin, outcome.plans, outcome.placements
    name = outcome.area.name
    lines = []
    if bool(outcome.history_total.sel(january=origin).isnull()):
        lines.append(
            f"{name}'s January {origin} return is missing or incomplete, so the forecast starts from January "
            f"{plans.known_january}."
        )
    recent = [j for j in outcome.out_of_line if origin - RECENT_YEARS < j <= origin]
    for january in recent:
        before, after = (float(outcome.history_total.sel(january=j)) for j in (january - 1, january))
        lines.append(
            f"{name}'s January {january} total leaps from {before:,.0f} to {after:,.0f}. It is kept as published; if it is a "
            "correction and not growth, the forecast is too high."
        )
    lines += [backlog_in_words(b, name) for b in recent_backlogs(outcome)]
    if outcome.timeliness is not None and outcome.timeliness[1] < SLOW_ISSUE:
        year, share = outcome.timeliness
        lines.append(
            f"{name} issued {wording.per_cent(share)} of new plans within 20 weeks in {year}. Children wait for plans they will "
            "hold, so recent growth may understate demand."
        )
    if float(plans.known.sum()) < FEW_PLANS:
        lines.append(
            f"{name} has so few plans that one child changes the picture: treat every figure here as a rough guide."
        )
    if bool(outcome.spliced.any()):
        first = int(outcome.spliced["january"].where(~outcome.spliced, drop=True).min())
        lines.append(
            f"Years before January {first}, when {name} was first counted, are a share of the old area's plans."
        )
    if plans.estimated_mix:
        lines.append(
            f"{name} did not publish plans by need for January {plans.need_january}: England's needs at each age are used."
        )
    if placements.known_january < origin:
        lines.append(
            f"{name}'s January {origin} placements were not returned: those of {placements.known_january} are used."
        )
    if placements.estimated_mix:
        lines.append(
            f"{name}'s placements by need are not known, so England's pattern of needs is fitted to its placements."
        )
    unknown = float(
        placements.known.sel(provision=list(whereabouts_unknown())).sum() / placements.known.sum()
    )
    if unknown > MANY_NOT_RECORDED:
        lines.append(
            f"{wording.per_cent(unknown)} of plan holders have no placement recorded. Some hold a specialist place, so demand is "
            "understated."
        )
    placed = float(outcome.shortfall.placed_now.sel(provision="specialist_base").sum())
    places = float(outcome.shortfall.places_now.sel(provision="specialist_base").sum())
    if placed < EMPTY_BASES * places:
        lines.append(
            f"The January {placements.known_january} return records {placed:,.0f} residents in specialist bases against "
            f"{places:,.0f} places. Some base pupils are probably recorded as mainstream, so demand for bases is likely to be "
            "understated."
        )
    return lines


EXPLAIN_NOTE = (
    "Averages, which add up to the change as middles do not; each has its own 80 % interval. New plans and endings are counted "
    "from today's numbers of residents and plans, so the two largest lines are what would happen anyway."
)
"""What a reader of the split of a change must know."""


def need_key() -> str:
    """Return the meaning of the need codes in one line, and where Down syndrome is."""
    codes = "; ".join(f"{code} {label.lower()}" for code, label in NEEDS.items() if code != label)
    return f"{codes}. {DOWN_SYNDROME_IN_WORDS}"
