"""`Composition`: plans of each authority at the latest January, by age, need and provision.

Invariant: all arrays are complete over areas, ages, needs and provisions; a cell an authority did not return
is NaN for that whole authority, never a silent zero. Ages and provisions are published for every January; needs, and what
crosses either with age, may be published later than totals or not at all: ``need_january`` and ``placement_january`` say for
which January they are, and a later January is worked out from it.

Rules
-----
``needs_aged_on``
    Needs of January t not published: those of January t - 1 a year older, less England's leavers of the age, with the new plans
    of the year by need, brought to the published plans of each age. Changes of the need recorded for a child are not in it. An
    authority whose ages of January t are not published keeps its plans of t - 1.
``crossings_from_margins``
    Age by provision, need by provision, and new plans by age and need, where only both margins are published: the latest crossing
    of the authority fitted to them (`data.panels.estimated_cells`).
``down_syndrome_in_other``
    Down syndrome was inside "other" until January 2025 and is here still, so that no series jumps.

Ages in flows are not ages in stocks. Rules that put them on one footing, age at 31 August before the January:

``joiners_a_year_younger``
    The table of new plans by age and need counts age at 31 August *before* the calendar year: a child who joined in 2024
    at "age 3" is 4 in January 2025. Evidence: with ages moved up by one year England's joiners of 2024 agree within 8 %
    with the change in stock from January 2024 plus leavers at every age from 3 to 16; unmoved they miss by up to four
    times. (The table of new plans by age alone uses other ages: `data.panels.history_tables.new_plans_by_age`.)
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
    need_january
        The January whose needs are published; `stock` is aged on from it (rule ``needs_aged_on``).
    stock
        Plans, dims ``(area, age, need)``.
    joiners
        New plans in the calendar year before ``january`` with a recorded need, by age at ``january``, dims
        ``(area, age, need)``. A need not recorded when a plan starts is mostly recorded by January, so "not recorded"
        joiners are left out.
    joiners_before
        The same of the calendar year before that, by age at ``january`` - 1; NaN throughout where it is not published.
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
    need_january: int
    stock: xr.DataArray
    joiners: xr.DataArray
    joiners_before: xr.DataArray
    leaver_hazard: xr.DataArray
    age_provision: xr.DataArray
    placement_january: xr.DataArray
    need_provision: xr.DataArray
