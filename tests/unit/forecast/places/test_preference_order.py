"""The preference order: shares that add up, and orders that lose children or can never be followed."""

from __future__ import annotations

import numpy as np
import pytest

from data.errors import OptionError
from data.vocabulary import SPECIALIST_PROVISIONS
from forecast.places.preference_order import PreferenceStep, Rules, default_rules

RULES = default_rules()
SPECIAL, BASE, POST16 = SPECIALIST_PROVISIONS


def test_end_shares_add_up_to_one_child() -> None:
    np.testing.assert_allclose(RULES.end_shares().sum(axis=1), 1, rtol=1e-12)


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (lambda: PreferenceStep("special", "inmss", 1), "provision 'special'.*Use one of state_special"),
        (lambda: PreferenceStep(SPECIAL, "abroad", 1), "destination 'abroad'"),
        (lambda: PreferenceStep(SPECIAL, "inmss", 1, needs=("ADS",)), "needs 'ADS'"),
        (lambda: PreferenceStep(SPECIAL, "inmss", 1, phases=("sixth form",)), "phases 'sixth form'"),
        (lambda: PreferenceStep(SPECIAL, "inmss", 0), "share 0. A share is above 0"),
        (lambda: PreferenceStep(SPECIAL, "inmss", float("nan")), "share nan"),
        (lambda: PreferenceStep(SPECIAL, SPECIAL, 0.5), "found full"),
        (
            lambda: PreferenceStep(SPECIAL, "inmss", 0.5, communities=("North",)),
            "Leave the communities empty",
        ),
    ],
)
def test_a_step_that_cannot_be_followed_is_explained(step: object, message: str) -> None:
    assert callable(step)
    with pytest.raises(OptionError, match=message):
        step()


def test_an_order_that_loses_children_is_refused() -> None:
    steps = tuple(step for step in RULES.steps if step.destination != "neet")
    with pytest.raises(
        OptionError, match=r"ASD at age 16 \(post16\) with no state_special place.*Add a last step"
    ):
        Rules(steps)


def test_a_last_step_whose_places_run_out_is_refused() -> None:
    steps = (PreferenceStep(SPECIAL, BASE, 1), *(PreferenceStep(p, "waiting", 1) for p in (BASE, POST16)))
    with pytest.raises(OptionError, match="whose places do not run out"):
        Rules(steps)


def test_a_step_nobody_reaches_is_refused() -> None:
    with pytest.raises(OptionError, match="'state_special to eotas' can never be reached"):
        Rules((*RULES.steps, PreferenceStep(SPECIAL, "eotas", 0.5)))
