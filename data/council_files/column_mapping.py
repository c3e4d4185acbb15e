"""How the columns of a council's own table map to ours: proposed by the planner, confirmed by a person, and remembered.

A mapping is a small CSV file with four kinds of line: a ``column`` of theirs and ours, a ``value`` for a column that the table
does
not have, and a ``word`` of theirs with the meaning that it has here.

Invariants: no column of ours is given twice; a mapping with a question left open is not used; one that is remembered is used
only for a table with the same headings.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from data.areas import by_code
from data.council_files.file_kinds import ASIDE, FIRST_YEAR, PLACES_OF_YEAR, UNANSWERED, FileKind
from data.council_files.formulas import guarded, unguarded
from data.council_files.spreadsheet import write_whole
from data.council_files.text_encodings import UncertainEncodingError, decoded
from data.council_files.written_dates import pair_of_years
from data.errors import OutputError, PlannerError
from data.formatting import listed, quoted

HEADER: tuple[str, ...] = ("line", "theirs", "ours", "samples", "note")
"""Columns of a file with a mapping."""

FOLDER_VARIABLE = "SENDPLAN_MAPPINGS"
"""Environment variable that says where confirmed mappings are remembered."""

FOLDER = Path("out") / "mappings"
"""Where they are remembered if nothing is said."""

ENDING = ".mapping.csv"
"""Ending of the file that is written beside a council's table."""


@dataclass(frozen=True, slots=True)
class MappingLine:
    """One line of a mapping.

    Parameters
    ----------
    line
        ``column``, ``value`` or ``word``.
    theirs
        Heading of theirs; column of ours that a value is for; "needs: Complex Needs" for a word.
    ours
        Column of ours, `ASIDE`, the value or the code; `UNANSWERED` where the user must say.
    samples
        Cells of that column, for people.
    note
        Why, and what may be written.
    """

    line: str
    theirs: str
    ours: str
    samples: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """The meaning of a council's table.

    Parameters
    ----------
    lines
        In the order of the table.
    origin
        Where it comes from, for people.
    """

    lines: tuple[MappingLine, ...]
    origin: str = ""

    @property
    def questions(self) -> tuple[MappingLine, ...]:
        """Lines that the user must answer before the table can be read."""
        return tuple(line for line in self.lines if line.ours == UNANSWERED)

    def of(self, line: str) -> dict[str, str]:
        """Return the lines of one kind: theirs to ours."""
        return {one.theirs: one.ours for one in self.lines if one.line == line}

    def answered(self, answers: Mapping[str, str]) -> ColumnMapping:
        """Return the mapping with some lines answered, by what they say of theirs."""
        return replace(
            self, lines=tuple(replace(one, ours=answers.get(one.theirs, one.ours)) for one in self.lines)
        )


def _settled(mapping: ColumnMapping, kind: FileKind) -> ColumnMapping:
    """Return a mapping without values that are open or blank for columns that one of theirs gives by now."""
    given = {one for ours in mapping.of("column").values() for one in kind.gives.get(ours, (ours,))}
    kept = tuple(
        one
        for one in mapping.lines
        if not (one.line == "value" and one.theirs in given and one.ours in ("", UNANSWERED))
    )
    return replace(mapping, lines=kept)


def check_mapping(mapping: ColumnMapping, kind: FileKind, header: Sequence[str], where: str) -> ColumnMapping:
    """Return a mapping that can be used for a table with these headings.

    Values that are open or blank, of columns that the table turns out to have, are left out of it.

    Raises
    ------
    PlannerError
        A question is open, a column is mapped twice, or a name is not known; of the kind of the file.
    """
    mapping = _settled(mapping, kind)
    if mapping.questions:
        raise kind.refuse(
            f"{mapping.origin or 'The mapping'} leaves {len(mapping.questions)} question(s) open, so {kind.nothing}. "
            + " ".join(f"{quoted(one.theirs)}: {one.note}" for one in mapping.questions)
        )
    columns = mapping.of("column")
    if missing := [c for c in columns if c not in header]:
        raise kind.refuse(
            f"The mapping names {listed(quoted(c) for c in missing[:5])}, which '{where}' does not have, so {kind.nothing}. "
            "Is it the mapping of another table? Delete it to have a new one proposed."
        )
    taken: dict[str, str] = {}
    for theirs, ours in columns.items():
        if ours == ASIDE:
            continue
        if ours not in kind.targets and not (kind.by_year and ours.startswith(PLACES_OF_YEAR)):
            raise kind.refuse(
                f"The mapping gives {quoted(theirs)} the column {quoted(ours)}, which is not one of ours, so {kind.nothing}. "
                f"Write one of {', '.join(kind.targets)}, or {ASIDE}."
            )
        year = ours.removeprefix(PLACES_OF_YEAR)
        if (
            ours.startswith(PLACES_OF_YEAR)
            and not re.fullmatch(r"\+\d{1,2}", year)
            and pair_of_years(year) is None
        ):
            raise kind.refuse(
                f"The mapping gives {quoted(theirs)} the meaning {quoted(ours)}, whose year is not one, so {kind.nothing}. Write "
                f"{PLACES_OF_YEAR}2026/27, or {PLACES_OF_YEAR}+1 for the year after the opening."
            )
        for one in kind.gives.get(ours, (ours,)):
            if one in taken:
                raise kind.refuse(
                    f"The column '{one}' is mapped twice, from {quoted(taken[one])} and from {quoted(theirs)}, so "
                    f"{kind.nothing}. "
                    f"Keep one of the two and write {ASIDE} for the other."
                )
            taken[one] = theirs
    years = [theirs for theirs, ours in columns.items() if ours.startswith(PLACES_OF_YEAR)]
    if years and kind.amount in taken:
        raise kind.refuse(
            f"The mapping has both {quoted(taken[kind.amount])} for {kind.amount} and {quoted(years[0])} for those of a year, so "
            f"{kind.nothing}. Keep one of the two and write {ASIDE} for the other."
        )
    relative = any(ours.startswith(f"{PLACES_OF_YEAR}+") for ours in columns.values())
    if relative and pair_of_years(mapping.of("value").get(FIRST_YEAR, "")) is None:
        raise kind.refuse(
            f"The table counts years from the opening and the mapping does not say which year that is, so {kind.nothing}. Write "
            f"the value {FIRST_YEAR}, like 2027/28."
        )
    covered = {*taken, *mapping.of("value")}
    yearly = any(ours.startswith(PLACES_OF_YEAR) for ours in columns.values())
    covered |= {kind.amount, "from_academic_year"} if yearly else set()
    if lacking := [c for c in (kind.amount, *kind.values_needed(covered)) if c not in covered]:
        raise kind.refuse(
            f"The mapping does not say where {listed(quoted(c) for c in lacking)} comes from, so {kind.nothing}. Write it as the "
            "meaning of one of the columns, or add a line 'value' with what holds for every row."
        )
    for ours in mapping.of("value"):
        if ours in taken:
            raise kind.refuse(
                f"The column '{ours}' has a value in the mapping and is mapped from {quoted(taken[ours])} as well, so "
                f"{kind.nothing}. Delete one of the two lines."
            )
        if ours not in kind.columns and ours != FIRST_YEAR and ours not in kind.of_file:
            raise kind.refuse(
                f"The mapping has a value for {quoted(ours)}, which is not a column of ours, so {kind.nothing}."
            )
    return mapping


