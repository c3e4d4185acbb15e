"""Schemes on a register: what each action does to the rows, and that all other rows stay as they were."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from data.errors import ScenarioError
from data.registers.register import SLIPPAGE, Register, frame, records
from data.registers.starting_register import shipped
from scenarios.applying import apply_schemes, without_superseded
from scenarios.earlier_dates import of_scenario
from scenarios.effects import Frame
from scenarios.scenario import Scenario

FRAME = Frame(la_code=317, origin=2025, years=6, draws=4)


def row(setting: str, **said: Any) -> dict[str, Any]:
    return {
        "setting": setting, "urn": None, "provision": "state_special", "needs": "ASD;SLCN", "age_low": 4, "age_high": 10,
        "from_academic_year": "2023/24", "to_academic_year": None, "places": 100, "located": "local", "status": "open",
        "basis": "published", "confidence": "high", "source": "a source", "note": None,
    } | said  # fmt: skip


REGISTER = Register(
    la_code=317,
    rows=frame(
        [
            row("Ash School", roll=90, roll_january=2025),
            row("Beech School", age_low=4, age_high=10, places=30),
            row("Beech School", age_low=11, age_high=15, places=50),
            row("Cedar Base", provision="specialist_base", places=8, to_academic_year="2026/27"),
            row(
                "Cedar Base",
                provision="specialist_base",
                places=12,
                from_academic_year="2027/28",
                status="agreed",
                agreed_on="2024",
            ),
            row("Elm Proposal", places=70, from_academic_year="2027/28", status="proposed", confidence="low"),
        ]
    ),
    origin="test",
)


def after(*schemes: dict[str, Any], register: Register = REGISTER, **given: Any) -> pd.DataFrame:
    levers = [{"kind": "scheme", "why": "a reason"} | s for s in schemes]
    scenario = Scenario.model_validate({"id": "plans", "title": "Plans", "levers": levers})
    before = register.rows.copy()
    result = apply_schemes(register, scenario, FRAME, **given).rows
    pd.testing.assert_frame_equal(register.rows, before)
    return result


def named(rows: pd.DataFrame, setting: str) -> list[dict[str, Any]]:
    return [r for r in records(rows) if r["setting"] == setting]


OPEN = {
    "action": "open", "setting": "Fir School", "provision": "state_special", "ages": "11-15", "places": 40, "when": 2028,
}  # fmt: skip


def test_no_scheme_gives_the_same_register() -> None:
    assert apply_schemes(REGISTER, Scenario(id="none", title="None"), FRAME) is REGISTER


def test_a_new_setting_is_a_row_at_the_end_with_the_slippage_of_a_proposal() -> None:
    rows = after(OPEN)
    pd.testing.assert_frame_equal(rows.iloc[:-1], REGISTER.rows)
    (new,) = named(rows, "Fir School")
    slip = SLIPPAGE["proposed", "low"]
    assert new | {"source": ""} == new | {
        "from_academic_year": "2028/29", "to_academic_year": None, "needs": "All", "places": 40, "status": "agreed",
        "chance_delivered": slip.delivered, "chance_on_time": slip.on_time, "typical_delay_years": slip.delay, "source": "",
    }  # fmt: skip
    assert new["source"] == "Scenario plans: a reason"


def test_a_firm_scheme_slips_less_and_stated_chances_win() -> None:
    (firm,) = named(after(OPEN | {"status": "agreed", "confidence": "high"}), "Fir School")
    assert firm["chance_delivered"] == SLIPPAGE["agreed", "high"].delivered
    (sure,) = named(after(OPEN | {"chance_delivered": 100, "chance_on_time": 100}), "Fir School")
    assert (sure["chance_delivered"], sure["chance_on_time"]) == (100, 100)


def test_places_that_end_have_a_last_academic_year() -> None:
    (new,) = named(after(OPEN | {"when": "2028..2030", "phasing": "by_year_group"}), "Fir School")
    assert (new["from_academic_year"], new["to_academic_year"], new["phasing"]) == (
        "2028/29",
        "2030/31",
        "by_year_group",
    )


def test_an_interval_enters_the_register_at_its_middle_and_a_rate_by_residents() -> None:
    assert named(after(OPEN | {"places": {"low": 40, "high": 60}}), "Fir School")[0]["places"] == 50
    rate = {k: v for k, v in OPEN.items() if k != "places"} | {
        "places_per_1000_aged_11_15": {"low": 8, "high": 16}
    }
    assert named(after(rate, residents_11_15=21_500.0), "Fir School")[0]["places"] == 258
    with pytest.raises(ScenarioError, match="number is not known"):
        after(rate)


def test_an_expansion_is_an_extra_row_for_the_same_children() -> None:
    rows = after({"action": "expand", "setting": "beech school", "places": 20, "when": 2027, "id": "more"})
    pd.testing.assert_frame_equal(rows.iloc[:-1], REGISTER.rows)
    (new,) = named(rows, "beech school (expansion: more)")
    assert (new["age_low"], new["age_high"], new["needs"], new["places"]) == (4, 15, "ASD;SLCN", 20)
    assert new["provision"] == "state_special"


def test_a_change_of_designation_follows_on_from_the_old_one() -> None:
    rows = after({"action": "redesignate", "setting": "Ash School", "needs": ["SEMH"], "when": 2027})
    old, new = named(rows, "Ash School")
    assert (old["to_academic_year"], old["needs"], old["roll"]) == ("2026/27", "ASD;SLCN", 90)
    assert (new["from_academic_year"], new["needs"], new["places"], new["roll"]) == (
        "2027/28",
        "SEMH",
        100,
        None,
    )
    assert new["chance_delivered"] == SLIPPAGE["proposed", "low"].delivered
    others = rows[rows["setting"] != "Ash School"].reset_index(drop=True)
    pd.testing.assert_frame_equal(others, REGISTER.rows.iloc[1:].reset_index(drop=True))


def test_a_change_of_designation_reaches_rows_still_to_come() -> None:
    rows = named(
        after({"action": "redesignate", "setting": "Cedar Base", "needs": "SEMH", "when": 2026}), "Cedar Base"
    )
    assert [(r["from_academic_year"], r["needs"], r["places"]) for r in rows] == [
        ("2023/24", "ASD;SLCN", 8), ("2026/27", "SEMH", 8), ("2027/28", "SEMH", 12),
    ]  # fmt: skip


def test_a_closure_ends_all_rows_of_a_setting_and_drops_those_to_come() -> None:
    rows = after({"action": "close", "setting": "Cedar Base", "when": 2026})
    (left,) = named(rows, "Cedar Base")
    assert left["to_academic_year"] == "2025/26"
    assert len(rows) == len(REGISTER.rows) - 1


def test_a_slip_moves_the_scheme_and_lets_what_was_there_go_on() -> None:
    rows = after({"action": "slip", "setting": "Cedar Base", "when": 2029})
    before, step = named(rows, "Cedar Base")
    assert (before["to_academic_year"], step["from_academic_year"], step["status"]) == (
        "2028/29",
        "2029/30",
        "agreed",
    )


def test_confirming_counts_a_proposal_when_the_register_says_or_when_the_lever_does() -> None:
    (kept,) = named(after({"action": "confirm", "setting": "Elm Proposal"}), "Elm Proposal")
    assert (kept["status"], kept["from_academic_year"]) == ("agreed", "2027/28")
    (earlier,) = named(after({"action": "confirm", "setting": "Elm Proposal", "when": 2026}), "Elm Proposal")
    assert earlier["from_academic_year"] == "2026/27"


def test_schemes_act_in_the_order_listed() -> None:
    grow = {"action": "expand", "setting": "Fir School", "places": 10, "when": 2029, "id": "grow"}
    assert len(after(OPEN, grow)) == len(REGISTER.rows) + 2
    with pytest.raises(ScenarioError, match="'Fir School', which is not in the capacity register"):
        after(grow, OPEN)


@pytest.mark.parametrize(
    ("scheme", "says"),
    [
        ({"action": "close", "setting": "Ash Scool", "when": 2027}, "Did you mean Ash School"),
        (
            {"action": "close", "setting": "Cedar Base", "when": 2027, "provision": "inmss"},
            "Write provision: specialist_base",
        ),
        ({"action": "slip", "setting": "Ash School", "when": 2027}, "only places that are open"),
        ({"action": "slip", "setting": "Cedar Base", "when": 2026}, "Write a later year"),
        (OPEN | {"setting": "Ash School"}, "already has a setting of that name"),
        ({"action": "redesignate", "setting": "Beech School", "places": 20, "when": 2027}, "has 2 rows"),
        ({"action": "redesignate", "setting": "Ash School", "ages": "30-40", "when": 2027}, "older than 25"),
    ],
)
def test_schemes_that_cannot_be_carried_out_are_refused(scheme: dict[str, Any], says: str) -> None:
    with pytest.raises((ScenarioError, ValueError), match=says):
        after(scheme)


def test_a_closure_after_the_setting_has_closed_is_refused() -> None:
    closing = {"action": "close", "setting": "Ash School", "when": 2026}
    with pytest.raises(ScenarioError, match="closed by then"):
        after(closing, closing | {"when": 2028, "id": "again"})


def test_a_register_that_would_break_its_rules_is_refused() -> None:
    register = Register(la_code=317, rows=frame([row("Ash School", taken_by_others=40)]), origin="test")
    with pytest.raises(ScenarioError, match=r"(?s)breaks its rules.*taken_by_others"):
        after(
            {"action": "redesignate", "setting": "Ash School", "places": 10, "when": 2027}, register=register
        )


def test_levers_on_places_must_name_settings_of_the_register() -> None:
    wrong = {
        "kind": "occupancy",
        "when": 2027,
        "change": 0.9,
        "why": "x",
        "who": {"settings": ["Ask School"]},
    }
    scenario = Scenario.model_validate({"id": "a", "title": "a", "levers": [wrong]})
    with pytest.raises(ScenarioError, match="Did you mean Ash School"):
        apply_schemes(REGISTER, scenario, FRAME)
    right = wrong | {"who": {"settings": ["ash school"]}}
    assert (
        apply_schemes(REGISTER, Scenario.model_validate({"id": "a", "title": "a", "levers": [right]}), FRAME)
        is REGISTER
    )


def test_schemes_for_other_authorities_leave_the_register_as_it_is() -> None:
    levers = [{"kind": "scheme", "why": "x", "who": {"areas": "Barnet"}} | OPEN]
    scenario = Scenario.model_validate({"id": "a", "title": "a", "levers": levers})
    assert apply_schemes(REGISTER, scenario, FRAME) is REGISTER


def test_an_expansion_works_on_the_register_we_ship() -> None:
    rows = after(
        {"action": "expand", "setting": "New Rush Hall School", "places": 20, "when": 2027},
        register=shipped(317),
    )
    assert rows.iloc[-1]["places"] == 20
    assert (rows.iloc[-1]["age_low"], rows.iloc[-1]["age_high"]) == (5, 15)


LATER = Frame(la_code=317, origin=2029, years=6, draws=4)
"""A forecast by whose first year the register's schemes should have opened."""

