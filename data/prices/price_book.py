"""The price book: what a place, a placement or a traveller costs, with source, price year, inflator and confidence.

A price is an average over those it is paid for, in pounds of its price year. How well the average is known is said by an 80 %
interval: one draw in ten lies below `low` and one in ten above `high`, log-normal in two halves,

    level = price exp(z ln(high / price) / 1.2816) / m   for z > 0,   price exp(z ln(price / low) / 1.2816) / m   otherwise,

with m such that the mean of the draws is the price: a budget is a sum of means. So where an interval is very wide its ends are
drawn a little lower than they are stated.

Prices of one item and provision share z: its kinds, ages and needs are wrong together. How much single placements differ is
another matter: `median` beside the mean says how far a few dear ones pull the average up (`data.prices.placement_fees`).

Which price holds for a child is settled by `PriceBook.rows_in_force`: the council's own before the authority's estimate before
England's, then a need group before all needs, then a provision before all provisions. Rows passed over stay in the book.

Invariant: at any provision, need, age and item the kinds in force have shares that sum to 1; the draws of a price depend on
its item and provision only, so replacing one price changes no other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any, Literal, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
import pandera.pandas as pa
import xarray as xr
from scipy.special import ndtr

from data.errors import PriceError
from data.formatting import exact_pounds
from data.prices.inflation import (
    Z90,
    PriceGrowth,
    draw_normals,
    draw_root,
    require_starting_year,
    starting_year,
    year_name,
)
from data.schemas.finance import BLOCKS
from data.vocabulary import AGES, ALL, NEED_CODES, NEED_GROUP_CODES, NEED_GROUPS, PROVISION_CODES

Array = npt.NDArray[np.float64]

Level = Literal["england", "authority", "council"]

LEVELS: tuple[Level, ...] = ("england", "authority", "council")
"""Whose price it is, the weakest first: England's, an estimate for the authority, the council's own ledger."""

GENERAL_FUND = "general_fund"
"""What is not paid from the dedicated schools grant: transport, educational psychology, SEN administration."""

FUNDS: tuple[str, ...] = (*BLOCKS, GENERAL_FUND)
"""Blocks of the dedicated schools grant, and the council's general fund."""

S251_LINES: tuple[str, ...] = (
    "1.0.2", "1.2.1", "1.2.2", "1.2.3", "1.2.4", "1.2.5", "1.2.6", "1.2.7", "1.2.8", "1.2.9", "1.2.11", "1.2.13",
    "1.4.11", "1.9.3", "2.1.1", "2.1.2", "2.1.4", "2.1.6", "2.1.7",
)  # fmt: skip
"""Lines of the S251 return that high needs spending falls under, as in the published line map."""

DISTANCES: tuple[str, ...] = ("under_5_miles", "5_to_10_miles", "over_10_miles")
"""Kinds of journey from home to school."""


@dataclass(frozen=True, slots=True)
class PriceItem:
    """An item of cost, such as a place or a placement.

    Parameters
    ----------
    label
        What it is.
    unit
        What one price is paid for; of ``send_travellers`` the figure is itself a share.
    lines
        S251 lines it may be booked to.
    inflator
        How it grows where nobody says otherwise.
    kinds
        Kinds it may be split into, besides `ALL`.
    """

    label: str
    unit: str
    lines: tuple[str, ...]
    inflator: str
    kinds: tuple[str, ...] = ()


_TRANSPORT = ("1.4.11", "2.1.4", "2.1.6", "2.1.7")
_TOP_UP = ("1.2.1", "1.2.2", "1.2.4", "1.2.11")

