"""The closed list of levers: every kind of change that a scenario may make to the baseline.

Invariant: a lever's ``kind`` decides what it may say, and nothing else does; what a kind does not know it refuses.
"""

from __future__ import annotations

from typing import Annotated, get_args

from pydantic import Field

from scenarios.lever import LeverBase, LeverContext
from scenarios.money_levers import MONEY_ITEMS, Income, Inflation, PriceCap, Transport, UnitCost
from scenarios.people_levers import Births, Housing, Population
from scenarios.place_levers import Exports, Imports, Occupancy, Placement
from scenarios.plan_levers import (
    Joiners,
    Leavers,
    NeedMix,
    PlanShare,
    Reassessment,
    Refusal,
    Requests,
    Timeliness,
)
from scenarios.schemes import Scheme

__all__ = ["KINDS", "MONEY_ITEMS", "Lever", "LeverBase", "LeverContext", "describe"]

AnyLever = (
    Requests | Refusal | PlanShare | Timeliness | Joiners | NeedMix | Leavers | Reassessment
    | Placement | Scheme | Occupancy | Imports | Exports
    | Population | Births | Housing
    | UnitCost | Inflation | PriceCap | Transport | Income
)  # fmt: skip

Lever = Annotated[AnyLever, Field(discriminator="kind")]
"""One lever of any kind."""

KINDS: dict[str, type[LeverBase]] = {cls.model_fields["kind"].default: cls for cls in get_args(AnyLever)}
"""Kinds of lever, by the word that names them in a file."""


def describe(lever: LeverBase) -> str:
    """Return what a lever does as one plain sentence, for comparisons and logs."""
    return lever.sentence()
