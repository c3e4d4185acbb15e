"""Capacity schemes of a scenario (open, expand, re-designate, close, delay) as rows of a capacity register.

`with_schemes` returns another register; nothing edits the one given, and rows no scheme names stay as they are, in their order.
Schemes act in the order the scenario lists them, each on the register the one before left.

=============  ==============================================================================================================
action         what happens in September of ``when``
=============  ==============================================================================================================
open           a new row; with ``when: 2027..2030`` its last academic year is 2030/31
expand         an extra row, "setting (expansion: id)", for the same needs and ages unless others are given
redesignate    the setting's rows end the year before and follow on with other needs, ages or places
close          the setting's rows end the year before
slip           what the register holds as a scheme of the setting opens then, which must be later than it says
confirm        what the register holds as a scheme is counted, though only proposed; opens then, or when the register says
=============  ==============================================================================================================

A scheme of a scenario counts in it whatever its status: its row is ``agreed``, with the slippage
(`data.registers.register.SLIPPAGE`) of a scheme as firm as the lever: agreed, or proposed where the lever is proposed or an
assumption. Places given as an interval enter the register at their middle, and a `PlaceChange` on the row scales them draw by
draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, PlainSerializer, StrictInt, WithJsonSchema, model_validator

from data.errors import RegisterError, ScenarioError
from data.formatting import quoted
from data.registers.register import (
    COLUMNS,
    MAX_DELAY,
    MAX_PLACES,
    PHASINGS,
    SLIPPAGE,
    Record,
    Register,
    academic_year,
    first_year,
    records,
)
from data.registers.register import frame as row_frame
from data.vocabulary import ALL
from scenarios.effects import Effects, Frame, PlaceChange
from scenarios.lever import LeverBase, LeverContext
from scenarios.place_levers import Provision
from scenarios.sampling import draw_uniforms, quantile
from scenarios.terms import Anywhere, Dates, Line, Needs, Size, When, age_run, check_bounds, ends, middle
from scenarios.wording import amount, suggestion

Action = Literal["open", "expand", "redesignate", "close", "slip", "confirm"]
"""What a scheme does."""

_DOES: dict[Action, str] = {
    "open": "opens",
    "expand": "expands",
    "redesignate": "changes designation",
    "close": "closes",
    "slip": "opens later than the register says",
    "confirm": "is counted on",
}


def _run(value: object) -> object:
    return value if isinstance(value, tuple) else age_run(value)


Run = Annotated[
    tuple[int, int],
    BeforeValidator(_run),
    PlainSerializer(lambda run: f"{run[0]}-{run[1]}", return_type=str),
    WithJsonSchema(
        {"type": "string", "pattern": r"^\d+-\d+$", "description": "A run of ages at 31 August: '11-15'."}
    ),
]

NEEDED: dict[Action, tuple[str, ...]] = {
    "open": ("when", "provision", "ages"),
    "expand": ("when",),
    "redesignate": ("when",),
    "close": ("when",),
    "slip": ("when",),
    "confirm": (),
}
"""What must be said of each action."""
_CHANCES = ("confidence", "chance_delivered", "chance_on_time", "typical_delay_years")
SIZES = ("places", "places_per_1000_aged_11_15")
"""Ways to say how many places, of which one is given."""
ALLOWED: dict[Action, tuple[str, ...]] = {
    "open": ("provision", "needs", "ages", "located", "urn", "phasing", *SIZES, *_CHANCES),
    "expand": ("provision", "needs", "ages", "phasing", *SIZES, *_CHANCES),
    "redesignate": ("provision", "needs", "ages", "places", *_CHANCES),
    "close": ("provision",),
    "slip": ("provision", *_CHANCES),
    "confirm": ("provision", *_CHANCES),
}
"""What may be said of each action, beside what all have in common."""
COMMON = ("kind", "id", "why", "evidence", "owner", "status", "who", "action", "setting", "when")
"""What every action may say."""


class Scheme(LeverBase):
    """A change of a setting's places."""

    kind: Literal["scheme"] = "scheme"
    who: Anywhere = Anywhere()
    """In which authorities."""
    action: Action
    """open, expand, redesignate, close, slip or confirm."""
    setting: Line
    """Name of the setting: as in the register, or a new one to open."""
    when: When | None = None
    """Year in whose September it happens; with 2027..2030 the places end with academic year 2030/31."""
    provision: Provision | None = None
    """Kind of provision to open; for a setting that offers several kinds, the one meant."""
    needs: Needs = ()
    """Needs admitted; left out: all to open, the same as now otherwise."""
    ages: Run | None = None
    """Ages admitted at 31 August, such as 11-15; left out: the same as now."""
    places: Size | None = None
    """Places, or an 80 % interval of them; those added where a setting expands."""
    places_per_1000_aged_11_15: Size | None = None
    """Places for every 1,000 residents aged 11 to 15 at the origin, instead of places: about as many to a secondary school."""
    located: Literal["local", "elsewhere"] = "local"
    """In the authority, or used by its residents elsewhere."""
    urn: StrictInt | None = Field(default=None, ge=100_000, le=999_999)
    """Unique reference number."""
    phasing: Literal["all", "by_year_group"] = "all"
    """All places at once, or the youngest year group first and one more each year."""
    confidence: Literal["high", "medium", "low"] = "low"
    """How sure it is; decides the slippage that is not given."""
    chance_delivered: float | None = Field(default=None, ge=0, le=100)
    """Chance that it is ever delivered, per cent."""
    chance_on_time: float | None = Field(default=None, ge=0, le=100)
    """Chance that it then opens on time, per cent."""
    typical_delay_years: float | None = Field(default=None, ge=1, le=MAX_DELAY)
    """Mean delay of a late one, in years."""
    TITLE: ClassVar[str] = "Places"

    @model_validator(mode="after")
    def _fits_its_action(self) -> Self:
        # What equals its default says nothing, written out or not: a scheme read back from its own text is the same scheme.
        given = {
            name for name, field in type(self).model_fields.items() if getattr(self, name) != field.default
        }
        missing = [name for name in NEEDED[self.action] if name not in given]
        idle = sorted(given - {*COMMON, *ALLOWED[self.action]})
        if missing:
            raise ValueError(f"to {self.action} a setting, {missing[0]} is needed. Add it.")
        if idle:
            raise ValueError(f"{idle[0]} means nothing when the action is {self.action}. Delete it.")
        if self.action in ("open", "expand") and len(given & set(SIZES)) != 1:
            raise ValueError(
                f"to {self.action} a setting, give places or places_per_1000_aged_11_15: one of the two."
            )
        if self.action == "redesignate" and not given & {"needs", "ages", "places"}:
            raise ValueError("nothing is redesignated: give the new needs, ages or places.")
        if self.action not in ("open", "expand") and self.when is not None and self.when.until is not None:
            raise ValueError(
                f"when: an end year means nothing when the action is {self.action}. Write the first year only."
            )
        if self.when is not None and self.when.ramp > 1:
            raise ValueError(
                "places open by year group, not on a ramp. Write phasing: by_year_group instead."
            )
        self._check_size()
        return self

    def _check_size(self) -> None:
        size = self.given_size
        if size is None:
            return
        key = SIZES[0] if self.places is not None else SIZES[1]
        low, high = ends(size)
        if low < 0:
            raise ValueError(
                f"{key}: {amount(low)} is fewer than 0 places. Write 0 or more; to take places away, use close."
            )
        check_bounds(size, "positive", key)
        if high > MAX_PLACES:
            raise ValueError(
                f"{key}: {amount(high)} is more than the {MAX_PLACES:,} places any one setting has. Correct it."
            )
        if isinstance(self.places, float) and not self.places.is_integer():
            raise ValueError(f"{key}: {amount(self.places)} is not a whole number of places. Round it.")

    @property
    def given_size(self) -> Size | None:
        """The size given: places, or places for every 1,000 residents aged 11 to 15."""
        return self.places if self.places is not None else self.places_per_1000_aged_11_15

    @property
    def reach(self) -> Anywhere:
        """The authorities it is for."""
        return self.who

    @property
    def times(self) -> tuple[Dates, ...]:
        """The date at which it happens; none if the register's own date is used."""
        return () if self.when is None else (self.when,)

    @property
    def row_name(self) -> str:
        """Name of the setting in the register rows that it adds."""
        return f"{self.setting} (expansion: {self.name})" if self.action == "expand" else self.setting

    def whole_places(self, residents_11_15: float | None) -> int:
        """Return the number of places entered in the register: the middle of the given size, rounded.

        Parameters
        ----------
        residents_11_15
            Residents aged 11 to 15 at the origin.

        Raises
        ------
        ScenarioError
            Places depend on residents, and these are not known; or there are too many.
        """
        assert self.given_size is not None  # checked when the lever was made
        places = round(middle(self.given_size) * self._scaled_by(residents_11_15))
        if places > MAX_PLACES:
            raise ScenarioError(
                f"Lever '{self.name}' makes {places:,} places in '{self.setting}', more than the {MAX_PLACES:,} that one row of "
                "a capacity register may hold. Write fewer places for every 1,000 residents, or several schemes."
            )
        return places

    def _scaled_by(self, residents_11_15: float | None) -> float:
        if self.places is not None:
            return 1.0
        if residents_11_15 is None:
            raise ScenarioError(
                f"Lever '{self.name}' gives places for every 1,000 residents aged 11 to 15, but their number is not known here, "
                "so its places cannot be worked out. Write places as a number instead."
            )
        return residents_11_15 / 1_000

    def active_effects(self, context: LeverContext) -> Effects:
        """Return the change that makes the new places uncertain; none if their number is certain."""
        size = self.given_size
        if self.when is None or size is None or ends(size)[0] == ends(size)[1]:
            return Effects()
        counted = self.whole_places(context.residents_11_15)
        if not counted:
            return Effects()
        places = quantile(*ends(size), "factor", draw_uniforms(self.name, context.seed, context.frame.draws))
        factor = places * self._scaled_by(context.residents_11_15) / counted
        change = PlaceChange("multiply", factor, self.when.weights(context.frame), (self.row_name,), (), None)
        return Effects(places=(change,))

    def acts(self, frame: Frame) -> bool:
        """Return whether it happens before the last January; True if its date is the register's."""
        return self.when is None or super().acts(frame)

    def size_text(self) -> str:
        """Return in words what the scheme changes."""
        parts = [f"{self.setting} {_DOES[self.action]}"]
        if self.given_size is not None:
            low, high = ends(self.given_size)
            span = amount(low) if low == high else f"{amount(low)} to {amount(high)}"
            each = " for every 1,000 residents aged 11 to 15" if self.places is None else ""
            parts.append(f"{span} places{each}")
        if self.ages is not None:
            parts.append(f"ages {self.ages[0]} to {self.ages[1]}")
        if self.needs:
            parts.append(f"needs {', '.join(self.needs)}")
        if self.phasing == "by_year_group":
            parts.append("one year group a year")
        return ", ".join(parts)