OPENED = Register(
    la_code=317,
    rows=frame(
        [
            row("Ash School"),
            row("Ash School (expansion: more)", places=10, from_academic_year="2028/29"),
            row("Elm Proposal", places=70, from_academic_year="2027/28"),
            row("Oak School", to_academic_year="2024/25"),
        ]
    ),
    origin="test",
)
"""A register of then, in which Elm has opened."""


@pytest.mark.parametrize(
    "scheme",
    [
        OPEN | {"setting": "Elm Proposal"},
        {"action": "confirm", "setting": "Elm Proposal", "when": 2027},
        {"action": "slip", "setting": "Elm Proposal", "when": 2028},
        {"action": "close", "setting": "Oak School", "when": 2027},
        {"action": "redesignate", "setting": "Oak School", "when": 2027, "places": 9},
        {"action": "expand", "id": "more", "setting": "Ash School", "when": 2028, "places": 10},
    ],
)
def test_a_scheme_of_a_published_year_that_the_register_has_is_left_as_the_register_says(
    scheme: dict[str, Any],
) -> None:
    scenario = Scenario.model_validate(
        {"id": "a", "title": "a", "levers": [{"kind": "scheme", "why": "why"} | scheme]}
    )
    assert without_superseded(scenario, OPENED, LATER).levers == ()
    assert without_superseded(scenario, OPENED, FRAME) is scenario


