"""Values that levers share: sizes, dates, and selections of people, settings and prices.

A size is a number or an 80 % interval ``{low, high}``. A time is a year (from then on), ``2027..2030`` (bounded) or
``{from, until, ramp}``, ramp being the years to full effect: the first year has 1/ramp of it. Calendar year y is counted in
January y + 1. A selector says for whom; what it leaves out means everyone.

Invariant: each of them has one canonical form, whichever way it was written, so scenarios that mean the same hash the same.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Annotated, Any

import numpy as np
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainSerializer,
    SerializerFunctionWrapHandler,
    StrictInt,
    Tag,
    WithJsonSchema,
    model_serializer,
    model_validator,
)

from data.areas import EVERY, by_code, resolve
from data.errors import AreaError
from data.formatting import quoted
from data.vocabulary import AGES, NEED_CODES, NEEDS, PHASE_CODES, PHASES, PROVISION_CODES
from scenarios.effects import Array, Flags, Frame, everyone
from scenarios.sampling import Scale, draw_uniforms, quantile
from scenarios.wording import amount, joined, suggestion

YEARS: tuple[int, int] = (2010, 2060)
"""First and last year a lever may name; others are typing slips."""

LARGEST = 1e12
"""Largest number a lever may hold; a larger one is a typing slip."""

LONGEST_RAMP = 30
"""Longest ramp, in years."""

SLUG = r"[a-z0-9]+(-[a-z0-9]+)*"
"""What an id looks like."""

_BREAKS: dict[str, str] = {"Zs": " ", "Zl": "\n", "Zp": "\n"}
_RANGE = re.compile(r"\s*(\d{1,2})\s*(?:-|to|–)\s*(\d{1,2})\s*", re.ASCII)  # noqa: RUF001 - people paste en dashes
_YEARS = re.compile(r"\s*(\d{4})\s*(?:(\.\.)\s*(\d{4})?)?\s*", re.ASCII)


class Strict(BaseModel):
    """What all parts of a scenario share: frozen, no unknown key, no infinity."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, validate_by_name=True, validate_by_alias=True,
        serialize_by_alias=True, use_attribute_docstrings=True,
    )  # fmt: skip

    @model_serializer(mode="wrap")
    def _said(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # An empty list would read as reaching nothing, where a selection left out reaches everything.
        return {key: value for key, value in handler(self).items() if value not in ([], ())}


def _clean(text: str) -> str:
    """Return text trimmed, with every kind of space and line break as a plain one; refuse control characters."""
    plain = "".join(
        _BREAKS.get(unicodedata.category(c), c) for c in text.replace("\r\n", "\n").replace("\t", " ")
    )
    odd = next((c for c in plain if not c.isprintable() and c != "\n"), None)
    if odd is not None:
        raise ValueError(f"holds the control character U+{ord(odd):04X}, which cannot be shown. Delete it.")
    return plain.strip()


def _one_line(text: str) -> str:
    line = " ".join(_clean(text).split())
    if not line:
        raise ValueError("is empty. Write something.")
    return line


def _listed(value: object) -> object:
    """Return a single item as a list, so that ``needs: ASD`` may be written."""
    return [value] if isinstance(value, str | int | float) else value


Text = Annotated[str, Field(max_length=5_000), AfterValidator(_clean)]
"""Free text for people."""

Line = Annotated[str, Field(min_length=1, max_length=400), AfterValidator(_one_line)]
"""One line that must be there."""

Slug = Annotated[str, Field(max_length=80, pattern=f"^{SLUG}$")]
"""An id: lower-case words joined by hyphens."""


def _codes(value: object, known: Iterable[str], what: str) -> tuple[str, ...]:
    """Return codes in the order of the vocabulary, without repeats, whatever their case."""
    if value == ():
        return ()
    options = tuple(known)
    spelt = {o.casefold(): o for o in options}
    items = _listed(value)
    if not isinstance(items, list | tuple) or not items:
        raise ValueError(f"should be a list of {what}s. To reach all of them leave it out.")
    chosen = set()
    for item in items:
        code = spelt.get(str(item).strip().casefold())
        if code is None:
            raise ValueError(f"{quoted(str(item))} is not a {what}. {suggestion(str(item), options)}")
        chosen.add(code)
    return tuple(o for o in options if o in chosen)


def _needs(value: object) -> tuple[str, ...]:
    labels = {label.casefold(): code for code, label in NEEDS.items()} | {"autism": "ASD"}
    items = _listed(value)
    if isinstance(items, list | tuple):
        items = [labels.get(str(item).strip().casefold(), item) for item in items]
    return _codes(items, NEED_CODES, "need")


def _ages(value: object) -> tuple[int, ...]:
    """Return single ages from ages and runs of ages; ages under 3 become 2, as in counts of plans."""
    if value == ():
        return ()
    items = _listed(value)
    if not isinstance(items, list | tuple) or not items:
        raise ValueError("should be ages, such as 5-10 or [16, 17]. To reach all of them leave it out.")
    chosen: set[int] = set()
    for item in items:
        low, high = age_run(item)
        chosen |= {max(age, AGES[0]) for age in range(low, high + 1)}
    return tuple(sorted(chosen))


def age_run(item: object) -> tuple[int, int]:
    """Return the first and last age of an age or run of ages, such as 7 or '5-10'.

    Raises
    ------
    ValueError
        It is neither, is reversed or leaves 0 to 25.
    """
    if isinstance(item, bool) or not isinstance(item, str | int):
        raise ValueError(f"{quoted(str(item))} is not an age. Write 7 or 5-10.")
    text = str(item)[:40]
    match = _RANGE.fullmatch(text if not text.strip().isdecimal() else f"{text.strip()}-{text.strip()}")
    if match is None:
        raise ValueError(f"{quoted(text)} is not an age or a run of ages. Write 7 or 5-10, 0 to {AGES[-1]}.")
    low, high = int(match[1]), int(match[2])
    if low > high:
        raise ValueError(f"{quoted(text)} is reversed. Write {high}-{low}.")
    if high > AGES[-1]:
        raise ValueError(f"{quoted(text)} is older than {AGES[-1]}, the oldest age at which a plan is held.")
    return low, high


def _runs(ages: tuple[int, ...]) -> list[int | str]:
    """Return ages as runs, in the form a person would write."""
    runs: list[list[int]] = []
    for age in ages:
        if runs and age == runs[-1][-1] + 1:
            runs[-1].append(age)
        else:
            runs.append([age])
    return [run[0] if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs]


def _area_names(value: object) -> tuple[str, ...]:
    """Return the official names of authorities given by name, GSS code or DfE number."""
    if value == ():
        return ()
    items = _listed(value)
    if not isinstance(items, list | tuple) or not items:
        raise ValueError("should be a list of authorities. To reach all of them leave it out.")
    names = set()
    for item in items:
        if str(item).strip().casefold() == EVERY:
            raise ValueError(f"'{EVERY}' is what leaving it out means. Delete it.")
        try:
            names.add(resolve(str(item)[:100])[0].name)
        except AreaError as error:
            raise ValueError(str(error).partition(" Give a name")[0]) from None
    return tuple(sorted(names))


def _list_schema(items: dict[str, Any], what: str) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": [items, {"type": "array", "items": items}], "description": what})


Lines = Annotated[
    tuple[Line, ...],
    BeforeValidator(_listed),
    Field(max_length=30),
    _list_schema({"type": "string", "minLength": 1, "maxLength": 400}, "Lines of text."),
]
"""Lines of text; a single one may be written without a list."""

Needs = Annotated[
    tuple[str, ...],
    BeforeValidator(_needs),
    _list_schema({"enum": list(NEED_CODES)}, "Primary needs; left out: all."),
]
Phases = Annotated[
    tuple[str, ...],
    BeforeValidator(lambda v: _codes(v, PHASE_CODES, "phase")),
    _list_schema({"enum": list(PHASE_CODES)}, "Phases of education; left out: all."),
]
Provisions = Annotated[
    tuple[str, ...],
    BeforeValidator(lambda v: _codes(v, PROVISION_CODES, "provision")),
    _list_schema({"enum": list(PROVISION_CODES)}, "Provisions; left out: all."),
]
Ages = Annotated[
    tuple[int, ...],
    BeforeValidator(_ages),
    PlainSerializer(_runs, return_type=list[int | str]),
    _list_schema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 0, "maximum": 25},
                {"type": "string", "pattern": r"^\d+-\d+$"},
            ]
        },
        "Ages at 31 August: 7, '5-10' or a list of such; left out: all. [19, 25] is two ages, 19-25 is seven.",
    ),
]
AreaNames = Annotated[
    tuple[str, ...],
    BeforeValidator(_area_names),
    _list_schema(
        {"type": ["string", "integer"]}, "Authorities by name, GSS code or DfE number; left out: any."
    ),
]


