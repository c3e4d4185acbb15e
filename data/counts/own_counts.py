"""The council's own counts: plans on a stated day, and the other counts that only a council has.

Invariants: age bands add up to the plans counted; needs, placements and plans ceased are never more than them; a count is of one
authority and one day. A count is the council's own and is never written into published tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from data.council_files.set_aside import SetAside
from data.formatting import listed
from data.vocabulary import BAND_CODES, NEED_CODES, NEEDS

LEAST_SHARE = 0.9
"""Least share of the plans counted that needs must cover: with fewer they would say little of the others."""

NOT_IN_SCHOOL: dict[str, str] = {
    "ehe": "Educated at home by choice of the parents",
    "eotas": "Education other than at school, arranged by the council",
    "tuition": "Tuition while waiting",
    "ap": "Alternative provision",
    "part_time": "On a part-time timetable",
    "not_attending": "On roll and not attending",
    "excluded": "Excluded and not placed again",
    "missing": "Missing education",
    "neet": "Not in education, employment or training",
    "other": "Other",
}
"""Where children and young people with a plan are who are not in school: code to label."""

STAFF: dict[str, str] = {
    "caseworkers": "SEN caseworkers (plan coordinators)",
    "psychologists": "Educational psychologists",
    "tribunal": "Tribunal and mediation officers",
    "commissioning": "Commissioners of placements",
    "other": "Other staff of the SEN service",
}
"""Staff of the service: code to label."""

People = Annotated[int, Field(ge=0, le=99_999)]
"""A number of people or plans."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PlansCount(_Frozen):
    """EHC plans that the council maintained on a day.

    Parameters
    ----------
    day
        The day counted.
    total
        Plans in all.
    bands
        By age band at 31 August before the day; all five bands, or empty where not known.
    needs
        By primary need; every need, or empty where not known.
    placements
        By provision; those known.
    requests_open, assessments_open
        Requests without a decision, and assessments without an outcome, on the day; None where not known.
    ceased
        Plans that ceased since the last January return; None where not known.
    """

    day: date
    total: Annotated[int, Field(ge=1, le=99_999)]
    bands: Mapping[str, People] = {}
    needs: Mapping[str, People] = {}
    placements: Mapping[str, People] = {}
    requests_open: People | None = None
    assessments_open: People | None = None
    ceased: People | None = None

    @model_validator(mode="after")
    def _agree(self) -> PlansCount:
        for _, _, why in disagreements(self.total, self.bands, self.needs, self.placements, self.ceased):
            raise ValueError(why)
        return self


class WaitingCount(_Frozen):
    """Children with a plan, or due one, who waited for a place on a day.

    Parameters
    ----------
    day
        The day counted.
    need, phase
        Codes of the vocabulary, or "All".
    children
        How many.
    definition
        Who counts as waiting, in the council's words.
    """

    day: date
    need: str
    phase: str
    children: People
    definition: str


class NotInSchoolCount(_Frozen):
    """Children and young people with a plan who were not in school on a day.

    Parameters
    ----------
    day
        The day counted.
    state
        Code of `NOT_IN_SCHOOL`.
    need, phase
        Codes of the vocabulary, or "All".
    children
        How many.
    definition
        Who counts, in the council's words.
    """

    day: date
    state: str
    need: str
    phase: str
    children: People
    definition: str


class StaffCount(_Frozen):
    """Staff of the SEN service on a day.

    Parameters
    ----------
    day
        The day counted.
    role
        Code of `STAFF`.
    posts, vacant
        Full-time equivalents: posts there are, and those that nobody fills.
    note
        Anything a colleague should know.
    """

    day: date
    role: str
    posts: Annotated[float, Field(ge=0, le=2_000)]
    vacant: Annotated[float, Field(ge=0, le=2_000)]
    note: str = ""


class OwnCounts(_Frozen):
    """Everything in a council's file of counts.

    Parameters
    ----------
    la_code
        Whose counts.
    plans
        Plans on a day.
    waiting, not_in_school, staff
        Rows of the further sheets; empty where there are none.
    origin
        Name of the file.
    aside
        Columns of the council's own that have no meaning here, by sheet; of plans, a row for each row of the template.
    """

    la_code: int
    plans: PlansCount
    waiting: tuple[WaitingCount, ...] = ()
    not_in_school: tuple[NotInSchoolCount, ...] = ()
    staff: tuple[StaffCount, ...] = ()
    origin: str = ""
    aside: Mapping[str, SetAside] = {}


def disagreements(
    total: int,
    bands: Mapping[str, int],
    needs: Mapping[str, int],
    placements: Mapping[str, int],
    ceased: int | None,
) -> Iterator[tuple[str, str, str]]:
    """Yield (what, code, why) of each thing in a count of plans that disagrees with the rest of it."""
    if bands and (missing := [b for b in BAND_CODES if b not in bands]):
        yield (
            "age band", missing[0],
            f"age bands are given, but not {listed(missing)}, so they cannot be added up. Give all {len(BAND_CODES)}, 0 where "
            "there is nobody, or none.",
        )  # fmt: skip
    elif bands and sum(bands.values()) != total:
        yield (
            "total", "",
            f"the age bands add up to {sum(bands.values()):,}, but the total is {total:,}. Correct whichever is wrong, so that "
            "both count the same plans.",
        )  # fmt: skip
    if needs and (missing := [n for n in NEED_CODES if n not in needs]):
        yield (
            "need", missing[0],
            f"needs are given, but not {listed(missing)}. Give every need, 0 where there is nobody, or none.",
        )  # fmt: skip
    elif needs and not LEAST_SHARE * total <= sum(needs.values()) <= total:
        yield (
            "total", "",
            f"the needs add up to {sum(needs.values()):,}, but the total is {total:,}. Count plans whose need is not known as "
            f"UNKNOWN ({NEEDS['UNKNOWN'].lower()}), and one primary need for each plan.",
        )  # fmt: skip
    if sum(placements.values()) > total:
        yield (
            "total", "",
            f"the placements add up to {sum(placements.values()):,}, more than the total of {total:,}. Count each plan in one "
            "placement.",
        )  # fmt: skip
    if ceased is not None and ceased > total:
        yield (
            "ceased", "",
            f"{ceased:,} plans ceased since January is more than the {total:,} plans there are, which cannot be in one year. "
            "Check that the total counts plans maintained, not new plans, and that neither is of another period.",
        )  # fmt: skip


def census_day(january: int) -> date:
    """Return the day that a January return counts plans on: the third Thursday of the month."""
    first = date(january, 1, 1)
    return first + timedelta(days=(3 - first.weekday()) % 7 + 14)


def in_words(day: date) -> str:
    """Return a day: "30 September 2026"."""
    return f"{day.day} {day:%B %Y}"


def is_newer(counts: OwnCounts, january: int) -> bool:
    """Return whether plans were counted after the day of a January return: only then do they say anything new."""
    return counts.plans.day > census_day(january)
