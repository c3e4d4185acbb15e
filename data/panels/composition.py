"""`Composition`: plans of each authority at the latest January, by age, need and provision.

Invariant: all arrays are complete over areas, ages, needs and provisions; a cell an authority did not return
is NaN for that whole authority, never a silent zero. Stock by age and need is published for one January only
(2025), joiners by age and need for one calendar year (2024).

Ages in flows are not ages in stocks. Rules that put them on one footing, age at 31 August before the January:

``joiners_a_year_younger``
    The table of new plans by age and need counts age at 31 August *before* the calendar year: a child who joined in 2024
    at "age 3" is 4 in January 2025. Evidence: with ages moved up by one year England's joiners of 2024 agree within 8 %
    with the change in stock from January 2024 plus leavers at every age from 3 to 16; unmoved they miss by up to four
    times. (The table of new plans by age alone uses a third age, close to age at the end of the calendar year.)
``leavers_a_year_older``
    Ceased plans count age on the day the plan ends, most often one year above the age at 31 August before the January
    in which it was last counted.
"""

from __future__ import annotations

from dataclasses import dataclass

import xarray as xr

OLDEST_FLOW_AGE = 20
"""Flows publish "20 and over" as one row; it is spread over ages 20 to 25 as the stock is."""


@dataclass(frozen=True)
class Composition:
    """Plans of each authority by age, need and provision, with the flows published by the same categories.

    Parameters
    ----------
    january
        The January of the stocks.
    stock
        Plans, dims ``(area, age, need)``.
    joiners
        New plans in the calendar year before ``january`` with a recorded need, by age at ``january``, dims
        ``(area, age, need)``. A need not recorded when a plan starts is mostly recorded by January, so "not recorded"
        joiners are left out.
    leaver_hazard
        Share of England's plans, by age in January, that cease within the calendar year, dims ``(age,)``, 0 to 1.
    age_provision
        Plans at the latest January the authority returned placements, dims ``(area, age, provision)``.
    placement_january
        That January, dims ``(area,)``.
    need_provision
        Plans at ``january``, dims ``(area, need, provision)``; NaN also where the authority's placements by age were not
        returned that January, because its placements by need are then mostly "not recorded".
    """

    january: int
    stock: xr.DataArray
    joiners: xr.DataArray
    leaver_hazard: xr.DataArray
    age_provision: xr.DataArray
    placement_january: xr.DataArray
    need_provision: xr.DataArray