ITEMS: dict[str, PriceItem] = {
    "place_funding": PriceItem("Place funding", "place", ("1.0.2",), "none", ("filled", "empty")),
    "top_up": PriceItem("Top-up", "pupil", (*_TOP_UP, "1.2.3"), "top_up"),
    "inmss_fee": PriceItem(
        "Fee of an INMSS placement", "pupil", ("1.2.3",), "inmss_fee", ("day", "residential_38", "residential_52")
    ),
    "independent_mainstream_fee": PriceItem("Fee of an independent mainstream placement", "pupil", ("1.2.3",), "top_up"),
    "post16_fee": PriceItem(
        "Fee of a specialist post-16 placement", "pupil", ("1.2.3",), "inmss_fee", ("day", "residential_38", "residential_52")
    ),
    "other_package": PriceItem(
        "Package of education other than at school", "pupil", ("1.2.3", "1.2.6", "1.2.7", *_TOP_UP), "gdp_deflator"
    ),
    "sen_support": PriceItem("SEN support services", "plan", ("1.2.5", "1.2.8", "1.2.9"), "gdp_deflator"),
    "therapies_equipment": PriceItem("Therapies and equipment", "plan", ("1.2.5", "1.2.13"), "gdp_deflator"),
    "send_transport": PriceItem("Transport from home to school", "traveller", _TRANSPORT, "gdp_deflator", DISTANCES),
    "send_travellers": PriceItem("Share of pupils with transport", "share", _TRANSPORT, "none"),
}  # fmt: skip
"""What the book prices, by code; codes of items a lever may change are those of the levers."""

BASES: tuple[str, ...] = ("published", "derived", "estimated", "council", "assumed")
"""Where a price comes from: a publication, arithmetic on one, a model, the council's ledger, or our assumption."""

CONFIDENCES: tuple[str, ...] = ("high", "medium", "low")
"""How sure we are of the average."""

SPREAD: dict[str, float] = {"high": 0.02, "medium": 0.05, "low": 0.15}
"""Half-width of the 80 % interval of a ledger price that states none, as a share of the price: our assumption."""

MAX_PRICE = 1_000_000.0
"""Dearest price of one placement and year, £; a higher one is a typing slip."""

FIRST_GROWTH = "2020-21"
"""First financial year with known growth of prices; the oldest price year is the one before."""

COLUMNS: tuple[str, ...] = (
    "item", "provision", "need_group", "age_low", "age_high", "kind", "price", "low", "high", "median", "share",
    "price_year", "inflator", "s251_line", "dsg_block", "basis", "confidence", "source", "note", "level",
)  # fmt: skip
"""Columns of a book, in order."""

KEY: tuple[str, ...] = ("item", "provision", "need_group", "age_low", "age_high", "kind", "level")
"""What tells two prices apart."""


def lines_of(cell: str) -> tuple[str, ...]:
    """Return the S251 lines of a cell such as '1.2.1;1.2.2'."""
    return tuple(part.strip() for part in cell.split(";"))


def fund_fits(line: str, block: str) -> bool:
    """Return whether S251 lines (joined by ';') belong to a fund: lines 2 to the general fund, lines 1 to the grant."""
    return {part.startswith("2.") for part in lines_of(line)} == {block == GENERAL_FUND}


def kinds_of(item: str) -> tuple[str, ...]:
    """Return the kinds that price rows of an item may have."""
    return (ALL, *ITEMS[item].kinds)


def largest_price(item: str) -> float:
    """Return the largest permitted price of an item; a share is at most 1."""
    return 1.0 if ITEMS[item].unit == "share" else MAX_PRICE


def _check_rows(check: Any) -> Any:
    """Return a check of a whole table, given a check of one row."""
    return lambda frame: pd.Series(
        [check(row) for row in frame.to_dict("records")], index=frame.index, dtype=bool
    )


def _interval(row: Mapping[str, Any]) -> bool:
    if row["price"] == 0:
        return bool(row["low"] == row["high"] == 0)
    return bool(0 < row["low"] <= row["price"] <= row["high"] <= largest_price(row["item"]))


