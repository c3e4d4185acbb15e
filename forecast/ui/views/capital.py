"""The page Capital: candidate schemes alone, the programme chosen, what another future costs, and the comparison with bases.

Invariant: every number comes from `forecast.presentation.capital_tables`, so the page says what ``sendplan capital`` says;
schemes are shown by their titles, ids are in the files.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from data.capital.candidates import KINDS, Candidate
from data.formatting import exact_pounds
from data.registers.register import academic_year
from data.vocabulary import NEED_CODES, NEEDS
from forecast.capital.schemes import Case
from forecast.core.outcome import Outcome
from forecast.presentation import capital_tables, wording
from forecast.presentation.published_figures import FIGURES, alone_of_draws, in_table, shown
from forecast.presentation.record import provenance
from forecast.ui.frame.choices import BASELINE
from scenarios import reading

AIMS: Mapping[str, str] = {
    "net present value": "the largest present value that meets the chance asked for",
    "chance of enough places": "the largest chance of enough places, because the one asked for cannot be reached",
    "children placed": "as many children placed as can be, because there are never enough places",
}
"""What a programme was chosen for, for people."""

IN_IT, NOT_IN_IT = "In the programme", "Not in it"

NONE_BUILT, BUILT = "Nothing built", "With the programme"

FORECAST = "the forecast"
"""What the scenario without levers is called."""

FOR_VALUE = (
    "What another future costs is what a programme is worth less there than the best one for it; read it beside the children "
    "left without any place, because building little can lose little."
)
FOR_CHILDREN = (
    "Each programme here was chosen to place as many children as can be, not to be worth most, so even the one chosen for a "
    "future can be worth less in it than the one worth most there."
)
"""How to read regret, by what programmes were chosen for."""


@dataclass(frozen=True)
class CapitalView:
    """The content of the page Capital.

    Parameters
    ----------
    headline
        What the programme is, in a sentence.
    sentences
        What it costs and does, and how sure that is.
    january, base_year
        The January asked about, and the year of the pounds.
    options
        `forecast.presentation.capital_tables.options` with ``chosen``.
    options_text
        The same as finished text.
    programme
        What is built, as text.
    effect
        Children short of a specialist place: january, what, q10, q50, q90.
    programmes
        The choice beside the best value and those of other futures, as text.
    base_comparisons, regret, regret_children
        As text; no rows where there is nothing.
    how_to_read_regret
        What regret is against.
    notes
        What a reader must know.
    files
        Name and content of the files of the command line.
    """

    headline: str
    sentences: tuple[str, ...]
    january: int
    base_year: str
    options: pd.DataFrame
    options_text: pd.DataFrame
    programme: pd.DataFrame
    effect: pd.DataFrame
    programmes: pd.DataFrame
    base_comparisons: pd.DataFrame
    regret: pd.DataFrame
    regret_children: pd.DataFrame
    how_to_read_regret: str
    notes: tuple[str, ...]
    files: Mapping[str, bytes]


def capital(case: Case, outcome: Outcome) -> CapitalView:
    """Return the content of the page for an appraisal."""
    schemes = {a.candidate.id: a.candidate.title for a in case.appraisals}
    titles = schemes | {reading.find(BASELINE).title: FORECAST}
    chosen = {c.candidate.id for c in case.programme.choices}
    options = capital_tables.options(case)
    options["chosen"] = [IN_IT if i in chosen else NOT_IN_IT for i in options["id"]]
    # The first sentence lists what is built, which is a table here.
    rest = [by_title(s, titles) for s in capital_tables.sentences(case)][1:]
    text = capital_tables.options_for_people(case)
    text["Scheme"] = [titles[i] for i in text["Scheme"]]
    return CapitalView(
        headline=_headline(case),
        sentences=tuple(rest),
        january=case.january,
        base_year=case.base_year,
        options=options,
        options_text=text,
        programme=schemes_text(
            [c.candidate for c in case.programme.choices], [c.opens for c in case.programme.choices]
        ),
        effect=_effect(case),
        programmes=_programmes(case, titles),
        base_comparisons=_titled(capital_tables.base_comparisons_for_people(case), titles).rename(
            columns={"Could be met in bases": "Share met in bases", "All of them": "Chance that all are"}
        ),
        regret=pd.DataFrame() if alike(case) else _futures(capital_tables.regret_for_people(case), titles),
        regret_children=_futures(_unplaced(case), titles),
        how_to_read_regret=FOR_CHILDREN if case.programme.aim == "children placed" else FOR_VALUE,
        notes=tuple(
            by_title(n, titles).replace("the file says which", "the table says which")
            for n in capital_tables.notes(case)
        ),
        files=_files(case, outcome),
    )


def _headline(case: Case) -> str:
    p = case.programme
    limit = "With no budget limit" if p.budget is None else f"With a budget of {exact_pounds(p.budget)}"
    if not p.choices:
        return f"{limit} the programme builds nothing: no scheme is worth its cost."
    places = sum(c.candidate.places for c in p.choices)
    cost = alone_of_draws("build_cost", p.cost.to_numpy())
    left, short = (
        alone_of_draws("shortfall", a.sel(january=case.january).to_numpy())
        for a in (case.short_after, case.short_before)
    )
    return (
        f"{limit} the programme builds {len(p.choices)} of {len(case.appraisals)} schemes with {places:,} places for about "
        f"{cost} on average. In January {case.january}, {left} children would be "
        f"short of a specialist place, instead of {short}.{_enough(case)}"
    )


def _enough(case: Case) -> str:
    """Return a sentence that there are not enough places, if a required chance of enough cannot be reached."""
    p = case.programme
    if p.met or not p.sufficiency.minimum:
        return ""
    return (
        f" Enough places, {wording.per_cent(p.sufficiency.minimum)} sure, are out of reach: the best chance of a programme is "
        f"{wording.chances(p.p_reachable)}."
    )


def by_title(text: str, titles: Mapping[str, str]) -> str:
    """Return text in which schemes are named by their titles; lists use semicolons, because titles may hold commas."""
    if not titles:
        return text
    one = "|".join(re.escape(i) for i in sorted(titles, key=len, reverse=True))
    listed = re.sub(rf"(?<![\w-])({one}), (?=({one})(?![\w-]))", r"\1; ", text)
    return re.sub(rf"(?<![\w-])({one})(?![\w-])", lambda match: titles[match[1]], listed)


def _titled(frame: pd.DataFrame, titles: Mapping[str, str]) -> pd.DataFrame:
    return frame.map(lambda cell: by_title(cell, titles) if isinstance(cell, str) else cell)


def _futures(frame: pd.DataFrame, titles: Mapping[str, str]) -> pd.DataFrame:
    """Return a table of programmes by scenario, with scenarios named as on the pages."""
    shown = _titled(frame, titles).rename(columns=lambda name: by_title(name, titles))
    first = shown.columns[:1]
    return shown.assign(**{c: [f"{v[:1].upper()}{v[1:]}" for v in shown[c]] for c in first})


def schemes_text(schemes: Sequence[Candidate], opens: Sequence[int] | None = None) -> pd.DataFrame:
    """Return schemes as text: title, kind, places, for whom, when, cost of a place and its source."""
    when = [c.opens for c in schemes] if opens is None else opens
    return pd.DataFrame(
        {
            "Scheme": [c.title for c in schemes],
            "Kind": [KINDS[c.kind] for c in schemes],
            "Places": [f"{c.places:,}" for c in schemes],
            "Ages": [f"{c.age_low} to {c.age_high}" for c in schemes],
            "Needs": [_needs(c) for c in schemes],
            "Opens": [academic_year(o + 1) for o in when],
            "Cost of one place": [
                f"{exact_pounds(c.capital_low)} to {exact_pounds(c.capital_high)}" for c in schemes
            ],
            "In prices of": [c.price_year for c in schemes],
            FIGURES["p_built"].label: [shown("p_built", c.chance_delivered / 100) for c in schemes],
            "Basis": [f"{c.basis.capitalize()}, {c.confidence} confidence" for c in schemes],
            "Source": [c.source for c in schemes],
        }
    )


def needs_key(schemes: Sequence[Candidate]) -> str:
    """Return the meaning of the need codes in a table of schemes; blank if there are none."""
    used = [n for n in NEED_CODES if n != "OTH" and any(n in c.needs and _needs(c) != "All" for c in schemes)]
    return "; ".join(f"{n} is {NEEDS[n][0].lower()}{NEEDS[n][1:]}" for n in used)


def in_short(schemes: pd.DataFrame) -> pd.DataFrame:
    """Return the columns of `schemes_text` that tell schemes apart."""
    return schemes[["Scheme", "Places", "Ages", "Needs", "Opens", "Cost of one place", "Basis"]]


def _needs(c: Candidate) -> str:
    if set(c.needs) == set(NEED_CODES):
        return "All"
    return ", ".join(NEEDS[n].lower() if n == "OTH" else n for n in c.needs)


def _effect(case: Case) -> pd.DataFrame:
    frame = capital_tables.by_january(case)
    shown = frame[frame["what"].isin(["none", "programme"])]
    return pd.DataFrame(
        {
            "january": list(shown["january"]),
            "what": [{"none": NONE_BUILT, "programme": BUILT}[w] for w in shown["what"]],
            **{c: list(shown[f"short_{c}"]) for c in ("q10", "q50", "q90")},
        }
    )


def effect_title(view: CapitalView) -> str:
    """Return a title on the programme's effect on children short of a specialist place."""
    at = view.effect[view.effect["january"] == view.january].set_index("what")["q50"]
    return (
        f"{shown('shortfall', at[BUILT])} children short of a specialist place in January {view.january}, instead of "
        f"{shown('shortfall', at[NONE_BUILT])}"
    )


