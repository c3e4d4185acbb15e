"""What another future costs (regret): how much less each programme is worth than the best one under each scenario."""

from __future__ import annotations

import pandas as pd

from data.formatting import listed
from forecast.capital.schemes import Case, Regret
from forecast.presentation import capital_tables, wording
from forecast.presentation.published_figures import averaged, shown, spoken
from forecast.reports.document import DocumentTable
from forecast.reports.options.interval import Spread
from forecast.reports.options.programme import builds, openings


def regret_table(regrets: Regret) -> DocumentTable:
    """Return the regret of each programme under each scenario, as a table."""
    scenarios = [str(s) for s in regrets.regret["scenario"].to_numpy()]
    rows = []
    for name in regrets.programmes:
        own = regrets.regret.sel(programme=name)
        worst = float(own.max())
        rows.append(
            {"Programme chosen for": name}
            | {averaged(s): capital_tables.regret_in_words(float(own.sel(scenario=s))) for s in scenarios}
            | {averaged("Most it could be"): capital_tables.regret_in_words(worst)}
        )
    return DocumentTable(
        pd.DataFrame(rows),
        "What it costs if another future comes: how much worse each programme is than the best one there",
        widths=(3.6, *([2.6] * (len(scenarios) + 1))),
        note="Averages, because programmes are ranked on them. Nothing means that no other programme here is better there. A "
        "programme that places fewer children may lose little: read it beside the next table.",
    )


def regret_unplaced_table(case: Case, regrets: Regret) -> DocumentTable:
    """Return children each programme leaves without a place, and the chance of enough places, by scenario, as a table."""
    scenarios = [str(s) for s in regrets.unplaced["scenario"].to_numpy()]
    one = len({frozenset(openings(p)) for p in regrets.programmes.values()}) == 1
    rows = [
        {"Programme chosen for": "all of them" if one else name}
        | {
            s: f"{Spread.of('without_any', regrets.unplaced.sel(programme=name, scenario=s)).in_table()}; "
            f"{shown('p_enough', float(regrets.p_sufficient.sel(programme=name, scenario=s)))}"
            for s in scenarios
        }
        for name in (list(regrets.programmes)[:1] if one else regrets.programmes)
    ]
    return DocumentTable(
        pd.DataFrame(rows),
        f"Children without any specialist place in January {case.january}, and the chance of enough places, in each "
        "future",
        widths=(3.6, *([3.0] * len(scenarios))),
    )


def regret_line(case: Case, regrets: Regret) -> str:
    """Return sentences on which programme is safest across scenarios, and whether it is the recommended one."""
    ids = openings(case.programme)
    safe, best = regrets.programmes[regrets.robust], regrets.programmes[regrets.best_on_average]
    futures = listed([f"'{s}'" for s in regrets.regret["scenario"].to_numpy()])
    worst = float(regrets.regret.sel(programme=regrets.robust).max())
    begun = f"The choice was made anew for each of these futures, and each programme tried in all of them: {futures}. "
    if all(openings(p) == ids for p in regrets.programmes.values()):
        return begun + "The same programme was chosen in every one, so another future costs nothing more."
    if openings(safe) == ids:
        line = (
            f"In pounds the recommended programme is also the safest: at worst it is {_in_sentence(worst)} behind "
            "the best choice."
        )
    else:
        more = Spread.of(
            "without_any",
            (
                regrets.unplaced.sel(programme=regrets.robust)
                - regrets.unplaced.sel(programme=case.programme.name)
            ).mean("scenario"),
        ).middle
        line = (
            f"In pounds the safest, which loses least at worst ({_in_sentence(worst)}), is that chosen for "
            f"'{regrets.robust}': {builds(safe)}. It is not the recommended one: on average over the futures it leaves "
            f"{shown('without_any', abs(more))} {'more' if more >= 0 else 'fewer'} children without any specialist place."
        )
    same = (
        " It is also the best on average."
        if openings(best) == openings(safe)
        else f" The best on average is that for '{regrets.best_on_average}'."
    )
    return begun + line + same


def recommended_is_safe(case: Case) -> bool | None:
    """Return whether the recommended programme is the safest across scenarios; None if only one was tried."""
    return (
        None
        if case.regret is None
        else openings(case.regret.programmes[case.regret.robust]) == openings(case.programme)
    )


def _in_sentence(regret: float) -> str:
    """Return a regret for a sentence; small ones are nothing."""
    return "nothing" if regret < wording.NEGLIGIBLE else spoken("npv", regret)
