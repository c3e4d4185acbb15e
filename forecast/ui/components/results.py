"""Results behind the pages, made once and shared: what a page may show of an authority.

Invariants: a page never fits a model (`ForecastInputs.prepare` reads the stored fit and refuses without one); a forecast is
made once for an authority, number of draws, seed and register, whoever asks; draws that are shared cannot be written to; views
are copied for each reader, so nobody can change another's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from typing import TYPE_CHECKING, Any, TypeVar

import streamlit as st

from data.council_files.kept_files import COUNTS, REGISTERS, UNIT_COSTS, FileStore, KeptFile
from data.counts import kept_counts
from data.counts.own_counts import OwnCounts, in_words, is_newer
from data.errors import HistoryError
from data.registers import kept_registers, starting_register
from data.registers.register import Register
from forecast.core import defaults
from forecast.core.sealing import seal
from forecast.demand import stored_fit
from forecast.ui.frame.choices import BASELINE, GRANTS, SHIPPED, Choices

if TYPE_CHECKING:
    from data.panels.history import History
    from data.prices.price_book import PriceBook
    from forecast.core.outcome import Outcome
    from forecast.finance.finance_model import FinanceModel, Money
    from forecast.jobs.worker import Worker
    from forecast.presentation.audit_words import AuditEntry
    from forecast.presentation.futures import Futures
    from forecast.presentation.money_report import MoneyTables
    from forecast.runs.baseline import Baseline, ForecastInputs
    from forecast.runs.scenario_names import NamedScenario
    from forecast.ui.views.catalogue import Catalogue
    from forecast.ui.views.england import EnglandView
    from forecast.ui.views.evidence import RecordView
    from models.base import Array
    from scenarios.scenario import Scenario

MOST_BASELINES = 4
"""Forecasts kept in memory, about 200 MB each."""

MOST_REGISTERS = 32
"""Registers of places kept in memory, some 100 kB each."""

MOST_VIEWS = 96
"""Views kept in memory, about 1 MB each."""

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Key:
    """The inputs of a forecast as a cache key: equal keys give equal numbers; a scenario is its hash."""

    la_code: int
    draws: int
    seed: int
    register: str
    counts: str
    scenario: str
    fit: int


def inputs() -> ForecastInputs:
    """Return the inputs that all authorities share, read-only; read again after the models are fitted again."""
    shared: ForecastInputs = _inputs(stored_fit.stamp())
    return shared


@st.cache_resource(max_entries=1, show_spinner=False)
def _inputs(fit: int) -> ForecastInputs:
    from forecast.runs.baseline import ForecastInputs

    return ForecastInputs.prepare()


@st.cache_resource(show_spinner=False)
def worker() -> Worker:
    """Return the worker of long-running jobs, shared by all readers."""
    from forecast.jobs.worker import Worker

    return Worker()


def version_of(file_store: FileStore, choices: Choices, version: int | None) -> int:
    """Return the version of the council's own file to use: the one requested, else the latest; `SHIPPED` if there is none."""
    return file_store.latest(choices.area.la_code) if version is None else version


@dataclass(frozen=True, slots=True, eq=False)
class RegisterUsed:
    """A register of places and its fingerprint; equal registers have equal fingerprints."""

    register: Register
    fingerprint: str


@st.cache_resource(max_entries=MOST_REGISTERS, show_spinner=False)
def _shipped(la_code: int) -> RegisterUsed:
    register = starting_register.shipped(la_code)
    return RegisterUsed(register, kept_registers.fingerprint(register))


@st.cache_resource(max_entries=MOST_REGISTERS, show_spinner=False)
def _own(la_code: int, version: int, content: bytes, _kept: KeptFile) -> RegisterUsed:
    register = kept_registers.read(_kept)
    return RegisterUsed(register, kept_registers.fingerprint(register))


def register_used(choices: Choices) -> RegisterUsed:
    """Return the register of places chosen, and its fingerprint.

    Raises
    ------
    RegisterError
        There is no such version, or its file cannot be used.
    """
    version = version_of(REGISTERS, choices, choices.register)
    code = choices.area.la_code
    if version == SHIPPED:
        return _shipped(code)
    kept = kept_registers.find(code, version)
    try:
        content = kept.path.read_bytes()
    except OSError:
        # Reading it again says in words what is wrong with the file.
        content = b""
    # A kept version never changes, but a folder may be another one tomorrow, so what it holds is part of the key.
    return _own(code, version, content, kept)


