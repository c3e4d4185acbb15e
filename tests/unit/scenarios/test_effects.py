"""Effects in some of the draws."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from data.vocabulary import AGES
from scenarios.effects import Arrivals, Change, Effects, MoneyChange, Move, PlaceChange, Review, everyone

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
