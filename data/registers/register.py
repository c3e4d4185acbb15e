"""The capacity register: how many specialist places each setting offers in each academic year.

Invariant: one row is one setting (or part of it) offering a whole number of places to a run of ages, for a
run of academic years; two rows never offer the same place twice. Places are counted where they are
*located*; children are counted where they *live*. The column ``located`` keeps apart the places in the
authority (``local``) from the net number its residents already use elsewhere (``elsewhere``).

Capacity (``places``), pupils on ``roll`` and ``funded_places`` are three different numbers in three columns:
only the first is ever counted as places. A closure is a last academic year; a change of designation or size is
a row that follows on; a scheme is a row agreed or proposed. What a scheme may slip by is kept here and drawn in
`forecast.places.supply`.

Ages are whole years at 31 August, as in `data.vocabulary`. Academic year 2024/25 holds the January 2025
census.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import InitVar, dataclass
from datetime import date
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from data.council_files.problems import SHOWN, Problem, report
from data.council_files.set_aside import NOTHING_ASIDE, SetAside
from data.errors import RegisterError
from data.formatting import quoted
from data.vocabulary import (
    ALL,
    NEED_CODES,
    PHASE_CODES,
    PHASES,
    PROVISION_CODES,
    PROVISIONS,
    SPECIALIST_PROVISIONS,
    AgeRange,
)

if TYPE_CHECKING:
    import pandera.pandas as pa

COLUMNS: tuple[str, ...] = (
    "setting", "urn", "provision", "needs", "age_low", "age_high", "from_academic_year", "to_academic_year",
    "places", "located", "status", "max_occupancy", "taken_by_others", "roll", "roll_january", "funded_places", "opens_in",
    "agreed_on", "phasing", "chance_delivered", "chance_on_time", "typical_delay_years", "community", "basis",
    "confidence", "source", "note",
)  # fmt: skip
"""Columns of a register, in order."""

DETAILS: tuple[str, ...] = (
    "max_occupancy", "taken_by_others", "roll", "roll_january", "funded_places", "opens_in", "agreed_on", "phasing",
    "chance_delivered", "chance_on_time", "typical_delay_years", "community",
)  # fmt: skip
"""Columns a file may leave out, and whose cells may be blank; `with_defaults` says what a blank stands for."""

STATUSES: tuple[str, ...] = ("open", "agreed", "proposed")
"""Open today, agreed but not yet open, or only proposed (not counted unless asked for)."""

BASES: tuple[str, ...] = ("published", "council", "estimated")
"""Where the number of places comes from: a public document, the council's own records, or an estimate."""

CONFIDENCES: tuple[str, ...] = ("high", "medium", "low")
"""How sure we are that these places exist in these years."""

LOCATIONS: tuple[str, ...] = ("local", "elsewhere")
"""In the authority, or used by its residents in other authorities' schools (net)."""

PHASINGS: tuple[str, ...] = ("all", "by_year_group")
"""All places open in the first year, or the youngest year group then and one more in each year that follows."""

JANUARIES: tuple[int, int] = (2010, 2060)
"""First and last January a roll may belong to; others are typing slips."""

MAX_DELAY = 15.0
"""Longest mean delay of a late scheme, in years; a longer one is a scheme that is not delivered."""


@dataclass(frozen=True, slots=True)
class Slippage:
    """Chances that a scheme is delivered and on time, and its typical delay.

    Parameters
    ----------
    delivered
        Chance that it is ever delivered, per cent.
    on_time
        Chance that it then opens in its stated year, per cent.
    delay
        Mean delay of a late one, in years, at least 1.
    """

    delivered: float
    on_time: float
    delay: float


