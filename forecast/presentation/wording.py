"""Pounds, chances, counts, shares and ranges as people read them: one rule each, on the screen, in the app, Word and Markdown.

Pounds
    prose    `pounds`: two significant figures of the largest sum said together: £454,600 is "£450,000", £92.46 million "£92m",
             £123.4 million "£120m", £1.24 billion "£1.2bn". Ends and middle of a range are rounded alike, each in its own unit
             ("£1.3m (£300,000 to £2.9m)"); a range whose ends round to one sum is that sum. Nothing is said to less than £1.
    tables   `table_pounds`: one decimal of a million ("£92.5m", "£0.5m", "£1,234.5m"), because tables are added up and
             subtracted; where all sums of a cell are too small for that, below £50,000, the nearest £100.
    exact    `data.formatting.exact_pounds`: the whole pound, for what a person typed or a source published (a budget, a price).
Chances
    prose    `chances`: tenths; below 1 in 20 and above 19 in 20 that, and below 1 in 100 and above 99 in 100 that;
             `chances_together` where one of several comes true, so that their tenths add up.
    tables   `table_chance`: whole per cents; "under 1 %" and "over 99 %" beyond.
Counts
    `count`: whole below 1,000, to the nearest 10 below 10,000, then 100; `whole` for what was counted and published; `millions`
    for a country.

Invariants: no chance is said to be certain or impossible. A forecast has 100 draws or more and usually 500, and something seen in
none of 500 may still have a chance of up to 6 in 1,000 (95 %), so 1 in 100 is the least that is told apart. A minus is a hyphen,
which every code page has. Files of data hold unrounded numbers; only text is rounded.

No other module writes pounds, chances or what an interval means; a test looks for it
(tests/unit/forecast/presentation/test_wording_home.py).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

LIKELIHOODS: tuple[tuple[float, str], ...] = (
    (0.05, "a remote chance"),
    (0.225, "very unlikely"),
    (0.375, "unlikely"),
    (0.525, "about as likely as not"),
    (0.775, "likely"),
    (0.95, "very likely"),
    (1.0, "almost sure"),
)
"""Words for a chance up to each number, after the scale that UK government analysts use, without its gaps."""

TWENTIETH, HUNDREDTH = 0.05, 0.01
"""Chances below which, and as far from 1 above which, prose says that a chance is smaller or larger than this."""

MILLION, BILLION = 1e6, 1e9

TENTH_OF_MILLION = 1e5
"""Pounds to which tables are rounded."""

SMALL = 100.0
"""Pounds to which a cell of a table is rounded whose sums come to no tenth of a million."""

NEGLIGIBLE = 1000.0
"""Pounds below which a change is not told: it is `NO_CHANGE`."""

NO_CHANGE = "no change"
"""What is said of a change that is none, or too small to be told."""

IN_BRACKETS = "Pounds are averages, because they have to add up; in brackets: 80 % interval."
"""Note of a table with pounds."""

MIDDLES_IN_BRACKETS = "In brackets: 80 % interval."
"""Note of a table of counts, whose figures are the middle of the forecast."""

MIDDLES = "Middle figures, pounds on average"
"""What is told of counts, and of pounds because parts of a sum have to add up."""

MOST_OUTCOMES = "8 in 10 outcomes"
"""What an 80 % interval of a count should hold."""

MOST_FUTURES = "8 in 10 futures"
"""What an 80 % interval of pounds should hold: each draw is one possible future."""

OUTCOMES_INSIDE = f"about {MOST_OUTCOMES} should fall inside"
"""What an 80 % interval means, as the end of a sentence that has named it."""

INTERVAL = f"80 % interval, inside which about {MOST_OUTCOMES} should fall"
"""An 80 % interval with what it means, as the key of a chart says it."""

RANGE_OF_FUTURES = "the range that holds 80 % of futures"
"""An 80 % interval over the columns of a table."""

FIRST_SHORTFALL = f"First January with a shortfall, and {RANGE_OF_FUTURES}"
"""Title of the table of the first Januaries in which scenarios run short."""

UPPER_TAIL = "1 chance in 10 of more"
"""What is said of the upper end of an 80 % interval."""


def pounds(value: float, *beside: float, signed: bool = False) -> str:
    """Return pounds for prose, to two significant figures: "£92m", "£1.2m", "£450,000", "-£12m".

    Parameters
    ----------
    value
        Pounds.
    beside
        Sums said with it, such as the ends of its range: all are rounded as the largest of them is.
    signed
        Whether a sum above 0 has a plus, as a change has.

    Raises
    ------
    ValueError
        A sum is not a number, or is infinite.
    """
    largest = _largest(value, *beside)
    step = _step(largest)
    # £999,999 is said as a million, and rounded like one.
    step = _step(round(largest / step) * step)
    shown = round(value / step) * step
    return f"{'+' if signed and shown > 0 else ''}{_sum(shown, step)}"


def pounds_range(low: float, high: float) -> str:
    """Return the ends of a range for prose, rounded alike: "£800,000 to £1.9m"; one sum where rounding leaves one."""
    ends = [pounds(end, low, high) for end in (low, high)]
    return ends[0] if ends[0] == ends[1] else " to ".join(ends)


def pounds_interval(low: float, middle: float, high: float) -> str:
    """Return a sum with its range for prose, rounded alike: "£1.2m (£800,000 to £1.9m)"; one sum where rounding leaves one."""
    at, begin, end = (pounds(value, low, middle, high) for value in (middle, low, high))
    return at if begin == end else f"{at} ({begin} to {end})"


def table_pounds(value: float, *beside: float, signed: bool = False) -> str:
    """Return pounds for a table, in tenths of a million: "£92.5m", "-£0.3m"; "£12,300" where all are too small for that.

    Parameters
    ----------
    value
        Pounds.
    beside
        Sums in the same cell, such as the ends of its range: all are rounded alike.
    signed
        Whether a sum above 0 has a plus, as a change has.

    Raises
    ------
    ValueError
        A sum is not a number, or is infinite.
    """
    tenths = round(_largest(value, *beside) / TENTH_OF_MILLION)
    step = TENTH_OF_MILLION if tenths else SMALL
    shown = round(value / step) * step
    plus = "+" if signed and shown > 0 else ""
    if not tenths or not value:
        return plus + _whole_pounds(shown)
    return f"{plus}{'-' if shown < 0 else ''}£{abs(shown) / MILLION:,.1f}m"


def table_pounds_range(low: float, high: float, *, signed: bool = False) -> str:
    """Return the ends of a range for a table: "£87.4m to £97.7m"."""
    return " to ".join(table_pounds(end, low, high, signed=signed) for end in (low, high))


def table_pounds_interval(low: float, middle: float, high: float, *, signed: bool = False) -> str:
    """Return a sum with its range for a table: "£92.5m (£87.4m to £97.7m)"; one sum where rounding leaves one."""
    at, begin, end = (table_pounds(v, low, middle, high, signed=signed) for v in (middle, low, high))
    return at if at == begin == end else f"{at} ({begin} to {end})"


def axis_pounds(value: float) -> str:
    """Return a mark on an axis of pounds, which is a round sum: "£0", "£2.5m", "-£12m"."""
    millions = round(abs(value) / MILLION, 1)
    if not millions:
        return "£0"
    return f"{'-' if value < 0 else ''}£{millions:,.{0 if millions.is_integer() else 1}f}m"


def _largest(*sums: float) -> float:
    wrong = [value for value in sums if not math.isfinite(value)]
    if wrong:
        raise ValueError(f"{wrong[0]} is not a sum of money. Give a number of pounds.")
    return max(abs(value) for value in sums)


def _step(size: float) -> float:
    """Return the pounds to which a sum of this size is rounded, so that two significant figures are left."""
    return max(10.0 ** (math.floor(math.log10(size)) - 1), 1.0) if size > 0 else 1.0


def _sum(shown: float, step: float) -> str:
    """Return a sum that is rounded to a step already, in its own unit."""
    size = abs(shown)
    if size < MILLION:
        return _whole_pounds(shown)
    unit, letters = (MILLION, "m") if size < BILLION else (BILLION, "bn")
    return f"{'-' if shown < 0 else ''}£{size / unit:,.{1 if step < unit else 0}f}{letters}"


def _whole_pounds(shown: float) -> str:
    return f"{'-' if round(shown) < 0 else ''}£{abs(shown):,.0f}"


def chances(probability: float) -> str:
    """Return a chance for prose: "7 chances in 10", "fewer than 1 chance in 20", "more than 99 chances in 100".

    Raises
    ------
    ValueError
        The number is not from 0 to 1.
    """
    _check(probability)
    if probability < TWENTIETH:
        return f"fewer than 1 chance in {100 if probability < HUNDREDTH else 20}"
    if probability > 1 - TWENTIETH:
        of = 100 if probability > 1 - HUNDREDTH else 20
        return f"more than {of - 1} chances in {of}"
    tenths = max(1, min(9, round(10 * probability)))
    return f"{tenths} {'chance' if tenths == 1 else 'chances'} in 10"


def chances_together(probabilities: Sequence[float]) -> list[str]:
    """Return chances of futures of which one comes true, for prose, so that their tenths add up to those left to share.

    A chance below `TWENTIETH` or above 1 less that is said as by `chances`; the others share out the tenths by largest
    remainder, each at least one.

    Raises
    ------
    ValueError
        A number is not from 0 to 1, or they do not add up to 1.
    """
    for probability in probabilities:
        _check(probability)
    if not math.isclose(sum(probabilities), 1.0, abs_tol=1e-6):
        raise ValueError(
            f"{list(probabilities)} add up to {sum(probabilities):g}. Give the chances of every future."
        )
    plain = [p for p in probabilities if TWENTIETH <= p <= 1 - TWENTIETH]
    tenths_of = [max(1, math.floor(10 * p)) for p in plain]
    for position in sorted(range(len(plain)), key=lambda n: 10 * plain[n] - tenths_of[n], reverse=True):
        if sum(tenths_of) < round(10 * sum(plain)):
            tenths_of[position] += 1
    # At least one for each of several small chances may be one too many in all: the largest gives way.
    while sum(tenths_of) > 10:
        tenths_of[tenths_of.index(max(tenths_of))] -= 1
    shared = iter(tenths_of)
    return [chances(next(shared) / 10 if TWENTIETH <= p <= 1 - TWENTIETH else p) for p in probabilities]


def likelihood(probability: float) -> str:
    """Return a chance for prose in words and numbers: "very likely (9 chances in 10)"."""
    numbers = chances(probability)
    return f"{next(word for top, word in LIKELIHOODS if probability <= top)} ({numbers})"


def likelihood_scale() -> str:
    """Return what each word of `likelihood` stands for, as one sentence."""
    ends = [
        f"{word}, {'up to' if n == 0 else 'to'} {hundredths(top)}"
        for n, (top, word) in enumerate(LIKELIHOODS[:-1])
    ]
    return sentence("; ".join([*ends, f"{LIKELIHOODS[-1][1]}, above that"]))


def table_chance(probability: float) -> str:
    """Return a chance for a table: "72 %", "under 1 %", "over 99 %".

    Raises
    ------
    ValueError
        The number is not from 0 to 1.
    """
    _check(probability)
    if probability < HUNDREDTH:
        return "under 1 %"
    return "over 99 %" if probability > 1 - HUNDREDTH else per_cent(probability)


def _check(probability: float) -> None:
    if not 0 <= probability <= 1:
        raise ValueError(f"{probability} is not a chance. Give a share of draws, from 0 to 1.")


def per_cent(share: float, decimals: int = 0) -> str:
    """Return a share, 0 to 1, that is no chance: "38 %"."""
    return f"{100 * share:.{decimals}f} %"


def hundredths(share: float) -> str:
    """Return a share in hundredths: "2 in 100"."""
    return f"{100 * share:.0f} in 100"


def tenths(share: float) -> str:
    """Return a share of people in tenths: "about 4 in 10", "fewer than 1 in 10", "nearly all"."""
    number = round(10 * share)
    return "fewer than 1 in 10" if number == 0 else "nearly all" if number == 10 else f"about {number} in 10"


def growth(ratio: float, decimals: int = 0) -> str:
    """Return a relative change with its sign: "+12 %" for 0.12."""
    return f"{100 * ratio:+.{decimals}f} %"


def points(change: float) -> str:
    """Return a change of a share or chance with its sign: "+5 points" for 0.05."""
    return f"{_signed(round(100 * change))} points"


def count(value: float, *, signed: bool = False) -> str:
    """Return children, plans or places as people say them: whole below 1,000, to the nearest 10 below 10,000, then 100.

    Where ``signed`` is True a number above 0 has a plus, as a change has.
    """
    number = count_value(value)
    return _signed(number) if signed else f"{number:,}"


def count_value(value: float) -> int:
    """Return the number that `count` writes, for a cell that holds a number and not text."""
    size = abs(value)
    step = 1 if size < 1000 else 10 if size < 10_000 else 100
    return round(value / step) * step


def whole(value: float, *, signed: bool = False) -> str:
    """Return children, plans or places as counted and published, or as parts that have to add up: "3,391"."""
    return _signed(round(value)) if signed else f"{round(value):,}"


def count_change(value: float) -> str:
    """Return a change of a count with its sign, `NO_CHANGE` below half: "+54", "-1,230"."""
    return NO_CHANGE if abs(value) < 0.5 else count(value, signed=True)


def millions(value: float) -> str:
    """Return a count of a country as people say it: "0.72 million"."""
    return f"{value / MILLION:.2f} million"


def millions_range(low: float, high: float) -> str:
    """Return the ends of a range of a count of a country, beside a middle that names the unit: "1.38 to 2.11"."""
    return f"{low / MILLION:.2f} to {high / MILLION:.2f}"


def count_range(low: float, high: float) -> str:
    """Return the ends of a range of a count: "41 to 90"; one number where rounding leaves one."""
    ends = [count(low), count(high)]
    return ends[0] if ends[0] == ends[1] else " to ".join(ends)


def count_interval(low: float, middle: float, high: float, *, signed: bool = False) -> str:
    """Return a count with its range: "63 (41 to 90)"; one number where rounding leaves one."""
    at, begin, end = (count(value, signed=signed) for value in (middle, low, high))
    return at if at == begin == end else f"{at} ({begin} to {end})"


def _signed(number: int) -> str:
    return f"{number:+,}" if number else "0"


def years(value: float) -> str:
    """Return a length of time: "7 years"."""
    number = round(value)
    return "under 1 year" if value < 1 else f"{number} {'year' if number == 1 else 'years'}"


def sentence(text: str) -> str:
    """Return text that begins with a capital letter and ends with a stop."""
    begun = text[:1].upper() + text[1:]
    return begun if begun.endswith((".", "?", "!")) else f"{begun}."
