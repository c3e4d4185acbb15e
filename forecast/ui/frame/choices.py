"""The choices of a reader, as parameters in the address of a page, each with its type, default and check.

Invariants: the address decides and only widgets write it, so a refresh, Back and a link sent to somebody else all show the same
page; a value that cannot be used gives a plain message and the default, never an error; a default is left out of the address.

Widgets are not bound by Streamlit's own ``bind="query-params"``: it drops a bad value without a word, takes one spelling of
an authority only, and forgets what another page asked (`forecast.ui.frame.controls` writes the address instead).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

from data import areas, tables
from data.areas import Area
from data.errors import AreaError, OptionError, ScenarioError, StoreError
from data.made_with import LAST_UNWRITTEN
from data.vocabulary import ALL, NEED_CODES, NEEDS, PHASE_CODES, PHASES
from forecast.core import defaults
from forecast.presentation.funding_regimes import REGIME_WORDS

DEFAULT_AREA = "E09000026"
"""Redbridge, the first authority to use the planner."""

SAMPLE = "inclusion-bases"
"""The scenario that a newcomer is shown."""

BASELINE = "baseline"
"""The forecast itself: no scenario."""

HORIZONS: tuple[int, ...] = (3, 5, defaults.YEARS)
"""Years ahead that can be shown; the last is what is forecast."""

SHIPPED = 0
"""Stands for the register we ship or estimate, where versions of the council's own are numbered from 1."""

LAYERS: tuple[str, ...] = ("demand", "reach", "pressure")
"""What the map can show; labels are in `forecast.ui.views.area_map`."""

REGIMES: dict[str, str] = {name: words.choice for name, words in REGIME_WORDS.items()}
"""Funding regimes for people, the usual one first."""

GRANTS: dict[str, str] = {"paid": "Paid", "unpaid": "Not paid"}
"""Whether the stability grant is counted, the usual first."""

LEFT, TAKEN = "off", "on"
"""Whether the tour of `forecast.ui.frame.tour` is taken, the usual first."""

LEAST_BUDGET, MOST_BUDGET = 100_000, 1_000_000_000
"""Budgets that can be asked for, pounds."""

REFORM: tuple[int, ...] = (5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95)
"""Chances of the reform that can be set, per cent."""

SURE: tuple[int, ...] = (0, 50, 80, 90)
"""Chances of enough places that can be asked for, per cent."""

MOST_COMPARED = 4
"""Most scenarios side by side."""

COMPARED: tuple[str, ...] = (BASELINE, "pre-reform-surge", "reform-2030", "low-births")
"""Scenarios set side by side where none are named."""

MEASURES: tuple[str, ...] = ("plans", "specialist_wanted", "shortfall", "p_shortfall", "cost")
"""What a chart of scenarios can show; labels are in `forecast.presentation.compare.MEASURES`."""

MADE = "made"
"""The January a link was made on; links of the releases before that wrote none were made on `LAST_UNWRITTEN` or earlier."""

DATED: tuple[str, ...] = ("scenario", "compare", "year", "register", "prices", "candidates", "counts")
"""Choices that mean something else, or show other figures, on another release."""

PHASE_OPTIONS: dict[str, str] = {ALL: "All phases"} | {p.code: p.label for p in PHASES}
NEED_OPTIONS: dict[str, str] = {ALL: "All needs"} | NEEDS


@cache
def origin() -> int:
    """Return the latest January with published plans."""
    return int(tables.read("plans_total")["january"].max())


def years() -> tuple[int, ...]:
    """Return the Januaries forecast."""
    return tuple(range(origin() + 1, origin() + HORIZONS[-1] + 1))


