"""Published figures: what each figure that people read is called, means, is rounded to, and is the middle or average of.

This is their one home for all outputs.

A figure is a summary of draws x of one quantity, which are summed within each draw before:

    centre   the middle (50th percentile) of x; the average of x only where parts have to add up to it, and then with the word
             "average" and the reason (`Definition.why_average`). A chance is a share of draws and has no other centre;
             places that are enough with some chance are the percentile of that chance.
    range    10th to 90th percentile of x; a chance has none

Invariants: a figure has one name, one centre and one rounding, whoever shows it: the terminal, ``summary.md``, pages, Word, Excel
and downloads all read `FIGURES` and print with `in_table`, `in_sentence` or `PublishedFigure`. What a name means is in
`forecast.presentation.glossary`, pounds, chances and counts are written by `forecast.presentation.wording`. Files of data hold
the same figures unrounded. A test walks the outputs of one run and compares (tests/app/test_one_number.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from data.citations import SEN2
from data.financial_year import FinancialYear
from forecast.core import defaults
from forecast.core.outcome import Outcome
from forecast.presentation import describe, glossary, wording

Unit = Literal["plans", "children", "places", "pounds", "chance"]
"""What is counted."""

Dated = Literal["January", "calendar year", "financial year", "life"]
"""What a figure is of: a day in January, the calendar year before it, the financial year that it is in, or a scheme's life."""

ADDS_UP = "parts of a sum have to add up, and middles do not"
"""Why pounds are averages."""

GREEN_BOOK = "costs and savings have to add up to it, and programmes are ranked on it as the Green Book does"
"""Why a net present value is an average."""

SLIPS = "a scheme that may open late counts by its chance, and kinds of place have to add up"
"""Why places are averages."""


AVERAGE = ", average"
"""How the heading of a column or line ends that holds averages."""

AVERAGES_ADD_UP = "Averages, because lines have to add up and middles do not."
"""What is said once below a table with a heading that ends so."""


def averaged(name: str) -> str:
    """Return the heading of a column or line that holds averages."""
    return f"{name}{AVERAGE}"


def why_averages(frame: pd.DataFrame) -> str:
    """Return why a table holds averages, as a sentence to stand below it; blank where no heading of it says that it does."""
    names = [*frame.columns, *frame.index.names, *(frame.iloc[:, 0] if frame.shape[1] else ())]
    return AVERAGES_ADD_UP if any(AVERAGE in str(name) for name in names) else ""


@dataclass(frozen=True, slots=True)
class Definition:
    """A figure that outputs share.

    Parameters
    ----------
    code
        What tables of data call it.
    name
        What people call it, in headings.
    term
        The term of the glossary that says what it means.
    unit, dated
        What is counted, and when.
    why_average
        Why the average is told; blank where the middle is.
    source
        Who published what it is worked out from.
    column
        Name where a column is narrow; blank where it is the name.
    level
        Percentile that is told where no average is, 0 to 1: the middle, or the chance of being enough.
    """

    code: str
    name: str
    term: str
    unit: Unit
    dated: Dated = "January"
    why_average: str = ""
    source: str = SEN2
    column: str = ""
    level: float = 0.5

    @property
    def heading(self) -> str:
        """Name where a column is narrow, with the word "average" where that is what is told."""
        return averaged(self.column or self.name) if self.why_average else self.column or self.name

    @property
    def centre(self) -> str:
        """Column of the centre in tables of draws: ``q50``, or ``mean``."""
        return "mean" if self.why_average or self.unit == "chance" else describe.column(self.level)

    @property
    def label(self) -> str:
        """Name with the word "average" where that is what is told."""
        return averaged(self.name) if self.why_average else self.name

    @property
    def meaning(self) -> str:
        """What it means, from the glossary."""
        return glossary.TERMS[self.term]

    def date(self, january: int) -> str:
        """Return what a figure of a January is of in words: "January 2030", "2029", "2029-30"."""
        if self.dated == "financial year":
            return FinancialYear(january - 1).label
        return f"{january - 1}" if self.dated == "calendar year" else f"January {january}"


_PLACES = f"{SEN2}; capacity register"
_POUNDS = f"{SEN2}; prices and income as on the page Money"
_SCHEMES = "Schemes put in; prices of the page Money; rates of the Green Book"

