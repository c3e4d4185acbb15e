"""`Scenario`: a named list of levers, with what a reader must know to judge it.

Invariants: no levers is the baseline; every lever has an id, unlike any other's in the scenario; two scenarios that say the same
have the same key, however they were written.
"""

from __future__ import annotations

import hashlib
import json
from datetime import date
from typing import Annotated, Any, Self

from pydantic import Field, field_validator, model_validator

from scenarios.levers import Lever
from scenarios.terms import AreaNames, Line, Lines, Slug, Strict, Text

MOST_LEVERS = 200
"""Levers a scenario may hold."""


class Scenario(Strict):
    """What might change, in one reading of the future."""

    id: Slug
    """Short name: lower-case words joined by hyphens."""
    title: Line
    """Title in plain English."""
    note: Text = ""
    """What it says and why, in plain English."""
    caveats: Lines = ()
    """What a reader must not take from it."""
    evidence: Lines = ()
    """Links or titles of sources."""
    policy_date: date | None = None
    """Date of the policy position it reads."""
    based_on: Slug | None = None
    """Scenario whose levers come first; a lever with the id of one of them replaces it."""
    areas: AreaNames = ()
    """Authorities it is written for; left out: any."""
    levers: Annotated[tuple[Lever, ...], Field(max_length=MOST_LEVERS)] = ()
    """What changes."""

    @field_validator("policy_date", mode="before")
    @classmethod
    def _a_day(cls, value: object) -> object:
        if value is None or isinstance(value, date):
            return value
        try:
            return date.fromisoformat(str(value)[:20].strip())
        except ValueError:
            raise ValueError(f"'{str(value)[:20]}' is not a date. Write it as 2026-03-13.") from None

    @model_validator(mode="after")
    def _named_levers(self) -> Self:
        given = [lever.id for lever in self.levers if lever.id is not None]
        repeated = sorted({name for name in given if given.count(name) > 1})
        if repeated:
            raise ValueError(
                f"several levers have the id '{repeated[0]}', so it is unclear which one a result belongs to. Give each its own."
            )
        taken, named = set(given), []
        for lever in self.levers:
            if lever.id is not None:
                named.append(lever)
                continue
            # Without a prefix, an unnamed lever of a scenario based on another might replace one of that.
            stem = lever.kind.replace("_", "-")
            stem = stem if self.based_on is None else f"{self.id[:50]}-{stem}"
            name, count = stem, 1
            while name in taken:
                count += 1
                name = f"{stem}-{count}"
            taken.add(name)
            named.append(lever.model_copy(update={"id": name}))
        object.__setattr__(self, "levers", tuple(named))
        return self

    @property
    def key(self) -> str:
        """SHA-256 of the whole scenario, in hexadecimal digits."""
        return hashlib.sha256(canonical(self).encode()).hexdigest()


def canonical(scenario: Scenario) -> str:
    """Return a scenario as JSON with sorted keys and all defaults, so that equal scenarios give equal text."""
    values: dict[str, Any] = scenario.model_dump(mode="json")
    return json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def merge_into_base(scenario: Scenario, base: Scenario) -> Scenario:
    """Return a scenario merged into the one it is based on: base levers first, levers with the same id replaced.

    Caveats and evidence of the base come first too; the day of the policy position, and the authorities, are the scenario's own
    where it names any.
    """
    own = {lever.id: lever for lever in scenario.levers}
    before = [own.pop(lever.id, lever) for lever in base.levers]
    return Scenario(
        id=scenario.id,
        title=scenario.title,
        note=scenario.note,
        caveats=tuple(dict.fromkeys((*base.caveats, *scenario.caveats))),
        evidence=tuple(dict.fromkeys((*base.evidence, *scenario.evidence))),
        policy_date=scenario.policy_date or base.policy_date,
        areas=scenario.areas or base.areas,
        levers=(*before, *own.values()),
    )