SLIPPAGE: dict[tuple[str, str], Slippage] = {
    ("agreed", "high"): Slippage(95.0, 80.0, 1.0),
    ("agreed", "medium"): Slippage(90.0, 65.0, 1.5),
    ("agreed", "low"): Slippage(75.0, 50.0, 1.5),
    ("proposed", "high"): Slippage(60.0, 50.0, 1.5),
    ("proposed", "medium"): Slippage(45.0, 40.0, 2.0),
    ("proposed", "low"): Slippage(30.0, 30.0, 2.0),
}
"""Slippage of a scheme whose row says nothing, by status and confidence; open places do not slip.

Assumptions: no source we have says how often specialist schemes are delivered, or how late. They are of the order that
Redbridge's own record suggests: of the eight changes found, four opened, two never did (one superseded, one blocked at
planning) and two could not be confirmed at their date.
"""

MAX_PLACES = 5_000
"""More places than any one setting in England offers; a larger number is a typing slip."""

ESTIMATED = "estimated"
"""Basis of a row, and origin of a register, that is inferred from national tables."""

_ACADEMIC_YEAR = re.compile(r"(20\d\d)/(\d\d)")
_OPENS_LATE = re.compile(
    r"\bopen(?:s|ed|ing)?\b[^.;]{0,25}?\b"
    r"(Easter|February|March|April|May|June|July|August|Feb|Mar|Apr|Jun|Jul|Aug|summer(?: term)?) (20\d\d)",
    re.IGNORECASE,
)
_MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])", re.ASCII)
_DATE = re.compile(r"(20\d\d)(?:-(\d\d)(?:-(\d\d))?)?", re.ASCII)


def _needs_known(needs: pd.Series) -> pd.Series:
    return needs.map(lambda n: n == ALL or (bool(n) and set(n.split(";")) <= set(NEED_CODES))).astype(bool)


def _year_ok(years: pd.Series) -> pd.Series:
    return years.map(lambda y: first_year(y) is not None).astype(bool)


def _date_ok(dates: pd.Series) -> pd.Series:
    return dates.map(lambda d: earliest_day(d) is not None).astype(bool)


@cache
def row_schema() -> pa.DataFrameSchema:
    """Return the schema that the rows of every capacity register must meet.

    It is made when rows are first checked, because most runs use a register that is known to keep the rules.
    """
    import pandera.pandas as pa

    trimmed = pa.Check(
        lambda s: (s == s.str.strip()) & (s != ""), error="has text, with no spaces at its ends"
    )
    year = pa.Check(_year_ok, error="is an academic year like 2024/25")
    date_like = pa.Check(_date_ok, error="is a date like 2024-11-05, a month like 2024-11 or a year")

    month_like = pa.Check(lambda months: months.map(is_month).astype(bool), error="is a month like 2026-04")

    def number(kind: str, low: float, high: float) -> pa.Column:
        return pa.Column(kind, pa.Check.in_range(low, high), nullable=True)

    return pa.DataFrameSchema(
        {
            "setting": pa.Column("str", trimmed),
            "urn": number("Int64", 100_000, 999_999),
            "provision": pa.Column("str", pa.Check.isin(PROVISION_CODES)),
            "needs": pa.Column("str", pa.Check(_needs_known, error="is All or need codes joined by ';'")),
            "age_low": pa.Column("int64", pa.Check.in_range(0, 25)),
            "age_high": pa.Column("int64", pa.Check.in_range(0, 25)),
            "from_academic_year": pa.Column("str", year),
            "to_academic_year": pa.Column("str", year, nullable=True),
            "places": pa.Column("int64", pa.Check.in_range(0, MAX_PLACES)),
            "located": pa.Column("str", pa.Check.isin(LOCATIONS)),
            "status": pa.Column("str", pa.Check.isin(STATUSES)),
            "max_occupancy": number("Float64", 0, 100),
            "taken_by_others": number("Int64", 0, MAX_PLACES),
            "roll": number("Int64", 0, MAX_PLACES),
            "roll_january": number("Int64", *JANUARIES),
            "funded_places": number("Int64", 0, MAX_PLACES),
            "opens_in": pa.Column("str", month_like, nullable=True),
            "agreed_on": pa.Column("str", date_like, nullable=True),
            "phasing": pa.Column("str", pa.Check.isin(PHASINGS), nullable=True),
            "chance_delivered": number("Float64", 0, 100),
            "chance_on_time": number("Float64", 0, 100),
            "typical_delay_years": number("Float64", 1, MAX_DELAY),
            "community": pa.Column("str", trimmed, nullable=True),
            "basis": pa.Column("str", pa.Check.isin(BASES)),
            "confidence": pa.Column("str", pa.Check.isin(CONFIDENCES)),
            "source": pa.Column("str", trimmed),
            "note": pa.Column("str", trimmed, nullable=True),
        },
        checks=[
            pa.Check(lambda f: f["age_low"] <= f["age_high"], error="age_low is not above age_high"),
            pa.Check(
                lambda f: f["to_academic_year"].isna() | (f["to_academic_year"] >= f["from_academic_year"]),
                error="to_academic_year is not before from_academic_year",
            ),
        ],
        strict=True,
        ordered=True,
    )


