"""What a unit offers and whom it admits: entries that cannot be matched are refused by name."""

from __future__ import annotations

import pytest

from data.errors import RegisterError
from tests.unit.forecast.places.test_allocation import unit


@pytest.mark.parametrize("bad", [-1.0, float("nan"), float("inf")])
def test_places_that_are_not_numbers_are_refused_by_name(bad: float) -> None:
    with pytest.raises(RegisterError, match=r"'Oak' has places that are negative or missing.*Enter 0"):
        unit("Oak", [5, bad], (4, 10))


def test_units_of_other_provisions_and_locations_are_refused_by_name() -> None:
    with pytest.raises(RegisterError, match="'Oak' has the provision 'inmss'"):
        unit("Oak", [5], (4, 10), provision="inmss")
    with pytest.raises(RegisterError, match="'Oak' is located 'abroad'"):
        unit("Oak", [5], (4, 10), located="abroad")
