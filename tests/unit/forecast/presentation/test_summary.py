"""Summaries of a shortfall worked by hand."""

from __future__ import annotations

import pandas as pd

from data.vocabulary import ALL
from forecast.presentation import summary


def rows(probabilities: list[float], mean: float = 4.0) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "phase": "primary", "need_group": ALL, "provision": "state_special", "year": range(2026, 2026 + len(probabilities)),
            "p_shortfall": probabilities, "shortfall_mean": mean, "shortfall_q50": mean,
        }
    )  # fmt: skip


def test_places_run_out_when_a_shortfall_is_as_likely_as_not() -> None:
    found = summary.run_out(rows([0.1, 0.49, 0.5, 0.9]), "primary", "state_special")
    assert (found.january, found.probability, found.from_start) == (2028, 0.5, False)


def test_one_need_that_runs_out_sooner_is_not_taken_for_all() -> None:
    one = rows([0.9, 0.9, 0.9, 0.9]).assign(need_group="autism")
    found = summary.run_out(pd.concat([one, rows([0.1, 0.2, 0.3, 0.6])]), "primary", "state_special")
    assert (found.january, found.probability) == (2029, 0.6)


def test_a_first_january_already_short_is_said_so() -> None:
    found = summary.run_out(rows([0.7, 0.9]), "primary", "state_special")
    assert (found.january, found.from_start) == (2026, True)


def test_without_a_likely_january_the_worst_is_told() -> None:
    found = summary.run_out(rows([0.1, 0.4, 0.3]), "primary", "state_special")
    assert (found.january, found.probability) == (None, 0.4)
