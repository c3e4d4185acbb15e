"""The capacity register: how many specialist places each setting offers in each academic year.

Invariant: one row is one setting (or part of it) offering a whole number of places to a run of ages, for a
run of academic years; two rows never offer the same place twice. Places are counted where they are
*located*; children are counted where they *live*. The column ``located`` keeps apart the places in the
authority (``local``) from the net number its residents already use elsewhere (``elsewhere``).

Ages are whole years at 31 August, as in `data.vocabulary`. Academic year 2024/25 holds the January 2025
census.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa

from data.errors import RegisterError
from data.vocabulary import (
    ALL,
    NEED_CODES,
    PHASE_CODES,
    PHASES,
    PROVISION_CODES,
    SPECIALIST_PROVISIONS,
    AgeRange,
)

COLUMNS: tuple[str, ...] = (
    "setting", "urn", "provision", "needs", "age_low", "age_high", "from_academic_year", "to_academic_year",
    "places", "located", "status", "basis", "confidence", "source", "note",
)  # fmt: skip
"""Columns of a register file, in order."""

STATUSES: tuple[str, ...] = ("open", "agreed", "proposed")
"""Open today, agreed but not yet open, or only proposed (not counted unless asked for)."""

BASES: tuple[str, ...] = ("published", "council", "estimated")
"""Where the number of places comes from: a public document, the council's own records, or an estimate."""

CONFIDENCES: tuple[str, ...] = ("high", "medium", "low")
"""How sure we are that these places exist in these years."""

LOCATIONS: tuple[str, ...] = ("local", "elsewhere")
"""In the authority, or used by its residents in other authorities' schools (net)."""

MAX_PLACES = 5_000
"""More places than any one setting in England offers; a larger number is a typing slip."""

SHOWN = 10
"""Problems listed in one message; the rest are counted."""

ESTIMATED = "estimated"
"""Basis of a row, and origin of a register, that is inferred from national tables."""

_ACADEMIC_YEAR = re.compile(r"(20\d\d)/(\d\d)")


def shown(cell: str) -> str:
    """Return a cell short enough and clean enough to quote in a message."""
    clean = "".join(c if c.isprintable() else " " for c in cell)
    return f"'{clean[:40]}...'" if len(clean) > 40 else f"'{clean}'"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in one cell of a register, by spreadsheet row and column."""

    row: int
    column: str
    text: str

    def __str__(self) -> str:
        return f"Row {self.row}, column '{self.column}': {self.text}"


def _text(*, nullable: bool = False) -> pa.Column:
    trimmed = pa.Check(
        lambda s: (s == s.str.strip()) & (s != ""), error="has text, with no spaces at its ends"
    )
    return pa.Column("str", trimmed, nullable=nullable)


def _needs_known(needs: pd.Series) -> pd.Series:
    return needs.map(lambda n: n == ALL or (bool(n) and set(n.split(";")) <= set(NEED_CODES))).astype(bool)


def _year_ok(years: pd.Series) -> pd.Series:
    return years.map(lambda y: first_year(y) is not None).astype(bool)


ROWS = pa.DataFrameSchema(
    {
        "setting": _text(),
        "urn": pa.Column("Int64", pa.Check.in_range(100_000, 999_999), nullable=True),
        "provision": pa.Column("str", pa.Check.isin(PROVISION_CODES)),
        "needs": pa.Column("str", pa.Check(_needs_known, error="is All or need codes joined by ';'")),
        "age_low": pa.Column("int64", pa.Check.in_range(0, 25)),
        "age_high": pa.Column("int64", pa.Check.in_range(0, 25)),
        "from_academic_year": pa.Column("str", pa.Check(_year_ok, error="is an academic year like 2024/25")),
        "to_academic_year": pa.Column(
            "str", pa.Check(_year_ok, error="is an academic year like 2024/25"), nullable=True
        ),
        "places": pa.Column("int64", pa.Check.in_range(0, MAX_PLACES)),
        "located": pa.Column("str", pa.Check.isin(LOCATIONS)),
        "status": pa.Column("str", pa.Check.isin(STATUSES)),
        "basis": pa.Column("str", pa.Check.isin(BASES)),
        "confidence": pa.Column("str", pa.Check.isin(CONFIDENCES)),
        "source": _text(),
        "note": _text(nullable=True),
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
"""What the rows of a register must be, whoever made them."""

_WHOLE_NUMBERS: dict[str, str] = {"urn": "Int64", "age_low": "int64", "age_high": "int64", "places": "int64"}
_TEXTS: dict[str, str] = {column: "str" for column in COLUMNS if column not in _WHOLE_NUMBERS}


@dataclass(frozen=True, slots=True, eq=False)
class Register:
    """Specialist places of one authority, setting by setting.

    Parameters
    ----------
    la_code
        DfE number of the authority, or None where a file was read without saying whose it is.
    rows
        One row per setting, ages and run of years; columns `COLUMNS`, checked against `ROWS`.
    origin
        Name of the file, or ``"estimated"`` for a register inferred from national tables.

    Raises
    ------
    RegisterError
        The rows break `ROWS`, or two of them offer the same places.
    """

    la_code: int | None
    rows: pd.DataFrame
    origin: str

    def __post_init__(self) -> None:
        try:
            checked = ROWS.validate(self.rows.reset_index(drop=True), lazy=True)
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
        records = [
            {str(column): None if pd.isna(value) else value for column, value in row.items()}
            for row in checked.to_dict("records")
        ]
        repeats = repeated_places(dict(enumerate(records, start=2)))
        if repeats:
            raise RegisterError(report(self.origin, repeats))
        # pandera takes every pandas text type for "str"; one type makes registers compare equal.
        object.__setattr__(self, "rows", checked.astype(_TEXTS))


def academic_year(january: int) -> str:
    """Return the academic year that holds a January census: 2025 gives '2024/25'."""
    return f"{january - 1}/{january % 100:02d}"


def first_year(text: str) -> int | None:
    """Return the calendar year in which an academic year starts, or None if it is not one."""
    match = _ACADEMIC_YEAR.fullmatch(text)
    if match is None or (int(match[1]) + 1) % 100 != int(match[2]):
        return None
    return int(match[1])


def repeated_places(rows: Mapping[int, Mapping[str, Any]]) -> list[Problem]:
    """Return rows that offer places an earlier row of the same setting and provision already offers."""
    problems: list[Problem] = []
    earlier: dict[tuple[str, str], list[int]] = {}
    for number, row in rows.items():
        group = earlier.setdefault((row["setting"].casefold(), row["provision"]), [])
        for other in group:
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
                        f"years overlap those of row {other} for {shown(row['setting'])}, the same "
                        "provision, ages and needs, so places would count twice. End the earlier row the "
                        "year before, or if these places are extra give them their own name, such as "
                        "'school (expansion)'.",
                    )
                )  # fmt: skip
                break
        else:
            group.append(number)
    return problems


def _overlap(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    """Return True where two rows share a year, an age and a need."""

    def begins_in_time(row: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
        end = other["to_academic_year"]
        return end is None or bool(row["from_academic_year"] <= end)

    def needs(row: Mapping[str, Any]) -> set[str]:
        return set(NEED_CODES) if row["needs"] == ALL else set(row["needs"].split(";"))

    years = begins_in_time(a, b) and begins_in_time(b, a)
    ages = a["age_low"] <= b["age_high"] and b["age_low"] <= a["age_high"]
    return years and ages and bool(needs(a) & needs(b))


def report(where: str, problems: Sequence[Problem]) -> str:
    """Return one paragraph on all problems, the first `SHOWN` of them listed."""
    ordered = sorted(problems, key=lambda p: p.row)
    listed = " ".join(str(p) for p in ordered[:SHOWN])
    more = f" ... and {len(ordered) - SHOWN} more." if len(ordered) > SHOWN else ""
    count = "1 problem" if len(ordered) == 1 else f"{len(ordered)} problems"
    return (
        f"'{where}' has {count}, so no places were read from it. {listed}{more} Correct the rows in the "
        "spreadsheet (row 1 is the header), save it as CSV UTF-8 and try again."
    )


def frame(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Return rows as a frame with the columns and dtypes of `ROWS`."""
    return pd.DataFrame(list(rows), columns=list(COLUMNS)).astype(_TEXTS | _WHOLE_NUMBERS)