ROWS = pa.DataFrameSchema(
    {
        "item": pa.Column("str", pa.Check.isin(tuple(ITEMS))),
        "provision": pa.Column("str", pa.Check.isin((ALL, *PROVISION_CODES))),
        "need_group": pa.Column("str", pa.Check.isin((ALL, *NEED_GROUP_CODES))),
        "age_low": pa.Column("int64", pa.Check.in_range(0, 25)),
        "age_high": pa.Column("int64", pa.Check.in_range(0, 25)),
        "kind": pa.Column("str"),
        "price": pa.Column("float64", pa.Check.ge(0)),
        "low": pa.Column("float64", pa.Check.ge(0)),
        "high": pa.Column("float64", pa.Check.ge(0)),
        "median": pa.Column("float64", pa.Check.gt(0), nullable=True),
        "share": pa.Column("float64", pa.Check.in_range(0, 1)),
        "price_year": pa.Column("str", pa.Check(lambda s: s.map(starting_year).notna(), error="is like '2021-22'")),
        "inflator": pa.Column("str"),
        "s251_line": pa.Column("str"),
        "dsg_block": pa.Column("str", pa.Check.isin(FUNDS)),
        "basis": pa.Column("str", pa.Check.isin(BASES)),
        "confidence": pa.Column("str", pa.Check.isin(CONFIDENCES)),
        "source": pa.Column("str"),
        "note": pa.Column("str", nullable=True),
        "level": pa.Column("str", pa.Check.isin(LEVELS)),
    },
    checks=[
        pa.Check(lambda f: f["age_low"] <= f["age_high"], error="age_low <= age_high"),
        pa.Check(_check_rows(lambda r: r["kind"] in kinds_of(r["item"])), error="the kind is one of the item's"),
        pa.Check(_check_rows(_interval), error="0 < low <= price <= high, or all 0"),
        pa.Check(lambda f: ~(f["median"] > f["price"]), error="median <= price"),
        pa.Check(
            _check_rows(lambda r: set(lines_of(r["s251_line"])) <= set(ITEMS[r["item"]].lines)),
            error="the S251 line is one of the item's",
        ),
        pa.Check(_check_rows(lambda r: fund_fits(r["s251_line"], r["dsg_block"])), error="line and block agree"),
    ],
    strict=True,
    ordered=True,
    unique=list(KEY),
)  # fmt: skip
"""What the rows of a book must be."""


@dataclass(frozen=True, slots=True)
class Price:
    """One price of a price book; its fields are the book's columns."""

    item: str
    provision: str
    need_group: str
    age_low: int
    age_high: int
    kind: str
    price: float
    low: float
    high: float
    median: float | None
    share: float
    price_year: str
    inflator: str
    s251_line: str
    dsg_block: str
    basis: str
    confidence: str
    source: str
    note: str | None
    level: str

    @property
    def unit(self) -> str:
        """The unit that one price pays for."""
        return ITEMS[self.item].unit

    @property
    def log_spread(self) -> float:
        """Standard deviation of the log of single fees; 0 if no median is known."""
        return 0.0 if self.median is None else float(np.sqrt(2 * np.log(self.price / self.median)))

    @property
    def name(self) -> str:
        """What the price is for, in words: item, provision, need group, ages and kind."""
        parts = [self.item, self.provision, self.need_group, f"ages {self.age_low} to {self.age_high}"]
        return ", ".join([*parts, *([] if self.kind == ALL else [self.kind])])


@dataclass(frozen=True, eq=False)
class PriceDraws:
    """Draws of the prices of a price book and of their growth.

    Parameters
    ----------
    levels
        Pounds (or a share) of each price's own year, dims ``(draw, price)``; ``price`` is the row of the book.
    growth
        Yearly growth, a share, dims ``(draw, price, financial_year)``; a scenario on inflation replaces it.
    begins
        Calendar year in which the price year of each price begins.
    """

    levels: xr.DataArray
    growth: xr.DataArray
    begins: tuple[int, ...]

    @cached_property
    def arrays(self) -> tuple[Array, Array, list[int]]:
        """Arrays of levels ``(draw, price)``, growth ``(draw, price, financial_year)`` and the calendar years these begin in."""
        return (
            self.levels.transpose("draw", "price").to_numpy(),
            self.growth.transpose("draw", "price", "financial_year").to_numpy(),
            [int(y[:4]) for y in self.growth["financial_year"].to_numpy().tolist()],
        )