def register_of(choices: Choices) -> Register:
    """Return the register of places chosen; errors as in `register_used`."""
    return register_used(choices).register


@dataclass(frozen=True, slots=True, eq=False)
class CountsUsed:
    """The council's own counts in use and their fingerprint, or why none is.

    Parameters
    ----------
    counts
        What the forecast agrees with; None for the forecast without.
    fingerprint
        Equal counts have equal fingerprints; blank without.
    note
        Why the version chosen is not used; blank where it is, or where none is chosen.
    """

    counts: OwnCounts | None = None
    fingerprint: str = ""
    note: str = ""


@st.cache_resource(max_entries=MOST_REGISTERS, show_spinner=False)
def _counts(la_code: int, version: int, content: bytes, origin: int, _kept: KeptFile) -> CountsUsed:
    counts = kept_counts.read(_kept)
    if not is_newer(counts, origin):
        return CountsUsed(
            note=f"Version {version} of the council's own counts is of {in_words(counts.plans.day)}. The return of January "
            f"{origin} is published since, so the forecast starts from that and the count is not used."
        )
    return CountsUsed(counts, kept_counts.fingerprint(counts))


def counts_used(choices: Choices) -> CountsUsed:
    """Return the council's own counts chosen, or why they are not used.

    Raises
    ------
    CountError
        There is no such version, or its file cannot be used.
    """
    version = version_of(COUNTS, choices, choices.counts)
    if version == SHIPPED:
        return CountsUsed()
    kept = COUNTS.find(choices.area.la_code, version)
    try:
        content = kept.path.read_bytes()
    except OSError:
        # Reading it again says in words what is wrong with the file.
        content = b""
    return _counts(choices.area.la_code, version, content, inputs().history.origin, kept)


@dataclass(frozen=True, slots=True)
class CountWords:
    """What a page says of the council's own count.

    Parameters
    ----------
    moves
        What it moves; blank where none is used.
    doubts, rest
        What should be checked, and what else it does.
    note
        Why a kept count is not used; blank where it is.
    """

    moves: str = ""
    doubts: tuple[str, ...] = ()
    rest: tuple[str, ...] = ()
    note: str = ""


def key_of(choices: Choices, register: str) -> Key:
    """Return the cache key of a forecast, given the fingerprint of the register."""
    # What a name stands for may change, so a scenario is known by what it says.
    says = BASELINE if choices.scenario == BASELINE else scenario_of(choices).flat.key
    counts = counts_used(choices).fingerprint
    return Key(
        choices.area.la_code, defaults.DRAWS, defaults.SEED, register, counts, says, stored_fit.stamp()
    )


def _key(choices: Choices) -> Key:
    return key_of(choices, register_used(choices).fingerprint)


def scenario_of(choices: Choices) -> NamedScenario:
    """Return the scenario chosen.

    Raises
    ------
    ScenarioError
        There is none of that name any more.
    """
    from forecast.runs.scenario_names import find_scenario

    return find_scenario(choices.scenario)


@st.cache_resource(max_entries=MOST_BASELINES, show_spinner=False)
def _baseline(
    la_code: int,
    draws: int,
    seed: int,
    fingerprints: tuple[str, str],
    fit: int,
    _register: Register,
    _own: OwnCounts | None,
) -> Baseline:
    from data.areas import by_code
    from forecast.runs.scenario_run import with_reform

    area = by_code(la_code)
    baseline = with_reform(inputs().baseline(area, draws=draws, seed=seed, register=_register, counts=_own))
    seal(baseline)
    return baseline


def baseline_of(choices: Choices) -> Baseline:
    """Return the baseline: the forecast without a scenario."""
    return baseline_with(choices, counts_used(choices))


def baseline_with(choices: Choices, counts: CountsUsed) -> Baseline:
    """Return the baseline of the choices with other counts, such as some that are not kept yet."""
    chosen = register_used(choices)
    baseline: Baseline = _baseline(
        choices.area.la_code,
        defaults.DRAWS,
        defaults.SEED,
        (chosen.fingerprint, counts.fingerprint),
        stored_fit.stamp(),
        chosen.register,
        counts.counts,
    )
    return baseline


