"""The options appraisal as tables and sentences.

Children, seats and places are middles; pounds are averages, which add up and by which programmes are ranked
(`forecast.presentation.published_figures`); low and high are the 10th and 90th percentile. Pounds are real, of the base year,
unless said otherwise. Every file carries its units and price base in its metadata.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from data.capital.candidates import KINDS
from data.formatting import exact_pounds
from data.registers.register import academic_year
from forecast.capital.schemes import Appraisal, BaseComparison, Case, Programme
from forecast.core.atomic_files import Writer, write_all
from forecast.core.table_files import write_csv, write_parquet, write_text
from forecast.presentation import wording
from forecast.presentation.describe import INTERVAL, Values, chance, column, known, mean, percentiles, single
from forecast.presentation.published_figures import (
    EMPTY,
    FIGURES,
    alone_of_draws,
    averaged,
    in_sentence,
    in_table,
    of_draws,
    shown,
)
from forecast.presentation.record import markdown_table

OPTION_COLUMNS: tuple[str, ...] = (
    "id", "title", "kind", "opens", "places", "cost_mean", "cost_q10", "cost_q90", "debt_charge_mean", "seats_q50",
    "seats_q10", "seats_q90", "empty_q50", "p_quarter_empty", "newly_met_q50", "unplaced_q50", "education_saved_mean",
    "transport_saved_mean", "npv_mean", "npv_q10", "npv_q90", "p_npv_positive", "npv_forecast_mean", "p_pays_back",
    "payback_q10", "payback_q50", "payback_q90", "basis", "confidence", "assumed", "source",
)  # fmt: skip
"""Columns of ``options.parquet``: one row a candidate. Children, seats and savings are those of the January asked about."""

UNITS: dict[str, str] = {
    "cost": "GBP, real, base year", "npv": "GBP, real, base year, discounted to it", "saved": "GBP a year, real, base year",
    "debt_charge": "GBP a year, nominal", "payback": "years from opening", "seats": "children", "empty": "places",
    "newly_met": "children", "unplaced": "children", "short": "children", "p": "share of possible futures",
}  # fmt: skip
"""Units of the columns of the files, by how their names begin or end."""

ANOTHER_FUTURE = "What it costs if another future comes"
"""Title of the table of what programmes lose in futures they were not chosen for."""

_QUARTER = 0.25

_NUMBERS = ("mean", *map(column, INTERVAL))
"""What `describe.single` returns."""

NOT_OPEN, NEVER_BUILT, NOBODY = "not open then", "never built", "nobody then"
"""What stands for figures of a scheme in no draw open by then, in none delivered, and of an option that seats nobody."""

IF_BUILT = (
    "Figures of a scheme alone are those of the futures in which it is built, and its children and places of those in which it "
    "is open by then."
)
IF_SEATS = "An option is compared with bases in the futures in which it is open and would seat a child."
"""Which futures figures of one scheme are of."""

_NO_GAP = 0.0005
"""A distance from the best that is shown as none."""


def built(one: Appraisal) -> xr.DataArray:
    """Return whether a scheme is delivered, dims ``(draw,)``."""
    return (one.capital.sum("financial_year") > 0) | (one.places.isel(january=-1) > 0)


def seats_any(test: BaseComparison) -> xr.DataArray:
    """Return whether a special school option would seat a child, dims ``(draw,)``."""
    return test.in_bases.notnull()


def options(case: Case) -> pd.DataFrame:
    """Return a row for each candidate as if it alone were built, columns `OPTION_COLUMNS`.

    Figures are over the draws in which it is delivered; children, seats and savings over those in which it is open by the January
    asked about. NaN where there is no such draw.
    """
    return pd.DataFrame([_option(case, a) for a in case.appraisals], columns=list(OPTION_COLUMNS))


def _option(case: Case, a: Appraisal) -> dict[str, Any]:
    c, at = a.candidate, case.january
    opened, there = a.places.sel(january=at) > 0, built(a)
    seats, empty, met, unplaced = (
        draws.sel(january=at).where(opened) for draws in (a.seats, a.empty, a.newly_met, a.unplaced)
    )
    year = f"{at - 1}-{at % 100:02d}"
    saved = [draws.sel(financial_year=year).where(opened) for draws in (a.education_saved, a.transport_saved)]
    quarter = (empty > _QUARTER * a.places.sel(january=at))[opened]
    worth, back = a.npv.where(there), known(a.payback.where(there))
    return {
        "id": c.id, "title": c.title, "kind": c.kind, "opens": academic_year(c.opens + 1), "places": c.places,
        **_spread("cost", a.cost), "debt_charge_mean": float(mean(a.debt_charge)), **_spread("seats", seats),
        "empty_q50": _centre("empty", empty),
        "p_quarter_empty": float(chance(quarter)) if len(quarter) else np.nan,
        "newly_met_q50": _centre("without_any", met), "unplaced_q50": _centre("without_any", unplaced),
        "education_saved_mean": float(mean(known(saved[0], none=np.nan))),
        "transport_saved_mean": float(mean(known(saved[1], none=np.nan))),
        **_spread("npv", worth), "p_npv_positive": float(chance(known(worth, none=np.nan) > 0)),
        "npv_forecast_mean": float(mean(known(a.npv_forecast.where(there), none=np.nan))),
        "p_pays_back": float(chance(np.isfinite(back))) if len(back) else 0.0,
        **{f"payback_{name}": value for name, value in payback_percentiles(back).items()},
        "basis": c.basis, "confidence": c.confidence, "assumed": ";".join(c.assumed), "source": c.source,
    }  # fmt: skip


def _centre(code: str, draws: xr.DataArray) -> float:
    """Return the centre of a figure over the draws in which it has a meaning; NaN where it has in none."""
    return of_draws(code, known(draws, none=np.nan))


def _spread(name: str, draws: xr.DataArray, none: float = np.nan) -> dict[str, float]:
    """Return the mean, middle and 80 % interval of one quantity; ``none`` where the quantity has no meaning in any draw."""
    numbers = single(known(draws)) if bool(draws.notnull().any()) else dict.fromkeys(_NUMBERS, none)
    return {f"{name}_{number}": value for number, value in numbers.items()}


def payback_percentiles(years: Values) -> dict[str, float]:
    """Return percentiles of the years to payback, each the value of a draw, so that "never" stays infinite."""
    if not len(years):
        return dict.fromkeys(map(column, INTERVAL), np.inf)
    levels = percentiles(years, method="inverted_cdf")
    return {column(level): float(value) for level, value in zip(INTERVAL, levels, strict=True)}


def by_january(case: Case) -> pd.DataFrame:
    """Return places, seats, empty places and children with no scheme, with each scheme alone, and with the programme.

    Children are those without any specialist place, and those short, who are not worked out for one scheme alone.
    """
    short = case.short.sum(("provision", "phase", "need_group"))
    frames = [_yearly("none", short * 0, short * 0, short, case.short_before)]
    frames += [_yearly(a.candidate.id, a.places, a.seats, a.unplaced) for a in case.appraisals]
    p = case.programme
    frames.append(_yearly("programme", p.places, p.seats, p.unplaced, case.short_after))
    return pd.concat(frames, ignore_index=True)


def _yearly(
    what: str,
    places: xr.DataArray,
    seats: xr.DataArray,
    unplaced: xr.DataArray,
    short: xr.DataArray | None = None,
) -> pd.DataFrame:
    rows = []
    for january in unplaced["january"].to_numpy().tolist():
        here = [a.sel(january=january) for a in (places, seats, unplaced)]
        rows.append(
            {
                "what": what,
                "january": int(january),
                "places_mean": float(mean(here[0])),
                **_spread("seats", here[1]),
                "empty_mean": float(mean((here[0] - here[1]).clip(min=0))),
                "empty_q50": of_draws("empty", (here[0] - here[1]).clip(min=0).to_numpy()),
                **_spread("unplaced", here[2]),
                **_spread(
                    "short", here[2] * np.nan if short is None else short.sel(january=january), none=np.nan
                ),
            }
        )
    return pd.DataFrame(rows)


def base_comparisons(case: Case) -> pd.DataFrame:
    """Return the comparison of every special school option with bases, over the draws in which it would seat a child."""
    return pd.DataFrame(
        [
            {
                "special": t.special, "nearest_base": t.nearest, "distance_km": t.distance_km, "near_by": t.near_by,
                "january": t.january, **_spread("children", t.children.where(seats_any(t))),
                "suited_q50": _centre("seats", t.suited.where(seats_any(t))),
                "base_places_q50": _centre("empty", t.base_places.where(seats_any(t))),
                **_spread("in_bases", t.in_bases), "chance_all": chance_all_in_bases(t),
            }
            for t in case.base_comparisons
        ],
        columns=[
            "special", "nearest_base", "distance_km", "near_by", "january", "children_q10", "children_q50", "children_q90",
            "suited_q50", "base_places_q50", "in_bases_q10", "in_bases_q50", "in_bases_q90", "chance_all",
        ],
    )  # fmt: skip


def chance_all_in_bases(test: BaseComparison) -> float:
    """Return the chance that bases could take every child a special school option would seat; 0 if it seats nobody."""
    return float(mean(known(test.all_in_bases, none=0.0)))


def programmes(case: Case) -> pd.DataFrame:
    """Return a row for each programme: the one chosen, that of largest net present value, and those of other scenarios."""
    chosen = [case.programme, *([case.best_value] if case.best_value is not None else [])]
    if case.regret is not None:
        chosen += [p for n, p in case.regret.programmes.items() if n != case.programme.name]
    return pd.DataFrame([_programme(case, p) for p in chosen])


def _programme(case: Case, p: Programme) -> dict[str, Any]:
    return {
        "name": p.name, "schemes": ";".join(c.candidate.id for c in p.choices),
        "opens": ";".join(academic_year(c.opens + 1) for c in p.choices), "budget": p.budget, "aim": p.aim,
        "p_asked": p.sufficiency.minimum, "met": p.met, "p_reachable": p.p_reachable, "p_sufficient": p.p_sufficient,
        "january": case.january, **_spread("cost", p.cost), **_spread("npv", p.npv),
        "p_npv_positive": float(chance(p.npv > 0)), "places": sum(c.candidate.places for c in p.choices),
        **_spread("seats", p.seats.sel(january=case.january)),
        "empty_q50": of_draws("empty", p.empty.sel(january=case.january).to_numpy()),
        **_spread("unplaced", p.unplaced.sel(january=case.january)),
        "value": p.value, "bound": p.bound, "gap": p.gap, "draws_used": p.draws_used,
    }  # fmt: skip


def regret(case: Case) -> pd.DataFrame:
    """Return the results of every programme under every scenario; no rows if there is one scenario."""
    columns = ["programme", "scenario", "npv_mean", "behind_best", "unplaced_q50", "p_sufficient"]
    if case.regret is None:
        return pd.DataFrame(columns=columns)
    r = case.regret
    rows = [
        [
            p,
            s,
            *(float(t.sel(programme=p, scenario=s)) for t in (r.npv, r.regret)),
            of_draws("without_any", r.unplaced.sel(programme=p, scenario=s).to_numpy()),
            float(r.p_sufficient.sel(programme=p, scenario=s)),
        ]
        for p in r.npv["programme"].to_numpy().tolist()
        for s in r.npv["scenario"].to_numpy().tolist()
    ]
    return pd.DataFrame(rows, columns=columns)


def _years(value: float) -> str:
    return f"{value:.0f}" if np.isfinite(value) else "never"


def options_for_people(case: Case) -> pd.DataFrame:
    """Return the options as a table of text."""
    frame = options(case)
    # A scheme that comes to nothing has no payback; where half of the draws never pay back, the middle is "never".
    return pd.DataFrame(
        {
            "Scheme": frame["id"],
            "Opens": frame["opens"],
            "Places": frame["places"].map(str),
            FIGURES["build_cost"].label: [shown("build_cost", cost) for cost in frame["cost_mean"]],
            f"Seats {case.january}": [
                NOT_OPEN if np.isnan(row["seats_q50"]) else in_table("seats", row, "seats_")
                for row in frame.to_dict("records")
            ],
            f"{EMPTY} {case.january}": [
                NOT_OPEN if np.isnan(places) else shown("empty", places) for places in frame["empty_q50"]
            ],
            FIGURES["npv"].label: [
                NEVER_BUILT if np.isnan(row["npv_mean"]) else in_table("npv", row, "npv_")
                for row in frame.to_dict("records")
            ],
            FIGURES["p_saves"].label: [
                NEVER_BUILT if np.isnan(worth) else shown("p_saves", chance_)
                for worth, chance_ in zip(frame["npv_mean"], frame["p_npv_positive"], strict=True)
            ],
            "Payback, years": [
                f"{_years(m)} ({_years(a)} to {_years(b)})"
                for m, a, b in zip(
                    frame["payback_q50"], frame["payback_q10"], frame["payback_q90"], strict=True
                )
            ],
        }
    )


def _in_some(code: str, number: float) -> str:
    """Return a figure of an option that seats children in some draws; `NOBODY` where it does in none."""
    return NOBODY if np.isnan(number) else shown(code, number)


def base_comparisons_for_people(case: Case) -> pd.DataFrame:
    """Return the comparison with bases as a table of text."""
    frame = base_comparisons(case)
    near = {"distance": "nearest", "community": "same community", "none": "sites not known"}
    return pd.DataFrame(
        {
            "Special school option": frame["special"],
            "Base option": [
                "none" if name is None or pd.isna(name) else f"{name} ({near[how]})"
                for name, how in zip(frame["nearest_base"], frame["near_by"], strict=True)
            ],
            "Children": [_in_some("seats", children) for children in frame["children_q50"]],
            "In bases at England's split": [_in_some("seats", children) for children in frame["suited_q50"]],
            "Base places free": [_in_some("empty", places) for places in frame["base_places_q50"]],
            "Could be met in bases": [
                NOBODY
                if np.isnan(m)
                else f"{wording.per_cent(m)} ({wording.per_cent(a)} to {wording.per_cent(b)})"
                for m, a, b in zip(
                    frame["in_bases_q50"], frame["in_bases_q10"], frame["in_bases_q90"], strict=True
                )
            ],
            "All of them": [shown("p_enough", all_) for all_ in frame["chance_all"]],
        }
    )


def regret_for_people(case: Case) -> pd.DataFrame:
    """Return what another future costs each programme as a table of text, one row for each programme."""
    frame = regret(case)
    wide = frame.assign(text=frame["behind_best"].map(regret_in_words)).pivot_table(
        "text", "programme", "scenario", aggfunc="first", sort=False
    )
    wide.columns = [averaged(f"Costs in {s}") for s in wide.columns]
    return wide.reset_index().rename(columns={"programme": "Programme chosen for"})


def _chosen_for(programme: Programme) -> str:
    """Return a sentence on what a programme was chosen for, and how near it is known to be to the best."""
    aim = (
        "to place most children" if programme.aim == "children placed" else f"for the largest {programme.aim}"
    )
    near = (
        "none is better"
        if programme.gap < _NO_GAP
        else f"the best there is may be up to {wording.per_cent(programme.gap, 1)} better"
    )
    return f"Chosen {aim}, judged on {programme.draws_used:,} possible futures; of all that could be chosen {near}."


def sentences(case: Case) -> list[str]:
    """Return sentences on the programme chosen and its chance of enough places."""
    p, at = case.programme, case.january
    before, after = (_spread("short", a.sel(january=at)) for a in (case.short_before, case.short_after))
    without = [
        alone_of_draws("without_any", a.sel(january=at).to_numpy())
        for a in (case.short.sum(("provision", "phase", "need_group")), p.unplaced)
    ]
    npv, cost = _spread("npv", p.npv), _spread("cost", p.cost)
    limit = "no budget limit" if p.budget is None else f"a budget of {exact_pounds(p.budget)}"
    names = ", ".join(f"{c.candidate.id} ({academic_year(c.opens + 1)})" for c in p.choices) or "nothing"
    lines = [
        f"With {limit} the programme builds {names}.",
        f"It costs {in_sentence('build_cost', cost, 'cost_')} on average in prices of {case.base_year}, if everything in "
        "it is delivered; in brackets is the 80 % interval.",
        f"In January {at}, {in_table('shortfall', before, 'short_')} children would be short of a specialist place without it "
        f"and {in_table('shortfall', after, 'short_')} with it; about "
        f"{alone_of_draws('empty', p.empty.sel(january=at).to_numpy())} of its places would be empty.",
        "Some who are short have a free place of another specialist kind; the programme is chosen on the others, who are without "
        f"any: {without[0]} without it and {without[1]} with it.",
        f"Enough places then is {wording.likelihood(p.p_sufficient)}; asked for was a chance of "
        f"{wording.per_cent(p.sufficiency.minimum)}.",
        f"Its net present value is {in_sentence('npv', npv, 'npv_')} on average; that it is above 0 is "
        f"{wording.likelihood(float(chance(p.npv > 0)))}.",
        _chosen_for(p),
    ]
    if case.best_value is not None:
        other = case.best_value
        worth = alone_of_draws("npv", other.npv.to_numpy())
        # Both are chosen on some draws and valued on all, so the best on those can be worth less.
        begins = (
            f"If no chance of enough places were asked for, the largest net present value would be {worth}"
            if float(mean(other.npv)) > float(mean(p.npv))
            else "If no chance of enough places were asked for, no programme would be clearly worth more: the choice would be "
            f"worth {worth}"
        )
        lines.append(
            f"{begins}, from {', '.join(c.candidate.id for c in other.choices) or 'building nothing'}, with "
            f"{alone_of_draws('without_any', other.unplaced.sel(january=at).to_numpy())} children without any "
            "specialist place."
        )
    if case.engine_unplaced is not None:
        lines.append(
            "Check: the whole forecast run again with the programme leaves "
            f"{alone_of_draws('without_any', case.engine_unplaced.sel(january=at).to_numpy())} children without any "
            "specialist place."
        )
    if case.regret is not None:
        r = case.regret
        same = len({p.choices for p in r.programmes.values()}) == 1
        lines.append(
            "The same programme is chosen in every scenario, so another future costs nothing more."
            if same
            else f"Over the scenarios the programme chosen for {r.robust} loses least at worst if another future comes, and "
            f"that for {r.best_on_average} the largest net present value on average."
        )
    return lines


def notes(case: Case) -> list[str]:
    """Return what a reader must know: whether the chance asked for can be had, then the notes of the case."""
    p = case.programme
    least, best = wording.per_cent(p.sufficiency.minimum), wording.chances(p.p_reachable)
    aims = {
        "chance of enough places": f"A chance of {least} of enough places cannot be reached within the budget with these "
        f"candidates. The most that can is {best}, and the programme reaches it.",
        "children placed": f"A chance of {least} of enough places cannot be reached within the budget with these candidates: the "
        f"most that can is {best}. So the programme places as many children as it can, whatever that is worth in pounds.",
    }
    return [*([aims[p.aim]] if p.aim in aims else []), IF_BUILT, IF_SEATS, *case.notes]


def regret_in_words(pounds: float) -> str:
    """Return what another future costs in pounds for a table, "nothing" below `wording.NEGLIGIBLE`."""
    return "nothing" if pounds < wording.NEGLIGIBLE else shown("npv", pounds)


def page(case: Case, area: str, top: Sequence[str] = ()) -> str:
    """Return the appraisal as a Markdown page, which begins with the lines of ``top``."""
    kinds = "; ".join(f"{code}: {label.lower()}" for code, label in KINDS.items())
    parts = [
        f"# Capital options, {area}",
        *top,
        f"Candidates: {case.candidates_from}. Pounds of {case.base_year}, real, whole cost whoever pays. {kinds}.",
        "\n".join(f"- {line}" for line in sentences(case)),
        "## Options, each built alone",
        markdown_table(options_for_people(case), index=False),
        "## Why not a base",
        markdown_table(base_comparisons_for_people(case), index=False),
    ]
    if case.regret is not None:
        parts += [f"## {ANOTHER_FUTURE}", markdown_table(regret_for_people(case), index=False)]
    parts += ["## What a reader must know", "\n".join(f"- {note}" for note in notes(case))]
    return "\n\n".join(parts) + "\n"


def write(
    case: Case, folder: Path, area: str, record: Mapping[str, Any], top: Sequence[str] = ()
) -> list[Path]:
    """Write the appraisal (tables as Parquet and CSV, a page, the record of the run), whole or not at all.

    Raises
    ------
    OutputError
        The folder cannot be written to; nothing there was changed.
    """
    frames = {
        "options": options(case), "by_january": by_january(case), "base_tests": base_comparisons(case),
        "programmes": programmes(case), "other_futures": regret(case),
    }  # fmt: skip
    about = {
        "base_year": case.base_year, "units": json.dumps(UNITS), "la_code": str(case.la_code),
        "january": str(case.january), "candidates": case.candidates_from, "statement": "A forecast, not an outturn.",
    }  # fmt: skip

    record_text = json.dumps({**record, "capital": about}, indent=2, ensure_ascii=False, default=str) + "\n"
    writers: dict[str, Writer] = {
        **{f"{name}.parquet": partial(write_parquet, frame, about) for name, frame in frames.items()},
        **{f"{name}.csv": partial(write_csv, frame) for name, frame in frames.items()},
        "capital.md": partial(write_text, page(case, area, top)),
        "run.json": partial(write_text, record_text),
    }
    return write_all(folder, writers)


def tables_for_people(case: Case) -> Sequence[tuple[str, pd.DataFrame]]:
    """Return titles and text tables of everything that is printed."""
    tables = [("Options, each built alone", options_for_people(case))]
    if case.base_comparisons:
        tables.append(("Why not a base", base_comparisons_for_people(case)))
    if case.regret is not None:
        tables.append((ANOTHER_FUTURE, regret_for_people(case)))
    return tables
