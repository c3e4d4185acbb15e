"""Effects of levers as arrays: the changes a scenario makes to the inputs of plans, placements, places and money.

A scenario is read once for one authority, its draws and its Januaries (`Frame`) and becomes `Effects`: nothing here
knows how plans are forecast, and the forecast does not know how a lever is written. A lever acts in calendar years;
calendar year y is counted in January y + 1, as new plans and September's changes of school are.

A `Change` of a quantity q by a size v, at weight w (0 before a lever acts, 1 in full force, between on a ramp):

    set:       q + w (v - q)
    multiply:  q v^w
    add:       q + w v

`apply_changes` makes the sets first, in the order the levers are listed (where two overlap the later one wins, where both are
in full force), then the multiplications, then the additions. So levers that multiply, or add, may be listed in any order.

Invariant: no change leaves a quantity as it was, to the last bit; what a lever does not reach keeps its value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from data.vocabulary import AGES, NEED_CODES

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

How = Literal["set", "multiply", "add"]
Moment = Literal["joining", "phase_transfer", "any_year"]

FIRST_AGES: tuple[int, ...] = (5, 11, 16, 19)
"""Ages, at 31 August, in the first January after a phase transfer."""


@dataclass(frozen=True)
class Frame:
    """The authority, Januaries and number of draws that effects are worked out for.

    Parameters
    ----------
    la_code
        DfE number of the authority.
    origin
        Latest January with figures.
    years
        Januaries ahead.
    draws
        Number of draws.
    """

    la_code: int
    origin: int
    years: int
    draws: int

    @property
    def januaries(self) -> tuple[int, ...]:
        """Januaries ahead, from the one after the origin."""
        return tuple(range(self.origin + 1, self.origin + 1 + self.years))


@dataclass(frozen=True, eq=False)
class Change:
    """One change of a quantity, by draw, January, age and need.

    Parameters
    ----------
    how
        See the module.
    size
        Dims ``(draw,)``; what a size means is said by the field of `Effects` it stands in.
    weight
        Dims ``(january,)``, 0 to 1.
    who
        Whom it reaches, dims ``(age, need)``; ages are those in the January reached.
    reasons
        For leavers: the reasons whose share of leavers it changes; empty means all.
    """

    how: How
    size: Array
    weight: Array
    who: Flags
    reasons: tuple[str, ...] = ()

    @property
    def by_need(self) -> bool:
        """Whether it reaches some needs only."""
        return bool((self.who != self.who[:, :1]).any())


@dataclass(frozen=True, eq=False)
class Review:
    """A review of plans at the end of a phase, which ends a share of those that would have continued.

    Parameters
    ----------
    share
        Share of the plans reviewed that end, dims ``(draw,)``, 0 to 1.
    weight
        Dims ``(january,)``: of the Januaries in which the plans are no longer counted.
    who
        Whose plans are reviewed, dims ``(age, need)``; ages are those in the January before the review.
    protected
        Provisions whose pupils keep their plan.
    protected_from
        January: only those who held such a place then are protected, as long as they hold it; None protects all who hold one.
    """

    share: Array
    weight: Array
    who: Flags
    protected: tuple[str, ...]
    protected_from: int | None


@dataclass(frozen=True, eq=False)
class Move:
    """Children who go to another provision than in the baseline.

    Parameters
    ----------
    source, target
        Codes of provisions.
    share
        Share of the children reached, dims ``(draw,)``, 0 to 1.
    weight
        Dims ``(january,)``.
    who
        Dims ``(age, need)``; ages are those in the January reached.
    moment
        ``joining``: children with a new plan; ``phase_transfer``: children of `FIRST_AGES` whose plan goes on;
        ``any_year``: everyone there.
    """

    source: str
    target: str
    share: Array
    weight: Array
    who: Flags
    moment: Moment


@dataclass(frozen=True, eq=False)
class Arrivals:
    """People who come to live in the authority beyond its projection, or leave it.

    Parameters
    ----------
    people
        Residents added by the mid-year before each January, dims ``(draw, january, age)``: all who are there, aged on.
    new
        Of those, the ones who came in the year before, same dims.
    with_plan
        How likely newcomers are to bring a plan, over residents of their age, dims ``(draw,)``; 0: nobody brings one.
    """

    people: Array
    new: Array
    with_plan: Array


@dataclass(frozen=True, eq=False)
class PlaceChange:
    """A change of the places residents may take in units of the register.

    Parameters
    ----------
    how, size, weight
        As in `Change`; an addition is shared between the units reached in proportion to their places, and places never
        fall below 0.
    settings
        Names of settings, as in the register; empty means all.
    provisions
        Codes of provisions; empty means all.
    located
        ``local``, ``elsewhere`` or None for both.
    """

    how: How
    size: Array
    weight: Array
    settings: tuple[str, ...]
    provisions: tuple[str, ...]
    located: str | None


@dataclass(frozen=True, eq=False)
class MoneyChange:
    """A change of a price or of an income.

    Parameters
    ----------
    item
        What changes: a code of `scenarios.levers.MONEY_ITEMS`.
    how, size, weight
        As in `Change`; the weight is by financial year beginning in the calendar year before each January.
    provisions, needs
        Codes; empty means all.
    """

    item: str
    how: How
    size: Array
    weight: Array
    provisions: tuple[str, ...]
    needs: tuple[str, ...]


MONEY_TARGETS: Mapping[str, str] = {
    "inflation": "price_growth",
    "inmss_price_cap": "ceilings",
    "inmss_price_cap_new": "ceilings_on_new",
    "send_travellers": "travellers",
    "hnb_growth": "block_growth",
    "block_transfer": "block_transfer",
    "grant": "grants",
    "override_ends": "deficit_borne",
}
"""Field of `MoneyEffects` by the item of a `MoneyChange`; all other items are prices of the price book."""


@dataclass(frozen=True, eq=False)
class MoneyEffects:
    """Changes of prices and income, grouped once by what they change; empty in the baseline.

    Parameters
    ----------
    januaries
        Januaries of the changes' weights.
    prices
        Changes of prices by their item in the price book, place funding among them.
    price_growth
        Yearly growth of prices, a share.
    ceilings, ceilings_on_new
        Ceilings on the fee of every INMSS placement, and of new ones only, pounds a year.
    travellers
        Share of pupils with transport, 0 to 1.
    block_growth
        Yearly growth of the high needs block, a share.
    block_transfer
        Share of the schools block moved to high needs, 0 to 1.
    grants
        Other grants, pounds a year.
    deficit_borne
        Share of a deficit that the authority bears once the statutory override has ended, 0 to 1.
    """

    januaries: tuple[int, ...] = ()
    prices: Mapping[str, tuple[MoneyChange, ...]] = field(default_factory=dict)
    price_growth: tuple[MoneyChange, ...] = ()
    ceilings: tuple[MoneyChange, ...] = ()
    ceilings_on_new: tuple[MoneyChange, ...] = ()
    travellers: tuple[MoneyChange, ...] = ()
    block_growth: tuple[MoneyChange, ...] = ()
    block_transfer: tuple[MoneyChange, ...] = ()
    grants: tuple[MoneyChange, ...] = ()
    deficit_borne: tuple[MoneyChange, ...] = ()

    @classmethod
    def of(cls, changes: Sequence[MoneyChange], januaries: Sequence[int]) -> MoneyEffects:
        """Return changes of money grouped by what they change, in the order listed within each group."""
        by_item: dict[str, tuple[MoneyChange, ...]] = {}
        for change in changes:
            by_item[change.item] = (*by_item.get(change.item, ()), change)
        targets = {MONEY_TARGETS[item]: own for item, own in by_item.items() if item in MONEY_TARGETS}
        prices = {item: own for item, own in by_item.items() if item not in MONEY_TARGETS}
        return cls(tuple(januaries), prices, **targets)

    def on_price(self, item: str) -> tuple[MoneyChange, ...]:
        """Return the changes of one price of the price book."""
        return self.prices.get(item, ())


UNCHANGED = MoneyEffects()
"""No change of prices or income: the baseline's."""