class Interval(Strict):
    """An 80 % interval: 1 outcome in 10 is expected below ``low`` and 1 in 10 above ``high``."""

    low: float
    high: float

    @model_validator(mode="after")
    def _ordered(self) -> Interval:
        if self.low > self.high:
            raise ValueError(
                f"low {amount(self.low)} is above high {amount(self.high)}: the interval is reversed. "
                f"Write {{low: {amount(self.high)}, high: {amount(self.low)}}}."
            )
        return self


def _number(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(
            f"{quoted(str(value))} is not a number. Write one, such as 1.2, or an interval {{low: 1.1, high: 1.3}}."
        )
    # Compared before it becomes a float: a long whole number does not fit one.
    if not -LARGEST <= value <= LARGEST:
        raise ValueError(
            f"{quoted(str(float('nan')) if value != value else 'The number')} is not a usable size."
        )
    return float(value)


def _sized(value: object) -> object:
    if isinstance(value, Interval):
        return value
    if isinstance(value, dict):
        return {k: _number(v) if k in ("low", "high") else v for k, v in value.items()}
    return _number(value)


Size = Annotated[
    Annotated[float, Tag("number")] | Annotated[Interval, Tag("interval")],
    Discriminator(lambda value: "number" if isinstance(value, int | float) else "interval"),
    BeforeValidator(_sized),
]
"""How much: a number, or an 80 % interval that is drawn."""


def ends(size: float | Interval) -> tuple[float, float]:
    """Return the 10th and 90th percentile of a size."""
    return (size.low, size.high) if isinstance(size, Interval) else (size, size)


def middle(size: float | Interval) -> float:
    """Return the middle of a size: the number itself, or the centre of its interval."""
    return sum(ends(size)) / 2


def draw_size(size: float | Interval, scale: Scale, lever: str, seed: int, draws: int) -> Array:
    """Draw a size, dims ``(draw,)``; a plain number is the same in every draw."""
    low, high = ends(size)
    return quantile(low, high, scale, draw_uniforms(lever, seed, draws))


BOUNDS: dict[Scale, tuple[float, float, str]] = {
    "factor": (0.0, 10.0, "a factor of 0 to 10: write 1.2 for 20 % more and 0.8 for 20 % less"),
    "share": (0.0, 1.0, "a share of 0 to 1: write 0.25 for 25 %"),
    "difference": (-1.0, 1.0, "a difference of shares, -1 to 1: write 0.05 for 5 percentage points more"),
    "positive": (0.0, LARGEST, "0 or more"),
    "amount": (-LARGEST, LARGEST, "a number"),
}
"""Least and most of a size by its scale, and how to say so."""


def check_bounds(size: float | Interval, scale: Scale, key: str) -> None:
    """Raise a ValueError if a size is outside the bounds of its scale; the message begins with the key to correct."""
    least, most, words = BOUNDS[scale]
    wrong = [end for end in ends(size) if not least <= end <= most]
    if wrong:
        raise ValueError(f"{key}: {amount(wrong[0])} is out of range: this should be {words}.")


class Dates(Strict):
    """From when to when, and how fast."""

    first: StrictInt = Field(alias="from", ge=YEARS[0], le=YEARS[1])
    """First calendar year; for schemes the year in whose September places open."""
    until: StrictInt | None = Field(default=None, ge=YEARS[0], le=YEARS[1])
    """Last calendar year; left out: from then on."""
    ramp: StrictInt = Field(default=1, ge=1, le=LONGEST_RAMP)
    """Years to full effect, in equal steps; 1 is at once."""

    @model_validator(mode="after")
    def _ordered(self) -> Dates:
        if self.until is not None and self.until < self.first:
            raise ValueError(f"the years are reversed. Write {self.until}..{self.first}.")
        if self.until is not None and self.first + self.ramp - 1 > self.until:
            raise ValueError(
                f"a ramp of {self.ramp} years from {self.first} is not complete by {self.until}, when it ends. "
                "Shorten the ramp or end it later."
            )
        return self

    def weight_in(self, year: int) -> float:
        """Return the share of its full effect that the lever has in a calendar year, 0 to 1."""
        if year < self.first or (self.until is not None and year > self.until):
            return 0.0
        return min(1.0, (year - self.first + 1) / self.ramp)

    def weights(self, frame: Frame) -> Array:
        """Return the share of its full effect that the lever has in the year before each January, 0 to 1, dims ``(january,)``."""
        return np.array([self.weight_in(january - 1) for january in frame.januaries], dtype=float)

    def words(self) -> str:
        """Return the dates in words."""
        if self.until is None:
            span = f"from {self.first}"
        else:
            span = f"in {self.first}" if self.until == self.first else f"from {self.first} to {self.until}"
        return span if self.ramp == 1 else f"{span}, in full after {self.ramp} years"


def _dated(value: object) -> object:
    if isinstance(value, dict | Dates):
        return value
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    match = _YEARS.fullmatch(text[:40])
    if match is None:
        raise ValueError(
            f"{quoted(str(value))} is not a time. Write 2027 (from then on), 2027..2030, or "
            "{from: 2027, until: 2030, ramp: 3}."
        )
    years = {"from": int(match[1]), "until": int(match[3]) if match[3] else None}
    wrong = next((y for y in years.values() if y is not None and not YEARS[0] <= y <= YEARS[1]), None)
    if wrong is not None:
        raise ValueError(
            f"{wrong} is outside {YEARS[0]} to {YEARS[1]}, so it is a typing slip. Correct the year."
        )
    return years


def _dates_out(dates: Dates) -> int | str | dict[str, int]:
    """Return dates in the shortest form in which they can be written."""
    if dates.ramp > 1:
        bounds = {} if dates.until is None else {"until": dates.until}
        return {"from": dates.first} | bounds | {"ramp": dates.ramp}
    return dates.first if dates.until is None else f"{dates.first}..{dates.until}"


_YEAR_SCHEMA = {"type": "integer", "minimum": YEARS[0], "maximum": YEARS[1]}

When = Annotated[
    Dates,
    BeforeValidator(_dated),
    PlainSerializer(_dates_out, return_type=int | str | dict[str, int]),
    WithJsonSchema(
        {
            "description": "A year (from then on), '2027..2030', or from, until and ramp (years to full effect).",
            "anyOf": [
                _YEAR_SCHEMA,
                {"type": "string", "pattern": r"^\d{4}(\.\.(\d{4})?)?$"},
                {
                    "type": "object",
                    "properties": {
                        "from": _YEAR_SCHEMA,
                        "until": {"anyOf": [_YEAR_SCHEMA, {"type": "null"}]},
                        "ramp": {"type": "integer", "minimum": 1, "maximum": LONGEST_RAMP},
                    },
                    "required": ["from"],
                    "additionalProperties": False,
                },
            ],
        }
    ),
]
"""When a lever acts."""


class Anywhere(Strict):
    """Whom a lever reaches: the authorities it is for."""

    areas: AreaNames = ()

    @property
    def codes(self) -> tuple[int, ...]:
        """DfE numbers of the authorities; empty means all."""
        return tuple(resolve(name)[0].la_code for name in self.areas)

    def words(self) -> str:
        """Return the selection in words; blank if it is everybody."""
        return f"in {joined(self.areas)}" if self.areas else ""


class OfAges(Anywhere):
    """Whom a lever reaches: people of some ages."""

    ages: Ages = ()
    phases: Phases = ()

    @property
    def chosen_ages(self) -> tuple[int, ...]:
        """Ages selected: those named that are also in a named phase."""
        in_phases = {a for p in PHASES if p.code in (self.phases or PHASE_CODES) for a in p.ages}
        return tuple(a for a in AGES if a in in_phases and (not self.ages or a in self.ages))

    @model_validator(mode="after")
    def _someone(self) -> OfAges:
        if not self.chosen_ages:
            raise ValueError(
                f"the ages {joined([str(run) for run in _runs(self.ages)])} are not in the phase {joined(self.phases)}, so the "
                "lever reaches nobody. Name one of the two, or ages within the phase."
            )
        return self

    def mask(self) -> Flags:
        """Return a mask of the ages and needs reached, dims ``(age, need)``."""
        return everyone() & np.isin(AGES, self.chosen_ages)[:, None]

    def words(self) -> str:
        """Return the selection in words."""
        phases = [p.label.lower() for p in PHASES if p.code in self.phases]
        ages = [str(run) for run in _runs(self.ages)]
        parts = [
            f"ages {joined(ages).replace('-', ' to ')}" if ages else "",
            f"in {joined(phases)}" if phases else "",
            Anywhere.words(self),
        ]
        return ", ".join(part for part in parts if part)


class People(OfAges):
    """Whom a lever reaches: children and young people of some needs and ages."""

    needs: Needs = ()

    def mask(self) -> Flags:
        """Return a mask of the ages and needs reached, dims ``(age, need)``."""
        chosen: Flags = OfAges.mask(self) & np.isin(NEED_CODES, self.needs or NEED_CODES)
        return chosen

    def words(self) -> str:
        """Return the selection in words."""
        needs = f"needs {joined(self.needs)}" if self.needs else ""
        return ", ".join(part for part in (needs, OfAges.words(self)) if part)


class OfNeeds(Anywhere):
    """Whom a lever reaches: people of some needs."""

    needs: Needs = ()

    def words(self) -> str:
        """Return the selection in words."""
        needs = f"needs {joined(self.needs)}" if self.needs else ""
        return ", ".join(part for part in (needs, Anywhere.words(self)) if part)


class OfSettings(Anywhere):
    """Which places a lever reaches: those of some settings or provisions."""

    settings: Lines = ()
    provisions: Provisions = ()

    def words(self) -> str:
        """Return the selection in words."""
        parts = [joined(self.settings), joined(self.provisions), Anywhere.words(self)]
        return ", ".join(part for part in parts if part)


class OfPrices(OfNeeds):
    """Which prices a lever reaches: those of some provisions or needs."""

    provisions: Provisions = ()

    def words(self) -> str:
        """Return the selection in words."""
        return ", ".join(part for part in (joined(self.provisions), OfNeeds.words(self)) if part)


def area_name(la_code: int) -> str:
    """Return the name of a current authority, or its number if there is none."""
    try:
        return by_code(la_code).name
    except AreaError:
        return str(la_code)
