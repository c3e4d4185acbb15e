"""Names of financial years, average stock of one, and levers by financial year: worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from data.errors import OptionError
from data.financial_year import FinancialYear
from forecast.core.financial_year import financial_year, labels, with_levers, year_average
from scenarios.effects import How, MoneyChange

YEARS = tuple(FinancialYear(y) for y in range(2026, 2029))


def counts(values: list[float], first: int = 2026) -> xr.DataArray:
    return xr.DataArray(values, dims="january", coords={"january": range(first, first + len(values))}).astype(
        float
    )


def lever(how: How, size: list[float], weight: list[float], item: str = "hnb_growth") -> MoneyChange:
    return MoneyChange(item, how, np.array(size), np.array(weight), (), ())


class TestName:
    def test_year_knows_its_january_and_its_neighbours(self) -> None:
        year = financial_year("2026-27")
        assert (year.begins, year.label, year.january) == (2026, "2026-27", 2027)
        assert year.after().label == "2027-28"
        assert year.after(-2).label == "2024-25"

    def test_century_ends(self) -> None:
        assert financial_year("2099-00").label == "2099-00"

    @pytest.mark.parametrize("text", ["2026/27", "2026-28", "2026", "26-27", "", "2026-27 ", "1999-00"])
    def test_other_names_are_refused_with_the_way_to_write_them(self, text: str) -> None:
        with pytest.raises(OptionError, match=r"Write 2026-27 for April 2026 to March 2027"):
            financial_year(text)

    def test_labels_keep_the_order(self) -> None:
        assert labels(YEARS) == ["2026-27", "2027-28", "2028-29"]

    def test_years_are_in_order_of_time(self) -> None:
        assert sorted([FinancialYear(2027), FinancialYear(2025)]) == [
            FinancialYear(2025),
            FinancialYear(2027),
        ]


class TestYearAverage:
    def test_a_line_is_reproduced_in_every_year(self) -> None:
        found = year_average(counts([1000.0, 1120.0, 1240.0, 1360.0]))
        assert list(found["financial_year"].to_numpy()) == ["2026-27", "2027-28", "2028-29"]
        # The middle of a financial year, 30 September, is 8.5 months after the January count.
        assert found.to_numpy() == pytest.approx([1085.0, 1205.0, 1325.0], rel=1e-12)

    def test_a_bend_is_weighed_as_the_path_runs(self) -> None:
        # 100 to the second January, 220 by the third: by steps of a day along the path.
        found = year_average(counts([100.0, 100.0, 220.0])).to_numpy()
        months = np.linspace(2.5, 14.5, 120_001)
        path = np.interp(months, [0, 12, 24], [100, 100, 220])
        assert found[0] == pytest.approx(np.trapezoid(path, months) / 12, rel=1e-9)

    def test_change_in_september_only_is_five_and_seven_twelfths(self) -> None:
        stock = counts([120.0, 240.0, 240.0])
        found = year_average(
            stock, stock.diff("january", label="upper").reindex(january=stock["january"], fill_value=0.0)
        )
        assert found.to_numpy() == pytest.approx([5 / 12 * 120 + 7 / 12 * 240, 240.0])

    def test_leavers_in_summer_raise_the_average_by_an_eighth_of_them(self) -> None:
        stock = counts([1000.0, 1000.0, 1000.0])
        leaving = counts([-80.0, -80.0, -80.0])
        assert (year_average(stock, leaving) - year_average(stock)).to_numpy() == pytest.approx([10.0, 10.0])

    def test_september_path_is_the_one_described(self) -> None:
        stock, step = counts([500.0, 560.0, 530.0]), counts([0.0, -50.0, -70.0])
        found = float(year_average(stock, step)[0])
        t = (np.arange(1_200_000) + 0.5) / 100_000 + 2.5
        first = 500 + (60 + 50) * t / 12 - 50 * (t >= 7.5)
        second = 560 + (-30 + 70) * (t - 12) / 12
        assert found == pytest.approx(np.where(t < 12, first, second).mean(), rel=1e-7)

    def test_other_dims_and_precision_are_kept(self) -> None:
        stock = xr.DataArray(
            np.arange(24, dtype=np.float32).reshape(2, 4, 3),
            dims=("draw", "january", "age"),
            coords={"january": range(2026, 2030)},
        )
        found = year_average(stock)
        assert found.dims == ("draw", "financial_year", "age")
        assert found.dtype == np.float32

    @pytest.mark.parametrize("januaries", [[2026], [2026, 2028], [2027, 2026]])
    def test_januaries_must_follow_on(self, januaries: list[int]) -> None:
        stock = xr.DataArray(np.ones(len(januaries)), dims="january", coords={"january": januaries})
        with pytest.raises(OptionError, match="two or more Januaries in a row"):
            year_average(stock)

    def test_missing_values_are_refused(self) -> None:
        with pytest.raises(OptionError, match="1 missing values"):
            year_average(counts([1.0, float("nan"), 3.0]))

    def test_stock_without_januaries_is_refused(self) -> None:
        with pytest.raises(OptionError, match="no dimension 'january'"):
            year_average(counts([1.0, 2.0]).isel(january=0))

    def test_september_must_be_of_the_same_cells(self) -> None:
        with pytest.raises(OptionError, match="same cells and Januaries"):
            year_average(counts([1.0, 2.0]), counts([0.0, 1.0], first=2027))


class TestLevers:
    def test_sets_then_factors_then_additions_each_at_its_weight(self) -> None:
        base = np.full((2, 3), 100.0)
        changes = [
            lever("add", [1.0, 2.0], [0.0, 1.0, 1.0]),
            lever("multiply", [4.0, 4.0], [0.0, 0.5, 1.0]),
            lever("set", [50.0, 60.0], [0.0, 0.0, 1.0]),
        ]
        found = with_levers(base, changes, years=YEARS, januaries=(2027, 2028, 2029))
        assert found == pytest.approx(np.array([[100.0, 201.0, 201.0], [100.0, 202.0, 242.0]]))

    def test_none_leaves_it_to_the_bit(self) -> None:
        base = np.random.default_rng(1).random((4, 3))
        assert np.array_equal(with_levers(base, [], years=YEARS, januaries=()), base)

    def test_a_weight_belongs_to_the_year_that_holds_its_january(self) -> None:
        found = with_levers(np.zeros((1, 3)), [lever("add", [7.0], [1.0])], years=YEARS, januaries=(2028,))
        assert found.tolist() == [[0.0, 7.0, 0.0]]

    def test_bounds_hold_where_a_lever_reaches_and_nowhere_else(self) -> None:
        base = np.array([[-5.0, -5.0, 3.0]])
        found = with_levers(
            base, [lever("add", [-9.0], [0.0, 1.0, 1.0])], years=YEARS, januaries=(2027, 2028, 2029)
        )
        assert found.tolist() == [[-5.0, 0.0, 0.0]]

    def test_one_draw_spreads_to_the_levers(self) -> None:
        found = with_levers(
            np.ones((1, 3)), [lever("add", [1.0, 2.0], [1.0] * 3)], years=YEARS, januaries=(2027, 2028, 2029)
        )
        assert found.shape == (2, 3)

    def test_other_numbers_of_draws_are_refused(self) -> None:
        with pytest.raises(OptionError, match=r"hnb_growth has 2 draws, the forecast 3"):
            with_levers(
                np.ones((3, 3)),
                [lever("add", [1.0, 2.0], [1.0] * 3)],
                years=YEARS,
                januaries=(2027, 2028, 2029),
            )
