"""Money and chances in words: rounded by size, never surer than they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.presentation import wording

MONEY = st.floats(min_value=-1e9, max_value=1e9, allow_nan=False)


@pytest.mark.parametrize(
    ("value", "said", "short"),
    [
        (0.0, "£0", "£0"),
        (4_321.0, "£4,300", "£4,300"),
        (43_210.0, "£43,000", "£43,000"),
        (432_100.0, "£430,000", "£430,000"),
        (4_321_000.0, "£4.3 million", "£4.3m"),
        (43_210_000.0, "£43 million", "£43m"),
        (-1_250_000.0, "minus £1.2 million", "-£1.2m"),
        (-20.0, "£0", "£0"),
        (999_999.0, "£1.0 million", "£1.0m"),
    ],
)
def test_pounds(value: float, said: str, short: str) -> None:
    assert (wording.pounds(value), wording.pounds(value, short=True)) == (said, short)


def test_ends_of_a_range_are_rounded_alike() -> None:
    assert (
        wording.pounds_between(340_000, 1_260_000, 2_910_000) == "£1.3 million (£0.3 million to £2.9 million)"
    )
    assert wording.pounds_between(-2e6, -0.4e6, 1e6, short=True) == "-£0.4m (-£2.0m to £1.0m)"


def test_a_range_of_one_number_is_that_number() -> None:
    assert wording.pounds_between(0, 0, 0) == "£0"
    assert wording.count_between(30, 30, 30) == "30"
    assert wording.count_between(41, 63, 90) == "63 (41 to 90)"


def test_what_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="not an amount"):
        wording.pounds(float("nan"))


@given(MONEY)
def test_rounding_is_never_out_by_more_than_a_twentieth_of_a_sum_worth_saying(value: float) -> None:
    assert wording.step(value) <= max(100.0, 0.1 * abs(value))


@pytest.mark.parametrize(
    ("probability", "said"),
    [
        (0.0, "a remote chance (under 1 chance in 10)"),
        (0.2, "very unlikely (2 chances in 10)"),
        (0.5, "about as likely as not (5 chances in 10)"),
        (0.7, "likely (7 chances in 10)"),
        (0.9, "very likely (9 chances in 10)"),
        (1.0, "almost certain (more than 9 chances in 10)"),
    ],
)
def test_chances(probability: float, said: str) -> None:
    assert wording.chance(probability) == said


@given(st.floats(min_value=0, max_value=1))
def test_every_chance_has_a_word_and_a_number_and_none_is_certain(probability: float) -> None:
    said = wording.chance(probability)
    assert "in 10" in said
    assert "10 chances" not in said


@pytest.mark.parametrize(
    ("items", "said"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_lists(items: list[str], said: str) -> None:
    assert wording.listed(items) == said


def test_a_sentence_begins_and_ends_as_one() -> None:
    assert wording.sentence("it is so") == "It is so."
    assert wording.sentence("Is it so?") == "Is it so?"


@pytest.mark.parametrize(("value", "said"), [(0.4, "under 1 year"), (1.2, "1 year"), (7.5, "8 years")])
def test_lengths_of_time(value: float, said: str) -> None:
    assert wording.years(value) == said