FIGURES: Mapping[str, Definition] = {
    one.code: one
    for one in (
        Definition("plans", "EHC plans", "EHC plan", "plans"),
        Definition("joiners", "New EHC plans in the year", "New plans", "plans", "calendar year"),
        Definition("leavers", "EHC plans that ended in the year", "EHC plan", "plans", "calendar year"),
        Definition("places", "Specialist places", "Places", "places", why_average=SLIPS, source=_PLACES, column="Places"),
        Definition(
            "specialist_wanted", "Want a specialist place", "Want a specialist place", "children", source=_PLACES,
            column="Want a place",
        ),
        Definition("placed", "Placed", "Placed", "children", source=_PLACES),
        Definition("shortfall", "Short of a specialist place", "Short", "children", source=_PLACES, column="Short"),
        Definition("p_shortfall", "Chance that anyone is short", "Chance of shortfall", "chance", source=_PLACES),
        Definition("empty", "Empty places", "Empty", "places", source=_PLACES, column="Empty"),
        Definition(
            "places_to_add", f"Places to add to be {wording.per_cent(defaults.SURE)} sure", "Places", "places", source=_PLACES,
            column=f"Add to be {wording.per_cent(defaults.SURE)} sure", level=defaults.SURE,
        ),
        Definition("turned_away", "Turned away", "Turned away", "children", source=_PLACES),
        Definition("overflow", "Short, by where they go", "Short", "children", source=_PLACES),
        Definition("pupils", "Pupils", "Pupils", "children", why_average=SLIPS, source=_PLACES),
        Definition("free", "Free places of a setting", "Full", "places", why_average=SLIPS, source=_PLACES, column="Free"),
        Definition("p_full", "Chance of being full", "Full", "chance", source=_PLACES),
        Definition(
            "without_any", "Without any specialist place", "Without any specialist place", "children", source=_PLACES
        ),
        Definition(
            "cost", "High needs cost in the financial year to March", "High needs block", "pounds", "financial year",
            ADDS_UP, _POUNDS,
        ),
        Definition(
            "income", "High needs income in the financial year to March", "High needs block", "pounds", "financial year",
            ADDS_UP, _POUNDS,
        ),
        Definition(
            "in_year_balance", "High needs income less cost in the financial year to March", "Deficit", "pounds",
            "financial year", ADDS_UP, _POUNDS,
        ),
        Definition(
            "closing", "High needs balance at the end of the financial year", "Deficit", "pounds", "financial year",
            ADDS_UP, _POUNDS,
        ),
        Definition("p_deficit", "Chance of a deficit", "Deficit", "chance", "financial year", source=_POUNDS),
        Definition(
            "stability_grant", "Stability grant and central government", "Stability grant", "pounds", "financial year",
            ADDS_UP, _POUNDS,
        ),
        Definition("p_built", "Chance it is built", "Scheme", "chance", "life", source=_SCHEMES),
        Definition("seats", "Children in its places", "Placed", "children", source=_SCHEMES),
        Definition("p_enough", "Chance of enough places", "Enough places", "chance", source=_SCHEMES),
        Definition("build_cost", "Cost to build", "Cost to build", "pounds", "life", ADDS_UP, _SCHEMES),
        Definition(
            "debt_charge", "Yearly cost of borrowing", "Cost to build", "pounds", "life", ADDS_UP, _SCHEMES
        ),
        Definition("npv", "Net present value", "Present value", "pounds", "life", GREEN_BOOK, _SCHEMES),
        Definition("p_saves", "Chance that it saves", "Present value", "chance", "life", source=_SCHEMES),
    )
}  # fmt: skip
"""Code to figure, in the order in which they are listed. A part of a sum, or a change of it, is written as the sum."""


PLACES, WANT, PLACED, SHORT, EMPTY, CHANCE, ADD = (
    FIGURES[code].heading
    for code in (
        "places",
        "specialist_wanted",
        "placed",
        "shortfall",
        "empty",
        "p_shortfall",
        "places_to_add",
    )
)
"""Headings of the columns that tables of places share."""

CELL_COLUMNS: Mapping[str, str] = {
    "places": "places", "specialist_wanted": "wanted_q50", "placed": "filled_q50", "shortfall": "shortfall_q50",
    "p_shortfall": "p_shortfall",
}  # fmt: skip
"""Code to the column of ``shortfall.parquet`` with its centre."""


def value(code: str, row: Mapping[Any, Any] | pd.Series, prefix: str = "") -> float:
    """Return the centre of a figure from a row of a table of draws, whose columns begin with a prefix."""
    return float(row[f"{prefix}{FIGURES[code].centre}"])


def of_draws(code: str, draws: describe.Values) -> float:
    """Return the centre of a figure from its draws, dims ``(draw,)``."""
    return value(code, describe.single(draws))


def rounded(code: str, number: float) -> float:
    """Return a figure rounded as tables show it: pounds to a tenth of a million, counts as `wording.count`, chances to 1 %."""
    unit = FIGURES[code].unit
    if unit == "pounds":
        return round(number / wording.TENTH_OF_MILLION) * wording.TENTH_OF_MILLION
    return round(number, 2) if unit == "chance" else wording.count_value(number)


def shown(code: str, number: float, *beside: float, signed: bool = False) -> str:
    """Return a value of a figure for a table; ``beside`` are the ends of its range, rounded alike."""
    unit = FIGURES[code].unit
    if unit == "pounds":
        return wording.table_pounds(number, *beside, signed=signed)
    if unit == "chance":
        return wording.points(number) if signed else wording.table_chance(number)
    return wording.count(number, signed=signed)


