"""Local authorities: find one by name, GSS code or DfE number, and know which replaced those that were abolished.

Invariant: `resolve` returns authorities that exist today, or says why not and what to type instead.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from types import MappingProxyType

from data import tables
from data.errors import AreaError

EVERY = "all"
"""What to type for every authority."""

ALIASES: dict[str, int] = {
    "bcp": 839,
    "bournemouth christchurch and poole": 839,
    "durham": 840,
    "bedford borough": 822,
    "bristol": 801,
    "herefordshire": 884,
    "hull": 810,
    "kingston": 314,
    "richmond": 318,
    "rbkc": 207,
    "southend": 882,
    "st helens": 342,
    "telford": 894,
    "westmorland": 943,
    "windsor": 868,
    "city": 201,
    "scilly": 420,
}
"""Everyday names that are not the official one: simplified name to DfE number."""


_OF_COUNCILS = frozenset(
    {
        "lb",
        "lbc",
        "rb",
        "rbc",
        "mbc",
        "mdc",
        "bc",
        "cc",
        "dc",
        "ua",
        "la",
        "lea",
        "local",
        "unitary",
        "authority",
    }
)
"""Words, besides those of official names, that councils are written with and that say nothing of which it is."""


@dataclass(frozen=True, slots=True)
class Area:
    """One local authority with education duties.

    Parameters
    ----------
    la_code
        DfE number, three digits; the key that joins every table.
    gss_code
        Current ONS code.
    name, region
        As published.
    """

    la_code: int
    gss_code: str
    name: str
    region: str

    @property
    def slug(self) -> str:
        """The name as a folder: lower case, hyphens."""
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")


@cache
def current() -> tuple[Area, ...]:
    """Return the 153 current authorities, ordered by name."""
    frame = tables.read("areas")
    frame = frame[frame["is_current"]].sort_values("name")
    return tuple(
        Area(int(row["la_code"]), row["gss_code"], row["name"], row["region"])
        for row in frame.to_dict("records")
    )


def by_code(la_code: int) -> Area:
    """Return the current authority with a DfE number.

    Raises
    ------
    AreaError
        No authority of today has that number.
    """
    for area in current():
        if area.la_code == la_code:
            return area
    raise _unknown(str(la_code))


def resolve(text: str) -> tuple[Area, ...]:
    """Return the authorities meant by a name, GSS code, DfE number, or ``all``.

    Raises
    ------
    AreaError
        Nothing matches; the message suggests the nearest names or the successors of an abolished authority.
    """
    wanted = text.strip()
    if wanted.lower() == EVERY:
        return current()
    area = _number(wanted) or _gss(wanted) or _name(wanted)
    if area is None:
        raise _unknown(wanted)
    return (area,)


@lru_cache(maxsize=4096)
def authority_named(text: str) -> Area | None:
    """Return the current authority that a cell of a table names, as councils write ("LB Redbridge"); None if it names none."""
    wanted = text.strip()
    short = " ".join(w for w in re.split(r"[\s,]+", wanted) if w.casefold().strip(".()") not in _OF_COUNCILS)
    return _number(wanted) or _gss(wanted) or _name(wanted) or (_name(short) if short else None)


def _number(text: str) -> Area | None:
    if not text.isdecimal():
        return None
    return next((a for a in current() if a.la_code == int(text)), None)


def _gss(text: str) -> Area | None:
    if not re.fullmatch(r"[Ee]\d{8}", text):
        return None
    return _by_gss().get(text.upper())


@cache
def _by_gss() -> Mapping[str, Area]:
    """Return the current authorities by ONS code, earlier codes included."""
    codes = tables.read("area_gss")
    areas = {a.la_code: a for a in current()}
    pairs = zip(codes["gss_code"].tolist(), codes["la_code"].tolist(), strict=True)
    return MappingProxyType({gss: areas[code] for gss, code in pairs if code in areas})


def _name(text: str) -> Area | None:
    key = _simple(text)
    named = {_simple(a.name): a for a in current()}
    if key in named:
        return named[key]
    if key in ALIASES:
        return by_code(ALIASES[key])
    return None


def _simple(name: str) -> str:
    """Return a name in lower case without punctuation and without words such as "council" or "borough", for comparison."""
    words = re.sub(r"[^a-z0-9 ]+", " ", name.lower().replace("&", " and ")).split()
    dull = {"the", "of", "london", "borough", "royal", "council", "county", "city", "metropolitan", "upon"}
    kept = [w for w in words if w not in dull]
    return " ".join(kept or words)


def _unknown(text: str) -> AreaError:
    replaced = _replaced(text)
    if replaced:
        return AreaError(replaced)
    names = [a.name for a in current()]
    from rapidfuzz import fuzz, process

    close = [m[0] for m in process.extract(text, names, scorer=fuzz.WRatio, limit=3, score_cutoff=60)]
    hint = f"Did you mean {' or '.join(close)}? " if close else ""
    return AreaError(
        f"'{text}' is not an English local authority that we know. {hint}"
        "Give a name (Redbridge), a GSS code (E09000026) or a DfE number (317), or 'all' for every authority."
    )


def _replaced(text: str) -> str | None:
    """Return a message for an authority that was abolished, naming its successors."""
    frame = tables.read("areas")
    ended = frame[~frame["is_current"]]
    gss = tables.read("area_gss")
    codes = set(gss.loc[gss["gss_code"] == text.upper(), "la_code"])
    match = ended[
        (ended["la_code"].astype("str") == text)
        | (ended["name"].map(_simple) == _simple(text))
        | ended["la_code"].isin(codes)
    ]
    if match.empty:
        return None
    old = match.iloc[0]
    history = tables.read_reference("area_history")
    moved = history[(history["predecessor_la_code"] == old["la_code"]) & (history["kind"] != "recode")]
    successors = [by_code(int(c)) for c in moved["successor_la_code"].unique()]
    names = " and ".join(f"{a.name} ({a.la_code})" for a in successors)
    return (
        f"'{text}' is {old['name']} ({old['la_code']}), which ended after the January {int(old['last_january'])} census. "
        f"Its area is now covered by {names}. Ask for one of them; their history before the change is estimated from it."
    )