def with_schemes(
    register: Register,
    schemes: Sequence[Scheme],
    frame: Frame,
    *,
    residents_11_15: float | None = None,
    named: str = "this scenario",
) -> Register:
    """Return a register after schemes, in their order; unchanged if none is for the authority.

    Parameters
    ----------
    register
        Capacity register of the authority; not changed.
    schemes
        Those for other authorities are passed over.
    frame
        Authority and origin.
    residents_11_15
        Residents aged 11 to 15 at the origin, for places given for every 1,000 of them.
    named
        Id of the scenario, for the column ``source``.

    Raises
    ------
    ScenarioError
        A scheme names a setting that the register does not have, opens one it has, or would make a register that breaks its
        rules.
    """
    rows = records(register.rows)
    here = [scheme for scheme in schemes if scheme.reaches(frame.la_code)]
    for scheme in here:
        rows = _APPLY[scheme.action](rows, scheme, f"Scenario {named}: {scheme.why}", residents_11_15)
    return _register(register, rows) if here else register


def superseded(scheme: Scheme, rows: Sequence[Record], frame: Frame) -> str:
    """Return why a scheme of a year that is published already changes nothing in a register any more; blank if it does.

    Parameters
    ----------
    scheme
        Of any year; one of a year that is forecast is never superseded. One that takes its date from the register is, where
        the register has the setting open.
    rows
        Of the register without the scenario.
    frame
        Says which years are published.
    """
    if scheme.when is not None and scheme.when.first >= frame.origin:
        return ""
    named = _named(rows, scheme.row_name)
    if scheme.action in ("open", "expand"):
        return "the register has these places" if named else ""
    of_kind = [row for row in named if scheme.provision in (None, row["provision"])]
    if not of_kind:
        return ""
    if scheme.action in ("close", "redesignate"):
        closed = all(_ends_before(row, _september(scheme)) for row in of_kind)
        return "the register has the setting closed by then" if closed else ""
    planned = [row for row in of_kind if row["status"] != "open"]
    if not planned:
        return "the register has it open"
    already = scheme.action == "slip" and _september(scheme) <= min(_begins(row) for row in planned)
    return "the register has it open then or later" if already else ""