def places_by_phase(
    register: Register, years: Sequence[int], *, statuses: Sequence[str] = ("open", "agreed")
) -> pd.DataFrame:
    """Return specialist places by January, provision, phase and location.

    A row whose ages span several phases is shared between them by the number of year groups in each. That is
    an estimate; splitting the row in the register makes it exact.

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
        Sums over phases equal sums of rows.
    """
    index = pd.MultiIndex.from_product(
        [list(dict.fromkeys(years)), SPECIALIST_PROVISIONS, PHASE_CODES, LOCATIONS],
        names=["january", "provision", "phase", "located"],
    )
    pieces = [
        (january, row["provision"], phase.code, row["located"], row["places"] * share)
        for january in dict.fromkeys(years)
        for row in in_force(register, january, statuses=statuses).to_dict("records")
        if row["provision"] in SPECIALIST_PROVISIONS
        for phase, share in phase_shares(row["age_low"], row["age_high"])
    ]
    long = pd.DataFrame(pieces, columns=[*index.names, "places"]).astype({"places": "float64"})
    summed = long.groupby(list(index.names), observed=True)["places"].sum()
    return summed.reindex(index, fill_value=0.0).reset_index()


def in_force(register: Register, january: int, *, statuses: Sequence[str] = STATUSES) -> pd.DataFrame:
    """Return the rows of a register that hold in one January, with one of the statuses.

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
    return rows[begun & ~ended & rows["status"].isin(list(statuses))]


def phase_shares(age_low: int, age_high: int) -> list[tuple[AgeRange, float]]:
    """Return each phase of a run of ages with its share of the year groups; shares sum to 1."""
    return [
        (phase, len(ages) / (age_high - age_low + 1))
        for phase in PHASES
        if (ages := range(max(age_low, phase.low), min(age_high, phase.high) + 1))
    ]


def estimated_share(
    register: Register, january: int, *, statuses: Sequence[str] = ("open", "agreed")
) -> pd.DataFrame:
    """Return how much of the places of one January is an estimate.

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
