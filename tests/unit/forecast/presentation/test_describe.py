"""Draws become numbers in one module: its numbers by hand, what it refuses, and that no other module makes any."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from data.errors import DrawsError
from forecast.presentation import describe

TEN = np.arange(1.0, 11.0)
"""Draws 1 to 10."""

NAMED = xr.DataArray(
    np.stack([TEN, 10 * TEN]), dims=("phase", "draw"), coords={"phase": ["primary", "secondary"]}
)


class TestNumbers:
    def test_mean_and_percentiles_by_hand(self) -> None:
        # Position 0.1 * 9 = 0.9 lies nine tenths of the way from 1 to 2.
        assert describe.single(TEN) == pytest.approx({"mean": 5.5, "q10": 1.9, "q50": 5.5, "q90": 9.1})

    def test_other_levels_have_names_of_their_own(self) -> None:
        assert list(describe.describe(TEN, (0.025, 0.29))) == ["mean", "q2.5", "q29"]

    def test_a_percentile_may_be_one_of_the_draws(self) -> None:
        low, middle, high = describe.percentiles(TEN, method="inverted_cdf")
        assert (low, middle, high) == (1, 5, 9)

    def test_infinite_draws_stay_infinite_among_themselves_only(self) -> None:
        years = np.array([3.0, 4.0, np.inf, np.inf])
        low, high = describe.percentiles(years, (0.5, 0.9), method="inverted_cdf")
        assert (low, high) == (4.0, np.inf)

    def test_the_dimension_of_draws_goes_and_the_others_stay(self) -> None:
        found = describe.describe(NAMED)
        assert found["q50"].dims == ("phase",)
        assert found["q50"].sel(phase="secondary").item() == 55
        assert describe.mean(NAMED).to_series().to_dict() == {"primary": 5.5, "secondary": 55.0}

    def test_an_array_is_summarised_along_the_axis_named(self) -> None:
        assert describe.mean(NAMED.to_numpy(), axis=1).tolist() == [5.5, 55.0]
        assert describe.mean(NAMED.to_numpy(), axis=0)[:2].tolist() == [5.5, 11.0]

    def test_a_chance_is_the_share_of_draws(self) -> None:
        assert describe.chance(NAMED > 9).to_numpy().tolist() == [0.1, 1.0]

    def test_cells_are_rows_in_the_order_asked_for(self) -> None:
        both = xr.concat([NAMED, NAMED + 1], xr.DataArray([2026, 2027], dims="january", name="january"))
        table = describe.cells(both, ("january", "phase"))
        assert list(table.columns) == ["january", "phase", "mean", "q10", "q50", "q90"]
        assert table["mean"].tolist() == [5.5, 55.0, 6.5, 56.0]
        assert table["phase"].tolist() == ["primary", "secondary"] * 2

    def test_draws_are_left_as_they_were(self) -> None:
        before = np.array([3.0, 1.0, 2.0])
        describe.single(before)
        assert before.tolist() == [3.0, 1.0, 2.0]


class TestRefused:
    def test_draws_that_are_no_numbers(self) -> None:
        with pytest.raises(DrawsError, match="1 of 20 draws are not numbers"):
            describe.describe(NAMED.where(NAMED != 3))

    def test_unless_it_is_said_what_they_stand_for(self) -> None:
        share = xr.DataArray([np.nan, 0.5, np.nan, 1.0], dims="draw")
        assert describe.known(share).tolist() == [0.5, 1.0]
        assert describe.known(share[:1]).tolist() == []
        assert describe.known(share[:1], none=0.0).tolist() == [0.0]

    def test_infinite_draws_have_no_mean_in_both_directions(self) -> None:
        with pytest.raises(DrawsError, match="infinite"):
            describe.mean(np.array([np.inf, -np.inf]))

    def test_an_array_of_several_axes_without_the_one_of_draws(self) -> None:
        with pytest.raises(DrawsError, match=r"shape \(2, 10\) were given without the axis"):
            describe.mean(NAMED.to_numpy())

    def test_named_draws_without_the_dimension(self) -> None:
        with pytest.raises(DrawsError, match="dimension 'draw'"):
            describe.mean(NAMED.rename(draw="run"))

    def test_several_quantities_where_one_is_asked_for(self) -> None:
        with pytest.raises(DrawsError, match="one quantity"):
            describe.single(NAMED)

    def test_no_draws(self) -> None:
        with pytest.raises(DrawsError, match="no draws"):
            describe.single(TEN[:0])

    def test_the_chance_of_a_number(self) -> None:
        with pytest.raises(DrawsError, match="condition"):
            describe.chance(TEN)