def _register(register: Register, rows: Sequence[Record]) -> Register:
    try:
        return Register(la_code=register.la_code, rows=row_frame(rows), origin=register.origin)
    except RegisterError as error:
        raise ScenarioError(
            f"With the schemes of the scenario the capacity register breaks its rules, so it was left as it was. {error}"
        ) from None


def _open(
    rows: list[dict[str, Any]], scheme: Scheme, source: str, residents: float | None
) -> list[dict[str, Any]]:
    if _named(rows, scheme.setting):
        raise ScenarioError(
            f"Lever '{scheme.name}' opens '{scheme.setting}', but the register already has a setting of that name, so places "
            "might count twice. Write action: expand to add to it, or give the new setting another name."
        )
    assert scheme.ages is not None  # checked when the lever was made
    new = _new_row(scheme, source, residents)
    new |= {
        "provision": scheme.provision, "needs": ";".join(scheme.needs) or ALL, "age_low": scheme.ages[0],
        "age_high": scheme.ages[1], "located": scheme.located, "urn": scheme.urn,
    }  # fmt: skip
    return [*rows, new]


def _expand(
    rows: list[dict[str, Any]], scheme: Scheme, source: str, residents: float | None
) -> list[dict[str, Any]]:
    then = _then(_setting(rows, scheme), scheme)
    needs = {need for row in then for need in row["needs"].split(";")}
    ages = scheme.ages or (min(r["age_low"] for r in then), max(r["age_high"] for r in then))
    last = then[-1]
    new = _new_row(scheme, source, residents)
    new |= {
        "provision": last["provision"], "located": last["located"], "urn": last["urn"], "community": last["community"],
        "needs": ";".join(scheme.needs) or (ALL if ALL in needs else ";".join(sorted(needs))),
        "age_low": ages[0], "age_high": ages[1],
    }  # fmt: skip
    return [*rows, new]


