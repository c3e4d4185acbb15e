"""Ageing residents on: how many people of each age an authority will have, from how many it has now.

For authority i, age a and mid-year t::

    residents[i, a, t + 1] = residents[i, a - 1, t] x ratio[i, a]    for a = 1 to 25
    residents[i, 0, t + 1] = residents[i, 0, t] x ratio[i, 0]

Invariant: nobody is negative; with all ratios 1 every cohort keeps its size, and so does age 0. Rows of every frame are
authorities (DfE number), columns ages 0 to 25; a ratio stands at the age it leads to.

Rules
-----
``own_ratio_drawn_to_the_region``
    Under 18 a ratio is that of the authority's own cohorts between two estimates, drawn towards the region's as if
    `CHILDREN_ADDED` more residents of the age had moved like the region, so no ratio needs a limit. More is not better: it takes
    their boarders from authorities with boarding schools (Rutland).
``two_periods``
    Ratios of one year are noise in part and those of three years hold the change of base from before to after the 2021
    Census, so the mean (of logarithms) of both is used. Five years on, ages 5 to 15 in London are 2 to 3 % from the growth that
    ONS projects; by the one year's alone 3 to 6 %, by the three years' alone 5 to 7 %.
``level_before_the_census``
    England's level is that of mid-2019 to mid-2020: one base, and migration near what ONS assumes for the long term. The
    three years to mid-2023 hold the correction to the Census and the largest migration on record; from them only
    differences between authorities are taken.
``age_profile_from_18``
    From 18 people move to study and to work, and leave again; others take their place. A local cohort is hardly followed there.
    The ratio is England's, times how the authority's share of England changes from one age to the next in the base year: a
    university town keeps its 19-year-olds, with the size of England's cohorts. `COHORT_FROM_18` of it (in logarithms) is the
    ratio of the authority's own cohorts. Over three and four years to mid-2023, from a base corrected to the Census, ages 20 to
    25 missed by 3.3 and 3.8 %; by profile alone 3.9 and 4.7 %, by cohorts alone 4.0 and 4.5 %. Half of each was closer still
    (3.2 and 3.4 %), but errors of cohorts add up with the years: in London half of each is 8 % from the growth that ONS projects
    over ten years, a quarter 6 %, cohorts alone 14 %.
``births_stay``
    Age 0 stays what it is in the base year. Earlier years are higher and would make too many: births have fallen.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

CHILDREN_ADDED = 50.0
"""Residents of an age that count as moving like the region's; errors hardly differ between 0 and 1,000."""

ADULTS_ADDED = 1.0
"""Residents of an age that count as spread over ages like England's, from age 18, so that an empty age gives a ratio too."""

COHORT_FROM_18 = 0.25
"""Share of the authority's own cohorts in ratios from age 18 (rule ``age_profile_from_18``)."""

FIRST_ADULT = 18
"""First age that follows the profile of ages more than the cohort."""


def cohort_ratios(
    earlier: pd.DataFrame,
    later: pd.DataFrame,
    region: pd.Series,
    *,
    years: int = 1,
    added: float | pd.Series = 0.0,
) -> pd.DataFrame:
    """Return yearly ratios of cohorts between two estimates, at the ages reached (1 to 25).

    Parameters
    ----------
    earlier, later
        Residents, ``years`` apart.
    region
        Group of each authority (rule ``own_ratio_drawn_to_the_region``); one group for all gives England's.
    years
        Years between the estimates. A step between two ages has the mean logarithm of the cohorts that passed it.
    added
        Residents of an age who count as moving like the region's: one number, or one for each authority.
    """
    start = earlier.iloc[:, :-years]
    end = later.iloc[:, years:].set_axis(start.columns, axis=1)
    expected = end.groupby(region).transform("sum") / start.groupby(region).transform("sum")
    drawn = pd.Series(added, index=earlier.index, dtype="float64")
    ratio = (end + expected.mul(drawn, axis=0)).div(start.add(drawn, axis=0))
    yearly = pd.DataFrame(np.log(ratio)) / years
    steps = {
        reached: yearly.loc[:, max(reached - years, 0) : reached - 1].mean(axis=1)
        for reached in range(1, len(earlier.columns))
    }
    return pd.DataFrame(np.exp(pd.DataFrame(steps)))


def england_ratios(earlier: pd.DataFrame, later: pd.DataFrame, *, years: int = 1) -> pd.Series:
    """Return England's yearly ratios of cohorts, at the ages reached (1 to 25)."""
    everyone = pd.Series("England", index=earlier.index)
    whole = [frame.groupby(everyone).sum() for frame in (earlier, later)]
    return cohort_ratios(whole[0], whole[1], pd.Series("England", index=["England"]), years=years).iloc[0]


def profile_ratios(base: pd.DataFrame, level: pd.Series) -> pd.DataFrame:
    """Return ratios that keep each authority's share of England at every age.

    Parameters
    ----------
    base
        Residents of the base year, all authorities of England.
    level
        England's ratios, from `england_ratios`.
    """
    england = base.sum()
    before = england.iloc[:-1].set_axis(level.index)
    between = england.iloc[1:] / before
    own = base.iloc[:, :-1].set_axis(level.index, axis=1) + ADULTS_ADDED
    return (base.iloc[:, 1:] + ADULTS_ADDED * between) / own / between * level


def adult_ratios(profile: pd.DataFrame, cohorts: pd.DataFrame) -> pd.DataFrame:
    """Return ratios of the profile of ages with a part of the authority's own cohorts (rule ``age_profile_from_18``)."""
    return profile.pow(1 - COHORT_FROM_18) * cohorts.pow(COHORT_FROM_18)


def step_ratios(children: pd.DataFrame, adults: pd.DataFrame) -> pd.DataFrame:
    """Return the ratios of a year: children's under 18, adults' from 18, and age 0 staying as it is."""
    births = pd.DataFrame(1.0, index=children.index, columns=[0])
    under = children.loc[:, : FIRST_ADULT - 1]
    return pd.concat([births, under, adults.loc[:, FIRST_ADULT:]], axis=1)


def age_on(base: pd.DataFrame, ratios: Mapping[int, pd.DataFrame]) -> dict[int, pd.DataFrame]:
    """Return residents at each mid-year of ``ratios``, which holds the ratios that lead to it, in order."""
    residents: dict[int, pd.DataFrame] = {}
    last = base
    for mid_year, ratio in ratios.items():
        younger = last.shift(axis=1)
        younger[0] = last[0]
        last = younger * ratio
        residents[mid_year] = last
    return residents
