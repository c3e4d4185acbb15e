"""Effects in some of the draws, and changes of money grouped by what they change."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from data.prices.price_book import ITEMS
from data.vocabulary import AGES
from scenarios.effects import (
    MONEY_TARGETS,
    Arrivals,
    Change,
    Effects,
    How,
    MoneyChange,
    MoneyEffects,
    Move,
    PlaceChange,
    Review,
    everyone,
    in_order,
)
from scenarios.money_levers import MONEY_ITEMS

DRAWS, YEARS = 6, 3
SIZE, WEIGHT = np.arange(DRAWS, dtype=float), np.ones(YEARS)
PEOPLE = np.arange(DRAWS, dtype=float)[:, None, None] * np.ones((1, YEARS, len(AGES)))
KINDS = {
    "reviews": Review(SIZE, WEIGHT, everyone(), (), None),
    "moves": Move("inmss", "mainstream", SIZE, WEIGHT, everyone(), "any_year"),
    "arrivals": Arrivals(PEOPLE, PEOPLE, SIZE),
    "places": PlaceChange("set", SIZE, WEIGHT, (), (), None),
    "money": MoneyChange("price", "set", SIZE, WEIGHT, (), ()),
}


@pytest.mark.parametrize("kind", [f.name for f in fields(Effects)])
def test_some_draws_have_what_was_theirs_and_everything_else_stays(kind: str) -> None:
    effect = KINDS.get(kind, Change("multiply", SIZE, WEIGHT, everyone()))
    (found,) = getattr(Effects(**{kind: (effect,)}).some(slice(2, 5)), kind)
    for part in fields(effect):
        before, after = getattr(effect, part.name), getattr(found, part.name)
        if isinstance(before, np.ndarray) and len(before) == DRAWS:
            np.testing.assert_array_equal(after, before[2:5])
        else:
            assert after is before


def money(item: str, how: How = "set") -> MoneyChange:
    return MoneyChange(item, how, SIZE, WEIGHT, (), ())


def test_each_item_of_money_stands_in_one_group() -> None:
    for item in MONEY_ITEMS:
        change = money(item)
        found = MoneyEffects.of([change], [2026])
        groups = [
            getattr(found, f.name) for f in fields(MoneyEffects) if f.name not in ("januaries", "prices")
        ]
        groups += list(found.prices.values())
        assert [group for group in groups if group] == [(change,)], item
        assert (item in MONEY_TARGETS) != bool(found.on_price(item)), item


def test_what_is_no_target_of_its_own_is_a_price_of_the_book() -> None:
    assert set(MONEY_ITEMS) - set(MONEY_TARGETS) <= set(ITEMS)
    assert set(MONEY_TARGETS) <= set(MONEY_ITEMS)


def test_changes_of_one_target_keep_their_order() -> None:
    first, other, last = money("grant", "add"), money("top_up"), money("grant", "add")
    assert MoneyEffects.of([first, other, last], [2026]).grants == (first, last)


def test_values_come_before_factors_and_factors_before_additions() -> None:
    hows: list[How] = ["add", "set", "multiply", "set"]
    changes = [money("top_up", how) for how in hows]
    assert in_order(changes) == [changes[1], changes[3], changes[2], changes[0]]