@dataclass(frozen=True, eq=False)
class PriceBook:
    """The prices used for one authority.

    Parameters
    ----------
    rows
        As `ROWS`.
    inflation
        Growth of prices.

    Raises
    ------
    PriceError
        Rows break `ROWS`, overlap, name an unknown inflator, or the shares of kinds do not sum to 1.
    """

    rows: pd.DataFrame
    inflation: PriceGrowth

    def __post_init__(self) -> None:
        try:
            ROWS.validate(self.rows)
        except pa.errors.SchemaError as error:
            raise PriceError(
                f"The price book cannot be used ({error}). Correct the row of the file of prices that this names."
            ) from None
        for price in self.prices:
            first = self.inflation.first_year(price.inflator)
            if require_starting_year(price.price_year, "the price") < first - 1:
                raise PriceError(
                    f"The price of {price.name} is of {price.price_year}, but growth of '{price.inflator}' begins with "
                    f"{year_name(first)}. Give a price of {year_name(first - 1)} or later."
                )
        if clashes := overlaps(self.prices):
            a, b = clashes[0]
            raise PriceError(
                f"Two prices hold for the same pupils: {self.prices[a].name}, and {self.prices[b].name}. Take one out, or "
                "give them ages that do not overlap."
            )
        if wrong := find_wrong_shares(self.prices):
            at, total = wrong[0]
            raise PriceError(
                f"The shares of the kinds of {self.prices[at].name} sum to {total:.4g}, not 1, so their average is not known. "
                "Correct the shares, or give the kinds the same ages and need group."
            )

    @cached_property
    def prices(self) -> tuple[Price, ...]:
        """The prices, one for each row, in order."""
        return as_prices(self.rows)

    def with_rows(self, rows: pd.DataFrame) -> PriceBook:
        """Return the price book with more rows, such as a ledger's; `rows_in_force` decides which row is in force."""
        return PriceBook(pd.concat([self.rows, rows], ignore_index=True), self.inflation)

    def rows_in_force(self, item: str) -> xr.DataArray:
        """Return the row number of the price in force, dims ``(provision, need, age, kind)``; -1 where there is no price.

        Raises
        ------
        PriceError
            There is no such item.
        """
        if item not in ITEMS:
            raise PriceError(f"'{item}' is not an item of the price book. Ask for one of {', '.join(ITEMS)}.")
        return in_force(self.prices, item)

    def in_use(self) -> pd.DataFrame:
        """Return the price rows in force anywhere, with the ages they apply to; a row split by another becomes two."""
        ages_of: dict[int, set[int]] = {}
        for item in ITEMS:
            rows = self.rows_in_force(item).transpose("age", ...).to_numpy()
            for age, cells in zip(AGES, rows, strict=True):
                for at in np.unique(cells[cells >= 0]):
                    ages_of.setdefault(int(at), set()).add(age)
        records = records_of(self.rows)
        return as_rows(
            {**records[at], "age_low": low, "age_high": high}
            for at in sorted(ages_of)
            for low, high in _runs(ages_of[at])
        )

    def draws(self, draws: int, rng: np.random.Generator, *, until: str) -> PriceDraws:
        """Return draws of every price and of its yearly growth.

        Parameters
        ----------
        draws
            How many.
        rng
            One number is taken from it; equal generators give equal draws of the prices that two books share.
        until
            Last financial year to which prices are to be brought.

        Raises
        ------
        PriceError
            ``until`` is not a financial year.
        """
        root = draw_root(rng)
        begins = tuple(require_starting_year(p.price_year, "the price") for p in self.prices)
        last = max(
            require_starting_year(until, "prices"), *begins, require_starting_year(FIRST_GROWTH, "growth")
        )
        years = list(range(require_starting_year(FIRST_GROWTH, "growth"), last + 1))
        growth = self.inflation.draws(years, draws, root)
        levels = np.empty((draws, len(self.prices)))
        for at, price in enumerate(self.prices):
            z = draw_normals(root, f"price {price.item} {price.provision}", draws)
            levels[:, at] = np.minimum(level(price, z), largest_price(price.item))
        return PriceDraws(
            xr.DataArray(levels, dims=("draw", "price"), coords={"price": np.arange(len(self.prices))}),
            growth.sel(inflator=[p.inflator for p in self.prices])
            .rename(inflator="price")
            .assign_coords(price=np.arange(len(self.prices))),
            begins,
        )


