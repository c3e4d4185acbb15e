"""Futures of joining worked by hand: rates, their change, the tags and what they need."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from data.errors import DrawsError
from forecast.core import futures
from forecast.core.futures import FALLS, LEVELS_OFF, RISES, change_of_rate, future_of_draws, joining_rate

ORIGIN = 2026


def chances(*later: float, before: float = 0.2, years: int = 15) -> xr.DataArray:
    """Return chances whose joining rate is ``before`` in two years and, in later ones, that times each of ``later``."""
    rate = np.full((len(later), years), before)
    rate[:, 7:] = before * np.array(later)[:, None]
    return xr.DataArray(
        -np.expm1(-rate),
        dims=("draw", "january"),
        coords={"draw": range(len(later)), "january": range(ORIGIN + 1, ORIGIN + 1 + years)},
    )


def test_the_rate_is_the_log_of_what_is_left_and_stays_a_number_where_everybody_joins() -> None:
    chance = xr.DataArray([0.0, 0.5, 1.0], dims="january")
    rate = joining_rate(chance).to_numpy()
    assert rate[:2] == pytest.approx([0.0, np.log(2)])
    assert np.isfinite(rate).all()


def test_years_8_to_10_of_each_draw_are_set_against_years_1_and_2_of_the_middle_one() -> None:
    rate = np.arange(1.0, 16.0)[None] / 100 * np.array([[1.0], [2.0], [4.0]])
    chance = chances(1.0, 1.0, 1.0).copy(data=-np.expm1(-rate))
    assert change_of_rate(chance, ORIGIN).to_numpy() == pytest.approx([9 / 3, 18 / 3, 36 / 3])


@pytest.mark.parametrize(
    ("change", "future"),
    [(1.26, RISES), (1.24, LEVELS_OFF), (1.0, LEVELS_OFF), (0.86, LEVELS_OFF), (0.84, FALLS), (0.0, FALLS)],
)
def test_a_draw_is_what_its_rate_becomes(change: float, future: str) -> None:
    assert future_of_draws(chances(change), ORIGIN).item() == future


def test_only_the_years_named_matter_and_order_of_draws_is_kept() -> None:
    chance = chances(2.0, 1.0, 0.5)
    other = chance.copy()
    other.loc[{"january": [2029, 2030, 2031, 2032, 2033, 2037, 2041]}] = 0.9
    assert future_of_draws(chance, ORIGIN).to_numpy().tolist() == [RISES, LEVELS_OFF, FALLS]
    assert future_of_draws(other, ORIGIN).equals(future_of_draws(chance, ORIGIN))


def test_a_january_that_was_not_drawn_is_named() -> None:
    with pytest.raises(DrawsError, match="2036 was not drawn"):
        future_of_draws(chances(1.0, years=9), ORIGIN)


def test_a_draw_in_which_nobody_joins_at_first_rises() -> None:
    chance = chances(1.0)
    chance.loc[{"january": [2027, 2028]}] = 0.0
    assert future_of_draws(chance, ORIGIN).item() == futures.RISES
