"""Each kind of lever: what it does to which quantity, when, for whom; and what it refuses."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from data.errors import ScenarioError
from data.vocabulary import AGES, NEED_CODES
from scenarios.effects import Effects, Frame
from scenarios.levers import KINDS, MONEY_ITEMS, Lever, LeverContext, describe

FRAME = Frame(la_code=317, origin=2025, years=6, draws=4)
ASKED = LeverContext(FRAME, seed=1, issued_in_twenty_weeks=0.4, residents_11_15=20_000.0)
LEVER: TypeAdapter[Any] = TypeAdapter(Lever)

SOUND: dict[str, dict[str, Any]] = {
    "requests": {"when": 2026, "change": 1.2},
    "refusal": {"when": 2026, "change": 0.3},
    "plan_share": {"when": 2026, "change": 0.9},
    "timeliness": {"when": 2026, "change": 0.8},
    "joiners": {"when": 2026, "change": 0.9},
    "need_mix": {"when": 2026, "change": 1.2, "who": {"needs": "SEMH"}},
    "leavers": {"when": 2026, "change": 1.2},
    "reassessment": {"when": 2026, "change": 0.2},
    "placement": {"when": 2026, "change": 0.2, "from": "inmss", "to": "state_special", "moment": "joining"},
    "scheme": {
        "when": 2026, "action": "open", "setting": "New School", "provision": "state_special", "ages": "4-10",
        "places": {"low": 40, "high": 60},
    },
    "occupancy": {"when": 2026, "change": 0.95},
    "imports": {"when": 2026, "change": 10},
    "exports": {"when": 2026, "change": 0.9},
    "population": {"when": 2026, "change": 1.02},
    "births": {"when": 2025, "change": 0.9},
    "housing": {"sites": [{"name": "Mill Lane", "homes": 100, "built": 2026, "tenure": "social"}]},
    "unit_cost": {"when": 2026, "change": 1.1, "item": "top_up"},
    "inflation": {"when": 2026, "change": 0.03},
    "price_cap": {"when": 2028, "change": 60_000},
    "transport": {"when": 2026, "change": 0.9},
    "income": {"when": 2026, "change": 0.0, "item": "hnb_growth"},
}  # fmt: skip
"""A sound lever of every kind."""


def lever(kind: str, **said: Any) -> Any:
    return LEVER.validate_python({"kind": kind, "why": "a reason"} | SOUND[kind] | said)


def fields_used(effects: Effects) -> dict[str, int]:
    return {f.name: len(getattr(effects, f.name)) for f in fields(Effects) if getattr(effects, f.name)}


def assert_same(one: Effects, other: Effects) -> None:
    for name in {f.name for f in fields(Effects)}:
        for a, b in zip(getattr(one, name), getattr(other, name), strict=True):
            for part in fields(a):
                np.testing.assert_array_equal(getattr(a, part.name), getattr(b, part.name))


def test_every_kind_is_tried() -> None:
    assert set(SOUND) == set(KINDS)


@pytest.mark.parametrize(
    ("kind", "quantity"),
    {
        "requests": "requests", "refusal": "refusal", "plan_share": "plan_share", "timeliness": "sooner",
        "joiners": "joiner_rate", "need_mix": "joiner_need", "leavers": "leaver_hazard", "reassessment": "reviews",
        "placement": "moves", "scheme": "places", "occupancy": "places", "imports": "places", "exports": "places",
        "population": "residents", "births": "residents", "housing": "arrivals", "unit_cost": "money", "inflation": "money",
        "price_cap": "money", "transport": "money", "income": "money",
    }.items(),
)  # fmt: skip
def test_a_lever_changes_one_quantity_only(kind: str, quantity: str) -> None:
    assert set(fields_used(lever(kind).effects(ASKED))) == {quantity}


@pytest.mark.parametrize("kind", SOUND)
def test_a_lever_for_other_authorities_does_nothing_and_says_so(kind: str) -> None:
    one = lever(kind, who=SOUND[kind].get("who", {}) | {"areas": ["Barnet"]})
    assert not fields_used(one.effects(ASKED))
    assert "it is for Barnet" in one.notes(ASKED)[0]


@pytest.mark.parametrize("kind", [k for k in SOUND if k != "housing"])
def test_a_lever_after_the_last_january_does_nothing_and_says_so(kind: str) -> None:
    one = lever(kind, when=2035)
    assert not fields_used(one.effects(ASKED))
    assert "after the last January" in one.notes(ASKED)[0]


@pytest.mark.parametrize("kind", [k for k in SOUND if k not in ("housing", "births")])
def test_a_lever_in_full_force_before_the_forecast_acts_as_one_that_begins_with_it(kind: str) -> None:
    assert_same(lever(kind, when=2019).effects(ASKED), lever(kind, when=2025).effects(ASKED))


@pytest.mark.parametrize("kind", [k for k in SOUND if k not in ("housing", "scheme", "births")])
def test_a_lever_whose_years_are_all_published_does_nothing_and_is_not_said_to_come_later(kind: str) -> None:
    over = lever(kind, when="2019..2024")
    assert not fields_used(over.effects(ASKED))
    assert over.is_over(ASKED.frame)
    assert not [note for note in over.notes(ASKED) if "after the last January" in note]


def test_people_born_before_the_forecast_are_changed_as_they_are_counted() -> None:
    born_2025 = lever("births", when="2024..2024").effects(ASKED)
    (change,) = [c for c in born_2025.residents if c.weight[ASKED.frame.januaries.index(2027)]]
    assert change.who.any(axis=1).tolist() == [age == 2 for age in AGES]


@pytest.mark.parametrize("kind", SOUND)
def test_every_lever_can_be_said_in_a_sentence(kind: str) -> None:
    sentence = describe(lever(kind))
    assert sentence.endswith(".")
    assert sentence[0].isupper()
    assert "_" not in sentence.replace("INMSS", "")


def test_a_sentence_says_how_much_for_whom_and_when() -> None:
    one = lever(
        "requests",
        change={"low": 1.1, "high": 1.3},
        who={"needs": "SEMH", "ages": "5-10"},
        when={"from": 2026, "ramp": 3},
    )
    assert describe(one) == (
        "Requests for an assessment (needs SEMH, ages 5 to 10): 10 % to 30 % more (80 % interval), "
        "from 2026, in full after 3 years."
    )


def test_the_mask_is_of_the_ages_and_needs_named() -> None:
    (change,) = lever("joiners", who={"needs": "ASD", "ages": "5-6"}).effects(ASKED).joiner_rate
    assert change.who.sum() == 2
    assert change.who[AGES.index(5), NEED_CODES.index("ASD")]
    assert change.how == "multiply"


def test_a_share_may_be_set_multiplied_or_added_to() -> None:
    assert lever("refusal").effects(ASKED).refusal[0].how == "set"
    assert lever("refusal", how="multiply", change=1.5).effects(ASKED).refusal[0].size.tolist() == [1.5] * 4
    assert lever("refusal", how="add", change=-0.1).effects(ASKED).refusal[0].size.tolist() == [-0.1] * 4


def test_reasons_of_leavers_travel_with_the_change() -> None:
    one = lever("leavers", reasons=["needs_met", "employment"])
    assert one.effects(ASKED).leaver_hazard[0].reasons == ("employment", "needs_met")
    assert "went into employment or needs met" in describe(one)


def test_plans_come_sooner_by_the_stated_equation() -> None:
    # (0.8 - 0.4) x 15 weeks = 6 weeks sooner, of the 20 weeks that run into the next year.
    assert lever("timeliness").effects(ASKED).sooner[0].size == pytest.approx([0.3] * 4)
    assert lever("timeliness", weeks_late=100).effects(ASKED).sooner[0].size == pytest.approx([1.0] * 4)
    assert lever("timeliness", change=0.2).effects(ASKED).sooner[0].size == pytest.approx([0.0] * 4)


def test_an_unknown_share_of_plans_on_time_is_assumed_and_said() -> None:
    unknown = LeverContext(FRAME, seed=1)
    assert lever("timeliness").effects(unknown).sooner[0].size == pytest.approx([0.3 * 15 / 20] * 4)
    assert "50% was assumed" in lever("timeliness").notes(unknown)[0]
    assert "the target already" in lever("timeliness", change=0.3).notes(ASKED)[0]


def test_a_review_reaches_the_last_year_of_a_phase_and_protects_places_held() -> None:
    one = lever("reassessment", who={"needs": ["SEMH"]}, protects="state_special", protects_held_in=2030)
    (review,) = one.effects(ASKED).reviews
    assert [AGES[i] for i in np.flatnonzero(review.who.any(axis=1))] == [6, 10, 15, 18]
    assert review.who.any(axis=0).sum() == 1
    assert review.protected == ("state_special",)
    assert review.protected_from == 2030


def test_a_move_is_from_one_provision_to_another() -> None:
    (move,) = lever("placement").effects(ASKED).moves
    assert (move.source, move.target, move.moment) == ("inmss", "state_special", "joining")


def test_imports_take_local_places_and_exports_are_places_elsewhere() -> None:
    (taken,) = lever("imports").effects(ASKED).places
    assert (taken.how, taken.located, taken.size.tolist()) == ("add", "local", [-10.0] * 4)
    (freed,) = lever("imports", change=-5).effects(ASKED).places
    assert freed.size.tolist() == [5.0] * 4
    (abroad,) = lever("exports", how="add", change=-20).effects(ASKED).places
    assert (abroad.how, abroad.located, abroad.size.tolist()) == ("add", "elsewhere", [-20.0] * 4)
    (usable,) = lever("occupancy", who={"settings": "A school"}).effects(ASKED).places
    assert (usable.how, usable.located, usable.settings) == ("multiply", "local", ("A school",))


def test_births_reach_each_cohort_as_it_ages() -> None:
    asked = LeverContext(Frame(317, 2025, 8, 2), seed=1)
    changes = lever("births", when=2026).effects(asked).residents
    # Born in 2026: age 2 in January 2029 (2029 - 1 - 2026); by January 2033 the births of 2026 to 2030 are ages 6 to 2.
    reached = {
        january: [AGES[i] for i in np.flatnonzero(c.who.any(axis=1))]
        for c in changes
        for january, w in zip(asked.frame.januaries, c.weight, strict=True)
        if w
    }
    assert reached == {2029: [2], 2030: [2, 3], 2031: [2, 3, 4], 2032: [2, 3, 4, 5], 2033: [2, 3, 4, 5, 6]}
    assert all(c.weight.sum() == 1 for c in changes)


def test_births_on_a_ramp_weigh_each_cohort_by_its_own_year() -> None:
    asked = LeverContext(Frame(317, 2025, 5, 2), seed=1)
    changes = lever("births", when={"from": 2026, "ramp": 2}).effects(asked).residents
    last = {AGES[int(np.flatnonzero(c.who.any(axis=1))[0])]: c.weight[-1] for c in changes if c.weight[-1]}
    assert last == {2: 1.0, 3: 0.5}


def test_births_too_late_to_be_counted_are_said() -> None:
    one, asked = lever("births", when=2026), LeverContext(Frame(317, 2025, 3, 2), seed=1)
    assert not fields_used(one.effects(asked))
    assert "does nothing in this run" in one.notes(asked)[0]


def test_homes_bring_children_who_age_a_year_at_a_time() -> None:
    site = {"name": "A", "homes": 200, "built": "2026..2027", "tenure": "market", "yields": {"primary": 0.7}}
    (came,) = lever("housing", sites=[site]).effects(ASKED).arrivals
    # 200 homes x 0.7 = 140 children over 7 ages in 2 years: 10 at each of 4 to 10 in each year.
    assert came.new.sum(axis=2)[0].tolist() == pytest.approx([0, 70, 70, 0, 0, 0])
    assert came.people.sum(axis=2)[0].tolist() == pytest.approx([0, 70, 140, 140, 140, 140])
    at = {a: i for i, a in enumerate(AGES)}
    assert came.people[0, 2, [at[4], at[5], at[10], at[11], at[12]]].tolist() == pytest.approx(
        [10, 20, 20, 10, 0]
    )
    assert came.people[0, 5, [at[6], at[7], at[8]]].tolist() == pytest.approx([0, 10, 20])
    assert came.with_plan.tolist() == [1.0] * 4


def test_children_under_2_in_new_homes_are_counted_from_2() -> None:
    site = {"name": "A", "homes": 100, "built": 2026, "tenure": "market", "yields": {"early_years": 0.4}}
    (came,) = lever("housing", sites=[site]).effects(ASKED).arrivals
    # 10 each at ages 0 to 3; those of 0 and 1 join the ages counted one and two years later.
    assert came.people.sum(axis=2)[0].tolist() == pytest.approx([0, 20, 30, 40, 40, 40])


def test_a_scheme_with_an_interval_scales_its_row_around_the_middle() -> None:
    (change,) = lever("scheme").effects(ASKED).places
    assert (change.how, change.settings) == ("multiply", ("New School",))
    assert np.all(change.size > 0)
    assert not fields_used(lever("scheme", places=50).effects(ASKED))


def test_places_by_residents_need_their_number() -> None:
    said = {"places": None, "places_per_1000_aged_11_15": {"low": 1, "high": 3}}
    one = lever("scheme", **said)
    assert one.whole_places(20_000.0) == 40
    assert one.effects(ASKED).places[0].size.shape == (4,)
    with pytest.raises(ScenarioError, match="number is not known"):
        one.effects(LeverContext(FRAME, seed=1))


def test_money_names_an_item_and_says_which_pounds_it_moves() -> None:
    (change,) = lever("price_cap", covers="new").effects(ASKED).money
    assert (change.item, change.how) == ("inmss_price_cap_new", "set")
    assert {c for k in SOUND for c in [getattr(lever(k), "code", None)] if c} <= set(MONEY_ITEMS)
    for kind in ("unit_cost", "inflation", "price_cap", "transport", "income"):
        one = lever(kind)
        (said,) = one.notes(ASKED)
        assert f"changes {MONEY_ITEMS[one.code].moves}, and no plans or places" in said
    assert "high needs cost" in lever("price_cap").notes(ASKED)[0]
    assert "general fund" in lever("transport").notes(ASKED)[0]
    assert "income and the balance" in lever("income").notes(ASKED)[0]


def test_the_same_id_has_the_same_luck_whatever_the_interval() -> None:
    frame = Frame(317, 2025, 3, 200)
    narrow = (
        lever("joiners", id="a", change={"low": 0.9, "high": 1.1})
        .effects(LeverContext(frame, 5))
        .joiner_rate[0]
        .size
    )
    wide = (
        lever("joiners", id="a", change={"low": 0.5, "high": 2.0})
        .effects(LeverContext(frame, 5))
        .joiner_rate[0]
        .size
    )
    other = (
        lever("joiners", id="b", change={"low": 0.9, "high": 1.1})
        .effects(LeverContext(frame, 5))
        .joiner_rate[0]
        .size
    )
    assert np.argsort(narrow).tolist() == np.argsort(wide).tolist()
    assert np.argsort(narrow).tolist() != np.argsort(other).tolist()


@pytest.mark.parametrize(
    ("kind", "said", "says"),
    [
        ("requests", {"change": 120}, "write 1.2 for 20 % more"),
        ("requests", {"change": -1}, "out of range"),
        ("requests", {"how": "set"}, "not permitted"),
        ("requests", {"who": {"settings": ["A"]}}, "not permitted"),
        ("refusal", {"change": 1.2}, "write 0.25 for 25 %"),
        ("refusal", {"how": "add", "change": 5}, "percentage points"),
        ("refusal", {"change": {"low": 0.5, "high": 1.5}}, "share of 0 to 1"),
        ("refusal", {"why": "  "}, "empty"),
        ("refusal", {"status": "sure"}, "agreed"),
        ("timeliness", {"who": {"needs": ["ASD"]}}, "not permitted"),
        ("need_mix", {"who": {}}, "reaches nothing"),
        ("need_mix", {"who": {"needs": list(NEED_CODES)}}, "reaches nothing"),
        ("leavers", {"reasons": ["need_met"]}, "Did you mean needs_met"),
        ("reassessment", {"ends": []}, "should be ages"),
        ("reassessment", {"protects_held_in": 2030}, "nobody is protected"),
        ("placement", {"to": "inmss"}, "nobody would move"),
        ("placement", {"to": "special"}, "not a provision"),
        (
            "placement",
            {"moment": "phase_transfer", "who": {"ages": "6-9"}},
            "nobody of the ages named changes phase",
        ),
        ("housing", {"sites": []}, "at least 1"),
        (
            "housing",
            {"sites": [{"name": "A", "homes": 0, "built": 2026, "tenure": "social"}]},
            "greater than or equal to 1",
        ),
        (
            "housing",
            {"sites": [{"name": "A", "homes": 9, "built": {"from": 2026, "ramp": 2}, "tenure": "social"}]},
            "equal parts",
        ),
        ("inflation", {"change": 3}, "write 0.03 for 3 %"),
        ("income", {"item": "grant", "how": "set", "change": 5}, "makes no sense for grant"),
        ("income", {"item": "block_transfer", "change": 0.5}, "write 0.005"),
        ("price_cap", {"change": -1}, "0 or more"),
        ("scheme", {"places": -4}, "fewer than 0 places"),
        ("scheme", {"places": 9_000}, "more than the 5,000"),
        ("scheme", {"places": 10.5}, "not a whole number"),
        ("scheme", {"places": None}, "one of the two"),
        ("scheme", {"places_per_1000_aged_11_15": 5}, "one of the two"),
        ("scheme", {"ages": None}, "ages is needed"),
        ("scheme", {"when": None}, "when is needed"),
        ("scheme", {"when": {"from": 2027, "ramp": 3}}, "phasing: by_year_group"),
        ("scheme", {"action": "close"}, "means nothing when the action is close"),
    ],
)
def test_levers_that_mean_nothing_are_refused(kind: str, said: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        lever(kind, **said)


def test_an_end_year_means_nothing_for_a_closure() -> None:
    with pytest.raises(ValidationError, match="end year means nothing"):
        LEVER.validate_python(
            {"kind": "scheme", "why": "x", "action": "close", "setting": "A", "when": "2027..2029"}
        )


@pytest.mark.parametrize(("key", "value"), [("located", "local"), ("phasing", "all"), ("confidence", "low")])
def test_a_default_written_out_says_nothing(key: str, value: str) -> None:
    said = {"kind": "scheme", "why": "x", "action": "close", "setting": "A", "when": 2027}
    assert LEVER.validate_python(said | {key: value}) == LEVER.validate_python(said)
    other = {"located": "elsewhere", "phasing": "by_year_group", "confidence": "high"}[key]
    with pytest.raises(ValidationError, match=f"{key} means nothing when the action is close"):
        LEVER.validate_python(said | {key: other})
