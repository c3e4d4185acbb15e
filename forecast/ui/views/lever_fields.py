"""The fields of a lever's form, derived from the lever's own model, without Streamlit.

A lever under work is plain values, as in a file. A `Control` says where in them a field stands, what it takes and what to call
it. People type per cent, years and places; the values hold factors and shares (`SizeUnit`).

Invariants: every field of every kind of lever has a control, or it could not be changed by form (a test finds a new one without);
what is left blank is left out of the values, where it means what the model says.
"""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from data.vocabulary import NEEDS, PHASES, PROVISIONS
from scenarios.levers import KINDS, MONEY_ITEMS
from scenarios.people_levers import Site
from scenarios.plan_levers import REASONS
from scenarios.schemes import ALLOWED, COMMON, NEEDED, SIZES
from scenarios.terms import Dates, Interval

Path = tuple[str | int, ...]
"""Where a value stands in a lever."""

Values = dict[str, Any]
"""A lever, or a scenario, as plain values."""

Takes = Literal[
    "size", "dates", "number", "whole", "option", "options", "names", "setting", "ages", "line", "text", "lines", "either"
]  # fmt: skip
"""What a control takes."""

KIND_LABELS: dict[str, str] = {
    "requests": "Requests for an assessment",
    "refusal": "Requests refused",
    "plan_share": "Assessments that end in a plan",
    "timeliness": "Plans issued within 20 weeks",
    "joiners": "New plans for each resident",
    "need_mix": "Mix of needs among new plans",
    "leavers": "Plans that end",
    "reassessment": "Plans that end when reviewed at the end of a phase",
    "placement": "Where children are taught",
    "scheme": "A school or base opens, expands, changes or closes",
    "occupancy": "Local places that can be used",
    "imports": "Places taken by other authorities' children",
    "exports": "Places used in other authorities",
    "population": "Residents",
    "births": "Births",
    "housing": "New homes",
    "unit_cost": "Price of a place, top-up or package",
    "inflation": "Growth of prices",
    "price_cap": "Ceiling on INMSS fees",
    "transport": "Transport from home to school",
    "income": "High needs income, grant, or who carries a deficit",
}
"""Kinds of lever for people, in the order of the form."""

MONEY_ONLY: frozenset[str] = frozenset({"unit_cost", "inflation", "price_cap", "transport", "income"})
"""Kinds that change pounds only."""

NEXT_YEAR = 2027
"""Year that new levers start in until another is chosen."""

WHY = "To be written: why this change, and why this size."
"""Reason of a lever until somebody writes one."""

STARTS: dict[str, Values] = {
    "requests": {"change": 1.1},
    "refusal": {"how": "multiply", "change": 1.1},
    "plan_share": {"how": "multiply", "change": 0.95},
    "timeliness": {"change": 0.8},
    "joiners": {"change": 0.9},
    "need_mix": {"who": {"needs": ["ASD"]}, "change": 1.1},
    "leavers": {"change": 1.1},
    "reassessment": {"change": 0.05},
    "placement": {"from": "inmss", "to": "state_special", "moment": "phase_transfer", "change": 0.1},
    "scheme": {
        "action": "open", "setting": "New specialist base", "provision": "specialist_base", "ages": "11-15", "places": 20,
    },
    "occupancy": {"change": 0.95},
    "imports": {"change": 10.0},
    "exports": {"change": 0.9},
    "population": {"change": 1.02},
    "births": {"change": 0.95},
    "housing": {"sites": [{"name": "New homes", "homes": 500, "built": f"{NEXT_YEAR}..{NEXT_YEAR + 4}", "tenure": "market"}]},
    "unit_cost": {"item": "inmss_fee", "change": 0.95},
    "inflation": {"change": 0.03},
    "price_cap": {"change": 60_000.0},
    "transport": {"change": 0.95},
    "income": {"item": "grant", "change": 1_000_000.0},
}  # fmt: skip
"""A lever of each kind to start from: a round figure to be replaced, not a finding."""

_SCHEME_STARTS: Values = {
    "when": NEXT_YEAR, "provision": "specialist_base", "ages": "11-15", "places": 20,
}  # fmt: skip

_SITE: Values = {"name": "Another site", "homes": 100, "built": NEXT_YEAR, "tenure": "market"}

