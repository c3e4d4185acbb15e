"""Calendar-year flows: the rules on tiny frames, and the true figures of the official releases."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from data.errors import SourceError
from data.ingest import sen2_flows, sen2_process, tribunals
from data.ingest.reading import Release
from data.published_needs import DOWN_SYNDROME
from data.schemas import flows

REDBRIDGE = 317
BUILDERS = sen2_process.BUILDERS | sen2_flows.BUILDERS | tribunals.BUILDERS
Build = Callable[[str], pd.DataFrame]


@pytest.fixture(scope="session")
def build(releases: Path) -> Build:
    """Return a function that builds a flow table from the raw releases once."""

    @cache
    def _build(name: str) -> pd.DataFrame:
        return BUILDERS[name](Release(releases))

    return _build


def series(frame: pd.DataFrame, code: int, measure: str) -> dict[int, int]:
    """Return an authority's all-ages measure by year."""
    rows = frame.loc[(frame["la_code"] == code) & (frame["measure"] == measure)]
    if "age" in rows:
        rows = rows.loc[rows["age"].isna()]
    return dict(zip(rows["year"], rows["value"], strict=True))


def complete_sums(frame: pd.DataFrame, keys: list[str], value: str) -> pd.Series:
    """Return sums of the groups in which no cell is null."""
    return frame.groupby(keys)[value].agg(lambda cells: cells.sum(skipna=False)).dropna()


def whole(values: list[int | None]) -> pd.api.extensions.ExtensionArray:
    """Return nullable whole numbers."""
    return pd.array(values, dtype="Int64")


