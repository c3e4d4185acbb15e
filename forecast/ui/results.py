"""Forecasts behind the pages, made once and shared: what a page may show of an authority.

Invariants: a page never fits a model (`Road.prepare` reads the stored fit and refuses without one); a forecast is made once
for an authority, number of draws, seed and register, whoever asks; draws that are shared cannot be written to; views are
copied for each reader, so nobody can change another's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import streamlit as st
import xarray as xr

from data import kept_registers, registers
from data.register import Register
from forecast.ui.choices import BASELINE, SHIPPED, Choices

if TYPE_CHECKING:
    from data.history import History
    from forecast.money import Purse
    from forecast.outcome import Outcome
    from forecast.run import Baseline, Road
    from forecast.scenario_names import Chosen
    from forecast.ui.catalogue import Catalogue
    from forecast.ui.views.evidence import RecordView
    from forecast.work import Worker
    from models.base import Array
    from scenarios.scenario import Scenario

DRAWS = 500
"""Draws behind every page: those of the command line, so that both say the same numbers."""

SEED = 20250101
"""Seed behind every page: that of the command line."""

MOST_BASELINES = 4
"""Forecasts kept in memory, about 200 MB each."""

MOST_VIEWS = 96
"""Views kept in memory, about 1 MB each."""

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Key:
    """What a forecast depends on: equal keys, equal numbers; a scenario is its hash."""

    la_code: int
    draws: int
    seed: int
    register: str
    scenario: str


@st.cache_resource(show_spinner=False)
def road() -> Road:
    """Return what all authorities share, read only."""
    from forecast.run import Road

    return Road.prepare()


@st.cache_resource(show_spinner=False)
def worker() -> Worker:
    """Return the worker of long jobs, one for all readers."""
    from forecast.work import Worker

    return Worker()


def version_used(choices: Choices) -> int:
    """Return the number of the register used: `SHIPPED`, or a version of the council's own."""
    if choices.register is not None:
        return choices.register
    held = kept_registers.versions(choices.area.la_code)
    return held[-1].version if held else SHIPPED


def register_of(choices: Choices) -> Register:
    """Return the register of places that is chosen.

    Raises
    ------
    RegisterError
        There is no such version, or its file cannot be used.
    """
    version = version_used(choices)
    code = choices.area.la_code
    return registers.shipped(code) if version == SHIPPED else kept_registers.find(code, version).read()


def key_of(choices: Choices, register: Register) -> Key:
    """Return what the forecast of these choices depends on."""
    # What a name stands for may change, so a scenario is known by what it says.
    says = BASELINE if choices.scenario == BASELINE else scenario_of(choices).flat.key
    return Key(choices.area.la_code, DRAWS, SEED, kept_registers.fingerprint(register), says)


def scenario_of(choices: Choices) -> Chosen:
    """Return the scenario that is chosen.

    Raises
    ------
    ScenarioError
        There is none of that name any more.
    """
    from forecast.scenario_names import named

    return named(choices.scenario)


@st.cache_resource(max_entries=MOST_BASELINES, show_spinner=False)
def _baseline(la_code: int, draws: int, seed: int, fingerprint: str, _register: Register) -> Baseline:
    from data.areas import by_code

    found = road().baseline(by_code(la_code), draws=draws, seed=seed, register=_register)
    sealed(found)
    return found


def baseline_of(choices: Choices) -> Baseline:
    """Return the forecast without a scenario, and what scenarios start from."""
    register = register_of(choices)
    key = key_of(choices, register)
    found: Baseline = _baseline(key.la_code, key.draws, key.seed, key.register, register)
    return found


@st.cache_resource(max_entries=MOST_BASELINES, show_spinner=False)
def _scenario(key: Key, _base: Baseline, _flat: Scenario) -> Outcome:
    from forecast.rerun import rerun

    found = rerun(_base, _flat)
    sealed(found)
    return found


def outcome_of(choices: Choices) -> Outcome:
    """Return the forecast, or the scenario that is chosen.

    Raises
    ------
    ScenarioError
        The scenario is for other authorities, or cannot act here.
    """
    base = baseline_of(choices)
    if choices.scenario == BASELINE:
        return base.outcome
    key = key_of(choices, base.outcome.register)
    found: Outcome = _scenario(key, base, scenario_of(choices).flat)
    return found


@st.cache_resource(max_entries=MOST_BASELINES, show_spinner=False)
def _purse(key: Key, _outcome: Outcome) -> Purse:
    from forecast.money import Purse

    return Purse.of(_outcome)


def purse_of(choices: Choices) -> Purse:
    """Return the prices and income that an authority's forecast and its scenarios share."""
    forecast = replace(choices, scenario=BASELINE)
    outcome = outcome_of(forecast)
    found: Purse = _purse(key_of(forecast, outcome.register), outcome)
    return found


@st.cache_data(max_entries=MOST_VIEWS, show_spinner=False)
def _measured(key: Key, _choices: Choices) -> dict[str, Array]:
    from forecast.compare import measured

    return measured(outcome_of(_choices), purse=purse_of(_choices))


def measured_of(choices: Choices) -> dict[str, Array]:
    """Return the draws of everything scenarios are compared on, dims ``(draw, january)`` each."""
    found: dict[str, Array] = _measured(key_of(choices, register_of(choices)), choices)
    return found


@st.cache_data(max_entries=MOST_VIEWS, show_spinner=False)
def _view(name: str, key: Key, _make: Callable[[Outcome, History], Any], _choices: Choices) -> Any:
    return _make(outcome_of(_choices), road().history)


def view(make: Callable[[Outcome, History], V], choices: Choices) -> V:
    """Return what a page shows, made once for equal choices.

    Parameters
    ----------
    make
        A function at the top of a module of `forecast.ui.views`; it sees draws and what was published, and returns frames and
        text.
    choices
        What is chosen: only authority, register and scenario matter here.
    """
    found: V = _view(
        f"{make.__module__}.{make.__qualname__}", key_of(choices, register_of(choices)), make, choices
    )
    return found


@st.cache_data(max_entries=MOST_VIEWS, show_spinner=False)
def _record(la_code: int) -> RecordView:
    from data.areas import by_code
    from forecast.ui.views.evidence import load_record

    return load_record(by_code(la_code))


def record_of(choices: Choices) -> RecordView:
    """Return how earlier forecasts of an authority did."""
    found: RecordView = _record(choices.area.la_code)
    return found


@st.cache_data(max_entries=1, show_spinner=False)
def published_tables() -> Catalogue:
    """Return the list of published tables."""
    from forecast.ui import catalogue

    return catalogue.load()


def sealed(holder: object) -> None:
    """Make every array inside a frozen dataclass read-only, in place."""
    if isinstance(holder, xr.Dataset):
        for name in holder.data_vars:
            sealed(holder[name])
    elif isinstance(holder, xr.DataArray):
        values = holder.variable._data
        if isinstance(values, np.ndarray):
            values.flags.writeable = False
    elif isinstance(holder, np.ndarray):
        holder.flags.writeable = False
    elif is_dataclass(holder) and not isinstance(holder, type):
        for part in fields(holder):
            sealed(getattr(holder, part.name))
