"""Tables of plans below each other on one sheet, such as one by age and one by need, put together as one table.

    | Age band | Plans | and below it | Primary need | EHCPs | = | Counted by (tables put together) | Plans |

Invariant: tables are put together only where each header says by what it counts and which column has the number; rows keep their
numbers, and every further header is a row of its own, to be named as left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from data.council_files.column_proposals import named_days
from data.council_files.council_words import bare
from data.council_files.file_kinds import columns_of_heading
from data.council_files.header_row import Lines
from data.council_files.left_out_rows import REMARK, is_total
from data.counts.count_tables import COUNT_KINDS, COUNTED, GROUPS, PLANS, TOTAL

_BY = re.compile(r"^(?:(?:number of )?(?:ehc ?ps?|ehc plans?|plans?) )?by ", re.I)


@dataclass(frozen=True, slots=True)
class _Head:
    """A header: where its groups and numbers are, what is counted by, and the names of its other columns."""

    group: int
    value: int
    what: str
    others: tuple[tuple[int, str], ...]


def _head(cells: Sequence[str]) -> _Head | None:
    """Return what a row says as a header; None where it does not say by what one of its columns counts, in one way only."""
    kind = COUNT_KINDS[PLANS]
    meanings = {at: columns_of_heading(kind, _BY.sub("", c)) for at, c in enumerate(cells) if c}
    groups = [at for at, columns in meanings.items() if columns and columns[0] in GROUPS]
    values = [at for at, columns in meanings.items() if columns == (kind.amount,)]
    if len(groups) != 1 or len(values) != 1:
        return None
    others = tuple((at, c) for at, c in enumerate(cells) if c and at not in (groups[0], values[0]))
    return _Head(groups[0], values[0], GROUPS[meanings[groups[0]][0]], others)


def put_together(lines: Lines) -> Lines:
    """Return the rows of a sheet with its tables of plans under one header; as they are where there are no two for certain."""
    heads = {at: head for at, (_, cells) in enumerate(lines) if (head := _head(cells)) is not None}
    if len({head.what for head in heads.values()}) < 2:
        return lines
    first = min(heads)
    if _titles(lines[first:]) - _titles(lines[:first]):
        return lines  # they count plans of different days
    others: dict[str, str] = {}
    for head in heads.values():
        for _, name in head.others:
            others.setdefault(bare(name), name)
    header = [COUNTED, lines[first][1][heads[first].value], *others.values()]
    together: list[tuple[int, list[str]]] = list(lines[:first])
    head = heads[first]
    for at, (number, cells) in enumerate(lines[first:], start=first):
        if at in heads:
            head = heads[at]
            together.append((number, header))
            continue
        row = _row(cells, head, list(others))
        if row is None:
            return lines
        together.append((number, row))
    return together


def _titles(lines: Lines) -> set[str]:
    """Return the days that titles name, which are rows of one cell or, where a comma cut it, two; remarks apart."""
    filled = ([c for c in cells if c] for _, cells in lines)
    titles = [cells for cells in filled if len(set(cells)) <= 2 and not REMARK.match(cells[0])]
    return named_days([cell for cells in titles for cell in cells])


def _row(cells: Sequence[str], head: _Head, others: Sequence[str]) -> list[str] | None:
    """Return a row under the common header; None where it has a cell under no heading."""
    alone = {c for c in cells if c}
    if len(alone) == 1 and not any(letter.isdigit() for cell in alone for letter in cell):
        return [*alone, *[""] * (len(others) + 1)]
    named = {head.group, head.value, *(at for at, _ in head.others)}
    if any(c and at not in named for at, c in enumerate(cells)):
        return None
    filled = dict(enumerate(cells))
    group, value = filled.get(head.group, ""), filled.get(head.value, "")
    beside = {bare(name): filled.get(at, "") for at, name in head.others}
    if group and value:
        total = is_total([group], 0) or bare(group) in ("all", "all plans")
        group = TOTAL if total else f"{head.what}: {group}"
    return [group, value, *(beside.get(name, "") for name in others)]
