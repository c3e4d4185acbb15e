"""Levers on prices and income; they change pounds only, never plans or places.

Invariant: every item has one unit, the ways it may change and what it moves, in `MONEY_ITEMS`; a lever may not change it in
another way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, Self

from pydantic import model_validator

from scenarios.effects import Effects, How, MoneyChange
from scenarios.lever import Dated, LeverContext
from scenarios.sampling import Scale
from scenarios.terms import Anywhere, OfPrices, ends
from scenarios.wording import joined


@dataclass(frozen=True, slots=True)
class MoneyItem:
    """A price or an income, and how it may change.

    Parameters
    ----------
    label
        What it is, with its unit.
    hows
        Ways it may change, the usual one first.
    set_to
        Scale of a value that it is set to.
    moves
        Which pounds it moves, for people.
    """

    label: str
    hows: tuple[How, ...]
    set_to: Scale = "positive"
    moves: str = "high needs cost"


_GENERAL_FUND = "the cost of transport to the general fund"
_INCOME = "high needs income and the balance"

MONEY_ITEMS: dict[str, MoneyItem] = {
    "place_funding": MoneyItem("Place funding, £ a place and year", ("multiply", "set", "add")),
    "top_up": MoneyItem("Top-up, £ a pupil and year", ("multiply", "set", "add")),
    "inmss_fee": MoneyItem("Fee of an INMSS place, £ a year", ("multiply", "set", "add")),
    "independent_mainstream_fee": MoneyItem(
        "Fee of an independent mainstream place, £ a year", ("multiply", "set", "add")
    ),
    "post16_fee": MoneyItem("Fee of a specialist post-16 place, £ a year", ("multiply", "set", "add")),
    "other_package": MoneyItem(
        "Education other than at school and alternative provision, £ a year", ("multiply", "set", "add")
    ),
    "inflation": MoneyItem(
        "Yearly growth of prices, share", ("set", "add"), "amount", "high needs cost and transport"
    ),
    "inmss_price_cap": MoneyItem("Ceiling on the fee of every INMSS place, £ a year", ("set",)),
    "inmss_price_cap_new": MoneyItem("Ceiling on the fee of new INMSS placements only, £ a year", ("set",)),
    "send_transport": MoneyItem(
        "Transport, £ a traveller and year", ("multiply", "set", "add"), moves=_GENERAL_FUND
    ),
    "send_travellers": MoneyItem(
        "Share of pupils with transport", ("multiply", "set", "add"), "share", _GENERAL_FUND
    ),
    "hnb_growth": MoneyItem(
        "Yearly growth of the high needs block, share", ("set", "add"), "amount", _INCOME
    ),
    "block_transfer": MoneyItem(
        "Transfer from the schools block, share of that block", ("set", "add"), "share", _INCOME
    ),
    "grant": MoneyItem("Grant, £ a year", ("add",), moves=_INCOME),
    "override_ends": MoneyItem(
        "Share of the deficit the authority must carry once the statutory override ends",
        ("set",),
        "share",
        "the balance once the override has ended",
    ),
}
"""Prices and incomes a lever may change, by code."""

YEARLY_GROWTH: tuple[float, float] = (-0.2, 0.5)
"""Least and most yearly growth; beyond it is a typing slip (0.03 is 3 %)."""

LARGEST_TRANSFER = 0.05
"""Largest block transfer; 0.5 % needs the agreement of the Schools Forum, more that of the Secretary of State."""


class _OnMoney(Dated):
    """A lever on a price or an income; ``when`` is the year in which the financial year begins."""

    how: How | None = None
    """Set the value, multiply it, or add to it; left out: what is usual for the item."""

    @property
    def code(self) -> str:
        """Code of the item."""
        raise NotImplementedError

    @property
    def manner(self) -> How:
        """How the value changes: set, multiplied or added to."""
        return self.how or MONEY_ITEMS[self.code].hows[0]

    @property
    def scale(self) -> Scale:
        """The scale of its size, such as a factor or an amount."""
        scales: dict[How, Scale] = {
            "set": MONEY_ITEMS[self.code].set_to,
            "multiply": "factor",
            "add": "amount",
        }
        return scales[self.manner]

    @model_validator(mode="after")
    def _possible(self) -> Self:
        item, (low, high) = MONEY_ITEMS[self.code], ends(self.change)
        if self.manner not in item.hows:
            raise ValueError(
                f"how: {self.manner} makes no sense for {self.code} ({item.label}). Write {joined(item.hows, 'or')}."
            )
        if (
            self.code in ("inflation", "hnb_growth")
            and not YEARLY_GROWTH[0] <= low <= high <= YEARLY_GROWTH[1]
        ):
            raise ValueError(
                f"change: a yearly growth should be a share from {YEARLY_GROWTH[0]:.0%} to {YEARLY_GROWTH[1]:.0%}: "
                "write 0.03 for 3 %."
            )
        if self.code == "block_transfer" and high > LARGEST_TRANSFER:
            raise ValueError(
                f"change: a block transfer should be at most {LARGEST_TRANSFER} of the schools block: write 0.005 for 0.5 %."
            )
        return self

    @property
    def prices(self) -> OfPrices:
        """The provisions and needs whose prices it reaches."""
        return OfPrices()

    def active_effects(self, context: LeverContext) -> Effects:
        """Return the change of the price or income."""
        change = MoneyChange(
            item=self.code,
            how=self.manner,
            size=self.size(context),
            weight=self.when.weights(context.frame),
            provisions=self.prices.provisions,
            needs=self.prices.needs,
        )
        return Effects(money=(change,))

    def notes(self, context: LeverContext) -> tuple[str, ...]:
        """Return notes for the reader of the result."""
        return super().notes(context) or (
            f"Lever '{self.name}' changes {MONEY_ITEMS[self.code].moves}, and no plans or places: see sendplan money.",
        )

    def size_text(self) -> str:
        """Return in words what changes and by how much."""
        return f"{MONEY_ITEMS[self.code].label}: {super().size_text()}"


class _OnPrices(_OnMoney):
    """A lever on prices of some provisions or needs."""

    who: OfPrices = OfPrices()
    """Which prices."""

    @property
    def reach(self) -> OfPrices:
        """The authorities, provisions and needs it reaches."""
        return self.who

    @property
    def prices(self) -> OfPrices:
        """The provisions and needs whose prices it reaches."""
        return self.who


class UnitCost(_OnPrices):
    """Cost of a place or a package."""

    kind: Literal["unit_cost"] = "unit_cost"
    item: Literal[
        "place_funding", "top_up", "inmss_fee", "independent_mainstream_fee", "post16_fee", "other_package"
    ]
    """Which price."""
    TITLE: ClassVar[str] = "Unit cost"

    @property
    def code(self) -> str:
        """Code of the item."""
        return self.item


class Inflation(_OnPrices):
    """Yearly growth of prices, a share: 0.03 is 3 %."""

    kind: Literal["inflation"] = "inflation"
    TITLE: ClassVar[str] = "Inflation"

    @property
    def code(self) -> str:
        """Code of the item."""
        return "inflation"


class PriceCap(_OnPrices):
    """Ceiling on the fee of INMSS places, £ a year."""

    kind: Literal["price_cap"] = "price_cap"
    covers: Literal["all", "new"] = "all"
    """Every placement, or new ones only."""
    TITLE: ClassVar[str] = "INMSS price cap"

    @property
    def code(self) -> str:
        """Code of the item."""
        return "inmss_price_cap" if self.covers == "all" else "inmss_price_cap_new"


class Transport(_OnPrices):
    """Transport from home to school: what it costs a traveller, or how many travel."""

    kind: Literal["transport"] = "transport"
    item: Literal["send_transport", "send_travellers"] = "send_transport"
    """Cost a traveller, or share of pupils who travel."""
    TITLE: ClassVar[str] = "Transport"

    @property
    def code(self) -> str:
        """Code of the item."""
        return self.item


class Income(_OnMoney):
    """Income of the high needs block, and who carries a deficit."""

    kind: Literal["income"] = "income"
    who: Anywhere = Anywhere()
    """In which authorities."""
    item: Literal["hnb_growth", "block_transfer", "grant", "override_ends"]
    """Which income."""
    TITLE: ClassVar[str] = "Income"

    @property
    def code(self) -> str:
        """Code of the item."""
        return self.item

    @property
    def reach(self) -> Anywhere:
        """The authorities it is for."""
        return self.who
