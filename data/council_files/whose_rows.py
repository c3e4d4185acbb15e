"""Whose a council's file and its rows are, where a title names a council or a column an authority, by number, ONS code or name.

Invariant: no row that names another authority is read. A file whose rows are all another's, or whose titles name another council
and not the one it was given for, is refused; of one with some rows of others, such as a list of a region, those rows are named,
and leaving them out is proposed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from data import areas
from data.council_files.problems import LEAVE_OUT, Problem
from data.council_files.spreadsheet import AUTHORITY, CellError, name_of, parse_authority
from data.formatting import listed, quoted

if TYPE_CHECKING:
    from data.council_files.council_table import CouncilTable
    from data.council_files.file_kinds import FileKind

NAMED = 4
"""Other authorities that a message names."""

_BEFORE = r"(?:(?:borough|city|county|council)\s+of|lb|lbc|rb)\s+"
_AFTER = r"\s+(?:(?:city|county|borough|metropolitan|district|unitary|local|mb)\s+)*(?:council|mbc|lbc|authority|borough)\b"
"""What makes a name in a title that of a council: "London Borough of Barnet", "Leeds City Council", not "reading places"."""


@cache
def _councils() -> tuple[tuple[int, re.Pattern[str]], ...]:
    """Return each current authority with the pattern of its council in a title."""
    names = {area.la_code: re.escape(area.name.partition(",")[0].strip()) for area in areas.current()}
    return tuple(
        (code, re.compile(rf"\b{_BEFORE}{name}\b|\b{name}(?:'s)?{_AFTER}", re.I))
        for code, name in names.items()
    )


def refuse_title_of_another(where: str, kind: FileKind, titles: Sequence[str], la_code: int | None) -> None:
    """Refuse a file whose titles name another council, and not the one that it was given for.

    Parameters
    ----------
    where
        Name of the file.
    kind
        What it is.
    titles
        Cells above its header.
    la_code
        Whose it should be; None where that is not known, and nothing is refused.

    Raises
    ------
    PlannerError
        It looks like another council's; of the kind of the file.
    """
    if la_code is None:
        return
    named = {code: title for title in titles for code, council in _councils() if council.search(title)}
    if (
        named
        and la_code not in named
        and not any(name_of(la_code).casefold() in t.casefold() for t in titles)
    ):
        code, title = next(iter(named.items()))
        raise kind.refuse(
            f"'{where}' looks like {kind.name} of {name_of(code)} (its title is {quoted(title)}), but it was given for "
            f"{name_of(la_code)}, so {kind.nothing}: it would count for the wrong children. Give the file of {name_of(la_code)}; "
            "if it is theirs, put their name in the title, or take the title out."
        )


@dataclass(frozen=True, slots=True)
class WhoseRows:
    """Whose a file is, and its rows that are theirs.

    Parameters
    ----------
    owner
        DfE number of the authority; None where neither the file nor the reader says it.
    stated
        Whether a row names them.
    own
        The table with their rows alone, and a problem for each row of another.
    """

    owner: int | None
    stated: bool
    own: CouncilTable


def whose_rows(where: str, kind: FileKind, table: CouncilTable, la_code: int | None) -> WhoseRows:
    """Return the rows of a table that are an authority's.

    Parameters
    ----------
    where
        Name of the file.
    kind
        What it is.
    table
        Its rows, as rows of the template.
    la_code
        Whose it should be; None to take the authority that most rows name.

    Raises
    ------
    PlannerError
        No row is the authority's, and some are another's; of the kind of the file.
    """
    if AUTHORITY not in table.header:
        return WhoseRows(la_code, False, table)
    at = table.header.index(AUTHORITY)
    written = {number: cells[at] if at < len(cells) else "" for number, cells in table.body}
    named = {number: code for number, cell in written.items() if (code := _authority(cell)) is not None}
    counted = Counter(named.values())
    owner = la_code if la_code is not None or not counted else counted.most_common(1)[0][0]
    if counted and owner not in counted:
        others = [name_of(code) for code, _ in counted.most_common()]
        shown = [*others[:NAMED], *([f"{len(others) - NAMED} more"] if len(others) > NAMED else [])]
        raise kind.refuse(
            f"'{where}' looks like {kind.name} of {listed(shown)} (its column of authorities says so), but it was given for "
            f"{name_of(owner)}, so {kind.nothing}: it would count for the wrong children. Give the file of {name_of(owner)}, or "
            f"forecast {others[0]}."
        )
    problems: dict[int, Problem] = {}
    above: int | None = None
    for number, cell in written.items():
        above = named.get(number) if cell else above
        if above not in (None, owner):
            problems[number] = _problem(number, kind, cell, name_of(above), name_of(owner))
    own = replace(
        table,
        body=tuple(row for row in table.body if row[0] not in problems),
        problems=(*(p for p in table.problems if p.row not in problems), *problems.values()),
    )
    return WhoseRows(owner, bool(counted), own)


def _authority(cell: str) -> int | None:
    try:
        return parse_authority(cell) if cell else None
    except CellError:
        return None  # a problem of the cell, named where the row is read


def _problem(number: int, kind: FileKind, cell: str, other: str, owner: str) -> Problem:
    named = cell.casefold() == other.casefold()
    says = (
        f"{quoted(cell)} is {'another authority' if named else other}"
        if cell
        else f"is blank, and the row above is {other}'s"
    )
    text = f"{says}, but the file was given for {owner}. Leave the row out, or correct whose it is."
    if "located" in kind.columns:
        text += (
            f" If the school is there and {owner}'s residents use it, write {owner}, and located 'elsewhere'."
        )
    return Problem(number, AUTHORITY, text, fix=(("", LEAVE_OUT),))
