"""Whatever the prices: one price a kind holds for a child, draws stay within sense, and a ledger gives back what it took."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.financial_year import FinancialYear
from data.prices.implied_prices import shrink
from data.prices.inflation import year_name
from data.prices.ledger import read_ledger, to_csv
from data.prices.placement_fees import mean_under_ceiling
from data.prices.price_book import FUNDS, ITEMS, PriceBook, as_rows, fund_fits, largest_price
from data.prices.starting_books import england, inflation
from data.vocabulary import NEED_GROUP_CODES, PROVISION_CODES
from forecast.finance.tariff import in_years

words = (
    st.text(
        st.characters(exclude_categories=["Cc", "Cs"], include_characters="\t\r\n"), min_size=1, max_size=12
    )
    .map(str.strip)
    .filter(bool)
)
texts = st.one_of(words, st.builds(str.__add__, st.sampled_from(["=", "+", "-", "@", "'", "'="]), words))


@st.composite
def ledger_rows(draw: st.DrawFn) -> list[dict[str, object]]:
    """Return sound rows of the council's, none for the same pupils."""
    keys = draw(
        st.lists(
            st.tuples(
                st.sampled_from(sorted(ITEMS)),
                st.sampled_from(("All", *PROVISION_CODES)),
                st.sampled_from(("All", *NEED_GROUP_CODES)),
            ),
            min_size=1, max_size=6, unique=True,
        )
    )  # fmt: skip
    return [draw(_row(*key)) for key in keys]


@st.composite
def _row(draw: st.DrawFn, item: str, provision: str, need_group: str) -> dict[str, object]:
    low = draw(st.integers(0, 25))
    line = draw(st.sampled_from(ITEMS[item].lines))
    top = largest_price(item)
    pence = st.integers(1, 100 if top == 1 else 9_999_999).map(lambda n: n / 100)
    least, price, highest = sorted(draw(st.lists(pence, min_size=3, max_size=3)))
    free = draw(st.booleans()) and top > 1
    return {
        "item": item, "provision": provision, "need_group": need_group,
        "age_low": low, "age_high": draw(st.integers(low, 25)), "kind": "All",
        "price": 0.0 if free else price, "low": 0.0 if free else least, "high": 0.0 if free else highest,
        "median": None if free else draw(st.one_of(st.none(), st.just(least))), "share": 1.0,
        "price_year": year_name(draw(st.integers(2020, 2035))), "inflator": draw(st.sampled_from(inflation().codes)),
        "s251_line": line, "dsg_block": next(f for f in FUNDS[::-1] if fund_fits(line, f)),
        "basis": "council", "confidence": draw(st.sampled_from(("high", "low"))), "source": draw(texts),
        "note": draw(st.one_of(st.none(), texts)), "level": "council",
    }  # fmt: skip


@settings(max_examples=25)
@given(ledger_rows())
def test_a_ledger_gives_back_what_it_took(rows: list[dict[str, object]]) -> None:
    frame = as_rows(rows)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "unit_costs.csv"
        path.write_text(to_csv(frame), encoding="utf-8", newline="")
        pd.testing.assert_frame_equal(read_ledger(path, inflation()).rows, frame)


@settings(max_examples=15)
@given(ledger_rows(), st.integers(0, 2**32))
def test_shares_of_the_kinds_that_hold_sum_to_one_and_no_draw_is_negative(
    rows: list[dict[str, object]], seed: int
) -> None:
    book = england().with_rows(as_rows(rows))
    share = np.array([p.share for p in book.prices])
    for item in ITEMS:
        held = book.rows_in_force(item).to_numpy()
        sums = np.where(held >= 0, share[held], 0.0).sum(axis=-1)
        assert ((abs(sums - 1) < 0.002) | (held < 0).all(axis=-1)).all()
    drawn = book.draws(30, np.random.default_rng(seed), until="2030-31")
    for row in range(len(book.prices)):
        levels = in_years(drawn, row, [FinancialYear(2030)])
        assert np.isfinite(levels).all()
        assert (levels >= 0).all()


@settings(max_examples=15)
@given(ledger_rows(), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_no_price(rows: list[dict[str, object]], random: object) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = (PriceBook(as_rows(r), inflation()) for r in (rows, shuffled))
    for item in {str(row["item"]) for row in rows}:
        a, b = (
            np.array([-1.0, *[p.price for p in book.prices]])[book.rows_in_force(item).to_numpy() + 1]
            for book in (one, other)
        )
        assert (a == b).all()


@given(
    st.lists(st.floats(0, 300_000), min_size=1, max_size=3), st.floats(0, 1.2), st.floats(500, 500_000), st.floats(1, 3)
)  # fmt: skip
def test_a_ceiling_never_raises_the_mean_and_a_higher_one_never_lowers_it(
    means: list[float], spread: float, ceiling: float, more: float
) -> None:
    fees = np.array(means)
    held = mean_under_ceiling(fees, spread, ceiling)
    assert (held <= np.minimum(fees, ceiling) * (1 + 1e-9)).all()
    assert (held <= mean_under_ceiling(fees, spread, ceiling * more) * (1 + 1e-9)).all()
    assert mean_under_ceiling(fees, spread, 1e12) == pytest.approx(fees)


@pytest.mark.parametrize(("mean", "spread"), [(50_000.0, 0.7), (180_000.0, 0.3)])
def test_the_mean_under_a_ceiling_is_that_of_single_placements(mean: float, spread: float) -> None:
    normal = np.random.default_rng(5).standard_normal(400_000)
    single = np.minimum(mean * np.exp(spread * normal - spread**2 / 2), 60_000)
    assert mean_under_ceiling(np.array([mean]), spread, 60_000)[0] == pytest.approx(single.mean(), rel=0.005)


@settings(max_examples=5)
@given(st.integers(0, 2**32))
def test_an_estimate_lies_between_its_own_figure_and_its_regions_whatever_the_order(seed: int) -> None:
    rng = np.random.default_rng(seed)
    implied = np.exp(rng.normal(9, 0.4, 60)) * (rng.random(60) > 0.1)
    frame = pd.DataFrame(
        {
            "la_code": np.arange(300, 360), "region": [f"r{k % 5}" for k in range(60)], "plans": rng.integers(10, 900, 60) * 1.0,
            "implied": implied, "budgeted": implied * np.exp(rng.normal(0, 0.2, 60)),
        }
    )  # fmt: skip
    found = shrink(frame)
    a = found.authorities
    region = a["region"].map(found.regions.set_index("region")["price"])
    own = a["implied"].fillna(region)
    assert (a["price"] >= np.minimum(own, region) * (1 - 1e-9)).all()
    assert (a["price"] <= np.maximum(own, region) * (1 + 1e-9)).all()
    assert (a["low"] <= a["price"]).all()
    assert a["own_weight"].between(0, 1).all()
    mixed = shrink(frame.sample(frac=1, random_state=1))
    pd.testing.assert_frame_equal(mixed.authorities, a)