BY_DRAW: tuple[str, ...] = ("size", "share", "people", "new", "with_plan")
"""Names of what an effect has for every draw, the draws first."""


@dataclass(frozen=True, eq=False)
class Effects:
    """All effects of a scenario's levers for one authority; empty in the baseline.

    Parameters
    ----------
    requests
        Factors on requests for an assessment in the calendar year before each January.
    refusal
        Share of requests refused, 0 to 1.
    plan_share
        Share of assessments that end in a plan, 0 to 1.
    sooner
        Share of the assessments that would run into the next calendar year which end in the year of the request, 0 to 1.
    joiner_rate
        Factors on new plans per resident.
    joiner_need
        Factors on the weight of needs among joiners: the mix changes, their number does not.
    leaver_hazard
        Factors on, or values of, the yearly chance that a plan ends; ages are those in the January before.
    residents
        Factors on residents.
    reviews, moves, arrivals, places, money
        See their classes.
    """

    requests: tuple[Change, ...] = ()
    refusal: tuple[Change, ...] = ()
    plan_share: tuple[Change, ...] = ()
    sooner: tuple[Change, ...] = ()
    joiner_rate: tuple[Change, ...] = ()
    joiner_need: tuple[Change, ...] = ()
    leaver_hazard: tuple[Change, ...] = ()
    residents: tuple[Change, ...] = ()
    reviews: tuple[Review, ...] = ()
    moves: tuple[Move, ...] = ()
    arrivals: tuple[Arrivals, ...] = ()
    places: tuple[PlaceChange, ...] = ()
    money: tuple[MoneyChange, ...] = field(default=())

    def some(self, draws: slice) -> Effects:
        """Return the effects in a subset of draws."""
        parts: dict[str, Any] = {
            kind.name: tuple(_some(effect, draws) for effect in getattr(self, kind.name))
            for kind in fields(self)
        }
        return Effects(**parts)

    @property
    def on_plans(self) -> bool:
        """Whether the number of plans may change."""
        return bool(
            self.requests
            or self.refusal
            or self.plan_share
            or self.sooner
            or self.joiner_rate
            or self.joiner_need
            or self.leaver_hazard
            or self.residents
            or self.reviews
            or self.arrivals
        )

    @property
    def on_placements(self) -> bool:
        """Whether the numbers of children in each provision may change."""
        return self.on_plans or bool(self.moves)


