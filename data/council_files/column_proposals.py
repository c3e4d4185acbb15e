"""What the planner would take the columns of a council's table for, by their headings and by what their cells say.

Invariant: a column that could be two of ours, a heading that its cells contradict, and a value that no cell states are questions,
never answers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from data.areas import authority_named
from data.council_files.column_mapping import ColumnMapping, MappingLine, remembered
from data.council_files.council_words import bare
from data.council_files.file_kinds import (
    AGES_IN_YEAR,
    ASIDE,
    FIRST_YEAR,
    MEANINGS,
    PLACES_OF_YEAR,
    UNANSWERED,
    FileKind,
    columns_of_heading,
    headings,
)
from data.council_files.header_row import HeaderRow, Lines, doubtful_year, names_a_month, year_heading
from data.council_files.left_out_rows import is_total
from data.council_files.problems import LEAVE_OUT
from data.council_files.spreadsheet import AUTHORITY, CellError
from data.council_files.written_amounts import is_not_known
from data.council_files.written_dates import day
from data.formatting import listed, quoted

SAMPLES = 3
"""Cells of a column that are shown with its proposed meaning."""

FITS = 0.6
"""Share of a column's cells that a meaning must fit to be proposed."""


_OF_FILE: dict[str, str] = {
    "date": "the day on which the plans were counted, like 2026-09-30",
    "total": "EHC plans in all; leave it blank where the table has a row with the total",
}
"""What to write for what must be known of a file as a whole."""

_DAY_IN_TITLE = re.compile(
    r"\b\d{1,2}(?:st|nd|rd|th)?\s+(?:of\s+)?[A-Z][a-z]{2,8}\.?,?\s+20\d\d\b|\b\d{1,2}[/.]\d{1,2}[/.]20\d\d\b|\b20\d\d-\d\d-\d\d\b"
)


def named_days(titles: Sequence[str]) -> set[str]:
    """Return the days that titles name, in ISO form."""
    days = (day(text) for title in titles for text in _DAY_IN_TITLE.findall(title))
    return {exact.isoformat() for exact in days if exact is not None}


def _day_of_file(kind: FileKind, titles: Sequence[str], samples: Mapping[str, Sequence[str]]) -> str:
    """Return the one day that titles, or columns of the day counted, name; a question where they name none, or several."""
    dated = [n for n in samples if "date" in headings(kind.code.partition("-")[0]).get(bare(n), ())]
    days = named_days(titles)
    for name in dated:
        for cell in samples[name]:
            exact = day(cell)
            days.add(UNANSWERED if exact is None else exact.isoformat())
    return next(iter(days)) if len(days) == 1 else UNANSWERED


_NUMBERED = re.compile(r" \(\d\)$")
"""End of a heading that stands there again."""

_OF_TOWNS = re.compile(r"town|city|address|postal|locality|district|ward|area|site", re.I)
"""Headings of columns of places, which may have the names of authorities without speaking of them."""