def _redesignate(
    rows: list[dict[str, Any]], scheme: Scheme, source: str, residents: float | None
) -> list[dict[str, Any]]:
    year = _september(scheme)
    chosen = _setting(rows, scheme)
    then = _then(chosen, scheme)
    if len(then) > 1 and (scheme.ages or scheme.places is not None):
        raise ScenarioError(
            f"Lever '{scheme.name}' gives '{scheme.setting}' new ages or places in {academic_year(year + 1)}, but the register "
            f"has {len(then)} rows for it in that year, so it is unclear which one is meant. Close it and open its successor."
        )
    new: dict[str, Any] = {"source": source, "basis": "estimated"}
    if scheme.needs:
        new["needs"] = ";".join(scheme.needs)
    if scheme.ages:
        new |= {"age_low": scheme.ages[0], "age_high": scheme.ages[1]}
    if scheme.places is not None:
        # A roll or funded places are those of the places before.
        new |= {"places": scheme.whole_places(residents)}
    counted = {"status": "agreed", "agreed_on": None, "confidence": scheme.confidence} | _chances(scheme)
    before_it = {"roll": None, "roll_january": None, "funded_places": None, "phasing": None}
    result: list[dict[str, Any]] = []
    for row in rows:
        if not _is_one_of(row, chosen) or _ends_before(row, year):
            result.append(row)
        elif _begins(row) >= year:
            result.append(row | new)
        else:
            follower = row | before_it | new | {"from_academic_year": academic_year(year + 1)} | counted
            result += [row | {"to_academic_year": academic_year(year)}, follower]
    return result