def test_a_scheme_dated_by_the_register_is_done_once_the_register_has_it_open() -> None:
    lever = {"kind": "scheme", "why": "why", "action": "confirm", "setting": "Elm Proposal"}
    scenario = Scenario.model_validate({"id": "a", "title": "a", "levers": [lever]})
    assert without_superseded(scenario, OPENED, FRAME).levers == ()
    assert without_superseded(scenario, REGISTER, FRAME) is scenario
    (one,) = of_scenario(scenario, 2026, register=OPENED)
    assert (
        one.fate == "takes its date from the register: the register has it open, so nothing is left to change"
    )
    assert of_scenario(scenario, 2026, register=REGISTER) == ()


def test_a_scheme_of_a_published_year_that_the_register_lacks_is_carried_out() -> None:
    levers = [{"kind": "scheme", "why": "why"} | OPEN, {"kind": "scheme", "id": "close", "why": "why"} | {
        "action": "close", "setting": "Ash School", "when": 2027}]  # fmt: skip
    scenario = Scenario.model_validate({"id": "a", "title": "a", "levers": levers})
    assert without_superseded(scenario, OPENED, LATER) is scenario
    rows = apply_schemes(OPENED, scenario, LATER).rows
    assert named(rows, "Fir School")[0]["from_academic_year"] == "2028/29"
    assert named(rows, "Ash School")[0]["to_academic_year"] == "2026/27"
