"""What a provision is, and what overflow to a destination costs: two small tables in ``data/reference/provisions``.

Code asks for a fact (`paid_by_place`, `takes_overflow`, `spellings` ...) instead of listing codes, so a new provision, or a fact
that changes, is a row. A fact that changes from a January on is a second row of the provision with that January.

Reading needs the standard library only. Schemas are in `data.schemas.reference`; ``sendplan data check`` and a test hold the
files to them, and to the codes, labels and order of `data.vocabulary`.

Invariant: in every January each provision of the vocabulary has exactly one row.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

FOLDER = Path(__file__).parent / "reference" / "provisions"
"""Where the tables are kept."""

PROVISIONS_FILE, DESTINATIONS_FILE = "provisions/provisions", "provisions/destinations"
"""Names of the tables under ``data/reference``, without ending."""

PlaceRate = Literal["all", "post16", ""]
"""Which places have a rate of their own: all, those from age 16, or none."""


@dataclass(frozen=True, slots=True)
class Provision:
    """Facts about a provision.

    Parameters
    ----------
    code, label
        As in `data.vocabulary.PROVISIONS`.
    short_label, heading
        Names that fit in a sentence and over a narrow column; blank where none is needed.
    specialist
        Position among the specialist provisions, whose places an authority commissions and plans; None for the others.
    place_rate
        Which of its places are paid by the place (`data.prices.place_rates`).
    place_payer
        Who pays for the place: ``authority or dfe``, ``dfe``, ``dfe or none`` or ``none``.
    placement_item
        Item of the price book that pays for a child there, besides the place; blank where nothing is paid for being there.
    s251_outturn
        Lines of published spending that this is recorded in.
    counted_with
        Provision in whose published counts its children are; blank where it has counts of its own.
    where_known
        Whether it says where a child is taught.
    takes_overflow
        Whether it takes children before 16 for whom no state specialist place is free.
    interns
        Whether supported interns are on its roll.
    scap, lsrp, dsg_plan
        Category in the school capacity survey, number in table 6 of the Local SEND Reform Plan, and row of the DSG management
        plan; blank where it is not reported or the category is not known.
    elsewhere_label
        Name of such places in other authorities as one row of an estimated register; blank where there is no such row.
    also_called
        What planners call it in files, in plain lower case.
    """

    code: str
    label: str
    short_label: str
    heading: str
    specialist: int | None
    place_rate: PlaceRate
    place_payer: str
    placement_item: str
    s251_outturn: tuple[str, ...]
    counted_with: str
    where_known: bool
    takes_overflow: bool
    interns: bool
    scap: str
    lsrp: str
    dsg_plan: str
    elsewhere_label: str
    also_called: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a child without the specialist place they want can go, and what that costs.

    Parameters
    ----------
    code, label
        Code in a preference order, and its name for people.
    provision, early_years_provision
        Provision whose cost the child has there; the second in the early years, where it differs.
    need_met
        Whether the child's need is met there.
    appraised
        Whether an options appraisal counts that cost as saved when the child is placed.
    """

    code: str
    label: str
    provision: str
    early_years_provision: str
    need_met: bool
    appraised: bool

    def paid_as(self, phase: str) -> str:
        """Return the code of the provision whose cost a child of a phase has there."""
        return self.early_years_provision if phase == "early_years" else self.provision


def _rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / f"{name.rpartition('/')[2]}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _parts(cell: str) -> tuple[str, ...]:
    return tuple(part for part in cell.split(";") if part)


@cache
def provisions(january: int | None = None) -> tuple[Provision, ...]:
    """Return the facts about every provision in a January, in the order of the vocabulary; the latest facts if None."""
    rows = [
        row
        for row in _rows(PROVISIONS_FILE)
        if (january is None and not row["to_january"])
        or (
            january is not None and int(row["from_january"] or 0) <= january <= int(row["to_january"] or 9999)
        )
    ]
    return tuple(
        Provision(
            code=row["provision"],
            label=row["label"],
            short_label=row["short_label"],
            heading=row["heading"],
            specialist=int(row["specialist"]) if row["specialist"] else None,
            place_rate=row["place_rate"],  # type: ignore[arg-type]
            place_payer=row["place_payer"],
            placement_item=row["placement_item"],
            s251_outturn=_parts(row["s251_outturn"]),
            counted_with=row["counted_with"],
            where_known=row["where_known"] == "yes",
            takes_overflow=row["takes_overflow"] == "yes",
            interns=row["interns"] == "yes",
            scap=row["scap"],
            lsrp=row["lsrp"],
            dsg_plan=row["dsg_plan"],
            elsewhere_label=row["elsewhere_label"],
            also_called=_parts(row["also_called"]),
        )
        for row in rows
    )


def facts_of(code: str) -> Provision:
    """Return the latest facts about one provision."""
    return next(p for p in provisions() if p.code == code)


def specialist() -> tuple[str, ...]:
    """Return the codes of specialist provisions, in the order in which they are reported."""
    ranked = [(p.specialist, p.code) for p in provisions() if p.specialist is not None]
    return tuple(code for _, code in sorted(ranked))


def paid_by_place() -> tuple[str, ...]:
    """Return the codes of provisions all of whose places are paid by the place, filled or not."""
    return tuple(p.code for p in provisions() if p.place_rate == "all")


def takes_overflow() -> tuple[str, ...]:
    """Return the codes of provisions that take children for whom no state specialist place is free."""
    return tuple(p.code for p in provisions() if p.takes_overflow)


def with_interns() -> tuple[str, ...]:
    """Return the codes of provisions that supported interns are on the roll of."""
    return tuple(p.code for p in provisions() if p.interns)


def whereabouts_unknown() -> tuple[str, ...]:
    """Return the codes of provisions that do not say where a child is taught."""
    return tuple(p.code for p in provisions() if not p.where_known)


def counted_elsewhere() -> dict[str, str]:
    """Return the provisions without published counts of their own, with the provision in whose counts their children are."""
    return {p.code: p.counted_with for p in provisions() if p.counted_with}


def paid_by(item: str) -> tuple[str, ...]:
    """Return the codes of provisions where an item of the price book pays for a child."""
    return tuple(p.code for p in provisions() if p.placement_item == item)


def recorded_with(code: str) -> tuple[str, ...]:
    """Return the codes of provisions whose spending is published together with one's own, itself included."""
    lines = facts_of(code).s251_outturn
    return tuple(p.code for p in provisions() if p.code == code or (lines and p.s251_outturn == lines))


def spellings() -> dict[str, str]:
    """Return what planners call provisions in files, in plain lower case, with the code of each."""
    return {name: p.code for p in provisions() for name in p.also_called}


@cache
def destinations() -> tuple[Destination, ...]:
    """Return where children without the specialist place they want can go, in the order in which it is reported."""
    return tuple(
        Destination(
            code=row["destination"],
            label=row["label"],
            provision=row["provision"],
            early_years_provision=row["early_years_provision"] or row["provision"],
            need_met=row["need_met"] == "yes",
            appraised=row["appraised"] == "yes",
        )
        for row in _rows(DESTINATIONS_FILE)
    )


def destination(code: str) -> Destination:
    """Return the facts about one destination."""
    return next(d for d in destinations() if d.code == code)