def _close(
    rows: list[dict[str, Any]], scheme: Scheme, source: str, residents: float | None
) -> list[dict[str, Any]]:
    year = _september(scheme)
    chosen = _setting(rows, scheme)
    kept = [row for row in rows if not (_is_one_of(row, chosen) and _begins(row) >= year)]
    if len(kept) == len(rows) and all(_ends_before(row, year) for row in chosen):
        raise ScenarioError(
            f"Lever '{scheme.name}' closes '{scheme.setting}' in September {year}, but in the register it is closed by then. "
            "Write an earlier year or delete the lever."
        )
    last = academic_year(year)
    return [
        row | {"to_academic_year": last, "note": _with(row["note"], f"Closes. {source}")}
        if _is_one_of(row, chosen) and not _ends_before(row, year)
        else row
        for row in kept
    ]


def _slip(
    rows: list[dict[str, Any]], scheme: Scheme, source: str, residents: float | None
) -> list[dict[str, Any]]:
    planned = _planned(rows, scheme)
    first, year = min(_begins(row) for row in planned), _september(scheme)
    if year <= first:
        raise ScenarioError(
            f"Lever '{scheme.name}' lets '{scheme.setting}' slip to September {year}, but in the register it opens in September "
            f"{first}. Write a later year, or action: confirm for an earlier one."
        )
    chances = {k: v for k, v in _chances(scheme).items() if getattr(scheme, k) is not None}
    return _moved(rows, planned, year - first, {"source": source} | chances)


def _confirm(
    rows: list[dict[str, Any]], scheme: Scheme, source: str, residents: float | None
) -> list[dict[str, Any]]:
    planned = _planned(rows, scheme)
    first = min(_begins(row) for row in planned)
    later = 0 if scheme.when is None else scheme.when.first - first
    return _moved(rows, planned, later, {"status": "agreed", "source": source} | _chances(scheme))


def _moved(
    rows: list[dict[str, Any]], planned: Sequence[Record], years: int, new: dict[str, Any]
) -> list[dict[str, Any]]:
    """Return rows with planned ones moved by some years, and the rows that these replace extended until they open."""
    first = min(_begins(row) for row in planned)
    result = []
    for row in rows:
        if _is_one_of(row, planned):
            moved = {c: _shifted(row[c], years) for c in ("from_academic_year", "to_academic_year")}
            # A scheme brought forward may begin before the day it was agreed, which a register refuses.
            undated = {"agreed_on": None} if years < 0 else {}
            result.append(row | new | moved | undated)
        elif _leads_to(row, planned, first):
            result.append(row | {"to_academic_year": _shifted(row["to_academic_year"], years)})
        else:
            result.append(row)
    return result


_APPLY = {
    "open": _open,
    "expand": _expand,
    "redesignate": _redesignate,
    "close": _close,
    "slip": _slip,
    "confirm": _confirm,
}


def _new_row(scheme: Scheme, source: str, residents: float | None) -> dict[str, Any]:
    assert scheme.when is not None  # checked when the lever was made
    until = scheme.when.until
    blank: dict[str, Any] = dict.fromkeys(COLUMNS)
    new = {
        "setting": scheme.row_name, "from_academic_year": academic_year(scheme.when.first + 1),
        "to_academic_year": None if until is None else academic_year(until + 1),
        "places": scheme.whole_places(residents), "status": "agreed",
        "phasing": None if scheme.phasing == PHASINGS[0] else scheme.phasing, "basis": "estimated",
        "confidence": scheme.confidence, "source": source,
    }  # fmt: skip
    return blank | new | _chances(scheme)


