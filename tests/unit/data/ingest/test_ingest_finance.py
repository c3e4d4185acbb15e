"""Finance: the later version, lines that add up, reorganised authorities, figures to verify."""

from __future__ import annotations

import pandas as pd
import pytest

from data.errors import SourceError
from data.ingest import finance
from data.ingest.reading import Release


def test_redbridge_high_needs_block_is_the_later_version(releases):
    frame = finance.dsg_allocations(Release(releases))
    own = frame[(frame["la_code"] == 317) & (frame["block"] == "high_needs")].set_index("financial_year")
    assert own.loc["2023-24", "before_recoupment_gbp"] == 62_578_386
    assert own.loc["2023-24", "after_recoupment_gbp"] == 62_578_386 - 2_854_168
    assert own.loc["2023-24", "version"] == "2024-07-20"
    assert own.loc["2022-23", "before_recoupment_gbp"] == 57_539_079
    assert own.loc["2022-23", "version"] == "summary"


def _allocation(year):
    return pd.DataFrame(
        {
            "la_code": [317],
            "financial_year": year,
            "block": "high_needs",
            "before_recoupment_gbp": [100.0],
            "after_recoupment_gbp": [90.0],
            "version": "summary",
        }
    )


def test_later_version_touches_only_its_year():
    later = pd.Series({317: 80.0})
    changed = finance.later_high_needs(_allocation("2023-24"), later, pd.Series({317: 5.0}))
    assert changed[["before_recoupment_gbp", "after_recoupment_gbp"]].to_numpy().tolist() == [[80.0, 75.0]]
    pd.testing.assert_frame_equal(
        finance.later_high_needs(_allocation("2022-23"), later, pd.Series(dtype=float)),
        _allocation("2022-23"),
    )


def test_a_missing_later_total_is_an_error():
    with pytest.raises(SourceError, match="317"):
        finance.later_high_needs(_allocation("2023-24"), pd.Series({318: 1.0}), pd.Series(dtype=float))


def test_components_not_published_in_a_year_are_null(releases):
    frame = finance.hnb_components(Release(releases))
    first = frame[frame["financial_year"] == "2020-21"]
    assert first["additional_high_needs_allocation_gbp"].isna().all()
    assert first["nff_excl_basic_entitlement_and_import_export_gbp"].notna().all()


def test_deductions_add_up_to_the_redbridge_total(releases):
    frame = finance.dsg_deductions(Release(releases))
    own = frame[(frame["la_code"] == 317) & (frame["financial_year"] == "2023-24")]
    assert own["deduction_gbp"].sum() == 2_854_168


def test_lines_that_miss_the_total_are_an_error():
    frame = pd.DataFrame(
        {
            "la_code": 317,
            "financial_year": "2023-24",
            "provider_group": ["Special academies", finance._TOTAL],
            "deduction_gbp": [10.0, 20.0],
        }
    )
    with pytest.raises(SourceError, match=r"authority 317 in 2023-24.*£10"):
        finance.lines_without_total(frame)


def test_place_rules_reproduce_a_deduction(releases):
    rules = finance.place_funding_rules(Release(releases)).set_index("place_type")
    rule = rules.loc["special academy, pre-16"]
    months = rule["months_old_academic_year"], rule["months_new_academic_year"]
    assert months == (5, 7)
    assert rule["place_gbp"] * (130 * 5 + 145 * 7) / 12 == pytest.approx(1_387_500, abs=5)
    assert rules.loc["FE and independent learning provider", "months_old_academic_year"] == 4


def test_a_deficit_is_negative(releases):
    frame = finance.dsg_balance_pct(Release(releases))
    england = frame[(frame["level"] == "england") & (frame["financial_year"] == "2021-22")]
    assert england["balance_pct"].tolist() == [-2.26]
    own = frame[frame["la_code"] == 317].set_index("financial_year")["balance_pct"]
    assert own.to_dict() == {"2019-20": 0.0, "2020-21": 0.13, "2021-22": 0.55}


def test_s251_drops_the_empty_rows_and_does_not_count_northamptonshire_twice(releases):
    lines = finance.s251_high_needs_2021_22(Release(releases))
    assert not lines["la_code"].isin([835, 836, 837, 928]).any()
    context = finance.s251_context(Release(releases)).set_index("la_code")
    assert context.loc[928, "plans"] == 4847
    assert pd.isna(context.loc[928, "residents_2_18"])
    assert context.loc[[940, 941], "plans"].isna().all()
    assert context.loc[[940, 941], "residents_2_18"].notna().all()


def test_s251_national_non_maintained_special_outturn(releases):
    lines = finance.s251_high_needs_2021_22(Release(releases))
    rows = lines[(lines["side"] == "outturn") & (lines["line"] == "topup_nonmaint_special")]
    assert rows["value_gbp"].sum() == pytest.approx(1_343.4e6, rel=1e-3)


