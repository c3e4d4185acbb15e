"""Exact pounds and lists, worked by hand."""

from __future__ import annotations

import pytest

from data.formatting import exact_pounds, listed


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "£0"),
        (454_600, "£454,600"),
        (20_000_000.0, "£20,000,000"),
        (-747_000.2, "-£747,000"),
        (-0.4, "£0"),
        (12_500.5, "£12,500"),
    ],
)
def test_a_sum_is_repeated_to_the_pound(value: float, text: str) -> None:
    assert exact_pounds(value) == text


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_sum_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="not a sum of money"):
        exact_pounds(value)


@pytest.mark.parametrize(
    ("items", "text"),
    [([], ""), (["a"], "a"), (["a", "b"], "a and b"), ([2020, 2021, 2023], "2020, 2021 and 2023")],
)
def test_lists(items: list[object], text: str) -> None:
    assert listed(items) == text
