"""Candidate schemes: places that an authority might build, with what they cost, whom they admit and when they might open.

Costs are what is put in, before location and optimism bias are applied:

    capital of a scheme = places x cost per place x location factor x (1 + optimism bias), brought to prices of the base year

Invariant: a candidate is complete and sound: what a planner left blank has been filled from shipped benchmarks
(`data.capital.benchmarks`), and ``assumed`` names every column that was.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from data.prices.inflation import starting_year
from data.registers.register import MAX_DELAY, MAX_PLACES
from data.vocabulary import AGES, ALL, NEED_CODES, PHASES

Kind = Literal["base", "satellite", "special_expansion", "new_special", "post16_centre"]
"""What is built."""


@dataclass(frozen=True)
class SchemeKind:
    """Words and provision of a kind of scheme.

    Parameters
    ----------
    label
        Its name.
    short_label
        Its name in a narrow column.
    one, several
        What a sentence calls one scheme of the kind, and more than one.
    provision
        Code of the provision of its places.
    """

    label: str
    short_label: str
    one: str
    several: str
    provision: str


SCHEME_KINDS: dict[Kind, SchemeKind] = {
    "base": SchemeKind(
        "Specialist base in a mainstream school", "base", "specialist base", "specialist bases", "specialist_base"
    ),
    "satellite": SchemeKind(
        "Satellite site of a special school", "satellite", "satellite of a special school", "satellites of special schools",
        "state_special",
    ),
    "special_expansion": SchemeKind(
        "Expansion of a special school", "expansion", "expansion of a special school", "expansions of special schools",
        "state_special",
    ),
    "new_special": SchemeKind(
        "New special school", "new school", "new special school", "new special schools", "state_special"
    ),
    "post16_centre": SchemeKind(
        "Specialist post-16 centre", "post-16 centre", "post-16 centre", "post-16 centres", "specialist_post16"
    ),
}  # fmt: skip
"""Facts about each kind of scheme, by code."""

KINDS: dict[Kind, str] = {code: kind.label for code, kind in SCHEME_KINDS.items()}
"""Kinds of scheme: code to label."""

SPECIAL: tuple[Kind, ...] = ("satellite", "special_expansion", "new_special")
"""Kinds of special school option: each is set against a base."""

BASES: tuple[str, ...] = ("published", "council", "estimated", "assumed")
"""Where the figures of a candidate come from: a publication, the council, our estimate, or an assumption."""

CONFIDENCES: tuple[str, ...] = ("high", "medium", "low")
"""How sure the figures are."""

MAX_COST = 2_000_000.0
"""Dearest capital cost of one place, pounds; a higher one is a typing slip or the cost of a whole scheme."""

MAX_LEAD = 15
"""Longest lead time, in years."""

FIRST_OPENING = 2010
"""First calendar year in whose September a scheme may have been to open; earlier ones are typing slips."""

LAST_OPENING = 2060
"""Last calendar year in whose September a scheme may open; later ones are typing slips."""

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=400)]


class Candidate(BaseModel):
    """One scheme that might be built."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)

    id: Annotated[str, StringConstraints(max_length=60)]
    """Short name: lower-case words joined by hyphens; the same id has the same luck in every run."""
    title: Line
    """What a planner calls it."""
    kind: Kind
    """What is built."""
    places: Annotated[int, Field(ge=1, le=MAX_PLACES)]
    """Places once it is full."""
    age_low: Annotated[int, Field(ge=0, le=25)]
    """Youngest age admitted, at 31 August."""
    age_high: Annotated[int, Field(ge=0, le=25)]
    """Oldest age admitted, at 31 August."""
    needs: tuple[str, ...] = NEED_CODES
    """Primary needs admitted, codes of `data.vocabulary.NEEDS`."""
    opens: Annotated[int, Field(ge=FIRST_OPENING, le=LAST_OPENING)]
    """Calendar year in whose September it opens if on time: 2028 is academic year 2028/29."""
    lead_years: Annotated[int, Field(ge=0, le=MAX_LEAD)]
    """Years from decision to opening; capital is spent evenly over them (in the year of opening where 0)."""
    phasing: Literal["all", "by_year_group"]
    """All places at once, or the youngest year group first and one more each year."""
    chance_delivered: Annotated[float, Field(ge=0, le=100)]
    """Chance that it is ever delivered once chosen, per cent."""
    chance_on_time: Annotated[float, Field(ge=0, le=100)]
    """Chance that it then opens on time, per cent."""
    typical_delay_years: Annotated[float, Field(ge=1, le=MAX_DELAY)]
    """Mean delay of a late one, in years."""
    capital_low: Annotated[float, Field(ge=0, le=MAX_COST)]
    """Cost of one place, pounds of ``price_year``: low end of an 80 % interval, before location and optimism bias."""
    capital_high: Annotated[float, Field(ge=0, le=MAX_COST)]
    """High end of that interval."""
    price_year: str
    """Financial year of the pounds, such as 2025-26."""
    location_factor: Annotated[float, Field(ge=0.5, le=2.0)]
    """Building costs here over those where the cost per place comes from; 1 for a local cost."""
    optimism_bias: Annotated[float, Field(ge=0, le=200)]
    """Addition for optimism, per cent of cost."""
    grant_share: Annotated[float, Field(ge=0, le=100)]
    """Part of the capital met by grant or others, per cent; the rest is borrowed."""
    borrow_years: Annotated[int, Field(ge=1, le=60)]
    """Years over which borrowing is repaid; also how long the places last."""
    borrow_rate: Annotated[float, Field(ge=0, le=20)]
    """Interest on borrowing, per cent a year, nominal."""
    running_cost: Annotated[float, Field(ge=0, le=20_000_000)] = 0.0
    """Cost a year beyond what is paid for its pupils, such as a lease, pounds of ``price_year``."""
    one_of: str | None = None
    """Schemes with the same word here exclude each other, such as two uses of one site."""
    urn: Annotated[int, Field(ge=100_000, le=999_999)] | None = None
    """Unique reference number of the school."""
    community: str | None = None
    """Planning community."""
    latitude: Annotated[float, Field(ge=49.8, le=60.9)] | None = None
    """Of the site, degrees WGS84."""
    longitude: Annotated[float, Field(ge=-8.7, le=1.8)] | None = None
    """Of the site, degrees WGS84."""
    basis: Literal["published", "council", "estimated", "assumed"]
    """Where its figures come from."""
    confidence: Literal["high", "medium", "low"]
    """How sure they are."""
    source: Line
    """A document, or 'assumption' with its reason."""
    note: str | None = None
    """What a reader should know."""
    assumed: tuple[str, ...] = ()
    """Columns that were blank and are filled from shipped benchmarks."""

    @field_validator("id")
    @classmethod
    def _slug(cls, value: str) -> str:
        if _SLUG.fullmatch(value) is None:
            raise ValueError(
                "is not a short name. Write lower-case words joined by hyphens, such as base-primary-asd."
            )
        return value

    @field_validator("needs")
    @classmethod
    def _known_needs(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value or not set(value) <= set(NEED_CODES):
            raise ValueError(f"should be {ALL}, or needs such as ASD;SLCN.")
        return tuple(need for need in NEED_CODES if need in value)

    @field_validator("price_year")
    @classmethod
    def _year(cls, value: str) -> str:
        if starting_year(value) is None:
            raise ValueError(f"'{value}' is not a financial year. Write it like 2025-26.")
        return value

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.age_low > self.age_high:
            raise ValueError(
                f"age_high {self.age_high} is below age_low {self.age_low}. Swap or correct the ages."
            )
        if self.capital_low > self.capital_high:
            raise ValueError(
                f"capital_low {self.capital_low:,.0f} is above capital_high {self.capital_high:,.0f}. Swap or correct them."
            )
        if (self.latitude is None) != (self.longitude is None):
            raise ValueError("latitude and longitude go together. Give both or neither.")
        if self.kind == "post16_centre" and self.age_high < PHASES[-1].low:
            raise ValueError(
                f"a post-16 centre that admits nobody over {self.age_high} has no pupils. Write age_high 16 to 25."
            )
        return self

    @property
    def provision(self) -> str:
        """Provision type of its places."""
        return SCHEME_KINDS[self.kind].provision

    @property
    def ages(self) -> tuple[int, ...]:
        """The single ages admitted, as counts of plans have them (2 stands for all under 3)."""
        return tuple(age for age in AGES if max(self.age_low, AGES[0]) <= age <= max(self.age_high, AGES[0]))

    @property
    def phases(self) -> tuple[str, ...]:
        """Phases of education that contain an age it admits."""
        return tuple(phase.code for phase in PHASES if set(phase.ages) & set(self.ages))