def test_s251_totals_are_flagged(releases):
    lines = finance.s251_high_needs_2021_22(Release(releases))
    assert set(lines.loc[lines["is_total"], "line"]) == {
        "place_total_special_and_ap",
        "topup_state_total",
        "topup_nonmaint_total",
    }


def test_a_figure_in_an_empty_s251_row_is_an_error(releases, tmp_path):
    (tmp_path / "finance").mkdir()
    raw = pd.read_csv(releases / finance.S251, dtype="str", keep_default_na=False)
    raw.loc[raw["old_la_code"] == "836", "budget_2021_22_place_special"] = "1"
    raw.to_csv(tmp_path / finance.S251, index=False)
    with pytest.raises(SourceError, match="836"):
        finance.s251_context(Release(tmp_path))


def test_north_and_west_northamptonshire_stand_on_their_one_january(releases):
    costs = finance.implied_unit_costs(Release(releases)).set_index("la_code")
    north = costs.loc[940]
    assert north["plans_state_special"] == 1208  # January 2022: 233 + 976, rounded before halving
    assert north["state_special_topup_gbp"] == pytest.approx(13_584_803 / 1209, rel=1e-3)
    assert north["state_special_with_place_gbp"] == north["state_special_topup_gbp"] + 10_000
    assert 928 not in costs.index
    assert costs.loc[317, "plans_state_special"] == 594


def test_spend_per_head_says_which_dorset_and_drops_years_without_an_authority(releases):
    spend = finance.specialist_spend_per_head(Release(releases))
    assert 838 not in set(spend["la_code"])
    years = spend.groupby("la_code")["financial_year"].agg(set)
    assert years[835] == {"2018-19"}
    assert years[940] == {"2021-22"}
    assert years[928] == {"2018-19", "2019-20", "2020-21"}
    own = spend[(spend["la_code"] == 317) & (spend["category"] == "total")].set_index("financial_year")
    assert own.loc["2021-22", "spend_per_head_gbp"] == pytest.approx(262.76, abs=0.01)


def test_authority_years_without_spending_are_dropped():
    frame = pd.DataFrame(
        {"la_code": [836, 836], "financial_year": ["2018-19", "2019-20"], "spend_gbp": [5.0, 0.0]}
    )
    assert finance.existing(frame)["financial_year"].tolist() == ["2018-19"]


def test_weekly_unit_cost_of_redbridge(releases):
    cost = finance.weekly_unit_cost(Release(releases))
    own = cost[cost["la_code"] == 317].sort_values("financial_year")["cost_gbp"]
    assert own.tolist() == [105, 75, 110, 95, 65, 105, 120, 110, 120]
    assert not cost["la_code"].between(970, 999).any()


def test_facts_to_verify_are_flagged(releases):
    facts = finance.redbridge_finance_facts(Release(releases))
    assert facts["to_verify"].sum() == 6
    assert facts.loc[facts["fact"] == "HNB cumulative deficit", "to_verify"].all()
    assert not facts.loc[facts["status"] == "official data", "to_verify"].any()


def test_a_fact_that_is_not_one_number_has_no_number(releases):
    facts = finance.redbridge_finance_facts(Release(releases)).set_index("fact")
    assert pd.isna(facts.loc["DSG cumulative balance % of DSG", "value_number"])
    assert facts.loc["HNB cumulative deficit", "value_number"] == 747_000


def test_unit_costs_from_machine_written_summaries_are_flagged(releases):
    costs = finance.unit_costs_published(Release(releases))
    flagged = costs[costs["to_verify"]]
    assert flagged["item"].tolist() == ["In-borough mainstream primary high-needs funding"]
    lincolnshire = costs[(costs["geography"] == "Lincolnshire") & costs["item"].str.startswith("INMSS")]
    assert "strongly skewed" in lincolnshire["note"].iloc[0]


def test_leading_numbers_of_forecasts():
    cells = pd.Series(["840000 (almost)", "+220000 additional pupils", "5+", "4.1", ""])
    assert finance.leading_number(cells).tolist()[:4] == [840000, 220000, 5, 4.1]
    assert pd.isna(finance.leading_number(cells).iloc[4])


def test_forecasts_keep_what_was_printed_and_what_happened(releases):
    frame = finance.published_forecasts(Release(releases))
    york = frame[(frame["la_code"] == 816) & (frame["forecast_period"] == "Jan 2025")].iloc[0]
    assert (york["forecast_value"], york["forecast_as_published"], york["actual_value"]) == (
        1500,
        "1500 (almost)",
        1556,
    )
    assert frame["is_increase"].sum() == 1