def count_words(choices: Choices) -> CountWords:
    """Return what the council's own count moves, in words; nothing, and no forecast made for it, where none is used."""
    used = counts_used(choices)
    if used.counts is None:
        return CountWords(note=used.note)
    from forecast.presentation import own_count

    outcome = baseline_of(choices).outcome
    assert outcome.own_count is not None  # it was made with a count
    first, *rest = own_count.sentences(outcome)
    doubts = own_count.doubts(outcome.own_count)
    return CountWords(first, tuple(doubts), tuple(s for s in rest if s not in doubts))


@st.cache_resource(max_entries=MOST_BASELINES, show_spinner=False)
def _scenario(key: Key, _base: Baseline, _flat: Scenario) -> Outcome:
    from forecast.runs.scenario_run import rerun

    outcome = rerun(_base, _flat)
    seal(outcome)
    return outcome


def outcome_of(choices: Choices) -> Outcome:
    """Return the outcome of the forecast, or of the scenario chosen.

    Raises
    ------
    ScenarioError
        The scenario is for other authorities, or cannot act here.
    """
    base = baseline_of(choices)
    if choices.scenario == BASELINE:
        return base.outcome
    outcome: Outcome = _scenario(_key(choices), base, scenario_of(choices).flat)
    return outcome


@st.cache_data(max_entries=MOST_VIEWS, show_spinner=False)
def _view(name: str, key: Key, _make: Callable[[Outcome, History], Any], _choices: Choices) -> Any:
    return _make(outcome_of(_choices), inputs().history)


def view(make: Callable[[Outcome, History], V], choices: Choices) -> V:
    """Return the view of a page, made once for equal choices.

    Parameters
    ----------
    make
        A function at the top of a module of `forecast.ui.views`; it sees draws and what was published, and returns frames and
        text.
    choices
        What is chosen: only authority, register and scenario matter here.
    """
    content: V = _view(f"{make.__module__}.{make.__qualname__}", _key(choices), make, choices)
    return content


@st.cache_resource(max_entries=1, show_spinner=False)
def _england(fit: int) -> EnglandView:
    from forecast.ui.views.england import england

    shared = inputs()
    return england(shared.england(years=defaults.MOST_YEARS), shared.history.origin)


def england_of() -> EnglandView:
    """Return England's plans and what others have forecast, made once."""
    view: EnglandView = _england(stored_fit.stamp())
    return view


def futures_of(choices: Choices) -> Futures:
    """Return the three futures of the forecast, or of the scenario chosen, with the reform at the chance chosen."""
    from forecast.presentation.futures import Futures

    return Futures.of(outcome_of(choices), choices.reform / 100)


@dataclass(frozen=True, slots=True, eq=False)
class Priced:
    """Prices in use and their fingerprint; equal prices have equal fingerprints."""

    book: PriceBook
    fingerprint: str


def book_of(choices: Choices) -> PriceBook:
    """Return the price book in use: the authority's own, with the council's prices in place of those it gives.

    Raises
    ------
    PriceError
        There is no such version, or its file cannot be used.
    """
    return _priced(choices).book


def _priced(choices: Choices) -> Priced:
    version = version_of(UNIT_COSTS, choices, choices.prices)
    return _book(choices.area.la_code, None if version == SHIPPED else text_of(UNIT_COSTS, choices, version))


def text_of(file_store: FileStore, choices: Choices, version: int) -> str:
    """Return the text of one version of the council's own file."""
    # A kept version never changes, but a folder may be another one tomorrow, so its text is the key.
    return file_store.find(choices.area.la_code, version).path.read_text(encoding="utf-8-sig")


@st.cache_resource(max_entries=MOST_BASELINES, show_spinner=False)
def _book(la_code: int, own: str | None) -> Priced:
    from data.prices.ledger import to_csv
    from forecast.ui.views import council_files

    book = council_files.book(la_code, own)
    return Priced(book, sha256(to_csv(book.rows).encode()).hexdigest())


def prices_of(choices: Choices) -> str:
    """Return the fingerprint of the prices in use; equal prices have equal fingerprints."""
    return _priced(choices).fingerprint


@st.cache_resource(max_entries=MOST_BASELINES, show_spinner=False)
def _finance_model(key: Key, prices: str, _base: Baseline, _book: PriceBook) -> FinanceModel:
    from forecast.finance.finance_model import FinanceModel

    return FinanceModel.of(_base.outcome, book=_book)


