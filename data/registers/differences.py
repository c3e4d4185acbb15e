"""Differences between two registers of one authority: rows, cells and the places that change as a result.

Equation: rows of the new register = rows of the old + added - removed. A row that was edited is changed, not removed and
added, as long as its setting and provision stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from data.errors import RegisterError
from data.registers.register import (
    COLUMNS,
    Record,
    Register,
    academic_year,
    first_year,
    places_by_phase,
    records,
)
from data.vocabulary import PHASES, PROVISIONS

_KEYS: tuple[tuple[str, ...], ...] = (
    COLUMNS,
    ("provision", "needs", "age_low", "age_high", "from_academic_year", "located"),
    ("provision", "age_low", "age_high", "from_academic_year"),
    ("provision", "from_academic_year"),
    ("provision", "age_low", "age_high"),
    ("provision",),
)
"""What two rows of one setting must share to be the same row edited: the strictest key that finds a partner counts."""

CELLS_SHOWN = 8
"""Changes of places named in the sentence; the rest are counted."""


@dataclass(frozen=True, slots=True)
class ChangedRow:
    """A row present in both registers with different cells.

    Parameters
    ----------
    setting
        Its name in the new register.
    row
        Its row in the new file, if that has no blank rows: the first below the header is 2.
    cells
        (column, before, after) of each cell that differs; a blank cell is "".
    """

    setting: str
    row: int
    cells: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True, eq=False)
class RegisterDiff:
    """The differences of a register from an earlier one.

    Parameters
    ----------
    added, removed
        Rows only in the new and only in the old register; columns `COLUMNS`.
    changed
        Rows in both with other cells.
    places
        academic_year, provision, phase, before, after, change: specialist places, open and agreed, local and elsewhere,
        every combination with explicit zeros.
    """

    added: pd.DataFrame
    removed: pd.DataFrame
    changed: tuple[ChangedRow, ...]
    places: pd.DataFrame

    @property
    def empty(self) -> bool:
        """Whether the two registers hold the same rows, in any order."""
        return self.added.empty and self.removed.empty and not self.changed

    @property
    def moved(self) -> pd.DataFrame:
        """The rows of ``places`` whose number changes."""
        return self.places[self.places["change"].abs() > 1e-9].reset_index(drop=True)

    def sentence(self) -> str:
        """Return the differences in words: rows, then places by provision and phase, earliest change first."""
        if self.empty:
            return "The two registers hold the same rows."
        rows = ", ".join(
            f"{count:,} {'row' if count == 1 else 'rows'} {what}"
            for what, count in (
                ("added", len(self.added)), ("removed", len(self.removed)), ("changed", len(self.changed)),
            )
            if count
        )  # fmt: skip
        changes = _runs(self.moved)
        if not changes:
            return f"{rows}. Counted places stay the same in every year."
        more = f"; and {len(changes) - CELLS_SHOWN} more" if len(changes) > CELLS_SHOWN else ""
        return f"{rows}. Counted places: {'; '.join(changes[:CELLS_SHOWN])}{more}."


def _runs(moved: pd.DataFrame) -> list[str]:
    """Return a phrase for each provision, phase and run of years with the same change of places."""
    phases = {p.code: p.label.lower() for p in PHASES}
    runs = []
    for (provision, phase), part in moved.groupby(["provision", "phase"], sort=False):
        steps = part.sort_values("academic_year").to_dict("records")
        begin = 0
        for i, step in enumerate(steps):
            follows = i + 1 < len(steps) and _is_next(step, steps[i + 1])
            if not follows:
                first, last = steps[begin]["academic_year"], step["academic_year"]
                years = first if first == last else f"{first} to {last}"
                number = f"{step['change']:+,.0f}" if abs(step["change"]) >= 0.5 else "less than one"
                runs.append((first, f"{number} {PROVISIONS[str(provision)]}, {phases[str(phase)]}, {years}"))
                begin = i + 1
    return [text for _, text in sorted(runs, key=lambda run: run[0])]


def _is_next(step: Mapping[Any, Any], other: Mapping[Any, Any]) -> bool:
    consecutive = first_year(other["academic_year"]) == (first_year(step["academic_year"]) or 0) + 1
    return consecutive and abs(float(step["change"] - other["change"])) < 1e-9


def diff(old: Register, new: Register, years: Sequence[int] | None = None) -> RegisterDiff:
    """Return the differences of a register from an earlier one.

    Parameters
    ----------
    old, new
        Registers of one authority.
    years
        Januaries to compare places in; where None, from the first to a year after the last that either register names.

    Raises
    ------
    RegisterError
        The registers are of two authorities.
    """
    if None not in (old.la_code, new.la_code) and old.la_code != new.la_code:
        raise RegisterError(
            f"'{old.origin}' is the register of authority {old.la_code} and '{new.origin}' of {new.la_code}, so their "
            "rows cannot be compared. Give two registers of one authority."
        )
    before, after = records(old.rows), records(new.rows)
    partners = _partners(before, after)
    taken = set(partners.values())
    changed = tuple(
        ChangedRow(after[j]["setting"], j + 2, cells)
        for i, j in sorted(partners.items(), key=lambda pair: pair[1])
        if (cells := _cells_changed(before[i], after[j]))
    )
    januaries = list(years) if years is not None else _januaries([*before, *after])
    return RegisterDiff(
        added=new.rows.loc[[j for j in range(len(after)) if j not in taken]].reset_index(drop=True),
        removed=old.rows.loc[[i for i in range(len(before)) if i not in partners]].reset_index(drop=True),
        changed=changed,
        places=_places(old, new, januaries),
    )


def _partners(before: Sequence[Record], after: Sequence[Record]) -> dict[int, int]:
    """Return pairs of old row to new row, one to one, matched by the strictest key that fits.

    Rows left over pair in the order of their academic years, so both directions find the same pairs.
    """
    partners: dict[int, int] = {}
    for key in _KEYS:
        free = _by_key(after, key, taken=set(partners.values()))
        for name, group in _by_key(before, key, taken=set(partners)).items():
            partners.update(zip(group, free.get(name, []), strict=False))
    return partners


def _by_key(
    rows: Sequence[Record], key: Sequence[str], taken: Iterable[int]
) -> dict[tuple[Any, ...], list[int]]:
    groups: dict[tuple[Any, ...], list[int]] = {}
    left = set(range(len(rows))) - set(taken)
    for i in sorted(
        left, key=lambda n: (rows[n]["from_academic_year"], rows[n]["age_low"], rows[n]["needs"], n)
    ):
        name = (rows[i]["setting"].casefold(), *(rows[i][column] for column in key))
        groups.setdefault(name, []).append(i)
    return groups


def _cells_changed(before: Record, after: Record) -> tuple[tuple[str, str, str], ...]:
    return tuple(
        (column, _written(before[column]), _written(after[column]))
        for column in COLUMNS
        if before[column] != after[column]
    )


def _written(value: object) -> str:
    if value is None:
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)


def _januaries(rows: Sequence[Record]) -> list[int]:
    """Return the Januaries from the first year named in the rows to the year after the last."""
    named = [row[c] for row in rows for c in ("from_academic_year", "to_academic_year") if row[c] is not None]
    starts = [year for year in map(first_year, named) if year is not None]
    return list(range(min(starts) + 1, max(starts) + 3)) if starts else []


def _places(old: Register, new: Register, januaries: Sequence[int]) -> pd.DataFrame:
    index = ["january", "provision", "phase"]
    before, after = (
        places_by_phase(register, januaries).groupby(index, sort=False)["places"].sum()
        for register in (old, new)
    )
    table = pd.DataFrame({"before": before, "after": after, "change": after - before}).reset_index()
    table.insert(0, "academic_year", table.pop("january").map(academic_year).astype("str"))
    return table