_OR_LEAVE_OUT = f"Or write '{LEAVE_OUT}': its rows are then not read."


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the planner would take a council's table for: to be looked at by a person.

    Parameters
    ----------
    mapping
        Each column of theirs and ours, with samples; values and words to be answered.
    names
        Headings of the file.
    where
        Name of the file.
    rows
        Rows of data under the header.
    kind_code
        Code of the kind of table that it is taken for.
    """

    mapping: ColumnMapping
    names: tuple[str, ...]
    where: str
    rows: int
    kind_code: str


def still_remembered(kind: FileKind, la_code: int, proposal: Proposal) -> ColumnMapping | None:
    """Return the mapping remembered for a table; None where it was confirmed for a table that names another day."""
    known = remembered(kind, la_code, proposal.names)
    if known is None:
        return None
    then, now = (
        {one.theirs: one.samples for one in lines if one.line == "value" and one.theirs in kind.of_file}
        for lines in (known.lines, proposal.mapping.lines)
    )
    return known if then == now else None


def _samples(lines: Lines, header: HeaderRow, at: int) -> list[str]:
    names = [bare(n) for n in header.names if not n.startswith("column ")]
    cells = [
        row[at]
        for _, row in lines[header.first :]
        if at < len(row)
        and row[at]
        and len({c for c in row if c}) > 1
        and not is_total(row, 0)
        and [bare(c) for c in row if c] != names
    ]
    return list(dict.fromkeys(cells))


def fit(kind: FileKind, column: str, cells: Sequence[str]) -> float:
    """Return the share of cells that a column of ours could hold: those that are read, or refused with a proposal or choices."""
    if not cells:
        return 1.0
    cells = [c for c in cells if not is_not_known(c)]
    read = 0
    for cell in cells[:30]:
        try:
            (kind.converters.get(column) or kind.parsers[column])(cell)
            read += 1
        except CellError as error:
            read += bool(error.fix) or "several meanings" in str(error) or "two numbers" in str(error)
    return read / len(cells[:30]) if cells else 1.0


def proposal_of(where: str, kind: FileKind, lines: Lines, header: HeaderRow) -> Proposal:
    """Return what the planner would take a table for, given the name of its file, its rows and its header."""
    samples = {name: _samples(lines, header, at) for at, name in enumerate(header.names)}
    chosen, notes = _places_by_year(kind, samples)
    # Whatever is answered, columns headed by years give both the places and their years.
    others = [n for n in header.names if n not in chosen and kind.amount in columns_of_heading(kind, n)]
    yearly = any(ours.startswith(PLACES_OF_YEAR) for ours in chosen.values()) or (
        UNANSWERED in chosen.values() and not others
    )
    for name in header.names:
        if name in chosen:
            continue
        by_heading = columns_of_heading(kind, _NUMBERED.sub("", name))
        fitting = [c for c in by_heading if fit(kind, c, samples[name]) >= FITS]
        if (
            fitting
            and fitting[0] == "leaving_age"
            and AGES_IN_YEAR & {c.removesuffix(".0") for c in samples[name]}
        ):
            chosen[name] = UNANSWERED
            notes[name] = (
                "write age_high if these are ages at 31 August, or leaving_age if pupils leave at them"
            )
        elif fitting:
            chosen[name] = fitting[0]
            if fitting[0] in MEANINGS:
                notes[name] = MEANINGS[fitting[0]]
        elif guess := _by_content(kind, name, samples[name]):
            chosen[name], notes[name] = guess, "by what its cells say; check it"
        elif by_heading:
            chosen[name] = UNANSWERED
            notes[name] = f"its heading says {by_heading[0]}, its cells do not: write what it is, or {ASIDE}"
        else:
            chosen[name] = ASIDE
    _ask_about_clashes(kind, chosen, notes, samples)
    covered = {one for ours in chosen.values() for one in kind.gives.get(ours, (ours,))}
    if yearly:
        covered |= {"from_academic_year", kind.amount}
    if kind.amount not in covered:
        _ask_for_amount(kind, chosen, notes, samples)
    mapping = [
        MappingLine("column", name, chosen[name], "; ".join(samples[name][:SAMPLES]), notes.get(name, ""))
        for name in header.names
    ]
    mapping += [
        MappingLine("value", column, value, "", _value_note(kind, column, value, where))
        for column, value in _values(kind, covered, chosen, where).items()
    ]
    titles = [cell for _, row in lines[: header.first] for cell in row if cell]
    day_of_file = _day_of_file(kind, titles, samples)
    mapping += [
        # The day that the file names is kept beside the answer: the next file with these headings may name another.
        MappingLine(
            "value",
            name,
            day_of_file if name == "date" else proposed,
            day_of_file.strip(UNANSWERED) if name == "date" else "",
            _OF_FILE[name],
        )
        for name, proposed in kind.of_file.items()
    ]
    mapping += _word_lines(kind, chosen, samples)
    return Proposal(
        ColumnMapping(tuple(mapping), ""), header.names, where, len(lines) - header.first, kind.code
    )


def _places_by_year(
    kind: FileKind, samples: Mapping[str, Sequence[str]]
) -> tuple[dict[str, str], dict[str, str]]:
    """Return what columns headed by a year or a date are taken for, and why.

    Several are the places of each year. One is that number of each row, from its opening on or else from that year on. A year
    that may be either of two is asked about, and so is one beside another column of places.
    """
    years = {n: year_heading(n) for n in samples} if kind.by_year else {}
    doubtful = {
        n: pair for n in years if (pair := doubtful_year(n)) and fit(kind, kind.amount, samples[n]) >= FITS
    }
    headed = [n for n, year in years.items() if year is not None or n in doubtful]
    others = [n for n in samples if n not in headed and kind.amount in columns_of_heading(kind, n)]
    of_places = [n for n in headed if re.search(r"place|capacity", n, re.I)]
    if len(headed) == 1 and not of_places and (others or fit(kind, kind.amount, samples[headed[0]]) < FITS):
        return {}, {}
    opening = any("from_academic_year" in columns_of_heading(kind, n) for n in samples if n not in headed)
    # Beside a column of places, dates without that word may be the rolls of each January.
    perhaps_pupils = (
        len(headed) > 1 and bool(others) and not of_places and any(names_a_month(n) for n in headed)
    )
    chosen, notes = {}, {}
    for name in headed:
        year = years[name]
        both = " or ".join(
            f"{PLACES_OF_YEAR}{y} ({why})"
            for y, why in zip(
                doubtful.get(name, ()), ("in force that January", "from that September on"), strict=False
            )
        )
        if perhaps_pupils:
            chosen[name] = UNANSWERED
            notes[name] = (
                f"places at that date, or pupils: write {both or PLACES_OF_YEAR + str(year)}, and {ASIDE} for "
                f"{listed(quoted(n) for n in others)}; or {ASIDE}"
            )
        elif len(headed) == 1 and others:
            chosen[name] = UNANSWERED
            notes[name] = (
                f"could be {kind.amount}, and so could {listed(quoted(n) for n in others)}: write {kind.amount} for one of them "
                f"and {ASIDE} for the others; for the places of each year, write {both or PLACES_OF_YEAR + str(year)}"
            )
        elif len(headed) == 1 and opening:
            chosen[name] = kind.amount
            notes[name] = (
                "places at that date, read as those of each row from its opening on. Write roll if they are pupils"
            )
        elif year is None:
            chosen[name] = UNANSWERED
            notes[name] = f"the year could be either of two: write {both}, or {ASIDE}"
        else:
            chosen[name] = PLACES_OF_YEAR + year
            if len(headed) == 1:
                notes[name] = (
                    "places at that date, read as those from that year on. Write roll if they are pupils"
                )
    if len(headed) > 1 and not perhaps_pupils:
        chosen |= dict.fromkeys(others, ASIDE)
        notes |= dict.fromkeys(others, "kept aside: the columns of years hold the places")
    return chosen, notes


def _by_content(kind: FileKind, heading: str, cells: Sequence[str]) -> str | None:
    """Return the column whose words the cells of a column are, or that of authorities; None where that is not clear."""
    if cells and not _OF_TOWNS.search(heading) and all(_names_authority(c) for c in cells):
        return AUTHORITY
    fits = [
        column
        for column in kind.words
        if column in kind.columns
        and len(cells) >= 2
        and not all(c.isdigit() for c in cells)
        and _are_words(kind, column, cells)
    ]
    return fits[0] if len(fits) == 1 else None


def _names_authority(cell: str) -> bool:
    return not cell[:1].isdigit() and authority_named(cell) is not None


def _are_words(kind: FileKind, column: str, cells: Sequence[str]) -> bool:
    read = 0
    for cell in cells[:30]:
        try:
            kind.parsers[column](cell)
        except CellError as error:
            read += "several meanings" in str(error)
        else:
            read += 1
    return read >= 0.9 * len(cells[:30])


def _say_the_same(kind: FileKind, names: Sequence[str], samples: Mapping[str, Sequence[str]]) -> bool:
    """Return whether columns name the same authorities in the same order, as a number and a name do."""
    try:
        series = {tuple(dict.fromkeys(kind.parsers[AUTHORITY](c) for c in samples[n])) for n in names}
    except CellError:
        return False
    return len(series) == 1


def _ask_about_clashes(
    kind: FileKind, chosen: dict[str, str], notes: dict[str, str], samples: Mapping[str, Sequence[str]]
) -> None:
    """Turn columns that would be mapped twice into questions, or aside where one of them is blank or was guessed from content."""
    by_ours: dict[str, list[str]] = {}
    for name, ours in chosen.items():
        if ours not in (ASIDE, UNANSWERED):
            for one in kind.gives.get(ours, (ours,)):
                by_ours.setdefault(one, []).append(name)
    for ours, names in by_ours.items():
        if len(names) < 2:
            continue
        # A heading that comes twice is numbered; neither is then more likely than the other.
        own = [n for n in names if bare(_NUMBERED.sub("", n)) == bare(ours)]
        named = [
            n
            for n in names
            if notes.get(n, MEANINGS.get(chosen[n])) == MEANINGS.get(chosen[n]) and samples[n]
        ]
        keep = own if len(own) == 1 else named if len(named) == 1 else []
        if ours == AUTHORITY:
            keep = names[:1] if _say_the_same(kind, names, samples) else []
        for name in names:
            if name in keep:
                continue
            chosen[name] = ASIDE if keep else UNANSWERED
            others = listed(quoted(n) for n in names if n != name)
            notes[name] = (
                f"could be {ours}, as {others} is; kept aside" if keep
                else f"could be {ours}, and so could {others}: write {ours} for one of them and {ASIDE} for the others"
            )  # fmt: skip


def _ask_for_amount(
    kind: FileKind, chosen: dict[str, str], notes: dict[str, str], samples: Mapping[str, Sequence[str]]
) -> None:
    """Turn columns of numbers that would be kept aside into questions, where no column holds what the rows are about."""
    numbers = [n for n in chosen if samples[n] and fit(kind, kind.amount, samples[n]) >= FITS]
    if any(chosen[n] == UNANSWERED for n in numbers):
        return  # asked about already
    for name in numbers:
        if chosen[name] == ASIDE:
            chosen[name] = UNANSWERED
            notes[name] = f"no column is called {kind.amount}: write {kind.amount} if it is that, or {ASIDE}"


def _values(kind: FileKind, covered: set[str], chosen: Mapping[str, str], where: str) -> dict[str, str]:
    values = {c: kind.values[c] for c in kind.values_needed(covered) if c not in covered}
    if any(ours.startswith(f"{PLACES_OF_YEAR}+") for ours in chosen.values()):
        values[FIRST_YEAR] = UNANSWERED
    return {column: where if value == "the file" else value for column, value in values.items()}


def _value_note(kind: FileKind, column: str, value: str, where: str) -> str:
    if column == FIRST_YEAR:
        return "the academic year of opening, like 2027/28"
    choices = kind.choices.get(column)
    what = (
        (f"one of {', '.join(choices)}" if len(choices) > 1 else choices[0])
        if choices
        else "what holds for every row"
    )
    what += ", or leave it blank to fill it in row by row"
    if value == UNANSWERED:
        return f"the file has no column for it: write {what}"
    return f"the file has no column for it: {quoted(value)} for every row, or write {what}"


def _word_lines(
    kind: FileKind, chosen: Mapping[str, str], samples: Mapping[str, Sequence[str]]
) -> list[MappingLine]:
    """Return a question for each word of the table that has several meanings."""
    lines: dict[str, MappingLine] = {}
    for name, ours in chosen.items():
        if ours not in kind.words:
            continue
        for cell in samples[name]:
            try:
                kind.parsers[ours](cell)
            except CellError as error:
                if "several meanings" in str(error):
                    theirs = f"{ours}: {cell}"
                    lines.setdefault(
                        theirs, MappingLine("word", theirs, UNANSWERED, "", f"{error} {_OR_LEAVE_OUT}")
                    )
    return list(lines.values())
