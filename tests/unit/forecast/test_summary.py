"""Summaries of a shortfall worked by hand."""

from __future__ import annotations

import pandas as pd

from forecast import summary


def rows(probabilities: list[float], mean: float = 4.0) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "phase": "primary", "provision": "state_special", "year": range(2026, 2026 + len(probabilities)),
            "p_shortfall": probabilities, "shortfall_mean": mean,
        }
    )  # fmt: skip


def test_places_run_out_when_a_shortfall_is_likelier_than_not() -> None:
    found = summary.run_out(rows([0.1, 0.5, 0.51, 0.9]), "primary", "state_special")
    assert (found.january, found.probability, found.from_start) == (2028, 0.51, False)


def test_a_first_january_already_short_is_said_so() -> None:
    found = summary.run_out(rows([0.7, 0.9]), "primary", "state_special")
    assert (found.january, found.from_start) == (2026, True)


def test_without_a_likely_january_the_worst_is_told() -> None:
    found = summary.run_out(rows([0.1, 0.4, 0.3]), "primary", "state_special")
    assert (found.january, found.probability) == (None, 0.4)
