"""Ageing residents on: ratios worked by hand on small frames."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from data.ingest import ageing

ONE_REGION = pd.Series("North", index=[1, 2])


def people(*rows: list[float]) -> pd.DataFrame:
    return pd.DataFrame(rows, index=range(1, len(rows) + 1), columns=range(len(rows[0])), dtype="float64")


def test_a_ratio_is_the_cohort_a_year_later_over_itself_and_stands_at_the_age_reached() -> None:
    found = ageing.cohort_ratios(people([100, 200, 50]), people([90, 110, 180]), pd.Series("N", index=[1]))
    assert found.columns.tolist() == [1, 2]
    assert found.loc[1].tolist() == pytest.approx([1.1, 0.9])


def test_added_residents_move_like_the_region() -> None:
    earlier, later = people([100, 0], [300, 0]), people([0, 120], [0, 300])
    found = ageing.cohort_ratios(earlier, later, ONE_REGION, added=100)
    region = 420 / 400
    assert found[1].tolist() == pytest.approx([(120 + 100 * region) / 200, (300 + 100 * region) / 400])


def test_very_many_added_residents_leave_the_regions_ratio_alone() -> None:
    earlier, later = people([100, 0], [300, 0]), people([0, 120], [0, 300])
    added = pd.Series({1: 0.0, 2: 1e9})
    assert ageing.cohort_ratios(earlier, later, ONE_REGION, added=added)[1].tolist() == pytest.approx(
        [1.2, 1.05]
    )


def test_a_step_of_three_years_has_the_mean_of_the_cohorts_that_passed_it() -> None:
    # From ages 0, 1 to ages 3, 4: ratios of three years 1.331 and 1, a year 1.1 and 1.
    found = ageing.cohort_ratios(
        people([1000, 1000, 1, 1, 1]), people([1, 1, 1, 1331, 1000]), pd.Series("N", index=[1]), years=3
    )
    both = np.sqrt(1.1)
    assert found.loc[1].tolist() == pytest.approx([1.1, both, both, 1.0])


def test_england_is_all_authorities_together() -> None:
    found = ageing.england_ratios(people([100, 0], [300, 0]), people([0, 120], [0, 300]))
    assert found.tolist() == pytest.approx([1.05])


def test_the_profile_keeps_each_share_of_england() -> None:
    base = people([100, 500, 100], [900, 1500, 1900])
    level = pd.Series({1: 1.0, 2: 1.0})
    ratios = ageing.profile_ratios(base, level)
    ratios.insert(0, 0, 1.0)
    aged = ageing.age_on(base, {2024: ratios})[2024]
    share = aged / aged.sum()
    np.testing.assert_allclose(share[1], base[1] / base[1].sum(), rtol=0.01)
    np.testing.assert_allclose(share[2], base[2] / base[2].sum(), rtol=0.01)
    assert aged[1].sum() == pytest.approx(base[0].sum(), rel=0.01)


def test_an_empty_age_has_a_ratio_from_18() -> None:
    found = ageing.profile_ratios(people([0, 10], [100, 100]), pd.Series({1: 1.0}))
    assert np.isfinite(found).all(axis=None)
    assert (found > 0).all(axis=None)


def test_ratios_from_18_are_mostly_the_profiles() -> None:
    found = ageing.adult_ratios(people([1.0]), people([16.0]))
    assert found.loc[1, 0] == pytest.approx(2.0)


def test_children_and_adults_meet_at_18() -> None:
    ages = range(1, 26)
    children = pd.DataFrame(2.0, index=[1], columns=ages)
    adults = pd.DataFrame(3.0, index=[1], columns=ages)
    found = ageing.step_ratios(children, adults).loc[1]
    assert found.index.tolist() == list(range(26))
    assert found[0] == 1
    assert set(found[1:18]) == {2.0}
    assert set(found[18:]) == {3.0}


def test_everybody_ages_a_year_and_newborns_follow_newborns() -> None:
    base = people([10, 20, 30])
    ratios = pd.DataFrame([[0.5, 1.0, 2.0]], index=[1])
    found = ageing.age_on(base, {2024: ratios, 2025: ratios})
    assert found[2024].loc[1].tolist() == [5, 10, 40]
    assert found[2025].loc[1].tolist() == [2.5, 5, 20]
    assert base.loc[1].tolist() == [10, 20, 30]
