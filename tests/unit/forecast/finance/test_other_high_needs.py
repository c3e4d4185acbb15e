"""Spending that plans do not drive: what is in it, that nothing is counted twice, and that parts add up to the whole."""

from __future__ import annotations

import numpy as np
import pytest

from data import tables
from data.errors import AreaError, OptionError
from data.financial_year import FinancialYear
from forecast.finance import other_high_needs

REDBRIDGE, CUMBERLAND, WESTMORLAND, CUMBRIA, CITY = 317, 942, 943, 909, 201


def pounds(found: other_high_needs.OtherHighNeeds) -> dict[str, float]:
    return {line.line: line.pounds for line in found.lines}


def outturn(la_code: int, name: str) -> float:
    rows = tables.read("s251_high_needs_2021_22").query(
        "la_code == @la_code and side == 'outturn' and line == @name"
    )
    return float(rows["value_gbp"].iloc[0])


def test_hospital_education_and_services_are_the_published_outturn_of_redbridge() -> None:
    found = pounds(other_high_needs.other_high_needs(REDBRIDGE, ()))
    assert found["hospital"] == pytest.approx(329_865.80)
    assert found["sen_support"] == pytest.approx(7_286_509.37)
    assert found["therapies_equipment"] == 0


def test_what_plans_pay_for_is_taken_off_alternative_provision() -> None:
    found = pounds(other_high_needs.other_high_needs(REDBRIDGE))
    kept = sum(found[c] for c in ("ap_places", "ap_top_up", "ap_independent", "ap_services"))
    deducted = 187_500.0
    gross = deducted + sum(
        outturn(REDBRIDGE, name)
        for name in (
            "place_pru_ap",
            "topup_state_pru_ap",
            "topup_nonmaint_pru_ap",
            "alternative_provision_services",
        )
    )
    placed = tables.read("plans_placement").query("la_code == @REDBRIDGE and january in (2021, 2022)")
    mean = placed.groupby("provision")["plans"].sum() / 2
    in_ap, at_home = float(mean.get("ap", 0)), float(mean.get("eotas", 0))
    at_home_price = 26_000 / (1.067 * 1.06 * 1.039)
    assert kept == pytest.approx(gross - in_ap * 18_195 - at_home * at_home_price)


def test_items_costed_by_plan_are_left_out_unless_asked_for() -> None:
    assert {"sen_support", "therapies_equipment"}.isdisjoint(
        pounds(other_high_needs.other_high_needs(REDBRIDGE))
    )
    assert "sen_support" in pounds(other_high_needs.other_high_needs(REDBRIDGE, ["therapies_equipment"]))


def test_income_is_minus() -> None:
    spent = other_high_needs.spending("outturn")
    assert (spent[["income_state", "income_independent"]] <= 0).all().all()
    assert (spent.drop(columns=["income_state", "income_independent"]) >= 0).all().all()


def test_parts_of_an_abolished_authority_share_its_spending() -> None:
    parts = [other_high_needs.other_high_needs(code) for code in (CUMBERLAND, WESTMORLAND)]
    assert {line.basis for part in parts for line in part.lines} == {"predecessor"}
    kept = other_high_needs.spending("outturn").loc[CUMBRIA].drop(list(other_high_needs.PER_PLAN))
    assert sum(part.total for part in parts) == pytest.approx(float(kept.sum()))


def test_an_authority_without_figures_has_englands_spending_per_head() -> None:
    found = other_high_needs.other_high_needs(CITY)
    spent = other_high_needs.spending("outturn").drop(columns=list(other_high_needs.PER_PLAN))
    heads = other_high_needs.residents(tuple(spent.index))
    assert {line.basis for line in found.lines} == {"per_head"}
    expected = float(spent.to_numpy().sum() / heads.sum()) * float(other_high_needs.residents()[CITY])
    assert found.total == pytest.approx(expected)


def test_held_out_spending_does_not_know_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    before = pounds(other_high_needs.other_high_needs(REDBRIDGE, held_out=True))
    sides = {side: other_high_needs.spending(side).copy() for side in ("outturn", "budget")}
    for frame in sides.values():
        frame.loc[REDBRIDGE] *= 100
    monkeypatch.setattr(other_high_needs, "spending", lambda side: sides[side])
    assert pounds(other_high_needs.other_high_needs(REDBRIDGE, held_out=True)) == before


@pytest.mark.parametrize("la_code", [REDBRIDGE, CUMBERLAND, CITY])
def test_the_mean_of_all_possibilities_is_the_pounds(la_code: int) -> None:
    found = other_high_needs.other_high_needs(la_code, ())
    assert found.possible.mean("possibility").to_numpy() == pytest.approx(list(pounds(found).values()))


def test_a_known_line_of_nil_is_nil_in_every_draw() -> None:
    drawn = other_high_needs.other_high_needs(REDBRIDGE, ()).draws(50, np.random.default_rng(1))
    assert (drawn.sel(line="therapies_equipment") == 0).all()
    assert float(drawn.sel(line="sen_support").std()) > 0


def test_an_unknown_authority_is_drawn_with_all_its_lines_together() -> None:
    found = other_high_needs.other_high_needs(CITY)
    table = {tuple(row) for row in found.possible.to_numpy()}
    assert all(tuple(row) in table for row in found.draws(20, np.random.default_rng(1)).to_numpy())


def test_spending_is_carried_by_prices_and_residents() -> None:
    base = other_high_needs.other_high_needs(REDBRIDGE).draws(400, np.random.default_rng(1))
    years = [FinancialYear(2021), FinancialYear(2023)]
    found = other_high_needs.project_spending(base, REDBRIDGE, years, np.random.default_rng(2))
    assert found.dims == ("draw", "financial_year", "line")
    assert found.sel(financial_year="2021-22").to_numpy() == pytest.approx(base.to_numpy())
    index = float(other_high_needs.children_index(REDBRIDGE, years).sel(financial_year="2023-24"))
    grown = found.sel(financial_year="2023-24").sum("line") / base.sum("line")
    assert float(grown.median()) == pytest.approx(1.067 * 1.06 * index, rel=0.005)


def test_years_and_items_that_cannot_be_had_are_refused() -> None:
    with pytest.raises(AreaError):
        other_high_needs.other_high_needs(999)
    with pytest.raises(OptionError, match="top_up has no line"):
        other_high_needs.other_high_needs(REDBRIDGE, ["top_up"])
    base = other_high_needs.other_high_needs(REDBRIDGE).draws(2, np.random.default_rng(1))
    with pytest.raises(OptionError, match="begins with 2021-22"):
        other_high_needs.project_spending(base, REDBRIDGE, [FinancialYear(2020)], np.random.default_rng(1))
    with pytest.raises(OptionError, match="2041-42"):
        other_high_needs.project_spending(base, REDBRIDGE, [FinancialYear(2041)], np.random.default_rng(1))