SHARE_SLACK = 0.001
"""How far shares of kinds may be from summing to 1: rounding."""


def level(price: Price, z: Array) -> Array:
    """Return price levels in pounds at standard normal points, by the formula of the module."""
    if price.price == 0:
        return np.zeros_like(z)
    up, down = np.log(price.high / price.price) / Z90, np.log(price.price / price.low) / Z90
    mean = np.exp(up**2 / 2) * ndtr(up) + np.exp(down**2 / 2) * ndtr(-down)
    return np.asarray(price.price * np.exp(z * np.where(z > 0, up, down)) / mean)


def as_prices(rows: pd.DataFrame) -> tuple[Price, ...]:
    """Return rows of a price book as `Price` objects; blanks become None."""

    def blank_as_none(record: dict[str, Any]) -> dict[str, Any]:
        return {k: None if pd.isna(v) else v for k, v in record.items()}

    return tuple(Price(**blank_as_none(record)) for record in records_of(rows))


def records_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table as dictionaries by column name."""
    return cast("list[dict[str, Any]]", frame.to_dict("records"))


def as_rows(records: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Return records as rows of a price book with the dtypes of `ROWS`; missing values are left blank."""
    types = {name: column.dtype.type for name, column in ROWS.columns.items()}
    return pd.DataFrame(list(records), columns=list(COLUMNS)).astype(types)


def overlaps(prices: Sequence[Price]) -> list[tuple[int, int]]:
    """Return pairs of row numbers of one level that apply to the same pupils and kind: each row with the first before it."""
    pairs = []
    groups: dict[tuple[str, ...], list[int]] = {}
    for at, p in enumerate(prices):
        same = groups.setdefault((p.level, p.item, p.provision, p.need_group), [])
        for other in same:
            q = prices[other]
            shared = max(p.age_low, q.age_low) <= min(p.age_high, q.age_high)
            if shared and (p.kind == q.kind or ALL in (p.kind, q.kind)):
                pairs.append((other, at))
                break
        same.append(at)
    return pairs


def find_wrong_shares(prices: Sequence[Price]) -> list[tuple[int, float]]:
    """Return (row number, sum of shares) of rows at an age where the shares of kinds do not sum to 1."""
    groups: dict[tuple[str, ...], list[int]] = {}
    for at, p in enumerate(prices):
        groups.setdefault((p.level, p.item, p.provision, p.need_group), []).append(at)
    wrong = []
    for members in groups.values():
        sums = np.zeros(26)
        for at in members:
            sums[prices[at].age_low : prices[at].age_high + 1] += prices[at].share
        for at in members:
            own = sums[prices[at].age_low : prices[at].age_high + 1]
            worst = float(own[np.abs(own - 1).argmax()])
            if abs(worst - 1) > SHARE_SLACK:
                wrong.append((at, worst))
    return wrong