_ORDER: tuple[str, ...] = (
    "action", "setting", "item", "covers", "from", "to", "moment", "provision", "how", "change", *SIZES, "weeks_late",
    "with_plan", "when", "phasing", "ends", "reasons", "protects", "protects_held_in", "sites", "needs", "ages", "who",
    "located", "urn", "confidence", "chance_delivered", "chance_on_time", "typical_delay_years",
    "why", "evidence", "owner", "status", "id",
)  # fmt: skip

_LABELS: dict[str, tuple[str, str]] = {
    "action": ("What happens", "To open, expand, re-designate or close; later than the register says; or counted on."),
    "setting": ("Setting", "A school or base of the register, or the name of a new one to open."),
    "item": ("What changes", ""),
    "covers": ("Which placements", ""),
    "from": ("Instead of", "Where these children would have gone."),
    "to": ("They go to", ""),
    "moment": ("When they may change", ""),
    "provision": ("Kind of place", ""),
    "how": ("How it changes", "Set to a value, changed by a share of itself, or added to."),
    "change": ("How much", ""),
    "places": ("Places", ""),
    "places_per_1000_aged_11_15": ("Places for every 1,000 residents aged 11 to 15", "About as many to a secondary school."),
    "weeks_late": ("How late overdue plans are, in weeks beyond 20", "A judgement: it is not published."),
    "with_plan": ("How likely newcomers are to bring a plan", "Against residents of their age."),
    "when": ("From", "A calendar year is counted in the January after it; for places the year of the September."),
    "phasing": ("How it fills", ""),
    "ends": ("Ages at review", "Ages at 31 August, such as 6, 10, 15, 18."),
    "reasons": ("Only plans that end because", "All reasons where none is chosen."),
    "protects": ("Pupils who keep their plan, by place", "Nobody is protected where none is chosen."),
    "protects_held_in": ("Place must have been held in January", "Blank: whoever holds one."),
    "needs": ("Primary needs", "All where none is chosen."),
    "ages": ("Ages at 31 August", "Such as 5-10, or 11, 16-18. All where blank."),
    "phases": ("Phases", "All where none is chosen."),
    "provisions": ("Kinds of place", "All where none is chosen."),
    "settings": ("Settings", "All where none is chosen."),
    "areas": ("Only in these authorities", "Any where none is chosen."),
    "located": ("Where it is", ""),
    "urn": ("Unique reference number", "Six digits; may be left blank."),
    "confidence": ("How sure the places are", "Decides the chances below where they are blank."),
    "chance_delivered": ("Chance it is ever delivered, per cent", "Blank: from how sure it is."),
    "chance_on_time": ("Chance it then opens on time, per cent", "Blank: from how sure it is."),
    "typical_delay_years": ("Usual delay of a late one, in years", "Blank: from how sure it is."),
    "why": ("Why this change, and why this size", "One sentence that a stranger would understand."),
    "evidence": ("Evidence", "Titles or links of sources, one a line."),
    "owner": ("Who answers for it", ""),
    "status": ("How firm it is", ""),
    "id": ("Short name", "Lower-case words joined by hyphens. The same name has the same luck in every scenario."),
    "name": ("Name of the site", ""),
    "homes": ("Homes planned", ""),
    "built": ("Built from", "In equal parts each year."),
    "tenure": ("Who lives there", "Decides the children for each home where none are given below."),
    "early_years": ("Children for each home, aged 0 to 3", ""),
    "primary": ("Children for each home, aged 4 to 10", ""),
    "secondary": ("Children for each home, aged 11 to 15", ""),
    "post16": ("Young people for each home, aged 16 to 25", ""),
}  # fmt: skip
"""Field to its label and help."""

