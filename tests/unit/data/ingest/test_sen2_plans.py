"""January stocks: the rules on tiny frames, and the true figures of the official releases."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from data.ingest import sen2_plans
from data.ingest.reading import Release
from data.schemas import plans as schemas

REDBRIDGE, NEWHAM, SURREY, ISLE_OF_WIGHT = 317, 316, 936, 921
Build = Callable[[str], pd.DataFrame]


@pytest.fixture(scope="session")
def build(releases: Path) -> Build:
    """Return a function that builds a stock table from the raw releases once."""

    @cache
    def _build(name: str) -> pd.DataFrame:
        return sen2_plans.BUILDERS[name](Release(releases))

    return _build


def sums(frame: pd.DataFrame) -> pd.Series:
    """Return sums by authority and January, null where any cell is."""
    return frame.groupby(["la_code", "january"])["plans"].agg(lambda g: g.sum(skipna=False))


def test_band_is_null_if_one_of_its_ages_is() -> None:
    ages = pd.DataFrame(
        {
            "la_code": 204,
            "january": 2024,
            "age": [2, 3, 4, 5, 6],
            "plans": pd.array([1, 2, 3, 4, None], dtype="Int64"),
            "marker": pd.Series([None, None, None, None, "x"], dtype="str"),
        }
    )
    bands = sen2_plans.bands_of_ages(ages).set_index("age_band")
    assert bands.loc["0-4", "plans"] == 6
    assert pd.isna(bands.loc["5-10", "plans"])
    assert bands["marker"].to_dict()["5-10"] == "x"


def test_series_breaks_at_start_of_a_category_at_redefinition_and_in_2023() -> None:
    rows = pd.DataFrame(
        [("neet", j) for j in (2019, 2020, 2022, 2023, 2024)]
        + [("mainstream_academy", j) for j in (2010, 2016, 2017)]
        + [("other_placement_settings", j) for j in (2024, 2025)],
        columns=["placement", "january"],
    )
    broken = rows.loc[sen2_plans.series_breaks(rows)]
    assert list(broken.itertuples(index=False, name=None)) == [
        ("neet", 2019), ("neet", 2022), ("neet", 2023), ("mainstream_academy", 2016),
        ("mainstream_academy", 2017), ("other_placement_settings", 2024), ("other_placement_settings", 2025),
    ]  # fmt: skip


def test_every_stock_table_has_a_builder() -> None:
    assert {t.name for t in schemas.TABLES} == set(sen2_plans.BUILDERS)


@pytest.mark.parametrize("table", schemas.TABLES, ids=lambda t: t.name)
def test_tables_pass_their_schema(table: schemas.Table, build: Build) -> None:
    table.schema.validate(build(table.name), lazy=True)


def test_marker_rule_of_the_schema_can_fail() -> None:
    frame = pd.DataFrame({"la_code": [317], "january": [2025], "need": ["ASD"]}).assign(
        plans=pd.array([None], dtype="Int64"), marker=pd.Series([None], dtype="str"), quality="reported"
    )
    table = next(t for t in schemas.TABLES if t.name == "plans_need")
    with pytest.raises(Exception, match="must be null exactly where"):
        table.schema.validate(frame)


def test_redbridge_and_england_totals(build: Build) -> None:
    totals = build("plans_total")
    redbridge = totals.loc[(totals["la_code"] == REDBRIDGE) & (totals["january"] >= 2018)]
    assert redbridge["plans"].tolist() == [1904, 2119, 2334, 2402, 2587, 2830, 3168, 3391, 3830]
    assert totals.groupby("january")["as_published"].sum()[[2010, 2018, 2023, 2025, 2026]].tolist() == [
        228221, 319819, 517048, 638745, 718838 - 2000,
    ]  # fmt: skip


def test_statements_and_plans_add_up_to_2018(build: Build) -> None:
    totals = build("plans_total")
    early = totals.loc[totals["january"] <= 2018]
    parts = early["statements"].fillna(0) + early["ehc_plans"].fillna(0)
    assert parts.eq(early["plans"]).all()
    assert totals.loc[totals["january"] >= 2019, "statements"].isna().all()


def test_newham_2025_is_set_aside_everywhere(build: Build) -> None:
    totals = build("plans_total").set_index(["la_code", "january"])
    newham = totals.loc[(NEWHAM, 2025)]
    assert pd.isna(newham["plans"])
    assert (newham["as_published"], newham["quality"]) == (1199, "incomplete_return")
    assert totals.loc[(NEWHAM, 2024), "plans"] == 2705
    assert totals.loc[(NEWHAM, 2026), ["plans", "quality"]].tolist() == [3639, "reported"]
    for table in schemas.TABLES:
        if table.name not in ("plans_total", "england_totals"):
            frame = build(table.name)
            cells = frame.loc[(frame["la_code"] == NEWHAM) & (frame["january"] == 2025)]
            assert len(cells) > 0
            assert cells["plans"].isna().all()
            assert (cells["quality"] == "incomplete_return").all()


@pytest.mark.parametrize(
    "name", ["plans_age", "plans_age_band", "plans_need", "plans_age_need", "plans_placement",
             "plans_placement_need", "plans_age_placement"],
)  # fmt: skip
def test_redbridge_breakdowns_sum_to_the_total(name: str, build: Build) -> None:
    of_redbridge = sums(build(name)).xs(REDBRIDGE, level="la_code")
    assert of_redbridge[2025] == 3391
    # Needs of the stock are of January 2025 alone.
    assert of_redbridge.get(2026) == (None if "need" in name else 3830)


@pytest.mark.parametrize(
    "name", ["plans_age", "plans_need", "plans_age_need", "plans_placement", "plans_placement_need",
             "plans_age_placement"],
)  # fmt: skip
def test_breakdowns_sum_to_the_total_of_every_authority(name: str, build: Build) -> None:
    totals = build("plans_total").set_index(["la_code", "january"])["plans"]
    found = sums(build(name)).dropna()
    assert len(found) > 140
    assert found.eq(totals.reindex(found.index)).all()


def test_bands_differ_from_totals_only_in_bradford_2023(build: Build) -> None:
    totals = build("plans_total").set_index(["la_code", "january"])["plans"]
    found = sums(build("plans_age_band")).dropna()
    gap = (found - totals.reindex(found.index)).loc[lambda s: s != 0]
    assert gap.to_dict() == {(380, 2023): 1}
    bands = build("plans_age_band")
    assert bands.loc[bands["january"] == 2023, "plans"].sum() == 517049


def test_band_20_25_begins_in_2015(build: Build) -> None:
    bands = build("plans_age_band")
    assert bands.loc[bands["age_band"] == "20-25", "january"].min() == 2015


def test_authorities_without_ages_or_needs_are_marked(build: Build) -> None:
    ages = build("plans_age")
    missing = ages.loc[ages["marker"].notna() & (ages["quality"] != "incomplete_return")]
    assert set(zip(missing["la_code"], missing["january"], strict=True)) == {
        (204, 2024), (874, 2024), (ISLE_OF_WIGHT, 2026),
    }  # fmt: skip
    needs = build("plans_age_need")
    assert needs.loc[needs["marker"].notna(), "la_code"].unique().tolist() == [NEWHAM, SURREY]
    assert sums(build("plans_need"))[(SURREY, 2025)] == 16069


def test_grids_are_complete(build: Build) -> None:
    assert build("plans_age").groupby(["la_code", "january"]).size().eq(24).all()
    assert build("plans_age_need").groupby("la_code").size().eq(24 * 13).all()


def test_unexplained_placements_exist_in_2018_only(build: Build) -> None:
    places = build("plans_placement")
    rest = places.loc[places["placement"] == "unexplained"]
    assert rest["january"].unique().tolist() == [2018]
    assert (len(rest), rest["plans"].sum()) == (122, 7193)


def test_authorities_without_placements(build: Build) -> None:
    places = build("plans_placement")
    gaps = places.loc[
        (places["january"] == 2025) & (places["quality"] != "incomplete_return") & places["plans"].isna()
    ]
    assert gaps["la_code"].unique().tolist() == [812, 873]
    late = places.loc[(places["january"] == 2026) & places["plans"].isna()]
    assert late["la_code"].unique().tolist() == [ISLE_OF_WIGHT]


def test_state_special_schools_of_redbridge_at_16_and_over(build: Build) -> None:
    rows = build("plans_age_placement").query(
        "la_code == @REDBRIDGE and provision == 'state_special' and age >= 16"
    )
    assert rows.groupby("january")["plans"].sum()[[2025, 2026]].tolist() == [150, 156]


def test_ages_by_placement_of_one_authority_make_no_gap_of_the_others(build: Build) -> None:
    rows = build("plans_age_placement")
    assert rows.loc[rows["january"] == 2026, "la_code"].unique().tolist() == [REDBRIDGE]
    assert rows.groupby("january")["la_code"].nunique()[[2024, 2025]].tolist() == [153, 153]


def test_england_reconciles_with_the_sum_of_authorities(build: Build) -> None:
    england = build("england_totals").set_index(["measure", "year"])["value"]
    assert england[("plans", 2025)] == 638745
    assert england[("plans", 2026)] == 718838
    assert england[("plans_need:ASD", 2025)] == 201183
    places = build("plans_placement")
    known = places.loc[places["january"] == 2022].groupby("placement")["plans"].sum()
    for code, plans in known.items():
        assert england[(f"plans_placement:{code}", 2022)] == plans
    ages = [england[(f"plans_age_band:{b}", 2024)] for b in ("0-4", "5-10", "11-15", "16-19", "20-25")]
    assert sum(ages) == 572829
    assert ages[1] == 187165


def test_returns_out_of_line_are_kept_and_flagged(build: Build) -> None:
    total = build("plans_total").set_index(["la_code", "january"])
    for cell, leap in sen2_plans.OUT_OF_LINE_RETURNS.items():
        before, after = total["plans"][cell[0], cell[1] - 1], total["plans"][cell]
        assert total["quality"][cell] == "out_of_line"
        assert f"{before:,} to {after:,}" in leap, "the evidence is the published figures"
        assert after > 1.25 * before
    assert (total["quality"] == "out_of_line").sum() == len(sen2_plans.OUT_OF_LINE_RETURNS)