def of_cell(code: str, cell: Mapping[Any, Any] | pd.Series) -> str:
    """Return a figure of a kind of place without its range, from a row of ``shortfall.parquet``."""
    return shown(code, float(cell[CELL_COLUMNS[code]]))


def spoken(code: str, number: float, *beside: float, signed: bool = False) -> str:
    """Return a value of a figure for a sentence; pounds are rounded as the largest of those beside it."""
    unit = FIGURES[code].unit
    if unit == "pounds":
        return wording.pounds(number, *beside, signed=signed)
    return wording.chances(number) if unit == "chance" and not signed else shown(code, number, signed=signed)


def in_table(code: str, row: Mapping[Any, Any] | pd.Series, prefix: str = "", *, signed: bool = False) -> str:
    """Return a figure with its range for a table: "717 (600 to 840)"; a chance, which has no range, alone."""
    centre = value(code, row, prefix)
    if FIGURES[code].unit == "chance":
        return shown(code, centre, signed=signed)
    low, high = (float(row[f"{prefix}{name}"]) for name in ("q10", "q90"))
    if FIGURES[code].unit == "pounds":
        return wording.table_pounds_interval(low, centre, high, signed=signed)
    return wording.count_interval(low, centre, high, signed=signed)


def in_sentence(code: str, row: Mapping[Any, Any], prefix: str = "") -> str:
    """Return a figure with its range for a sentence: "£12m (£9m to £15m)"; counts as in a table."""
    if FIGURES[code].unit != "pounds":
        return in_table(code, row, prefix)
    low, high = (float(row[f"{prefix}{name}"]) for name in ("q10", "q90"))
    return wording.pounds_interval(low, value(code, row, prefix), high)


def alone(code: str, row: Mapping[Any, Any], prefix: str = "") -> str:
    """Return a figure for a sentence that leaves its range out, rounded as where the range stands beside it."""
    centre = value(code, row, prefix)
    if FIGURES[code].unit != "pounds":
        return spoken(code, centre)
    return wording.pounds(centre, *(float(row[f"{prefix}{name}"]) for name in ("q10", "q90")))


def alone_of_draws(code: str, draws: describe.Values) -> str:
    """Return `alone` of a figure's draws, dims ``(draw,)``."""
    return alone(code, describe.single(draws))


@dataclass(frozen=True, slots=True)
class PublishedRun:
    """The run that figures are of.

    Parameters
    ----------
    authority, scenario
        Whose, and the scenario's title; None for the forecast.
    origin
        Latest January with published plans: the data release.
    register
        Name of the capacity register.
    """

    authority: str
    scenario: str | None
    origin: int
    register: str

    @classmethod
    def of(cls, outcome: Outcome) -> PublishedRun:
        """Return the run that an outcome is of."""
        return cls(outcome.area.name, outcome.scenario, outcome.plans.origin, outcome.register.origin)

    @property
    def line(self) -> str:
        """The run in a line: "Redbridge, the forecast from January 2026, register January 2026"."""
        what = "the forecast" if self.scenario is None else f"the scenario '{self.scenario}'"
        return f"{self.authority}, {what} from January {self.origin}; places: {self.register}"

    @property
    def release(self) -> str:
        """The release of data that it starts from."""
        return f"{SEN2}, January {self.origin}"


@dataclass(frozen=True, slots=True)
class PublishedFigure:
    """One figure of one January with all that a reader needs of it.

    Parameters
    ----------
    definition
        What it is.
    january
        When; see `Definition.date`.
    low, centre, high
        Its range and its centre, unrounded, in the unit of the definition.
    run
        What it is of.
    """

    definition: Definition
    january: int
    low: float
    centre: float
    high: float
    run: PublishedRun

    @property
    def date(self) -> str:
        """When, in words."""
        return self.definition.date(self.january)

    @property
    def row(self) -> dict[str, float]:
        """Its numbers by the names of columns."""
        return {"q10": self.low, self.definition.centre: self.centre, "q90": self.high}

    @property
    def text(self) -> str:
        """The figure alone, as tables and cards show it."""
        return shown(self.definition.code, self.centre, self.low, self.high)

    @property
    def range(self) -> str:
        """Its range in words; blank for a chance."""
        if self.definition.unit == "chance":
            return ""
        if self.definition.unit == "pounds":
            return wording.table_pounds_range(self.low, self.high)
        return wording.count_range(self.low, self.high)

    @property
    def with_range(self) -> str:
        """The figure with its range: "717 (600 to 840)"."""
        return in_table(self.definition.code, self.row)

    @property
    def chance(self) -> str:
        """A chance in words: "9 chances in 10"; blank for other figures."""
        return wording.chances(self.centre) if self.definition.unit == "chance" else ""
