"""The council's own files as text: read and check them as the command line does, and compare two versions.

Invariants: what a person typed is never changed by a check; a file that cannot be used says every problem at once; text is all
that pages and background work pass on, so equal text means equal work.
"""

from __future__ import annotations

import csv
import io
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from data.capital.candidate_file import SCHEME_FILE, Candidates, check_candidates, read_candidates
from data.capital.candidate_file import shipped as shipped_candidates
from data.capital.candidate_file import to_csv as candidates_text
from data.council_files.column_mapping import ColumnMapping, remembered
from data.council_files.column_proposals import Proposal
from data.council_files.corrected_copy import copy_content, correct
from data.council_files.council_table import CheckedFile, propose
from data.council_files.file_kinds import FileKind
from data.council_files.problems import Problem
from data.counts.count_tables import COUNT_KINDS
from data.counts.counts_file import OnDay, check_counts, propose_counts
from data.prices.ledger import PRICE_FILE, aside_of, check_ledger, read_ledger
from data.prices.ledger import to_csv as prices_text
from data.prices.price_book import ITEMS, PriceBook
from data.prices.starting_books import for_area
from data.provisions import paid_by, provisions
from data.registers.register_file import REGISTER_FILE, check_register_file, read_register
from data.vocabulary import ALL, NEED_GROUPS, PROVISIONS

T = TypeVar("T")

PRICE_KEY: tuple[str, ...] = ("item", "provision", "need_group", "age_low", "age_high", "kind")
"""What tells prices in use apart."""

CANDIDATE_KEY: tuple[str, ...] = ("id",)
"""What tells schemes apart."""

_SAID_BY = {
    p.placement_item: p.code for p in provisions() if p.placement_item and len(paid_by(p.placement_item)) == 1
}
"""Items whose own name says where the child is."""

_WEEKS = re.compile(r"residential_(\d+)")

_GROUPS = {g.code: g.label for g in NEED_GROUPS}


def from_text(content: bytes, name: str, read: Callable[[Path], T]) -> T:
    """Read a file given as text, under its own name, so that messages name it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / Path(name).name
        path.write_bytes(content)
        return read(path)


def book(la_code: int, own: str | None, name: str = "unit costs.csv") -> PriceBook:
    """Return the price book of an authority, with the council's own prices if their text is given.

    Raises
    ------
    PriceError
        The text cannot be used; every problem is listed.
    """
    if own is None:
        return for_area(la_code)
    return from_text(own.encode("utf-8"), name, lambda path: _own_book(path, la_code))


def prices_to_correct(la_code: int, own: str | None) -> str:
    """Return the prices in use as the text of a ledger, with the columns that the council's own ledger keeps aside.

    Raises
    ------
    PriceError
        The text of the council's ledger cannot be used.
    """
    in_use = book(la_code, own).in_use()
    if own is None:
        return prices_text(in_use, la_code)
    inflation = for_area(la_code).inflation
    ledger = from_text(
        own.encode("utf-8"), "unit costs.csv", lambda path: read_ledger(path, inflation, la_code)
    )
    return prices_text(in_use, la_code, aside_of(ledger, in_use))


def _own_book(path: Path, la_code: int) -> PriceBook:
    ours = for_area(la_code)
    return ours.with_rows(read_ledger(path, ours.inflation, la_code).rows)


def candidates(la_code: int, own: str | None, name: str = "schemes.csv") -> Candidates | None:
    """Return the candidates of an authority: the council's own if their text is given, else shipped ones; None if there are none.

    Raises
    ------
    CapitalError
        The text cannot be used; every problem is listed.
    """
    if own is None:
        return shipped_candidates(la_code)
    return from_text(own.encode("utf-8"), name, lambda path: read_candidates(path, la_code))


@dataclass(frozen=True, slots=True, eq=False)
class FileRead:
    """A file of the council's own that can be used: its text, and what would be used with it, cells as text."""

    text: str
    rows: pd.DataFrame