def _chances(scheme: Scheme) -> dict[str, float]:
    usual = SLIPPAGE["agreed" if scheme.status == "agreed" else "proposed", scheme.confidence]
    given = {
        "chance_delivered": (scheme.chance_delivered, usual.delivered),
        "chance_on_time": (scheme.chance_on_time, usual.on_time),
        "typical_delay_years": (scheme.typical_delay_years, usual.delay),
    }
    return {column: default if stated is None else stated for column, (stated, default) in given.items()}


def _named(rows: Sequence[Record], setting: str) -> list[Record]:
    return [row for row in rows if row["setting"].casefold() == setting.casefold()]


def _setting(rows: Sequence[Record], scheme: Scheme) -> list[Record]:
    """Return the register rows of the setting that a scheme names, all of one provision and location."""
    of_setting = _named(rows, scheme.setting)
    if not of_setting:
        raise ScenarioError(_unknown_setting(scheme.name, scheme.setting, rows))
    of_kind = [row for row in of_setting if scheme.provision in (None, row["provision"])]
    kinds = sorted({row["provision"] for row in of_setting})
    if not of_kind:
        raise ScenarioError(
            f"Lever '{scheme.name}': '{scheme.setting}' has no {scheme.provision} in the register, so nothing would change. "
            f"Write provision: {' or '.join(kinds)}."
        )
    if len({row["provision"] for row in of_kind}) > 1:
        raise ScenarioError(
            f"Lever '{scheme.name}': '{scheme.setting}' offers {' and '.join(kinds)} in the register, so it is unclear which is "
            "meant. Add the provision."
        )
    return of_kind


def _unknown_setting(lever: str, setting: str, rows: Sequence[Record]) -> str:
    settings = sorted({row["setting"] for row in rows})
    return (
        f"Lever '{lever}' names the setting {quoted(setting)}, which is not in the capacity register, so it would do nothing. "
        f"{suggestion(setting, settings)}"
    )


def _then(chosen: Sequence[Record], scheme: Scheme) -> list[Record]:
    """Return the rows of a setting in force in the September of a scheme, else those that begin later."""
    year = _september(scheme)
    then = [row for row in chosen if _begins(row) <= year and not _ends_before(row, year)]
    then = then or [row for row in chosen if _begins(row) > year]
    if not then:
        raise ScenarioError(
            f"Lever '{scheme.name}': in the register '{scheme.setting}' is closed by September {year}, so it cannot change then. "
            "Write an earlier year, or action: open with a new name."
        )
    return then


def _planned(rows: Sequence[Record], scheme: Scheme) -> list[Record]:
    planned = [row for row in _setting(rows, scheme) if row["status"] != "open"]
    if planned:
        return planned
    schemes = sorted({row["setting"] for row in rows if row["status"] != "open"})
    raise ScenarioError(
        f"Lever '{scheme.name}': the register holds no scheme of '{scheme.setting}', only places that are open, so there is "
        f"nothing to {scheme.action}. {suggestion(scheme.setting, schemes)}"
    )


def _is_one_of(row: Record, chosen: Sequence[Record]) -> bool:
    return any(row is other for other in chosen)


def _leads_to(row: Record, planned: Sequence[Record], first: int) -> bool:
    """Return whether a row of the same setting and provision ends as the first planned row begins."""
    head = planned[0]
    same = row["setting"].casefold() == head["setting"].casefold() and row["provision"] == head["provision"]
    end = None if row["to_academic_year"] is None else first_year(row["to_academic_year"])
    return bool(same and end == first - 1)


def _september(scheme: Scheme) -> int:
    assert scheme.when is not None  # checked when the lever was made
    return scheme.when.first


def _begins(row: Record) -> int:
    year = first_year(row["from_academic_year"])
    assert year is not None  # checked by the register
    return year


def _ends_before(row: Record, year: int) -> bool:
    end = None if row["to_academic_year"] is None else first_year(row["to_academic_year"])
    return end is not None and end < year


def _shifted(year: str | None, years: int) -> str | None:
    start = None if year is None else first_year(year)
    return None if start is None else academic_year(start + 1 + years)


def _with(note: str | None, more: str) -> str:
    return more if note is None else f"{note} {more}"
