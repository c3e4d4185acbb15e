"""`SpecialistUse`: use of state specialist places by authority, with signs of how scarce they are.

It joins, for every authority at the latest January, where plan holders are taught (a `Composition`) with two signs that
places are short: how fast plans grew, and how many of its special pupils go to school in other authorities.

Invariant: an authority whose returns cannot be compared with the rest is kept and marked (``sound`` is false); a sign
that was not published is NaN, never 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import xarray as xr

from data.errors import HistoryError
from data.panels.composition import Composition

STATE_SPECIALIST = ("state_special", "specialist_base")
"""Provisions whose places are rationed."""

OVERFLOW = ("inmss", "eotas")
"""Provisions that take children for whom no state specialist place is free. "Awaiting placement" is published as one number
with "not recorded" (from none to 26 % of an authority's plans, by how well it keeps records), so it is not counted on."""

SIGNS = ("growth", "net_exports")
"""Signs that places are short: yearly log growth of plans; special pupils at school in other authorities, less those of
others at school here, per plan."""


@dataclass(frozen=True)
class SpecialistUse:
    """Plans by provision and signs of scarce specialist places, by authority.

    Parameters
    ----------
    composition
        Plans by age, need and provision.
    signs
        Dims ``(area, sign)``, see `SIGNS`; NaN where not published.
    sound
        Whether an authority's returns can be compared with others', dims ``(area,)``.

    Raises
    ------
    HistoryError
        The parts are not about the same authorities.
    """

    composition: Composition
    signs: xr.DataArray
    sound: xr.DataArray

    def __post_init__(self) -> None:
        areas = self.composition.stock["area"].to_numpy().tolist()
        for name in ("signs", "sound"):
            if (own_areas := getattr(self, name)["area"].to_numpy().tolist()) != areas:
                odd = sorted(set(own_areas) ^ set(areas))
                raise HistoryError(
                    f"'{name}' and the composition of plans are not about the same authorities in the same order "
                    f"(only in one: {odd}). Build both from the same release."
                )
