"""Cells estimated from margins: both margins hold, an unknown margin stays unknown, and the pattern is the seed's."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from data.panels.estimated_cells import fit_margins, with_england

COUNTS = st.floats(0, 500)


@given(
    arrays.arrays(float, (2, 4, 3), elements=COUNTS), arrays.arrays(float, (2, 4), elements=st.floats(1, 300))
)
def test_rows_hold_exactly_and_columns_nearly(seed: np.ndarray, rows: np.ndarray) -> None:
    columns = seed.sum(axis=1) + 1
    fitted = fit_margins(seed + 1, rows, columns)
    np.testing.assert_allclose(fitted.sum(axis=2), rows, rtol=1e-9)
    wanted = columns * (rows.sum(axis=1) / columns.sum(axis=1))[:, None]
    assert np.abs(fitted.sum(axis=1) - wanted).max() < 1.0
    assert (fitted >= 0).all()


def test_margins_that_the_seed_already_has_leave_it_as_it_is() -> None:
    seed = np.array([[[4.0, 1.0], [2.0, 3.0]]])
    fitted = fit_margins(seed, seed.sum(axis=2), seed.sum(axis=1))
    np.testing.assert_allclose(fitted, seed, atol=1e-4)


def test_an_unknown_margin_leaves_its_area_unknown_and_no_other() -> None:
    seed = np.ones((2, 2, 2))
    rows = np.array([[np.nan, 1.0], [2.0, 3.0]])
    fitted = fit_margins(seed, rows, np.array([[1.0, 1.0], [4.0, 1.0]]))
    assert np.isnan(fitted[0]).all()
    assert np.isfinite(fitted[1]).all()


def test_a_nil_margin_is_nil() -> None:
    fitted = fit_margins(np.ones((1, 2, 2)), np.array([[0.0, 5.0]]), np.array([[5.0, 0.0]]))
    np.testing.assert_allclose(fitted, [[[0.0, 0.0], [5.0, 0.0]]], atol=1e-6)


def test_an_area_without_an_earlier_table_has_englands_pattern() -> None:
    own = np.array([[[3.0, 1.0]], [[np.nan, np.nan]]])
    seed = with_england(own)
    np.testing.assert_allclose(seed[1] / seed[1].sum(), [[0.75, 0.25]])
