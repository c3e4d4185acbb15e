"""Laws of ageing residents on, for any residents and ratios."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from data.ingest import ageing

AUTHORITIES = [301, 302, 303]
AGES = list(range(26))


def frames(values: st.SearchStrategy[np.ndarray]) -> st.SearchStrategy[pd.DataFrame]:
    return values.map(lambda v: pd.DataFrame(v.astype(float), index=AUTHORITIES, columns=AGES))


SHAPE = (len(AUTHORITIES), len(AGES))
PEOPLE = frames(arrays(np.int64, SHAPE, elements=st.integers(0, 100_000)))
RATIOS = frames(arrays(np.float64, SHAPE, elements=st.floats(0.5, 2)))


@given(PEOPLE, PEOPLE)
def test_ratios_are_finite_and_above_zero_and_nobody_is_negative(
    earlier: pd.DataFrame, later: pd.DataFrame
) -> None:
    # Somebody lives in the region at every age, as in every region of England.
    earlier.iloc[0] += 1
    later.iloc[0] += 1
    region = pd.Series("North", index=AUTHORITIES)
    own = ageing.cohort_ratios(earlier, later, region, added=ageing.CHILDREN_ADDED)
    adults = ageing.adult_ratios(ageing.profile_ratios(later, ageing.england_ratios(earlier, later)), own)
    ratios = ageing.step_ratios(own, adults)
    assert np.isfinite(ratios).all(axis=None)
    assert (ratios > 0).all(axis=None)
    for residents in ageing.age_on(later, dict.fromkeys(range(2024, 2041), ratios)).values():
        assert (residents >= 0).all(axis=None)


@given(PEOPLE)
def test_with_ratios_of_one_every_cohort_keeps_its_size(base: pd.DataFrame) -> None:
    ones = pd.DataFrame(1.0, index=AUTHORITIES, columns=AGES)
    aged = ageing.age_on(base, dict.fromkeys(range(2024, 2030), ones))
    for ahead, residents in enumerate(aged.values(), start=1):
        np.testing.assert_array_equal(residents.loc[:, ahead:], base.iloc[:, :-ahead])
        np.testing.assert_array_equal(residents[0], base[0])


@given(PEOPLE, RATIOS)
def test_parts_aged_by_the_same_ratios_add_up_to_the_whole(base: pd.DataFrame, ratios: pd.DataFrame) -> None:
    same = pd.DataFrame([ratios.iloc[0]] * len(AUTHORITIES), index=AUTHORITIES)
    parts = ageing.age_on(base, {2024: same, 2025: same})[2025].sum()
    summed = base.sum().to_frame().T
    whole = ageing.age_on(summed, {y: ratios.iloc[[0]].set_axis(summed.index) for y in (2024, 2025)})[2025]
    np.testing.assert_allclose(parts, whole.iloc[0])