def effect_text(view: CapitalView) -> pd.DataFrame:
    """Return children short of a specialist place as text, one row for each January."""
    wide = {
        str(what): [in_table("shortfall", r) for r in rows.to_dict("records")]
        for what, rows in view.effect.groupby("what", sort=False)
    }
    return pd.DataFrame(wide, index=pd.Index(sorted(set(view.effect["january"])), name="January"))


def _programmes(case: Case, titles: Mapping[str, str]) -> pd.DataFrame:
    frame = capital_tables.programmes(case)
    return pd.DataFrame(
        {
            "Programme": [
                f"Chosen for {by_title(n, titles)}" if n != "Largest net present value" else n
                for n in frame["name"]
            ],
            "Builds": [
                "; ".join(titles[i] for i in ids.split(";") if i) or "Nothing" for ids in frame["schemes"]
            ],
            "Chosen for": [
                _aim(a, required) for a, required in zip(frame["aim"], frame["p_asked"], strict=True)
            ],
            "Places": [f"{p:,}" for p in frame["places"]],
            FIGURES["build_cost"].label: [shown("build_cost", v) for v in frame["cost_mean"]],
            FIGURES["npv"].label: [in_table("npv", row, "npv_") for row in frame.to_dict("records")],
            f"{FIGURES['without_any'].name}, January {case.january}": [
                in_table("without_any", row, "unplaced_") for row in frame.to_dict("records")
            ],
            FIGURES["p_enough"].name: [shown("p_enough", v) for v in frame["p_sufficient"]],
        }
    )