@pytest.fixture
def regional() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return totals, sums of ages and regional totals: one region repeated, one sound."""
    totals = pd.DataFrame(
        {
            "la_code": [370, 380, 384, 317, 318],
            "year": 2022,
            "region_code": ["Y", "Y", "Y", "L", "L"],
            "new_plans": whole([6078, 6078, 6078, 278, 100]),
        }
    )
    ages = pd.DataFrame(
        {"la_code": [370, 380, 384, 317, 318], "year": 2022, "of_ages": whole([319, 796, 112, 278, 90])}
    )
    whole_regions = pd.DataFrame({"region_code": ["Y", "L"], "year": 2022, "of_region": whole([6078, 378])})
    return totals, ages, whole_regions


def test_repeated_regional_total_becomes_ages_and_the_aggregate_gets_the_rest(
    regional: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame],
) -> None:
    true = sen2_flows.undo_regional_total(*regional)
    assert true["new_plans"].tolist() == [319, 796, 6078 - 319 - 796, 278, 100]


def test_region_that_adds_up_is_left_alone(
    regional: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame],
) -> None:
    totals, ages, whole_regions = regional
    sound = totals.assign(new_plans=whole([6078, 1, 2, 278, 100]))
    assert sen2_flows.undo_regional_total(sound, ages, whole_regions)["new_plans"].tolist() == [
        6078, 1, 2, 278, 100,
    ]  # fmt: skip


def test_errata_replace_the_figure_and_say_so() -> None:
    rows = pd.DataFrame(
        {
            "measure": "refused",
            "la_code": [342, 317],
            "year": 2021,
            "value": whole([0, 59]),
            "release": "2025",
        }
    )
    done = sen2_process.corrected(rows, {("refused", 342, 2021): 107, ("not_issued", 887, 2021): 16})
    assert done["value"].tolist() == [107, 59]
    assert done["release"].tolist() == ["erratum", "2025"]
    with pytest.raises(SourceError, match="342"):
        sen2_process.corrected(rows, {("refused", 342, 1999): 1})


def test_completed_is_issued_plus_not_issued() -> None:
    rows = pd.DataFrame(
        {
            "la_code": [317, 317],
            "year": 2024,
            "measure": ["issued", "not_issued"],
            "value": whole([368, 24]),
            "marker": pd.Series([None, None], dtype="str"),
            "release": "2025",
        }
    )
    done = sen2_process.with_completed(rows, ["la_code", "year"]).set_index("measure")
    assert done.loc["completed", "value"] == 392


def test_swapped_decisions_go_back_and_rates_follow() -> None:
    rows = pd.DataFrame(
        {
            "la_code": [823, 873, 317],
            "year": 2024,
            "definition": "published",
            "appeals": whole([140, 169, 41]),
            "appealable_decisions": whole([8246, 4410, 3549]),
            "appeal_rate": [0.017, 0.038, 0.012],
        }
    )
    done = tribunals.decisions_swapped_back(rows)
    assert done["appealable_decisions"].tolist() == [4410, 8246, 3549]
    assert done["appeal_rate"].tolist() == [0.032, 0.02, 0.012]


def test_every_flow_table_has_a_builder() -> None:
    assert {t.name for t in flows.TABLES} == set(BUILDERS)


@pytest.mark.parametrize("table", flows.TABLES, ids=lambda t: t.name)
def test_tables_pass_their_schema(table: flows.Table, build: Build) -> None:
    table.schema.validate(build(table.name), lazy=True)


def test_redbridge_requests_and_new_plans(build: Build) -> None:
    received = series(build("requests"), REDBRIDGE, "received")
    assert [received[y] for y in range(2019, 2026)] == [422, 354, 432, 489, 524, 694, 698]
    new = build("new_plans")
    new = new.loc[(new["la_code"] == REDBRIDGE) & (new["year"] >= 2019), "new_plans"]
    assert new.tolist() == [337, 326, 288, 278, 218, 362, 684]


def test_new_plans_2022_of_yorkshire_and_england(build: Build) -> None:
    new = build("new_plans").set_index(["la_code", "year"])["new_plans"]
    assert new[(384, 2022)] == 462
    assert new[(370, 2022)] == 319
    assert new.xs(2022, level="year").sum() == 66706
    assert new.xs(2024, level="year").sum() == 97747
    assert new.xs(2025, level="year").sum() == 110698 - 38, "less what Leicester returned in part"
    assert new[(420, 2019)] == 0
    # Wakefield's 462 is also what its assessments and its timeliness return say.
    assert series(build("assessments"), 384, "issued")[2022] == 462
    assert series(build("timeliness"), 384, "issued")[2022] == 462


def test_no_flows_of_leicester_and_isle_of_wight_in_2023_and_2025(build: Build) -> None:
    new = build("new_plans")
    missing = new.loc[new["marker"].notna(), ["la_code", "year"]]
    assert list(missing.itertuples(index=False, name=None)) == [
        (856, 2023), (856, 2025), (921, 2023), (921, 2025),
    ]  # fmt: skip
    total = build("ceased_plans").loc[lambda frame: frame["reason"] == "All"]
    gone = total.loc[total["marker"].notna()].groupby("year")["la_code"].agg(list)
    assert gone.to_dict() == {2023: [204, 856, 921], 2024: [921], 2025: [856, 921]}
    named = total.loc[total["plans"].isna(), ["la_code", "year"]]
    assert set(sen2_process.INCOMPLETE_FLOWS) <= set(named.itertuples(index=False, name=None))


def test_isle_of_wight_2024_is_set_aside_but_its_new_plans_stay(build: Build) -> None:
    assert pd.isna(series(build("requests"), 921, "received")[2024])
    assert pd.isna(series(build("assessments"), 921, "completed")[2024])
    new = build("new_plans").set_index(["la_code", "year"])["new_plans"]
    assert new[(921, 2024)] == 187


def test_errata_are_in(build: Build) -> None:
    assert series(build("requests"), 342, "refused")[2021] == 107
    medway = build("assessments")
    assert series(medway, 887, "not_issued")[2021] == 16
    assert series(medway, 887, "completed")[2021] == 319


def test_pending_assessments_are_published_to_2021(build: Build) -> None:
    pending = series(build("assessments"), REDBRIDGE, "pending")
    assert (pending[2021], pending[2024]) == (130, 37)
    assert 2022 not in pending
    assert 2021 not in series(build("requests"), REDBRIDGE, "pending")


def test_ages_sum_to_totals(build: Build) -> None:
    for name in ("requests", "assessments"):
        frame = build(name)
        keys = ["la_code", "year", "measure"]
        ages = complete_sums(frame.loc[frame["age"].notna()], keys, "value")
        totals = frame.loc[frame["age"].isna()].set_index(keys)["value"]
        assert len(ages) > 1000
        assert ages.eq(totals.reindex(ages.index)).all()
        late = ages.xs(2025, level="year").index if 2025 in set(frame["year"]) else ages.index[:0]
        # Of 2025, only requests received were written down by age: of all but Leicester and the Isle of Wight.
        assert set(late.get_level_values("measure")) == ({"received"} if name == "requests" else set())
        assert len(late) == (151 if name == "requests" else 0)


def test_new_plans_breakdowns_sum_to_new_plans(build: Build) -> None:
    total = build("new_plans").set_index(["la_code", "year"])["new_plans"]
    for name in ("new_plans_age", "new_plans_age_band", "new_plans_placement", "new_plans_need",
                 "new_plans_age_need", "new_plans_placement_need"):  # fmt: skip
        found = build(name).groupby(["la_code", "year"])["plans"].agg(lambda g: g.sum(skipna=False)).dropna()
        assert len(found) >= 150, name
        assert found.eq(total.reindex(found.index)).all(), name


def test_wakefield_ages_and_placements_2022_are_not_a_breakdown(build: Build) -> None:
    for name in ("new_plans_age", "new_plans_placement"):
        frame = build(name)
        cells = frame.loc[(frame["la_code"] == 384) & (frame["year"] == 2022)]
        assert len(cells) > 0
        assert cells["plans"].isna().all()


def test_new_plans_to_2021_keep_neet(build: Build) -> None:
    places = build("new_plans_placement")
    neet = places.loc[places["placement"] == "neet"].groupby("year")["plans"].sum()
    assert neet[[2019, 2020, 2021]].tolist() == [164, 268, 315]


def test_elsewhere_not_itemised_is_what_the_columns_leave(build: Build) -> None:
    rest = build("new_plans_placement").loc[lambda frame: frame["placement"] == "ed_elsewhere_not_itemised"]
    assert rest.groupby("year")["plans"].sum().to_dict() == {2024: 91, 2025: 36}
    late = rest.loc[rest["year"] == 2025].set_index("la_code")["plans"]
    # Welsh settings are printed as x for every authority; most of these are near Wales.
    assert late.to_dict() == {
        330: 1, 344: 1, 350: 1, 357: 1, 801: 3, 803: 1, 815: 1, 884: 13, 885: 1, 893: 2, 895: 1, 896: 8, 916: 2,
    }  # fmt: skip


def test_elsewhere_not_itemised_2024_is_what_the_need_file_itemises(build: Build) -> None:
    places = build("new_plans_placement")
    rest = places.loc[places["placement"] == "ed_elsewhere_not_itemised"]
    rest = rest.loc[rest["year"] == 2024]
    needs = build("new_plans_placement_need")
    itemised = needs.loc[needs["placement"].isin(["online_provider", "w_settings", "other_schools"])]
    # Surrey and the Isle of Wight have no needs by placement.
    shown = rest.loc[~rest["la_code"].isin([936, 921]), "plans"].sum()
    assert itemised["plans"].sum() == shown


def test_reasons_fall_short_of_ceased_plans_only_in_essex(build: Build) -> None:
    ceased = build("ceased_plans")
    parts = ceased.loc[ceased["reason"] != "All"].groupby(["la_code", "year"])["plans"].sum(min_count=1)
    total = ceased.loc[ceased["reason"] == "All"].set_index(["la_code", "year"])["plans"]
    gap = (total - parts).dropna().loc[lambda s: s != 0]
    assert gap.to_dict() == {(881, 2023): 6, (881, 2024): 1}


def test_ceased_ages_and_placements_sum_to_ceased_plans(build: Build) -> None:
    ceased = build("ceased_plans").set_index(["la_code", "year", "reason"])["plans"]
    for name in ("ceased_plans_age", "ceased_plans_placement"):
        keys = ["la_code", "year", "reason"]
        sums = complete_sums(build(name), keys, "plans")
        assert len(sums) > 2000, name
        assert sums.eq(ceased.reindex(sums.index)).all(), name
        years = set(sums.index.get_level_values("year"))
        assert years == ({2023, 2024, 2025} if name == "ceased_plans_age" else {2023, 2024})
    ages = complete_sums(build("ceased_plans_age"), ["la_code", "year", "reason"], "plans")
    # Of 2025, ages were written down without reasons: of all but Leicester and the Isle of Wight.
    late = ages.xs(2025, level="year")
    assert set(late.index.get_level_values("reason")) == {"All"}
    assert len(late) == 151


def test_timeliness_of_redbridge(build: Build) -> None:
    frame = build("timeliness")
    issued, quick, late = (
        series(frame, REDBRIDGE, measure) for measure in ("issued", "within_20_weeks", "over_1_year")
    )
    assert 0.06 < quick[2024] / issued[2024] < 0.08
    assert (issued[2025], quick[2025], late[2025]) == (653, 180, 45)
    assert set(frame.loc[frame["measure"] == "over_1_year", "year"]) == {2023, 2024, 2025}


def test_down_syndrome_is_a_need_of_new_plans_from_2025_and_has_no_row_before(build: Build) -> None:
    needs = build("new_plans_need")
    down = needs.loc[needs["need"] == DOWN_SYNDROME]
    assert down["year"].unique().tolist() == [2025]
    assert len(down) == 153
    assert down.loc[down["marker"].notna(), "la_code"].tolist() == [856, 921]
    assert down["plans"].sum() == 258
    assert set(needs.loc[needs["year"] == 2024, "need"]) == set(needs["need"]) - {DOWN_SYNDROME}


def test_tribunals_are_under_their_names(build: Build) -> None:
    frame = build("tribunals").set_index(["la_code", "year", "definition"])
    assert frame.loc[(REDBRIDGE, 2024, "published"), "appeals"] == 41
    assert frame.loc[(REDBRIDGE, 2024, "in_development"), "marker"] == "x"
    assert frame.loc[(837, 2014, "published"), "appeals"] == 10
    assert frame.loc[(928, 2014, "published"), "appealable_decisions"] == 4248
    assert (892, 2024, "published") in frame.index
    assert frame.loc[(873, 2024, "published"), "appealable_decisions"] == 8246
    assert frame.loc[(420, 2023, "published"), "appeals"] == 0
    published = frame.xs("published", level="definition")
    assert published["appeals"].groupby("year").sum()[[2014, 2021, 2024]].tolist() == [4108, 9184, 22276]
    rate = (published["appeals"] / published["appealable_decisions"] - published["appeal_rate"]).abs()
    assert rate.max() <= 0.0005 + 1e-9


def test_appealable_decisions_fit_the_stock_of_plans(build: Build, releases: Path) -> None:
    from data.ingest import sen2_plans

    plans = sen2_plans.plans_total(Release(releases)).set_index(["la_code", "january"])["plans"]
    rows = build("tribunals").query("definition == 'published' and year in [2022, 2023]")
    stock = plans.reindex(pd.MultiIndex.from_arrays([rows["la_code"], rows["year"] + 1])).to_numpy(
        dtype=float, na_value=float("nan")
    )
    ratio = pd.Series(rows["appealable_decisions"].to_numpy(dtype=float) / stock).dropna()
    # A row under a wrong code is out by a factor of two.
    assert ratio.between(0.75, 1.6).all()


def test_work_based_and_residential(build: Build) -> None:
    work = build("work_based_placements")
    assert work.groupby("kind")["plans"].sum().to_dict() == {
        "supported_internship": 2673, "apprenticeship": 1017, "traineeship": 686,
    }  # fmt: skip
    homes = build("residential_placements")
    first = homes.loc[homes["january"] == 2019].groupby("weeks")["plans"].sum()
    assert first.to_dict() == {"38-51": 2469, "52": 1327}