def in_force(prices: Sequence[Price], item: str) -> xr.DataArray:
    """Return the row number of an item's price in force, dims ``(provision, need, age, kind)``; -1 where there is none."""
    kinds = kinds_of(item)
    shape = (len(PROVISION_CODES), len(NEED_CODES), len(AGES))
    best = np.full(shape, -1)
    row = np.full((*shape, len(kinds)), -1)
    members = {group.code: group.needs for group in NEED_GROUPS}
    for at, p in enumerate(prices):
        if p.item != item:
            continue
        rank = 4 * LEVELS.index(cast("Level", p.level)) + 2 * (p.need_group != ALL) + (p.provision != ALL)
        provisions = np.array([p.provision in (ALL, code) for code in PROVISION_CODES])
        needs = np.array([p.need_group == ALL or code in members[p.need_group] for code in NEED_CODES])
        ages = np.array([p.age_low <= age <= p.age_high for age in AGES])
        reached = provisions[:, None, None] & needs[None, :, None] & ages[None, None, :]
        row[reached & (rank > best)] = -1  # kinds of a weaker price go together
        holds = reached & (rank >= best)
        best[holds] = rank
        row[holds, kinds.index(p.kind)] = at
    return xr.DataArray(
        row,
        dims=("provision", "need", "age", "kind"),
        coords={
            "provision": list(PROVISION_CODES),
            "need": list(NEED_CODES),
            "age": list(AGES),
            "kind": list(kinds),
        },
    )


def _runs(ages: set[int]) -> list[tuple[int, int]]:
    """Return the runs of consecutive ages, each with its first and last."""
    firsts = sorted(a for a in ages if a - 1 not in ages)
    lasts = sorted(a for a in ages if a + 1 not in ages)
    return list(zip(firsts, lasts, strict=True))


@dataclass(frozen=True, slots=True)
class Replacement:
    """A price that replaces another of a weaker level.

    Parameters
    ----------
    new, old
        The rows.
    extent
        ``whole`` where the old row holds for nobody any more, ``part`` where it still holds for some.
    """

    new: Price
    old: Price
    extent: Literal["whole", "part"]

    def __str__(self) -> str:
        how = "replaces" if self.extent == "whole" else "replaces in part"
        return (
            f"{self.new.name}: {exact_pounds(self.new.price)} of {self.new.price_year} {how} {exact_pounds(self.old.price)} of "
            f"{self.old.price_year} ({self.old.level}; {self.old.name})"
            if self.new.unit != "share"
            else f"{self.new.name}: {self.new.price:.0%} {how} {self.old.price:.0%} ({self.old.level}; {self.old.name})"
        )


def replacements(book: PriceBook, by: Level) -> tuple[Replacement, ...]:
    """Return the prices that the rows of one level replace, in the order of the price book.

    An old row is compared with what would hold without that level: a row already passed over is not replaced again. A row
    that says the same price, interval and year replaces nothing.
    """
    replaced = []
    prices = book.prices
    kept = [i for i, p in enumerate(prices) if LEVELS.index(cast("Level", p.level)) < LEVELS.index(by)]
    for item in dict.fromkeys(p.item for p in prices if p.level == by):
        upto = [i for i, p in enumerate(prices) if i in kept or p.level == by]
        after = in_force([prices[i] for i in upto], item).to_numpy()
        before = in_force([prices[i] for i in kept], item).to_numpy()
        after = np.where(after >= 0, np.array(upto)[after], -1)
        before = np.where(before >= 0, np.array(kept)[before], -1) if kept else np.full_like(after, -1)
        for old, new in product(kept, [i for i in upto if prices[i].level == by and prices[i].item == item]):
            cells = (before == old).any(axis=-1) & (after == new).any(axis=-1)
            alike = ALL in (prices[old].kind, prices[new].kind) or prices[old].kind == prices[new].kind
            if cells.any() and alike and _values_of(prices[old]) != _values_of(prices[new]):
                still = bool((after == old).any())
                replaced.append(Replacement(prices[new], prices[old], "part" if still else "whole"))
    return tuple(replaced)


def _values_of(price: Price) -> tuple[object, ...]:
    """Return the values of a price, without its source, for comparing two prices."""
    return (price.price, price.low, price.high, price.median, price.share, price.price_year, price.inflator)