WHOLE_NUMBERS: dict[str, str] = {
    "urn": "Int64", "age_low": "int64", "age_high": "int64", "places": "int64", "taken_by_others": "Int64",
    "roll": "Int64", "roll_january": "Int64", "funded_places": "Int64",
}  # fmt: skip
"""Columns of whole numbers, with their types."""

NUMBERS: dict[str, str] = {
    "max_occupancy": "Float64", "chance_delivered": "Float64", "chance_on_time": "Float64",
    "typical_delay_years": "Float64",
}  # fmt: skip
"""Columns of numbers that may have decimals, with their types."""

_TEXTS: dict[str, str] = {c: "str" for c in COLUMNS if c not in WHOLE_NUMBERS and c not in NUMBERS}
_TYPES: dict[str, str] = _TEXTS | WHOLE_NUMBERS | NUMBERS

Record = Mapping[str, Any]
"""One row of a register, column to value; None where a cell is blank."""


@dataclass(frozen=True, slots=True, eq=False)
class Register:
    """The specialist places of one authority, by setting.

    Parameters
    ----------
    la_code
        DfE number of the authority, or None where a file was read without saying whose it is.
    rows
        One row per setting, ages and run of years; columns `COLUMNS`, checked against `row_schema`. Columns of
        `DETAILS` may be left out: they are added, blank.
    origin
        Name of the file, or ``"estimated"`` for a register inferred from national tables.
    trusted
        Whether the rows are known to keep the rules, as those that we ship and estimate are (a test checks every authority's):
        they are not checked again.
    aside
        Columns of the council's own file that have no meaning here, row by row; written out again with the rows.
    remarks
        How cells in other words than the template's were read, and which rows were left out, for people.

    Raises
    ------
    RegisterError
        The rows break `row_schema`, or two of them offer the same places.
    """

    la_code: int | None
    rows: pd.DataFrame
    origin: str
    trusted: InitVar[bool] = False
    aside: SetAside = NOTHING_ASIDE
    remarks: tuple[str, ...] = ()

    def __post_init__(self, trusted: bool) -> None:
        rows = _completed(self.rows.reset_index(drop=True))
        if not trusted:
            rows = self._checked(rows)
        # pandera takes every pandas text type for "str"; one type makes registers compare equal.
        object.__setattr__(self, "rows", rows.astype(_TEXTS))

    def _checked(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the rows, which keep the rules.

        Raises
        ------
        RegisterError
            They do not.
        """
        import pandera.pandas as pa

        try:
            checked = row_schema().validate(rows, lazy=True)
        except pa.errors.SchemaErrors as error:
            cases = error.failure_cases.head(SHOWN)
            broken = "; ".join(
                f"row {case.index} {case.column}: {case.failure_case!r} ({case.check})"
                for case in cases.itertuples()
            )
            raise RegisterError(
                f"The capacity register '{self.origin}' breaks its rules: {broken}. Places could be lost "
                "or counted twice, so it was not used. Build its rows with the columns and codes of "
                "docs/capacity-register.md."
            ) from None
        numbered = dict(enumerate(records(checked), start=2))
        problems = [p for number, row in numbered.items() for p in row_problems(number, row)]
        problems += [*repeated_places(numbered), *find_phased_steps(numbered)]
        if problems:
            raise RegisterError(report(self.origin, problems))
        return checked

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences on what looks wrong but may be right; the register can be used all the same."""
        return (*_places_below_roll(records(self.rows)), *_openings_in_notes(records(self.rows)))

    @property
    def not_counted(self) -> tuple[str, ...]:
        """Sentences on the rows that are kept and not counted: by provision, and proposed places of counted provisions."""
        rows = self.rows
        other = rows[~rows["provision"].isin(SPECIALIST_PROVISIONS)]
        proposed = rows[rows["provision"].isin(SPECIALIST_PROVISIONS) & (rows["status"] == "proposed")]
        parts = [
            (f"{PROVISIONS[str(provision)]}", group)
            for provision, group in other.groupby("provision", sort=False)
        ]
        if len(proposed):
            parts.append(("Specialist places that are only proposed", proposed))
        if not parts:
            return ()
        rows_in_words, places = sum(len(g) for _, g in parts), sum(int(g["places"].sum()) for _, g in parts)
        first = f"{_rows_and_places(rows_in_words, places)}, are kept and not counted:"
        return (
            first,
            *(f"{label}: {_rows_and_places(len(g), int(g['places'].sum()))}" for label, g in parts),
        )


def _rows_and_places(rows: int, places: int) -> str:
    return f"{rows:,} row{'' if rows == 1 else 's'}, {places:,} place{'' if places == 1 else 's'}"


def records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows as dictionaries, None where a cell is blank."""
    return [
        {str(column): None if pd.isna(value) else value for column, value in row.items()}
        for row in rows.to_dict("records")
    ]


def _completed(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows with missing optional columns (`DETAILS`) added and typed; other faults are left to the checks."""
    if not set(COLUMNS) - set(DETAILS) <= set(rows.columns) <= set(COLUMNS):
        return rows
    full = rows.reindex(columns=list(COLUMNS))
    for column in DETAILS:
        # What is not a number stays as it is, for the checks to name.
        with suppress(TypeError, ValueError):
            full[column] = pd.Series(full[column], dtype=_TYPES[column])
    return full


def academic_year(january: int) -> str:
    """Return the academic year of a January census: 2025 gives '2024/25'."""
    return f"{january - 1}/{january % 100:02d}"


def first_year(text: str) -> int | None:
    """Return the calendar year in which an academic year starts; None if the text is not an academic year."""
    match = _ACADEMIC_YEAR.fullmatch(text)
    if match is None or (int(match[1]) + 1) % 100 != int(match[2]):
        return None
    return int(match[1])


def is_month(text: str) -> bool:
    """Return whether a text is a month like 2026-04."""
    return _MONTH.fullmatch(text) is not None


def month_year(month: str) -> str:
    """Return the academic year that a month is in: 2026-04 gives '2025/26'."""
    return academic_year(int(month[:4]) + (int(month[5:]) > 8))


def months_open(row: Record) -> int:
    """Return how many months of its first academic year a row is open, 1 to 12; 12 where no month is given."""
    return 12 if row.get("opens_in") is None else 12 - (int(row["opens_in"][5:]) - 9) % 12


def opens_after_census(row: Record, january: int) -> bool:
    """Return whether a row opens in the academic year of a January, but after its census: in February to August."""
    month = row.get("opens_in")
    return (
        month is not None and f"{january}-01" < month and row["from_academic_year"] == academic_year(january)
    )


def earliest_day(text: str) -> str | None:
    """Return the first day of a date, month or year as an ISO date; None if the text is none of these."""
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    day = "-".join([match[1], match[2] or "01", match[3] or "01"])
    try:
        return date.fromisoformat(day).isoformat()
    except ValueError:
        return None


def row_problems(number: int, row: Record) -> list[Problem]:
    """Return contradictions between the cells of one row, each of which is valid on its own.

    Cells missing from ``row`` are taken as blank, so a row with other faults can be looked at too.
    """
    problems: list[Problem] = []

    def wrong(column: str, text: str) -> None:
        problems.append(Problem(number, column, text))

    places, taken = row.get("places"), row.get("taken_by_others")
    if places is not None and taken is not None and taken > places:
        wrong(
            "taken_by_others",
            f"{taken:,} is more than the {places:,} places of the row, so residents would have less than none. "
            "Correct one of the two.",
        )
    if taken and row.get("located") == "elsewhere":
        wrong(
            "taken_by_others",
            "is given for places elsewhere, which are already those your residents use. Leave it blank.",
        )
    if (row.get("roll") is None) != (row.get("roll_january") is None):
        blank = "roll" if row.get("roll") is None else "roll_january"
        wrong(
            blank, "is blank. A roll needs both the pupils and the January they were counted in, or neither."
        )
    agreed, begins = row.get("agreed_on"), row.get("from_academic_year")
    month = row.get("opens_in")
    if month is not None and begins is not None and month_year(month) != begins:
        wrong(
            "opens_in",
            f"'{month}' is in the academic year {month_year(month)}, not in {begins}, the first of the row. Correct one of the "
            "two.",
        )
    if agreed is not None and row.get("status") == "proposed":
        wrong(
            "agreed_on",
            f"'{agreed}' is given for a proposed scheme. If it is agreed, write status 'agreed'; if not, leave "
            "the date blank.",
        )
    elif agreed is not None and begins is not None:
        day, opening = earliest_day(agreed), f"{month or f'{first_year(begins)}-09'}-01"
        if day is not None and day > opening:
            when = f"September {opening[:4]}" if month is None else month
            wrong(
                "agreed_on",
                f"'{agreed}' is after the places open in {when}: no scheme opens before it is "
                "agreed. Correct the date or from_academic_year.",
            )
    return problems


def find_phased_steps(rows: Mapping[int, Record]) -> list[Problem]:
    """Return a problem for each row that opens by year group although the row it continues is already open."""
    problems = []
    for chain in find_chains(rows):
        for before, number in pairwise(chain):
            if rows[number].get("phasing") == "by_year_group":
                problems.append(
                    Problem(
                        number, "phasing",
                        f"'by_year_group' on a row that follows on from row {before} would close year groups that "
                        "are open. Leave it blank, or if these places are extra give them their own name, such "
                        "as 'school (expansion)'.",
                    )
                )  # fmt: skip
    return problems


def find_chains(rows: Mapping[int, Record]) -> list[list[int]]:
    """Return chains of row numbers in time order: rows of one setting, provision and location that continue each other.

    A row follows on from another that ends the year before it begins and shares an age with it; where several do,
    the one with most ages and then most needs in common. So a change of size, ages or designation stays one unit.
    """
    chains: list[list[int]] = []
    starts = sorted({row["from_academic_year"] for row in rows.values()})
    for start in starts:
        begun = [n for n, row in rows.items() if row["from_academic_year"] == start]
        ending = [
            c for c in range(len(chains)) if _next_year(rows[chains[c][-1]]["to_academic_year"]) == start
        ]
        fits = [
            (-ages, -len(needs_of(rows[n]) & needs_of(last)), n, c)
            for c in ending
            for n in begun
            if _same_place(last := rows[chains[c][-1]], rows[n]) and (ages := _ages_shared(last, rows[n]))
        ]
        joined: set[int] = set()
        extended: set[int] = set()
        for _, _, n, c in sorted(fits):
            if n not in joined and c not in extended:
                chains[c].append(n)
                joined.add(n)
                extended.add(c)
        chains += [[n] for n in begun if n not in joined]
    return chains


def _same_place(a: Record, b: Record) -> bool:
    names = {row["setting"].casefold() for row in (a, b)}
    return len(names) == 1 and all(bool(a[column] == b[column]) for column in ("provision", "located"))


def _ages_shared(a: Record, b: Record) -> int:
    return max(0, int(min(a["age_high"], b["age_high"]) - max(a["age_low"], b["age_low"])) + 1)


def _next_year(year: str | None) -> str | None:
    start = None if year is None else first_year(year)
    return None if start is None else academic_year(start + 2)


def needs_of(row: Record) -> frozenset[str]:
    """Return the codes of the needs that a row admits."""
    return frozenset(NEED_CODES) if row["needs"] == ALL else frozenset(row["needs"].split(";"))


def _openings_in_notes(rows: Sequence[Record]) -> list[str]:
    """Return a sentence for each row whose note says that it opens after the January in which it is counted."""
    warnings = []
    for row in rows:
        match = (
            None if row["note"] is None or row["opens_in"] is not None else _OPENS_LATE.search(row["note"])
        )
        begins = first_year(row["from_academic_year"])
        if match and begins is not None and match[2] == str(begins + 1):
            warnings.append(
                f"The note of {quoted(row['setting'])} says that it opens in {match[1]} {match[2]}, but its places are "
                f"counted in "
                f"January {match[2]}. Write the month in opens_in, such as {match[2]}-04, if they are not there yet."
            )
    return warnings


def _places_below_roll(rows: Sequence[Record]) -> list[str]:
    """Return a sentence for each setting with fewer places than pupils in the January of its roll or later.

    Rolls and places are compared by school (URN, or name without one) and provision, since a roll is often known
    for a whole school only. Open and agreed places count.
    """
    schools: dict[tuple[object, str], list[Record]] = {}
    warnings = []
    for row in rows:
        if row["status"] != "proposed":
            schools.setdefault((row["urn"] or row["setting"].casefold(), row["provision"]), []).append(row)
        if row["roll"] is not None and not _holds(row, row["roll_january"]):
            warnings.append(
                f"The roll of {quoted(row['setting'])} is of January {row['roll_january']}, outside the years of its row "
                f"({row['from_academic_year']} to {row['to_academic_year'] or 'now'}), so it was compared with nothing."
            )
    for parts in schools.values():
        dated = [row for row in parts if row["roll"] is not None and _holds(row, row["roll_january"])]
        if not dated:
            continue
        counted = max(row["roll_january"] for row in dated)
        roll = sum(row["roll"] for row in dated if row["roll_january"] == counted)
        for january in (counted, *(j for j in _change_januaries(parts) if j > counted)):
            offered = sum(row["places"] * open_share(row, january) for row in parts if _holds(row, january))
            if offered < roll:
                warnings.append(
                    f"{quoted(dated[0]['setting'])} has {offered:,.0f} places in {academic_year(january)}, but {roll:,} "
                    f"were on roll in January {counted}. Check places and roll, or say in the note why."
                )
                break
    return warnings


def _change_januaries(rows: Sequence[Record]) -> list[int]:
    """Return the Januaries in which the places of some row may change, in order."""
    begin = [first_year(row["from_academic_year"]) for row in rows]
    end = [first_year(row["to_academic_year"]) for row in rows if row["to_academic_year"] is not None]
    late = {
        y + 2 for y, row in zip(begin, rows, strict=True) if y is not None and opens_after_census(row, y + 1)
    }
    return sorted(late | {y + 1 for y in begin if y is not None} | {y + 2 for y in end if y is not None})


def _holds(row: Record, january: int) -> bool:
    year, end = academic_year(january), row["to_academic_year"]
    if opens_after_census(row, january):
        return False
    return bool(row["from_academic_year"] <= year and (end is None or year <= end))


def open_share(row: Record, january: int) -> float:
    """Return the share of a row's year groups that are open, 0 to 1; below 1 only while it opens by year group."""
    if row["phasing"] != "by_year_group":
        return 1.0
    begun = first_year(row["from_academic_year"])
    assert begun is not None  # checked by `row_schema`
    begun += opens_after_census(row, begun + 1)
    return min(1.0, max(0, january - begun) / int(row["age_high"] - row["age_low"] + 1))


def with_defaults(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows with blanks filled by defaults in the columns that decide how many places residents may take.

    Occupancy 100 %, nothing taken by others, all year groups at once; slippage of open places none and of schemes
    by `SLIPPAGE`.
    """
    certain = Slippage(100.0, 100.0, 1.0)
    terms = [
        SLIPPAGE.get((status, confidence), certain)
        for status, confidence in zip(rows["status"], rows["confidence"], strict=True)
    ]
    slips = {
        "chance_delivered": [t.delivered for t in terms],
        "chance_on_time": [t.on_time for t in terms],
        "typical_delay_years": [t.delay for t in terms],
    }
    return rows.assign(
        max_occupancy=rows["max_occupancy"].fillna(100.0),
        taken_by_others=rows["taken_by_others"].fillna(0),
        phasing=rows["phasing"].fillna(PHASINGS[0]),
        **{c: rows[c].fillna(pd.Series(v, index=rows.index, dtype="Float64")) for c, v in slips.items()},
    )


def repeated_places(rows: Mapping[int, Record]) -> list[Problem]:
    """Return a problem for each row that offers the same places as an earlier row of its setting and provision."""
    problems: list[Problem] = []
    # By age too: rows of a long file are compared with the few that share an age, not with all.
    earlier: dict[tuple[str, str, int], list[int]] = {}
    for number, row in rows.items():
        place = row["setting"].casefold(), row["provision"]
        groups = [
            earlier.setdefault((*place, age), [])
            for age in range(int(row["age_low"]), int(row["age_high"]) + 1)
        ]
        for other in sorted({n for group in groups for n in group}):
            if row == rows[other]:
                problems.append(
                    Problem(
                        number, "setting", f"repeats row {other}. Its places would count twice: delete one."
                    )
                )
                break
            if _overlap(row, rows[other]):
                problems.append(
                    Problem(
                        number, "from_academic_year",
                        f"years overlap those of row {other} for {quoted(row['setting'])}, the same "
                        "provision, ages and needs, so places would count twice. End the earlier row the "
                        "year before, or if these places are extra give them their own name, such as "
                        "'school (expansion)'.",
                    )
                )  # fmt: skip
                break
        else:
            for group in groups:
                group.append(number)
    return problems


def _overlap(a: Record, b: Record) -> bool:
    """Return whether two rows have a year, an age and a need in common."""

    def begins_in_time(row: Record, other: Record) -> bool:
        end = other["to_academic_year"]
        return end is None or bool(row["from_academic_year"] <= end)

    years = begins_in_time(a, b) and begins_in_time(b, a)
    return years and _ages_shared(a, b) > 0 and bool(needs_of(a) & needs_of(b))


def frame(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Return rows as a table with the columns and dtypes of `row_schema`; missing values are blank."""
    return pd.DataFrame(list(rows), columns=list(COLUMNS)).astype(_TYPES)


def places_by_phase(
    register: Register, years: Sequence[int], *, statuses: Sequence[str] = ("open", "agreed")
) -> pd.DataFrame:
    """Return specialist places by January, provision, phase and location, as the register states them.

    A row whose ages span several phases is shared between them by the number of year groups in each. That is
    an estimate; splitting the row in the register makes it exact. A row that opens by year group counts the year
    groups open so far. Occupancy, use by others and slippage are not applied: see `forecast.places.supply`.

    Parameters
    ----------
    register
        The register.
    years
        Januaries; January y belongs to academic year (y-1)/y.
    statuses
        Which rows count.

    Returns
    -------
    pandas.DataFrame
        january, provision, phase, located, places (float): every combination, with explicit zeros.
        Sums over phases equal sums of rows, times `open_share`.
    """
    index = pd.MultiIndex.from_product(
        [list(dict.fromkeys(years)), SPECIALIST_PROVISIONS, PHASE_CODES, LOCATIONS],
        names=["january", "provision", "phase", "located"],
    )
    pieces = [
        (january, *piece)
        for january in dict.fromkeys(years)
        for piece in phase_places(register, january, statuses)
    ]
    long = pd.DataFrame(pieces, columns=[*index.names, "places"]).astype({"places": "float64"})
    summed = long.groupby(list(index.names), observed=True)["places"].sum()
    return summed.reindex(index, fill_value=0.0).reset_index()


def phase_places(
    register: Register, january: int, statuses: Sequence[str] = ("open", "agreed")
) -> Iterator[tuple[str, str, str, float]]:
    """Yield provision, phase, location and places of each phase of each specialist row in force: see `places_by_phase`."""
    for row in records(in_force(register, january, statuses=statuses)):
        if row["provision"] in SPECIALIST_PROVISIONS:
            opened = open_share(row, january)
            for phase, share in phase_shares(row["age_low"], oldest_open(row, opened)):
                yield row["provision"], phase.code, row["located"], row["places"] * opened * share


def counted_by_year(register: Register) -> pd.DataFrame:
    """Return specialist places by academic year and status, as the register states them.

    Returns
    -------
    pandas.DataFrame
        academic_year, then open, agreed and proposed places (whole numbers): the first year that rows name, and each
        later one that changes a number.
    """
    lines: list[dict[str, str]] = []
    for january in _change_januaries(records(register.rows)):
        line = {"academic_year": academic_year(january)}
        for status in STATUSES:
            line[status] = f"{places_by_phase(register, [january], statuses=(status,))['places'].sum():.0f}"
        if not lines or any(line[status] != lines[-1][status] for status in STATUSES):
            lines.append(line)
    table = pd.DataFrame(lines, columns=["academic_year", *STATUSES])
    return table.astype(dict.fromkeys(STATUSES, "int64"))


def in_force(register: Register, january: int, *, statuses: Sequence[str] = STATUSES) -> pd.DataFrame:
    """Return the register rows in force in a January, with one of the given statuses.

    Raises
    ------
    RegisterError
        A status is not one of `STATUSES`.
    """
    unknown = [s for s in statuses if s not in STATUSES]
    if unknown:
        raise RegisterError(
            f"'{unknown[0]}' is not a status of a register row, so it is unclear which places to count. "
            f"Use {', '.join(STATUSES)}."
        )
    year, rows = academic_year(january), register.rows
    begun = rows["from_academic_year"] <= year
    ended = rows["to_academic_year"].notna() & (rows["to_academic_year"].fillna("") < year)
    late = (rows["from_academic_year"] == year) & (rows["opens_in"].fillna("") > f"{january}-01")
    if late.any():
        ended &= ~rows.index.isin(_going_on(records(rows), january))
    return rows[begun & ~ended & ~late & rows["status"].isin(list(statuses))]


def _going_on(rows: Sequence[Record], january: int) -> list[int]:
    """Return the places of rows that go on through a January although their last year is over, until the next step has opened."""
    numbered = dict(enumerate(rows))
    return [
        before
        for chain in find_chains(numbered)
        for before, after in pairwise(chain)
        if opens_after_census(numbered[after], january)
    ]


def oldest_open(row: Record, opened: float) -> int:
    """Return the oldest age open in a row, given the share of its year groups that are open."""
    groups = int(row["age_high"] - row["age_low"]) + 1
    return int(row["age_low"]) + max(1, round(opened * groups)) - 1


def phase_shares(age_low: int, age_high: int) -> list[tuple[AgeRange, float]]:
    """Return each phase that a run of ages spans, with its share of the year groups; shares sum to 1."""
    return [
        (phase, len(ages) / (age_high - age_low + 1))
        for phase in PHASES
        if (ages := range(max(age_low, phase.low), min(age_high, phase.high) + 1))
    ]


def estimated_share(
    register: Register, january: int, *, statuses: Sequence[str] = ("open", "agreed")
) -> pd.DataFrame:
    """Return how many of the places of a January are estimates, in number and as a share, by provision.

    Returns
    -------
    pandas.DataFrame
        provision (each specialist provision, then ``All``), places, estimated_places and share (0 to 1; null
        where there are no places).
    """
    rows = in_force(register, january, statuses=statuses)
    records = []
    for provision in (*SPECIALIST_PROVISIONS, ALL):
        chosen = rows[rows["provision"].isin(SPECIALIST_PROVISIONS if provision == ALL else [provision])]
        places = int(chosen["places"].sum())
        estimated = int(chosen.loc[chosen["basis"] == ESTIMATED, "places"].sum())
        records.append((provision, places, estimated, estimated / places if places else np.nan))
    return pd.DataFrame(records, columns=["provision", "places", "estimated_places", "share"])