def to_csv(mapping: ColumnMapping) -> str:
    """Return a mapping as CSV text that `read_mapping` reads back unchanged."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(HEADER)
    for one in mapping.lines:
        writer.writerow([guarded(cell) for cell in (one.line, one.theirs, one.ours, one.samples, one.note)])
    return out.getvalue()


def write_mapping(mapping: ColumnMapping, path: Path) -> None:
    """Write a mapping, whole or not at all.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    write_whole(path, to_csv(mapping).encode("utf-8-sig"), "The mapping")


def read_mapping(path: Path, kind: FileKind) -> ColumnMapping:
    """Read a mapping that a person has looked at.

    Raises
    ------
    PlannerError
        It cannot be read; of the kind of the file.
    """
    try:
        text = decoded(path.read_bytes()).text
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True))
    except (OSError, csv.Error, UncertainEncodingError) as error:
        raise kind.refuse(
            f"The mapping '{path.name}' cannot be read ({error}), so {kind.nothing}. Delete it to have a new one proposed."
        ) from None
    if not rows or tuple(c.strip().casefold() for c in rows[0][: len(HEADER)])[:3] != HEADER[:3]:
        raise kind.refuse(
            f"'{path.name}' is not a mapping: its first row must be {', '.join(HEADER)}, so {kind.nothing}. Delete it to have a "
            "new one proposed."
        )
    lines = []
    for cells in rows[1:]:
        if not any(c.strip() for c in cells):
            continue
        filled = [unguarded(c.strip()) for c in [*cells, "", "", "", "", ""][: len(HEADER)]]
        if filled[0] not in ("column", "value", "word"):
            raise kind.refuse(
                f"The mapping '{path.name}' has a line {quoted(filled[0])}, so {kind.nothing}. Lines are column, value or word."
            )
        lines.append(MappingLine(*filled))
    return ColumnMapping(tuple(lines), f"The mapping '{path.name}'")


def _delimiter(text: str) -> str:
    first = text.splitlines()[0] if text else ""
    return max(",;\t", key=first.count)


def beside(path: Path) -> Path:
    """Return the path of the mapping that is written beside a council's table."""
    return path.with_name(path.name + ENDING)


def _remembered_path(la_code: int, kind_code: str, header: Sequence[str]) -> Path:
    digest = hashlib.sha256("\x1f".join(header).casefold().encode()).hexdigest()[:16]
    return (
        Path(os.environ.get(FOLDER_VARIABLE) or FOLDER) / by_code(la_code).slug / f"{kind_code}-{digest}.csv"
    )


def remember(mapping: ColumnMapping, kind: FileKind, la_code: int, header: Sequence[str]) -> Path:
    """Keep a mapping that was used for an authority's table, for the next table with the same headings.

    Raises
    ------
    OutputError
        The folder cannot be written to.
    """
    path = _remembered_path(la_code, kind.code, header)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"The mapping cannot be remembered in {path.parent} ({error.strerror or error}). Set {FOLDER_VARIABLE} to a "
            f"folder you "
            "may write to."
        ) from None
    write_mapping(mapping, path)
    return path


def remembered_for(kind_code: str, la_code: int, header: Sequence[str]) -> str | None:
    """Return in words which mapping is remembered for tables of a kind with these headings, and from when; None if none is."""
    path = _remembered_path(la_code, kind_code, header)
    if not path.is_file():
        return None
    when = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return f"The mapping confirmed for {by_code(la_code).name} on {when.day} {when:%B %Y} ({path})"


def remembered(kind: FileKind, la_code: int, header: Sequence[str]) -> ColumnMapping | None:
    """Return the mapping that was used for an authority's last table with these headings; None if there was none."""
    origin = remembered_for(kind.code, la_code, header)
    if origin is None:
        return None
    try:
        return replace(read_mapping(_remembered_path(la_code, kind.code, header), kind), origin=origin)
    except PlannerError:
        return None
