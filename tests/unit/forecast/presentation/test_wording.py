"""Pounds, chances and counts in words: one rule each, worked by hand, and laws that hold for every number."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.presentation import wording

MONEY = st.floats(min_value=-1e10, max_value=1e10, allow_nan=False)
CHANCE = st.floats(min_value=0, max_value=1)


def read(text: str) -> float:
    """Return the number of pounds that a text says."""
    sign, number, unit = re.fullmatch(r"([-+]?)£([\d,.]+)(m|bn)?", text).groups()  # type: ignore[union-attr]
    size = float(number.replace(",", "")) * {None: 1.0, "m": 1e6, "bn": 1e9}[unit]
    return -size if sign == "-" else size


@pytest.mark.parametrize(
    ("value", "prose", "table"),
    [
        (0.0, "£0", "£0"),
        (-0.2, "£0", "£0"),
        (7.4, "£7", "£0"),
        (432.0, "£430", "£400"),
        (4_321.0, "£4,300", "£4,300"),
        (43_210.0, "£43,000", "£43,200"),
        (454_600.0, "£450,000", "£0.5m"),
        (-530_400.0, "-£530,000", "-£0.5m"),
        (999_999.0, "£1.0m", "£1.0m"),
        (4_321_000.0, "£4.3m", "£4.3m"),
        (92_460_000.0, "£92m", "£92.5m"),
        (123_400_000.0, "£120m", "£123.4m"),
        (1.236e9, "£1.2bn", "£1,236.0m"),
        (14.1e9, "£14bn", "£14,100.0m"),
    ],
)
def test_pounds_in_prose_and_in_tables(value: float, prose: str, table: str) -> None:
    assert (wording.pounds(value), wording.table_pounds(value)) == (prose, table)


@given(MONEY)
def test_prose_is_right_to_two_figures(value: float) -> None:
    assert abs(read(wording.pounds(value)) - value) <= max(0.5, 0.0501 * abs(value))


@given(MONEY)
def test_a_table_is_right_to_the_twentieth_of_a_million_or_to_fifty_pounds(value: float) -> None:
    allowed = 50 if abs(value) < 49_000 else 50_000
    assert abs(read(wording.table_pounds(value)) - value) <= allowed * 1.0001


@given(st.floats(min_value=1, max_value=1e10), st.floats(min_value=1, max_value=1e10))
def test_a_larger_sum_is_never_said_to_be_smaller(first: float, second: float) -> None:
    low, high = sorted((first, second))
    assert read(wording.pounds(low)) <= read(wording.pounds(high))
    assert read(wording.table_pounds(low)) <= read(wording.table_pounds(high))


def test_ends_and_middle_of_a_range_are_rounded_alike() -> None:
    assert wording.pounds_interval(340_000, 1_260_000, 2_910_000) == "£1.3m (£300,000 to £2.9m)"
    assert wording.pounds_interval(-2e6, -0.4e6, 1e6) == "-£400,000 (-£2.0m to £1.0m)"
    assert wording.pounds_interval(516e6, 797e6, 1.09e9) == "£800m (£500m to £1.1bn)"
    assert wording.pounds_range(8.51e6, 9.4e6) == "£8.5m to £9.4m"
    assert (
        wording.table_pounds_interval(-213_000, -49_200, 182_000, signed=True) == "£0.0m (-£0.2m to +£0.2m)"
    )
    assert wording.table_pounds_interval(-15_200, -6_650, 940, signed=True) == "-£6,600 (-£15,200 to +£900)"
    assert wording.table_pounds_interval(0, 10.3e6, 19.7e6) == "£10.3m (£0 to £19.7m)"


def test_a_range_that_rounds_to_one_sum_is_that_sum() -> None:
    assert wording.pounds_interval(0, 0, 0) == "£0"
    assert wording.pounds_interval(91.6e6, 92e6, 92.4e6) == "£92m"
    assert wording.pounds_range(310_000, 312_000) == "£310,000"
    assert wording.table_pounds_interval(7.11e6, 7.12e6, 7.13e6) == "£7.1m"


def test_a_change_has_its_sign() -> None:
    assert wording.pounds(2.31e6, signed=True) == "+£2.3m"
    assert wording.table_pounds(-0.31e6, signed=True) == "-£0.3m"
    assert wording.table_pounds(0, signed=True) == wording.pounds(0, signed=True) == "£0"


@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_what_is_no_sum_of_money_is_refused(wrong: float) -> None:
    for said in (wording.pounds, wording.table_pounds):
        with pytest.raises(ValueError, match="not a sum of money"):
            said(wrong)
        with pytest.raises(ValueError, match="not a sum of money"):
            said(1.0, wrong)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "£0"), (2.5e6, "£2.5m"), (-1e6, "-£1m"), (12e6, "£12m"), (-0.5e6, "-£0.5m"), (1.2e9, "£1,200m")],
)
def test_marks_on_an_axis_of_pounds(value: float, text: str) -> None:
    assert wording.axis_pounds(value) == text


@pytest.mark.parametrize(
    ("probability", "prose", "table"),
    [
        (0.0, "a remote chance (fewer than 1 chance in 100)", "under 1 %"),
        (0.03, "a remote chance (fewer than 1 chance in 20)", "3 %"),
        (0.05, "a remote chance (1 chance in 10)", "5 %"),
        (0.2, "very unlikely (2 chances in 10)", "20 %"),
        (0.5, "about as likely as not (5 chances in 10)", "50 %"),
        (0.7, "likely (7 chances in 10)", "70 %"),
        (0.9, "very likely (9 chances in 10)", "90 %"),
        (0.97, "almost sure (more than 19 chances in 20)", "97 %"),
        (1.0, "almost sure (more than 99 chances in 100)", "over 99 %"),
    ],
)
def test_chances(probability: float, prose: str, table: str) -> None:
    assert wording.likelihood(probability) == prose
    assert wording.chances(probability) in prose
    assert wording.table_chance(probability) == table


@given(CHANCE)
def test_no_chance_is_certain_or_impossible(probability: float) -> None:
    for text in (wording.likelihood(probability), wording.table_chance(probability)):
        assert not re.search(r"\b(0|100) ?%|\b10 chances in 10|\b0 chances|(?<!almost )certain", text)


@given(CHANCE)
def test_chances_in_words_are_true(probability: float) -> None:
    """What is said holds: "fewer than" and "more than" are exact, tenths are out by a twentieth at most."""
    bound, number, of = re.fullmatch(
        r"(fewer than |more than |)(\d+) chances? in (\d+)", wording.chances(probability)
    ).groups()  # type: ignore[union-attr]
    share = int(number) / int(of)
    if bound == "fewer than ":
        assert probability < share
    elif bound == "more than ":
        assert probability > share
    else:
        assert abs(probability - share) <= 0.0501


@given(CHANCE)
def test_words_and_tables_agree_where_a_chance_is_beyond_what_draws_tell(probability: float) -> None:
    assert ("in 100" in wording.chances(probability)) == (wording.table_chance(probability)[0] in "uo")


@pytest.mark.parametrize("wrong", [-0.1, 1.1, float("nan")])
def test_what_is_no_chance_is_refused(wrong: float) -> None:
    for said in (wording.chances, wording.likelihood, wording.table_chance):
        with pytest.raises(ValueError, match="not a chance"):
            said(wrong)


def test_the_scale_of_words_covers_every_chance_in_order() -> None:
    tops = [top for top, _ in wording.LIKELIHOODS]
    assert tops == sorted(tops)
    assert tops[-1] == 1.0
    scale = wording.likelihood_scale()
    assert scale.startswith("A remote chance, up to 5 in 100; very unlikely, to 22 in 100;")
    assert scale.endswith("almost sure, above that.")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.4, "0"),
        (7.6, "8"),
        (456.4, "456"),
        (1234, "1,230"),
        (9_996, "10,000"),
        (12_345, "12,300"),
        (-1234, "-1,230"),
    ],
)
def test_counts_are_rounded_as_people_say_them(value: float, text: str) -> None:
    assert wording.count(value) == text


def test_counts_with_a_range_and_changes_of_counts() -> None:
    assert wording.count_interval(41, 63, 90) == "63 (41 to 90)"
    assert wording.count_interval(30, 30, 30) == "30"
    assert wording.count_interval(-20, 5.4, 18, signed=True) == "+5 (-20 to +18)"
    assert wording.count_range(41, 90) == "41 to 90"
    assert [wording.count_change(v) for v in (0.3, -0.3, 54, -1_234)] == [
        "no change",
        "no change",
        "+54",
        "-1,230",
    ]
    assert (wording.whole(3_391.0), wording.whole(12.0, signed=True)) == ("3,391", "+12")


def test_shares_and_changes_of_shares() -> None:
    assert (wording.per_cent(0.384), wording.per_cent(0.0384, 1)) == ("38 %", "3.8 %")
    assert (wording.growth(0.12), wording.growth(-0.031)) == ("+12 %", "-3 %")
    assert [wording.points(v) for v in (0.05, -0.2, 0.001)] == ["+5 points", "-20 points", "0 points"]
    assert [wording.tenths(v) for v in (0.02, 0.41, 0.97)] == [
        "fewer than 1 in 10",
        "about 4 in 10",
        "nearly all",
    ]
    assert wording.hundredths(0.02) == "2 in 100"


def test_a_sentence_begins_and_ends_as_one() -> None:
    assert wording.sentence("it is so") == "It is so."
    assert wording.sentence("Is it so?") == "Is it so?"


@pytest.mark.parametrize(("value", "text"), [(0.4, "under 1 year"), (1.2, "1 year"), (7.5, "8 years")])
def test_lengths_of_time(value: float, text: str) -> None:
    assert wording.years(value) == text


@pytest.mark.parametrize(
    ("shares", "tenths"),
    [
        ((0.36, 0.42, 0.22), (4, 4, 2)),
        ((0.45, 0.37, 0.18), (4, 4, 2)),
        ((0.35, 0.35, 0.30), (4, 3, 3)),
        ((0.90, 0.05, 0.05), (8, 1, 1)),
        ((0.72, 0.26, 0.02), (7, 3, None)),
        ((0.97, 0.02, 0.01), (None, None, None)),
        ((1.0, 0.0, 0.0), (None, None, None)),
    ],
)
def test_chances_of_futures_of_which_one_comes_true_add_up(
    shares: tuple[float, ...], tenths: tuple[int | None, ...]
) -> None:
    told = wording.chances_together(shares)
    for share, number, text in zip(shares, tenths, told, strict=True):
        assert text == wording.chances(share if number is None else number / 10)


def test_chances_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(ValueError, match=r"add up to 0\.9"):
        wording.chances_together([0.5, 0.4])


def test_millions() -> None:
    assert wording.millions(718_838) == "0.72 million"
    assert wording.millions_range(1_383_000, 2_113_000) == "1.38 to 2.11"