_OPTIONS: dict[str, dict[str, str]] = {
    "action": {
        "open": "Opens", "expand": "Expands", "redesignate": "Changes designation", "close": "Closes",
        "slip": "Opens later than the register says", "confirm": "Is counted on, though only proposed",
    },
    "item": {code: item.label for code, item in MONEY_ITEMS.items()},
    "covers": {"all": "Every placement", "new": "New placements only"},
    "moment": {
        "joining": "When they get a plan", "phase_transfer": "When they change phase", "any_year": "In any year, everyone there",
    },
    "how": {"set": "Set to a value", "multiply": "Changed by a share of itself", "add": "Added to"},
    "phasing": {"all": "All places at once", "by_year_group": "Youngest year group first, one more each year"},
    "located": {"local": "In the authority", "elsewhere": "Elsewhere, used by residents"},
    "confidence": {"high": "High", "medium": "Medium", "low": "Low"},
    "status": {"agreed": "Agreed", "proposed": "Proposed", "assumption": "Assumption"},
    "tenure": {"social": "Social rent", "affordable": "Affordable or intermediate", "market": "Market"},
    "reasons": {code: label.capitalize() for code, label in REASONS.items()},
    "needs": dict(NEEDS), "phases": {p.code: p.label for p in PHASES},
    "provision": dict(PROVISIONS), "provisions": dict(PROVISIONS), "protects": dict(PROVISIONS),
    "from": dict(PROVISIONS), "to": dict(PROVISIONS),
}  # fmt: skip
"""Field to what may be chosen; the model says which of them where it allows fewer."""

_NAMES = ("settings", "areas")
_AGES = ("ages", "ends")
_PROVENANCE = ("why", "evidence", "owner", "status", "id")
_DELIVERY = ("located", "urn", "confidence", "chance_delivered", "chance_on_time", "typical_delay_years")


@dataclass(frozen=True)
class Control:
    """One field of a form.

    Parameters
    ----------
    path
        Where its value stands in the lever.
    takes
        What it takes.
    label, help
        For people.
    options
        What may be chosen: code to label.
    default
        What the model means where it is left out.
    needed
        Whether it may not be left out.
    part
        Where in the form it is: what, who, delivery (of schemes) or why.
    """

    path: Path
    takes: Takes
    label: str
    help: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    default: Any = None
    needed: bool = False
    part: Literal["what", "who", "delivery", "why"] = "what"


@dataclass(frozen=True)
class SizeUnit:
    """The unit in which a size is entered: size = entered value / ``per`` + ``base``.

    Parameters
    ----------
    label
        What they type.
    per, base
        Of the sum above.
    step
        Of the arrows beside the field.
    whole
        Whether the size is a whole number.
    start
        A round size to begin from.
    """

    label: str
    per: float = 1.0
    base: float = 0.0
    step: float = 1.0
    whole: bool = False
    start: float = 0.0

    def size(self, typed: float) -> float:
        """Return the size of an entered value."""
        size = round(self.base + typed / self.per, 10)
        return round(size) if self.whole else size

    def typed(self, size: float) -> float:
        """Return the value that people would enter for a size."""
        return round((size - self.base) * self.per, 8)


MORE = SizeUnit("Per cent more (with a minus: fewer)", per=100, base=1, start=1.1)
SHARE = SizeUnit("Per cent", per=100, start=0.1)
POINTS = SizeUnit("Percentage points more (with a minus: fewer)", per=100, start=0.05)
GROWTH = SizeUnit("Per cent a year", per=100, step=0.5, start=0.03)
TRANSFER = SizeUnit("Per cent of the schools block", per=100, step=0.1, start=0.005)
POUNDS = SizeUnit("£ a year", step=1_000, start=1_000.0)
PLACES = SizeUnit("Places", whole=True, start=20)
PLACES_EACH = SizeUnit("Places for every 1,000 residents aged 11 to 15", start=8.0)
PLACES_MORE = SizeUnit("Places more (with a minus: fewer)", start=10.0)
BUILT = SizeUnit("Per cent of the homes planned that are built", per=100, step=5, start=1.0)

_GROWING = ("inflation", "hnb_growth")


def unit_of(values: Mapping[str, Any], name: str) -> SizeUnit:
    """Return the unit in which the size in one field of a lever is entered."""
    kind = values["kind"]
    if kind == "scheme":
        return PLACES if name == SIZES[0] else PLACES_EACH
    if kind == "housing":
        return BUILT if name == "change" else MORE
    if kind in ("imports", "exports"):
        return MORE if kind == "exports" and values.get("how", "multiply") == "multiply" else PLACES_MORE
    known = {k: values[k] for k in ("how", "item", "covers") if k in values}
    # Only how and item decide the scale, so a lever that is not finished has one too.
    lever: Any = KINDS[kind].model_construct(**known)
    code = getattr(lever, "code", "")
    if code in _GROWING:
        return GROWTH
    if code == "block_transfer":
        return TRANSFER
    units = {"factor": MORE, "share": SHARE, "difference": POINTS, "positive": POUNDS, "amount": POUNDS}
    if code == "send_travellers" and lever.manner == "add":
        return POINTS
    return units[lever.scale]