def _aim(aim: str, required: float) -> str:
    aim_text = "the largest present value" if not required else AIMS[aim]
    return aim_text[0].upper() + aim_text[1:]


def alike(case: Case) -> bool:
    """Return whether every scenario has the same programme, so that another future costs nothing more."""
    return case.regret is None or len({p.choices for p in case.regret.programmes.values()}) == 1


def _unplaced(case: Case) -> pd.DataFrame:
    """Return children without a place under every programme and scenario, as text."""
    frame = capital_tables.regret(case)
    if not len(frame) or alike(case):
        return pd.DataFrame()
    wide = frame.assign(text=[shown("without_any", v) for v in frame["unplaced_q50"]]).pivot_table(
        "text", "programme", "scenario", aggfunc="first", sort=False
    )
    wide.columns = [f"In {s}" for s in wide.columns]
    return wide.reset_index().rename(columns={"programme": "Programme chosen for"})


def _files(case: Case, outcome: Outcome) -> dict[str, bytes]:
    arguments = {
        "area": outcome.area.name, "candidates": case.candidates_from, "budget": case.programme.budget,
        "p_sufficient": case.programme.sufficiency.minimum, "scenario": case.scenario, "capacity": outcome.register.origin,
        "seed": case.seed, "draws": outcome.plans.future.sizes["draw"],
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        written = capital_tables.write(case, Path(folder), outcome.area.name, provenance(outcome, arguments))
        return {path.name: path.read_bytes() for path in written}