@dataclass(frozen=True, slots=True)
class Choices:
    """The choices of a reader; all but ``area`` have defaults.

    Parameters
    ----------
    area
        Whose figures.
    scenario
        `BASELINE`, or a name for `forecast.runs.scenario_names.find_scenario` (of the library, kept, or not kept yet).
    register
        Version of the council's own register of places, `SHIPPED`, or None for the latest version there is.
    horizon
        Years ahead shown.
    phase, need
        Codes of the vocabulary, or "All".
    year
        The January that single figures are of.
    layer
        What the map shows.
    prices, candidates
        Version of the council's own unit costs, or schemes; `SHIPPED`, or None for the latest version there is.
    counts
        Version of the council's own counts; `SHIPPED` for the forecast without, or None for the latest version there is.
    regime
        Who bears deficits after the statutory override: a name of `forecast.finance.balance.REGIMES`.
    grant
        Whether the stability grant is counted as paid.
    budget
        Most capital that may be spent, whole pounds; None for no limit.
    sure
        Chance of enough places that is asked for, per cent; 0 asks for none.
    compare
        Names of the scenarios set side by side, in order.
    measure
        What the chart of scenarios shows.
    reform
        Chance that the reform becomes law, per cent: of a future beside the forecast, never in it.
    tour
        Whether each page says what to look at: `LEFT` or `TAKEN`.
    made
        The latest January with published plans when the choices of `DATED` were made.
    """

    area: Area
    scenario: str
    register: int | None
    horizon: int
    phase: str
    need: str
    year: int
    layer: str
    prices: int | None
    candidates: int | None
    counts: int | None
    regime: str
    grant: str
    budget: int | None
    sure: int
    compare: tuple[str, ...]
    measure: str
    reform: int
    tour: str
    made: int

    @property
    def last(self) -> int:
        """The last January shown."""
        return origin() + self.horizon


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of the address.

    Parameters
    ----------
    name
        In the address, and of the field of `Choices`.
    label
        For people.
    default
        Returns the value where the address says nothing.
    read
        Text of the address to value; raises `OptionError` with a plain message.
    write
        Value to text.
    """

    name: str
    label: str
    default: Callable[[], Any]
    read: Callable[[str], Any]
    write: Callable[[Any], str] = str


def _area(text: str) -> Area:
    try:
        matches = areas.resolve(text)
    except AreaError as error:
        raise OptionError(str(error)) from None
    if len(matches) > 1:
        raise OptionError("A page shows one authority, but the address asks for all of them.")
    return matches[0]


def _scenario(text: str) -> str:
    from forecast.runs.scenario_names import find_scenario

    try:
        find_scenario(text)
    except (ScenarioError, StoreError) as error:
        raise OptionError(str(error)) from None
    return text


def _version(what: str) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not text.isdecimal() or len(text) > 4:
            raise OptionError(
                f"'{text}' is not a version of a {what}: use a number from 1, or {SHIPPED} for the one that comes with the "
                "planner."
            )
        return int(text)

    return read


def _among(what: str, options: Mapping[str, str]) -> Callable[[str], str]:
    def read(text: str) -> str:
        code = next((c for c in options if c.casefold() == text.casefold()), None)
        if code is None:
            raise OptionError(f"'{text}' is not a {what}: use one of {', '.join(options)}.")
        return code

    return read


def _horizon(text: str) -> int:
    if text not in [str(h) for h in HORIZONS]:
        raise OptionError(
            f"'{text}' is not a horizon that can be shown: use {', '.join(map(str, HORIZONS))} years."
        )
    return int(text)


def _year(text: str) -> int:
    if text.isdecimal() and len(text) == 4 and years()[0] > int(text):
        raise OptionError(
            f"January {text} is not forecast: the figures are published to January {origin()}. Use a year from {years()[0]} to "
            f"{years()[-1]}."
        )
    if text not in [str(y) for y in years()]:
        raise OptionError(
            f"'{text}' is not a January that is forecast: use a year from {years()[0]} to {years()[-1]}."
        )
    return int(text)


def _made(text: str) -> int:
    if not text.isdecimal() or len(text) != 4:
        raise OptionError(
            f"'{text}' is not a January on which a link was made: write a year, or leave it out."
        )
    return int(text)


def _budget(text: str) -> int:
    if not text.isdecimal() or not LEAST_BUDGET <= int(text) <= MOST_BUDGET:
        raise OptionError(
            f"'{text}' is not a budget: use whole pounds from {LEAST_BUDGET:,} to {MOST_BUDGET:,} without commas, or leave it "
            "out for no limit."
        )
    return int(text)


def _sure(text: str) -> int:
    if text not in [str(s) for s in SURE]:
        raise OptionError(f"'{text}' is not a chance that can be asked for: use {', '.join(map(str, SURE))}.")
    return int(text)


def _reform(text: str) -> int:
    if text not in [str(chance) for chance in REFORM]:
        raise OptionError(
            f"'{text}' is not a chance of the reform that can be set: use {', '.join(map(str, REFORM))} per cent."
        )
    return int(text)


def _compare(text: str) -> tuple[str, ...]:
    scenarios = tuple(_scenario(part) for part in text.split(",") if part)
    if len(set(scenarios)) != len(scenarios) or not 2 <= len(scenarios) <= MOST_COMPARED:
        raise OptionError(
            f"That cannot be set side by side: name 2 to {MOST_COMPARED} different scenarios, joined by commas."
        )
    return scenarios


PARAMETERS: dict[str, Parameter] = {
    p.name: p
    for p in (
        Parameter(
            "area",
            "Local authority",
            lambda: areas.resolve(DEFAULT_AREA)[0],
            _area,
            lambda area: str(area.gss_code),
        ),
        Parameter("scenario", "Scenario", lambda: BASELINE, _scenario),
        Parameter("register", "Register of places", lambda: None, _version("register")),
        Parameter("horizon", "Years ahead", lambda: HORIZONS[-1], _horizon),
        Parameter("phase", "Phase", lambda: ALL, _among("phase", dict.fromkeys((ALL, *PHASE_CODES), ""))),
        Parameter(
            "need", "Primary need", lambda: ALL, _among("primary need", dict.fromkeys((ALL, *NEED_CODES), ""))
        ),
        Parameter("year", "January", lambda: origin() + 5, _year),
        Parameter("layer", "Show", lambda: LAYERS[0], _among("layer of the map", dict.fromkeys(LAYERS, ""))),
        Parameter("prices", "Unit costs", lambda: None, _version("list of unit costs")),
        Parameter("candidates", "Schemes", lambda: None, _version("list of schemes")),
        Parameter("counts", "Own count", lambda: None, _version("file of counts")),
        Parameter(
            "regime",
            "Who bears a deficit after the override",
            lambda: next(iter(REGIMES)),
            _among("regime", REGIMES),
        ),
        Parameter("grant", "Stability grant", lambda: next(iter(GRANTS)), _among("grant", GRANTS)),
        Parameter("budget", "Budget", lambda: None, _budget),
        Parameter("sure", "Chance of enough places", lambda: 80, _sure),
        Parameter("compare", "Scenarios side by side", lambda: COMPARED, _compare, ",".join),
        Parameter("measure", "Show", lambda: MEASURES[0], _among("measure", dict.fromkeys(MEASURES, ""))),
        Parameter(
            "reform",
            "Chance that the reform becomes law",
            lambda: round(100 * defaults.REFORM_CHANCE),
            _reform,
        ),
        Parameter(
            "tour", "Tour", lambda: LEFT, _among("state of the tour", dict.fromkeys((LEFT, TAKEN), ""))
        ),
        Parameter(MADE, "January the link was made on", lambda: LAST_UNWRITTEN, _made),
    )
}
"""Every parameter of an address."""


def read(address: Mapping[str, str]) -> tuple[Choices, tuple[str, ...]]:
    """Return the choices in an address, and sentences on what in it could not be used."""
    values: dict[str, Any] = {}
    problems = []
    dated = False
    for name, parameter in PARAMETERS.items():
        values[name] = parameter.default()
        if name in address:
            try:
                values[name] = parameter.read(address[name])
                dated |= name in DATED
            except OptionError as error:
                usual = (
                    values[name].name if isinstance(values[name], Area) else _default_text(name, values[name])
                )
                problems.append(f"{error} Showing {usual}.")
    if not dated:
        # What is chosen from here on is chosen now.
        values[MADE] = origin()
    elif values[MADE] != origin():
        problems.insert(0, _release_note(values[MADE], MADE in address))
    return Choices(**values), tuple(problems)


def _release_note(made: int, written: bool) -> str:
    """Return a sentence on a link of another release, which says its January or, among the oldest, does not."""
    if made > origin():
        return (
            f"This link was made on January {made}, a later release than this one (January {origin()}), so its figures were "
            "others. Update the planner to see them."
        )
    earlier = "" if written else " or earlier"
    return (
        f"This link was made on January {made}{earlier}. Published figures now run to January {origin()}, and what you see is "
        f"made from those; where the link names no January, January {PARAMETERS['year'].default()} is shown."
    )


def _default_text(name: str, value: object) -> str:
    """Return a default value in words."""
    if name in ("register", "prices", "candidates", "counts"):
        return f"the latest {PARAMETERS[name].label.lower()}"
    if name in ("regime", "grant"):
        return (REGIMES | GRANTS)[str(value)].lower()
    if name == "budget":
        return "no budget limit"
    if name == "tour":
        return "the pages without the tour"
    if name in ("sure", "reform"):
        return f"{value} per cent"
    if name == "compare":
        return ", ".join(COMPARED)
    if name == MADE:
        return f"it as a link of January {value}"
    if name == "scenario":
        return "the forecast without a scenario"
    if name == "horizon":
        return f"{value} years ahead"
    return (
        PHASE_OPTIONS.get(str(value), str(value))
        if name == "phase"
        else NEED_OPTIONS.get(str(value), str(value))
    )


def write(choices: Choices) -> dict[str, str]:
    """Return the shortest address that reads back as these choices; the authority is always included."""
    values = {f.name: getattr(choices, f.name) for f in fields(choices)}
    written = {
        name: PARAMETERS[name].write(value)
        for name, value in values.items()
        if name == "area" or value != PARAMETERS[name].default()
    }
    if not any(name in written for name in DATED):
        # Nothing in it is of one January, so it need not say which.
        written.pop(MADE, None)
    return written