def new_lever(kind: str, others: Sequence[Mapping[str, Any]]) -> Values:
    """Return a new lever of a kind, with a short name that no other has."""
    taken = {lever.get("id") for lever in others}
    stem = kind.replace("_", "-")
    name = next(n for n in (stem, *(f"{stem}-{i}" for i in range(2, 1_000))) if n not in taken)
    values = {"kind": kind, "id": name, "why": WHY, **STARTS[kind]}
    return values if "sites" in values else {"when": NEXT_YEAR, **values}


def controls(lever: Mapping[str, Any]) -> tuple[Control, ...]:
    """Return the fields of a lever being edited, in the order of the form."""
    kind = lever["kind"]
    fields_shown = [c for c in _every(kind) if _shown(c, lever)]
    for index in range(len(lever.get("sites", []))):
        fields_shown += _site_controls(index)
    placed = [_fitted(c, lever) for c in fields_shown]
    return tuple(sorted(placed, key=lambda c: _ORDER.index(str(c.path[0]))))


@cache
def _every(kind: str) -> tuple[Control, ...]:
    all_controls = list(_of_model(KINDS[kind], ()))
    if kind == "scheme":
        labels = {name: _LABELS[name][0] for name in SIZES}
        all_controls.append(Control((SIZES[0],), "either", "Number of places given as", options=labels))
    return tuple(all_controls)


def _of_model(model: type[BaseModel], above: Path) -> Iterator[Control]:
    properties = model.model_json_schema()["properties"]
    for name, info in model.model_fields.items():
        key = info.alias or name
        if key == "kind" or key == "sites":
            continue
        classes = _classes(info.annotation)
        inner = next((c for c in classes if issubclass(c, BaseModel) and c not in (Dates, Interval)), None)
        if inner is not None:
            yield from _of_model(inner, (*above, key))
        else:
            yield _control((*above, key), key, info, classes, properties[key])


def _control(path: Path, key: str, info: FieldInfo, classes: set[type], schema: Mapping[str, Any]) -> Control:
    label, help_text = _LABELS[key]
    allowed = _allowed(schema)
    options = _OPTIONS.get(key, {})
    default = None if info.is_required() else info.default
    default = list(default) if isinstance(default, tuple) else default
    takes: Takes
    if Dates in classes:
        takes = "dates"
    elif Interval in classes:
        takes = "size"
    elif key == "setting":
        takes = "setting"
    elif key in _NAMES:
        takes = "names"
    elif key in _AGES:
        takes = "ages"
    elif key == "evidence":
        takes = "lines"
    elif options:
        takes = "options" if tuple in classes else "option"
    elif classes & {int, float} and str not in classes:
        takes = "whole" if int in classes and float not in classes else "number"
    else:
        takes = "text" if key == "why" else "line"
    shown = {c: options[c] for c in allowed} if allowed else options
    part: Literal["what", "who", "delivery", "why"] = (
        "why"
        if key in _PROVENANCE
        else "who"
        if path[0] == "who"
        else "delivery"
        if key in _DELIVERY
        else "what"
    )
    return Control(path, takes, label, help_text, shown, default, info.is_required(), part)


def _allowed(schema: Mapping[str, Any]) -> list[str]:
    """Return the codes that a schema allows; none if it does not list any."""
    if "enum" in schema:
        return [str(c) for c in schema["enum"]]
    return next((codes for s in schema.get("anyOf", []) if (codes := _allowed(s))), [])


def _classes(annotation: Any) -> set[type]:
    """Return the classes in an annotation, at any depth."""
    classes: set[type] = set()
    if isinstance(annotation, type):
        classes.add(annotation)
    origin = get_origin(annotation)
    if isinstance(origin, type) and origin is not types.UnionType:
        classes.add(origin)
    if origin is Literal:
        return {str}
    if origin is not None or origin is Union:
        for part in get_args(annotation):
            classes |= _classes(part)
    return classes