@dataclass(frozen=True)
class FileLook:
    """What a file that was put in holds, as far as it can be read.

    Parameters
    ----------
    proposal
        What its columns would be read as, where a person must confirm that first; None otherwise.
    checked
        The file after its check, where it has problems: each table by the code of its kind; None otherwise.
    content
        What was read, where there is no problem: a register, a `FileRead`, or counts; None otherwise.
    remarks
        How cells in other words were read, and which rows were left out or are not counted.
    """

    proposal: Proposal | None = None
    checked: Mapping[str, CheckedFile] | None = None
    content: Any = None
    remarks: tuple[str, ...] = ()


FILE_KINDS: dict[str, FileKind] = {
    kind.code: kind for kind in (REGISTER_FILE, PRICE_FILE, SCHEME_FILE, *COUNT_KINDS.values())
}
"""Kinds of table that may have columns of the council's own, by code."""

COUNTS_FILE = "counts"
"""What stands for the kind of a file of counts, each sheet of which is of a kind of its own."""


def look_at(path: Path, kind_code: str, la_code: int, mapping: ColumnMapping | None = None) -> FileLook:
    """Read and check a register, unit costs, schemes or counts that were put in.

    Parameters
    ----------
    path
        The file.
    kind_code
        Code of `FILE_KINDS`, or `COUNTS_FILE`.
    la_code
        Whose it should be.
    mapping
        What a person confirmed of its columns.

    Raises
    ------
    PlannerError
        The file as a whole cannot be read.
    """
    if kind_code == COUNTS_FILE:
        return _look_at_counts(path, la_code, mapping)
    kind = FILE_KINDS[kind_code]
    if mapping is None:
        proposal = propose(path, kind)
        if proposal is not None and remembered(kind, la_code, proposal.names) is None:
            return FileLook(proposal)
    if kind is REGISTER_FILE:
        checked = check_register_file(path, la_code, mapping)
    elif kind is PRICE_FILE:
        checked = check_ledger(path, for_area(la_code).inflation, la_code, mapping)
    else:
        checked = check_candidates(path, la_code, mapping)
    if checked.problems:
        return FileLook(checked={kind.code: checked})
    if kind is REGISTER_FILE:
        register = read_register(path, la_code, mapping=mapping)
        return FileLook(content=register, remarks=(*register.remarks, *register.not_counted))
    return (
        _read_prices(path, la_code, mapping) if kind is PRICE_FILE else _read_schemes(path, la_code, mapping)
    )


def _look_at_counts(path: Path, la_code: int, mapping: ColumnMapping | None) -> FileLook:
    proposal = propose_counts(path, la_code, mapping)
    if proposal is not None:
        return FileLook(proposal)
    checked = check_counts(path, la_code, OnDay.now(date.today()), mapping)
    if checked.counts is None:
        return FileLook(checked={COUNT_KINDS[name].code: sheet for name, sheet in checked.sheets.items()})
    return FileLook(content=checked.counts, remarks=checked.remarks)


def _read_prices(path: Path, la_code: int, mapping: ColumnMapping | None) -> FileLook:
    ours = for_area(la_code)
    read = read_ledger(path, ours.inflation, la_code, mapping=mapping)
    text = _as_typed(path) or prices_text(read.rows, la_code, read.aside)
    return FileLook(content=FileRead(text, price_rows(ours.with_rows(read.rows))), remarks=read.remarks)


def _read_schemes(path: Path, la_code: int, mapping: ColumnMapping | None) -> FileLook:
    read = read_candidates(path, la_code, mapping=mapping)
    text = _as_typed(path) or candidates_text(read.rows, read.aside)
    return FileLook(content=FileRead(text, candidate_rows(read)), remarks=read.remarks)


def _as_typed(path: Path) -> str | None:
    """Return the text of a file that is kept as it was typed, since its first row is the template's; None of any other."""
    if path.suffix.lower() != ".csv":
        return None
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    first = next(csv.reader(io.StringIO(text, newline="")), [])
    names = {name.strip().casefold() for name in first}
    return text if {"basis", "confidence", "source"} <= names else None