def _some(effect: Any, draws: slice) -> Any:
    """Return one effect in a subset of draws."""
    names = [f.name for f in fields(effect) if f.name in BY_DRAW]
    return replace(effect, **{name: getattr(effect, name)[draws] for name in names})


class _HasHow(Protocol):
    @property
    def how(self) -> How: ...


OneChange = TypeVar("OneChange", bound=_HasHow)


def in_order(changes: Sequence[OneChange]) -> list[OneChange]:
    """Return changes in the order they are made: values first, then factors, then additions, each in the order listed."""
    return [change for how in ("set", "multiply", "add") for change in changes if change.how == how]


def everyone() -> Flags:
    """Return a mask that selects all ages and needs, dims ``(age, need)``."""
    return np.ones((len(AGES), len(NEED_CODES)), dtype=bool)


def apply_changes(
    base: Array, changes: Sequence[Change], *, least: float = 0.0, most: float = np.inf
) -> Array:
    """Return a quantity after changes; changed cells are kept between ``least`` and ``most`` after all of them.

    Parameters
    ----------
    base
        Dims ``(draw, january, age)`` or ``(draw, january, age, need)``; lengths of 1 broadcast.
    changes
        See the module for their order.

    Returns
    -------
    Array
        Dims of ``base``; with needs as soon as a change reaches some needs only.
    """
    if not changes:
        return base
    needs = base.ndim == 4 or any(c.by_need for c in changes)
    value = base if base.ndim == 4 or not needs else base[..., None]
    reached = np.zeros((1,) * value.ndim, dtype=bool)
    for change in in_order(changes):
        size = change.size[:, None, None]
        weight = change.weight[None, :, None]
        who = change.who if needs else change.who[:, 0]
        if needs:
            size, weight = size[..., None], weight[..., None]
        if change.how == "set":
            moved = value + weight * (size - value)
        elif change.how == "multiply":
            moved = value * size**weight
        else:
            moved = value + weight * size
        acts = who & (weight > 0)
        value, reached = np.where(acts, moved, value), reached | acts
    # Once, after all: kept within after each, a half and then a double would not be a double and then a half.
    return np.asarray(np.where(reached, np.clip(value, least, most), value))