def _shown(control: Control, lever: Mapping[str, Any]) -> bool:
    """Return whether a field is meaningful in a lever with its current values."""
    name = str(control.path[0])
    if lever["kind"] != "scheme":
        return True
    action = lever.get("action", "open")
    if control.takes == "either":
        return action in ("open", "expand")
    if name not in (*COMMON, *ALLOWED.get(action, ())):
        return False
    if name in SIZES and action in ("open", "expand"):
        return name in lever or (name == SIZES[0] and SIZES[1] not in lever)
    return True


def _fitted(control: Control, values: Mapping[str, Any]) -> Control:
    """Return a field with the options that the rest of the lever leaves open."""
    if control.path == ("how",) and values["kind"] in MONEY_ONLY:
        known = {k: values[k] for k in ("item", "covers") if k in values}
        lever: Any = KINDS[values["kind"]].model_construct(**known)
        hows = MONEY_ITEMS[lever.code].hows
        return replace(control, options={h: control.options[h] for h in hows}, default=hows[0])
    if control.takes == "size":
        unit = unit_of(values, str(control.path[-1]))
        return replace(
            control,
            label=f"{control.label}: {_small(unit.label)}" if control.label != unit.label else unit.label,
        )
    return control


def _small(label: str) -> str:
    return label[:1].lower() + label[1:]


def _site_controls(index: int) -> list[Control]:
    return [replace(c, default=None) if "yields" in c.path else c for c in _of_model(Site, ("sites", index))]


def value_at(values: Any, path: Path) -> Any:
    """Return the value at a path in a lever; None if it is left out."""
    for step in path:
        if isinstance(step, int):
            values = values[step]
        elif not isinstance(values, dict) or step not in values:
            return None
        else:
            values = values[step]
    return values


def put(values: Values, path: Path, value: Any) -> None:
    """Set the value at a path in a lever, in place; None, "" and [] remove it."""
    at: Any = values
    for step in path[:-1]:
        at = at[step] if isinstance(step, int) else at.setdefault(step, {})
    if value is None or value in ("", []):
        at.pop(path[-1], None)
        if len(path) == 2 and values.get(str(path[0])) == {}:
            values.pop(str(path[0]))
    else:
        at[path[-1]] = value


def choose(lever: Values, path: Path, value: Any) -> None:
    """Set a chosen value, in place, and adapt the rest of the lever: another unit starts from a round size."""
    before = _unit_or_none(lever)
    put(lever, path, value)
    if lever["kind"] == "scheme" and path == ("action",):
        _fit_action(lever)
    if path == ("item",) and lever.get("how") not in MONEY_ITEMS[value].hows:
        lever.pop("how", None)
    after = _unit_or_none(lever)
    if after is not None and after != before:
        lever["change"] = after.start


def give_as(lever: Values, name: str) -> None:
    """Change the field in which a number of places is given, in place."""
    for other in SIZES:
        lever.pop(other, None)
    lever[name] = unit_of(lever, name).start


def add_site(lever: Values) -> None:
    """Add a housing site to a lever, in place."""
    lever["sites"] = [*lever["sites"], dict(_SITE)]


def _unit_or_none(lever: Mapping[str, Any]) -> SizeUnit | None:
    return (
        unit_of(lever, "change")
        if "change" in KINDS[lever["kind"]].model_fields and lever["kind"] != "housing"
        else None
    )


def _fit_action(lever: Values) -> None:
    action = lever["action"]
    for name in [n for n in lever if n not in (*COMMON, *ALLOWED[action])]:
        lever.pop(name)
    if action != "open":
        # What a new school was to be is not what an old one is.
        for name in ("needs", "ages", "places", "provision"):
            lever.pop(name, None)
    needed = [
        *NEEDED[action],
        *((SIZES[0],) if action in ("open", "expand", "redesignate") and SIZES[1] not in lever else ()),
    ]
    for name in needed:
        lever.setdefault(name, _SCHEME_STARTS[name])


def ages_text(value: Any) -> str:
    """Return ages as text: "5-10, 16"."""
    return (
        ", ".join(str(v) for v in value) if isinstance(value, list) else "" if value is None else str(value)
    )


def parse_ages(text: str, *, run: bool) -> Any:
    """Return entered ages as a lever takes them; unreadable text stays as entered, so that the message can show it."""
    items: list[int | str] = [
        int(t) if t.isdecimal() else t for t in (p.strip() for p in text.split(",")) if t
    ]
    return (str(items[0]) if items else None) if run and len(items) < 2 else (text if run else items)