def corrected_copy(
    path: Path, checked: Mapping[str, CheckedFile], accepted: Sequence[Problem], without: Sequence[str]
) -> bytes:
    """Return a corrected copy of a file that was put in, of its own kind: CSV or a workbook.

    Parameters
    ----------
    path
        The file.
    checked
        Each of its tables after the check, by the code of its kind.
    accepted
        Problems whose fix is accepted, or was typed.
    without
        Rows that are left out for now, as `Problem.is_in` names them.

    Raises
    ------
    PlannerError
        A fix cannot be used; of the kind of the file.
    """
    corrections = []
    for code, one in checked.items():
        kind = FILE_KINDS[code]
        own = [a for a in accepted if any(p.is_same(a) for p in one.problems)]
        out = [f"{p.row}" for p in one.problems if p.is_in(without)]
        corrections.append(correct(path.name, kind, one.table, one.problems, own, out))
    return copy_content(path, corrections, FILE_KINDS[next(iter(checked))].refuse)


def price_rows(price_book: PriceBook) -> pd.DataFrame:
    """Return the prices in use as text."""
    return _cells(prices_text(price_book.in_use()))


def candidate_rows(schemes: Candidates | None) -> pd.DataFrame:
    """Return schemes as text; no rows if there are none."""
    return _cells(candidates_text([] if schemes is None else schemes.rows))


def _cells(text: str) -> pd.DataFrame:
    header, *rows = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    return pd.DataFrame(rows, columns=header, dtype="str")


def changes(
    old: pd.DataFrame, new: pd.DataFrame, key: Sequence[str], named: Callable[[pd.Series], str]
) -> pd.DataFrame:
    """Return the differences between two files in words, one row for each change: columns What, Of, Change.

    Parameters
    ----------
    old, new
        Cells as text, the same columns.
    key
        Columns that tell rows apart.
    named
        Name of a row, for people.
    """
    before, after = (frame.set_index(list(key), drop=False) for frame in (old, new))
    differences = []
    for at, row in after.iterrows():
        if at not in before.index:
            differences.append(("Added", named(row), _row_in_words(row, key)))
            continue
        was = before.loc[[at]].iloc[0]
        cells = [
            f"{column.replace('_', ' ')} from {was[column] or 'blank'} to {row[column] or 'blank'}"
            for column in new.columns
            if column in was.index and was[column] != row[column]
        ]
        if cells:
            differences.append(("Changed", named(row), "; ".join(cells)))
    differences += [
        ("Taken out", named(row), _row_in_words(row, key))
        for at, row in before.iterrows()
        if at not in after.index
    ]
    return pd.DataFrame(differences, columns=["What", "Of", "Change"])


def _row_in_words(row: pd.Series, key: Sequence[str]) -> str:
    shown = [f"{c.replace('_', ' ')} {row[c]}" for c in row.index if c not in key and row[c]]
    return "; ".join(shown[:4])


def price_name(row: pd.Series) -> str:
    """Return in words what a price is for."""
    parts = [ITEMS[row["item"]].label if row["item"] in ITEMS else str(row["item"])]
    if row["provision"] != ALL and row["provision"] != _SAID_BY.get(row["item"]):
        parts.append(PROVISIONS[row["provision"]])
    if row["need_group"] != ALL:
        parts.append(_GROUPS[row["need_group"]])
    if (str(row["age_low"]), str(row["age_high"])) not in (("0", "25"), ("2", "25")):
        parts.append(f"ages {row['age_low']} to {row['age_high']}")
    if row["kind"] != ALL:
        parts.append(_WEEKS.sub(r"residential, \1 weeks", str(row["kind"])).replace("_", " "))
    return ", ".join(parts)


def candidate_name(row: pd.Series) -> str:
    """Return a scheme's title."""
    return str(row["title"])
