"""Widgets of the choices in the address: each shows the address's value, and writes it when changed.

Invariant: a widget's value is set from the address in every run, before it is shown, so that Back and links win over whatever
was chosen before; what other widgets and pages asked stays in the address.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from data import areas
from data.vocabulary import ALL
from forecast.ui.frame import choices as chosen
from forecast.ui.frame.callbacks import callback
from forecast.ui.frame.choices import PARAMETERS, Choices

MILLION = 1_000_000
"""Pounds in the unit budgets are typed in."""

WIDTH = 260
"""Pixels of a widget: fits beside others on a wide screen and alone on a narrow one."""


def choices_and_problems() -> tuple[Choices, tuple[str, ...]]:
    """Return the choices in the address, and sentences on what in it could not be used."""
    return chosen.read(st.query_params.to_dict())


def current() -> Choices:
    """Return the choices in the address; what could not be used has been shown by the frame of the page."""
    return choices_and_problems()[0]


def address(choices: Choices) -> dict[str, str]:
    """Return the query of a link to another page with the same choices."""
    return chosen.write(choices)


def area(choices: Choices) -> None:
    """Show the menu of authorities."""
    by_gss = {a.gss_code: a.name for a in areas.current()}
    _select("area", by_gss, choices.area.gss_code, width=2 * WIDTH)


def phase(choices: Choices, offered: Sequence[str] | None = None) -> None:
    """Show the menu of phases, only those in ``offered`` if it is given."""
    codes = chosen.PHASE_OPTIONS if offered is None else (ALL, *offered)
    _select("phase", {c: chosen.PHASE_OPTIONS[c] for c in codes}, choices.phase)


def phase_label(code: str) -> str:
    """Return a phase, or all of them, in words."""
    return chosen.PHASE_OPTIONS[code]


def need(choices: Choices) -> None:
    """Show the menu of primary needs."""
    _select("need", chosen.NEED_OPTIONS, choices.need)


def year(choices: Choices, label: str = "In January") -> None:
    """Show the menu of the January that single figures are for."""
    _select("year", {str(y): str(y) for y in chosen.years()}, str(choices.year), label=label)


def horizon(choices: Choices) -> None:
    """Show the menu of years ahead."""
    _select("horizon", {str(h): f"{h} years" for h in chosen.HORIZONS}, str(choices.horizon))


def layer(choices: Choices, labels: Mapping[str, str]) -> None:
    """Show the menu of map layers."""
    _select("layer", labels, choices.layer)


def measure(choices: Choices, labels: Mapping[str, str]) -> None:
    """Show the menu of measures for a chart of scenarios."""
    _select("measure", labels, choices.measure, width=2 * WIDTH)


def financial_year(choices: Choices) -> None:
    """Show the menu of financial years for figures in pounds: the one that contains the chosen January."""
    _select(
        "year",
        {str(y): f"{y - 1}-{y % 100:02d}" for y in chosen.years()},
        str(choices.year),
        label="Financial year",
    )


def regime(choices: Choices) -> None:
    """Show the menu of funding regimes: who bears deficits after the statutory override."""
    _select("regime", chosen.REGIMES, choices.regime, width=2 * WIDTH)


def grant(choices: Choices) -> None:
    """Show the menu to count the stability grant or not."""
    _select("grant", chosen.GRANTS, choices.grant)


def sure(choices: Choices) -> None:
    """Show the menu of the required chance of enough places."""
    labels = {str(s): f"{s} %" if s else "None asked for" for s in chosen.SURE}
    _select("sure", labels, str(choices.sure))


def reform(choices: Choices) -> None:
    """Show the menu of the chance that the reform becomes law."""
    _select("reform", {str(c): f"{c} %" for c in chosen.REFORM}, str(choices.reform))


def budget(choices: Choices) -> None:
    """Show the field of the capital budget in millions of pounds; blank for no limit."""
    key = "choose-budget"
    st.session_state[key] = None if choices.budget is None else choices.budget / MILLION
    st.number_input(
        "Budget, £ million (blank: no limit)",
        min_value=chosen.LEAST_BUDGET / MILLION,
        max_value=chosen.MOST_BUDGET / MILLION,
        value=None,
        step=1.0,
        format="%.1f",
        key=key,
        on_change=_follow_budget,
        args=(key,),
        width=WIDTH,
    )


@callback
def _follow_budget(key: str) -> None:
    millions = st.session_state[key]
    choose("budget", None if millions is None else round(millions * MILLION))


def compare(choices: Choices, titles: Mapping[str, str]) -> None:
    """Show the menu of scenarios side by side; differences are from the first."""
    key = "choose-compare"
    st.session_state[key] = list(choices.compare)
    st.multiselect(
        "Scenarios side by side, at most four; differences are from the first",
        [*titles, *(name for name in choices.compare if name not in titles)],
        format_func=lambda name: titles.get(name, name[:40]),
        max_selections=chosen.MOST_COMPARED,
        key=key,
        on_change=_follow_compare,
        args=(key,),
        width=3 * WIDTH,
    )


@callback
def _follow_compare(key: str) -> None:
    names = tuple(st.session_state[key])
    # One alone is compared with nothing, so the choice before it stands.
    if len(names) > 1:
        choose("compare", names)


def scenario(choices: Choices, titles: Mapping[str, str]) -> None:
    """Show the menu of scenarios; ``titles`` by id."""
    _select("scenario", titles, choices.scenario, width=2 * WIDTH)


def version(name: str, labels: Mapping[str, str], used: str) -> None:
    """Show the menu of versions of the council's own files, with the one used selected."""
    _select(name, labels, used, width=2 * WIDTH)


def usual(name: str) -> Any:
    """Return the default of a parameter that the address does not give."""
    return PARAMETERS[name].default()


def choose(name: str, value: object) -> None:
    """Write one choice into the address, or remove it if it is the default."""
    parameter = PARAMETERS[name]
    query = st.query_params.to_dict()
    query.pop(name, None)
    if name == "area" or value != parameter.default():
        query[name] = parameter.write(value)
    if name in chosen.DATED:
        query[chosen.MADE] = PARAMETERS[chosen.MADE].write(chosen.origin())
    # In one step, so that the browser's way back is one step too.
    st.query_params.from_dict(query)


def _select(
    name: str, options: Mapping[str, str], current: str, *, label: str | None = None, width: int = WIDTH
) -> None:
    key = f"choose-{name}"
    # A choice that is not offered here, such as a phase without pupils, is still what the page shows.
    shown: dict[str, str] = (
        dict(options)
        if current in options
        else {current: chosen.PHASE_OPTIONS.get(current, current), **options}
    )
    st.session_state[key] = current
    st.selectbox(
        label or PARAMETERS[name].label,
        list(shown),
        format_func=lambda code: shown[code],
        key=key,
        on_change=_follow,
        args=(name, key),
        width=width,
    )


@callback
def _follow(name: str, key: str) -> None:
    value: Any = PARAMETERS[name].read(st.session_state[key])
    choose(name, value)