def finance_of(choices: Choices) -> FinanceModel:
    """Return the finance model that an authority's forecast and its scenarios share."""
    base = baseline_of(choices)
    priced = _priced(choices)
    finance: FinanceModel = _finance_model(
        _key(replace(choices, scenario=BASELINE)), priced.fingerprint, base, priced.book
    )
    return finance


@st.cache_data(max_entries=MOST_VIEWS, show_spinner=False)
def _measured(key: Key, prices: str, _choices: Choices) -> dict[str, Array]:
    from forecast.presentation.compare import measured

    try:
        finance = finance_of(_choices)
    except HistoryError:
        finance = None
    return measured(outcome_of(_choices), finance=finance)


def measured_of(choices: Choices) -> dict[str, Array]:
    """Return the draws of every measure that scenarios are compared on, dims ``(draw, january)``.

    Cost is left out where the authority's income or spending is not published.
    """
    measured: dict[str, Array] = _measured(_key(choices), prices_of(choices), choices)
    return measured


@st.cache_resource(max_entries=MOST_BASELINES, show_spinner=False)
def _money(key: Key, prices: str, _finance: FinanceModel, _outcome: Outcome) -> Money:
    return _finance.money(_outcome)


def money_of(choices: Choices) -> MoneyTables:
    """Return the money results of the choice, and of the baseline if the choice is a scenario.

    Raises
    ------
    HistoryError
        The authority's income or balance is not published.
    """
    from forecast.presentation.money_report import MoneyTables

    base, shared = baseline_of(choices), finance_of(choices)
    key, prices = _key(choices), prices_of(choices)
    forecast = replace(key, scenario=BASELINE)
    # Cost does not depend on who bears a deficit, so it is worked out once for all regimes.
    grant = float(choices.grant == next(iter(GRANTS)))
    finance = replace(shared, plan=replace(shared.plan, regime=choices.regime, grant=grant))

    def bearing(money: Money) -> Money:
        return replace(money, balance=finance.closing(money.outcome, money.costs, money.income))

    before = bearing(_money(forecast, prices, shared, base.outcome))
    if choices.scenario == BASELINE:
        return MoneyTables(finance, before, today=date.today())
    return MoneyTables(
        finance, bearing(_money(key, prices, shared, outcome_of(choices))), before, date.today()
    )


@st.cache_data(max_entries=MOST_VIEWS, show_spinner=False)
def _pounds(name: str, key: Key, prices: str, _make: Callable[[MoneyTables], Any], _choices: Choices) -> Any:
    return _make(money_of(_choices))


def pounds(make: Callable[[MoneyTables], V], choices: Choices) -> V:
    """Return a money view of a page, made once for equal choices; ``make`` as in `view`."""
    prices = f"{prices_of(choices)} {choices.regime} {choices.grant}"
    content: V = _pounds(f"{make.__module__}.{make.__qualname__}", _key(choices), prices, make, choices)
    return content


def files_of_money(choices: Choices) -> dict[str, bytes]:
    """Return the files of a money run, by name."""
    from forecast.ui.views import money

    return pounds(money.files, choices)


@st.cache_data(max_entries=MOST_VIEWS, show_spinner=False)
def _record(la_code: int) -> RecordView:
    from data.areas import by_code
    from forecast.ui.views.evidence import load_record

    return load_record(by_code(la_code))


def record_of(choices: Choices) -> RecordView:
    """Return the track record of forecasts of an authority."""
    record: RecordView = _record(choices.area.la_code)
    return record


@st.cache_data(max_entries=8, show_spinner=False)
def _audit(la_code: int | None) -> list[AuditEntry]:
    from data.areas import by_code
    from data.panels import history_tables
    from forecast.presentation.audit_words import audited

    return audited(history_tables.load("current"), None if la_code is None else by_code(la_code))


def audit_of(choices: Choices | None) -> list[AuditEntry]:
    """Return every entry of the audit, of an authority or, where None, of all."""
    entries: list[AuditEntry] = _audit(None if choices is None else choices.area.la_code)
    return entries


@st.cache_data(max_entries=1, show_spinner=False)
def published_tables() -> Catalogue:
    """Return the list of published tables."""
    from forecast.ui.views import catalogue

    return catalogue.load()
