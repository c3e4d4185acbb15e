"""The cost model: what children, places and services cost the high needs block and the general fund, by line and financial year.

In every draw and financial year

    cost = sum over children's items of children x price        (`forecast.finance.paid_placements`, `forecast.finance.tariff`)
         + sum over kinds of place of places x rate             (`forecast.finance.place_funding`, paid filled or not)
         + import and export unit x residents more than today in places others fund
         + spending that plans do not drive                     (`forecast.finance.other_high_needs`)

Children are financial-year averages of January counts. Where the council has said what a year costs it, high needs lines are
scaled in every draw so that the baseline meets it in that year (`Anchor`); places are not, for their rates are known. That year
may be the one before the first forecast (`CostModel.costs_before`).

Invariants: every line has an S251 code and a block, and a code and label of its own; what another block pays, as a ledger may
say, is a line but no cost of high needs; lines add up to the whole in every draw; cost is before deductions for places that DfE
pays itself; a scenario uses the baseline's prices, random numbers and scale; nothing here summarises.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from data import provisions, tables
from data.financial_year import FinancialYear
from data.prices import place_rates
from data.prices.inflation import draw_root
from data.prices.price_book import GENERAL_FUND, ITEMS, PriceBook, PriceDraws
from data.registers.register import estimated_share
from data.vocabulary import ALL, PROVISIONS, SPECIALIST_PROVISIONS
from forecast.core.financial_year import labels, year_average
from forecast.core.outcome import Outcome
from forecast.finance import other_high_needs, place_funding
from forecast.finance.funding_policy import FundingPolicy, Range, funding_policy
from forecast.finance.other_high_needs import LINES as UNPLANNED
from forecast.finance.paid_placements import PaidPlacements, paid_placements, seated_children
from forecast.finance.tariff import PER_CHILD, FeeVariation, Newness, Pricing, Tariff, per_child, tariffs
from models.base import Array, Floats

HIGH_NEEDS = "high_needs"
"""Block of the dedicated schools grant that pays high needs."""

ELSEWHERE = "places_elsewhere"
"""Line of residents, more than today, in places that other authorities or DfE fund."""

MOSTLY = 0.5
"""Part of a register's places that are an estimate from which on the register is one."""

SCALE_BOUNDS = (0.6, 1.67)
"""Least and most that costs may be scaled by; beyond it the council's figure and the model do not speak of the same thing."""

_TRANSPORT_AGES = {"2.1.4": "under 16", "2.1.6": "16 to 18", "2.1.7": "19 to 25"}
_OF_PROVISION = ("top_up", place_rates.ITEM)
_CELLS = ("phase", "need_group", "provision")


@dataclass(frozen=True, slots=True)
class CostLine:
    """One line of cost, with its S251 line and the fund that pays it.

    Parameters
    ----------
    code, label
        For files and for people.
    s251
        Lines of the S251 return it is booked to, joined by ``;``.
    dsg_block
        Block of the grant that pays it, or ``general_fund``.
    """

    code: str
    label: str
    s251: str
    dsg_block: str


@dataclass(frozen=True)
class Anchor:
    """What the council states about a financial year's overspend: cost to the high needs block above its income.

    Parameters
    ----------
    year
        The financial year: one of those forecast, or the one before them.
    deficit
        80 % interval of cost less income, pounds.
    basis, source
        How it is known, and from where.
    """

    year: FinancialYear
    deficit: Range
    basis: str
    source: str


@dataclass(frozen=True, eq=False)
class FundedPlaces:
    """Places that are funded by the place, and their rates.

    Parameters
    ----------
    years_of_place
        Places times the part of the year they are paid for, dims ``(draw, financial_year, place_kind)``.
    rates
        Pounds a place and year, same dims.
    """

    years_of_place: xr.DataArray
    rates: xr.DataArray


@dataclass(frozen=True, eq=False)
class Costs:
    """Costs of one authority and scenario in pounds, by financial year and line.

    Parameters
    ----------
    la_code
        DfE number.
    years
        Financial years.
    lines
        What is paid for.
    pounds
        Pounds, dims ``(draw, financial_year, line)``.
    children
        Average children of the year, dims ``(draw, financial_year, phase, need_group, provision)``.
    tariffs
        Prices for each child, by item, scaled and with the variation of single fees.
    places
        Places and their rates.
    elsewhere
        Residents, more than today, in places others fund, and what one costs: dims ``(draw, financial_year)`` each.
    other
        Spending that plans do not drive, scaled, dims ``(draw, financial_year, line)``.
    deflator
        Prices in the economy over those of the first year, dims ``(draw, financial_year)``.
    """

    la_code: int
    years: tuple[FinancialYear, ...]
    lines: tuple[CostLine, ...]
    pounds: xr.DataArray
    children: xr.DataArray
    tariffs: Mapping[str, Tariff]
    places: FundedPlaces
    elsewhere: tuple[xr.DataArray, xr.DataArray]
    other: xr.DataArray
    deflator: xr.DataArray

    @property
    def high_needs(self) -> xr.DataArray:
        """Cost to the high needs block before deductions, in pounds, dims ``(draw, financial_year)``."""
        return self._of(HIGH_NEEDS)

    @property
    def at_known_rates(self) -> xr.DataArray:
        """Cost in pounds of places with a published rate and of places others fund, dims ``(draw, financial_year)``."""
        more, unit = self.elsewhere
        return (self.places.years_of_place * self.places.rates).sum("place_kind") + more * unit

    @property
    def general_fund(self) -> xr.DataArray:
        """Cost to the general fund (transport) in pounds, dims ``(draw, financial_year)``."""
        return self._of(GENERAL_FUND)

    def _of(self, payer: str) -> xr.DataArray:
        mine = [at for at, line in enumerate(self.lines) if line.dsg_block == payer]
        return self.pounds.isel(line=mine).sum("line")


@dataclass(frozen=True, eq=False)
class CostModel:
    """The inputs of cost that an authority's baseline and scenarios share: prices, random numbers, other spending and scale.

    Parameters
    ----------
    la_code
        DfE number.
    years
        Financial years, from the one that begins after the latest published January.
    book, drawn
        Prices and their draws.
    other, other_before
        Spending that plans do not drive, pounds, dims ``(draw, financial_year, line)``: in ``years``, and in the year before.
    root
        Source of the variation of single fees.
    policy
        Rules of funding.
    deflator
        Prices in the economy over those of the first year, dims ``(draw, financial_year)``.
    scale
        Factor on high needs costs other than of places, dims ``(draw,)``; 1 where the council has said nothing.
    anchor
        What it has said; None where nothing.
    reference
        Children in specialist places in the baseline, where the register is an estimate and so holds nobody back
        (`forecast.finance.paid_placements`); None where children are held to the register.
    """

    la_code: int
    years: tuple[FinancialYear, ...]
    book: PriceBook
    drawn: PriceDraws
    other: xr.DataArray
    other_before: xr.DataArray
    root: int
    policy: FundingPolicy
    deflator: xr.DataArray
    scale: Array
    anchor: Anchor | None = None
    reference: Floats | None = None

    @classmethod
    def prepare(
        cls, outcome: Outcome, book: PriceBook, *, seed: int, policy: FundingPolicy | None = None
    ) -> CostModel:
        """Draw prices and other spending for an authority's baseline, and return its cost model.

        Parameters
        ----------
        outcome
            The baseline.
        book
            The authority's prices.
        seed
            Same seed, same prices.
        policy
            Rules; None: those shipped.
        """
        origin = outcome.plans.origin
        years = tuple(FinancialYear(y) for y in range(origin, origin + outcome.plans.future.sizes["january"]))
        draws, la_code = outcome.plans.future.sizes["draw"], outcome.area.la_code
        streams = np.random.SeedSequence([seed, la_code, len(ITEMS)]).spawn(3)
        price_rng, other_rng, fee_rng = (np.random.default_rng(s) for s in streams)
        drawn = book.draws(draws, price_rng, until=years[-1].label)
        # What England spends on therapies says little of one authority: its own spending goes before it.
        own = {p.item for p in book.prices if p.level != "england"}
        by_plan = [item for item in other_high_needs.PER_PLAN if item in own]
        base = other_high_needs.other_high_needs(la_code, by_plan).draws(draws, other_rng)

        def growth_rng() -> np.random.Generator:
            """Return the generator at the state from which the book drew, so that a draw has the same inflation everywhere."""
            return np.random.default_rng(streams[0])

        growth = book.inflation.draws([y.begins for y in years], draws, draw_root(growth_rng()))
        level = np.cumprod(1 + growth.sel(inflator="gdp_deflator").to_numpy(), axis=1)
        before = years[0].after(-1)
        other = other_high_needs.project_spending(base, la_code, (before, *years), growth_rng())
        return cls(
            la_code=la_code,
            years=years,
            book=book,
            drawn=drawn,
            other=other.isel(financial_year=slice(1, None)),
            other_before=other.isel(financial_year=[0]),
            root=draw_root(fee_rng),
            policy=policy or funding_policy(),
            deflator=xr.DataArray(
                level / level[:, :1],
                dims=("draw", "financial_year"),
                coords={"financial_year": labels(years)},
            ),
            scale=np.ones(draws),
            reference=seated_children(outcome.shortfall) if _estimated(outcome) else None,
        )

    def anchored(
        self, outcome: Outcome, income: xr.DataArray, anchor: Anchor, rng: np.random.Generator
    ) -> CostModel:
        """Return the cost model scaled so that the baseline's overspend is what the council states for one year.

        Parameters
        ----------
        outcome
            The baseline.
        income
            High needs income, dims ``(draw, financial_year)``; holds the anchor's year.
        anchor
            What the council says.
        rng
            Source of randomness: where in its interval.
        """
        year = anchor.year.label
        # A second figure takes the place of the first.
        plain = replace(self, scale=np.ones_like(self.scale))
        costs = plain.costs(outcome) if anchor.year in self.years else plain.costs_before(outcome)
        modelled = costs.high_needs.sel(financial_year=year).to_numpy()
        stated = income.sel(financial_year=year).to_numpy() + anchor.deficit.draw(rng.random(len(modelled)))
        # What a place is paid is known: only the rest can be wrong.
        fixed = costs.at_known_rates.sel(financial_year=year).to_numpy()
        return replace(
            self, scale=np.clip((stated - fixed) / (modelled - fixed), *SCALE_BOUNDS), anchor=anchor
        )

    def costs(self, outcome: Outcome) -> Costs:
        """Return the costs in pounds of the baseline or one of its scenarios, draw by draw."""
        paid = paid_placements(outcome, self.reference)
        children = year_average(paid.stock, paid.september)
        heads = _flat(children)
        priced = self._tariffs(outcome, self.items, FeeVariation(self.root, heads))
        places = self._places(outcome, paid)
        elsewhere = self._elsewhere(paid)
        other = self.other * xr.DataArray(self.scale, dims="draw")
        lines, pounds = _lines(priced, heads, places, elsewhere, other)
        return Costs(
            la_code=self.la_code,
            years=self.years,
            lines=lines,
            pounds=xr.DataArray(
                pounds,
                dims=("draw", "financial_year", "line"),
                coords={"financial_year": labels(self.years), "line": [line.code for line in lines]},
            ),
            children=children,
            tariffs=priced,
            places=places,
            elsewhere=elsewhere,
            other=other,
            deflator=self.deflator,
        )

    def costs_before(self, outcome: Outcome) -> Costs:
        """Return the costs in pounds of the year before the first: what the council has in its ledger.

        Its children are those of the origin, provision by provision as many times more or fewer as the published plans of the
        January before were; its places are those of the first year, at the rates of the year.
        """
        year = self.years[0].after(-1)
        paid = paid_placements(outcome, self.reference)
        now = paid.stock.isel(january=[0])
        earlier = now * _a_year_before(self.la_code, outcome.plans.origin)
        both = xr.concat(
            [earlier.assign_coords(january=now["january"] - 1), now], dim="january", join="exact"
        ).transpose(*paid.stock.dims)
        children = year_average(both)
        heads = _flat(children)
        years = replace(self, years=(year,))
        priced = years._tariffs(outcome, self.items, FeeVariation(self.root, heads))
        first = {"financial_year": [year.label]}
        counts = self._places(outcome, paid).years_of_place.isel(financial_year=[0]).assign_coords(first)
        rates = place_funding.rates_in_book(self.book, self.drawn, (year,))
        kinds = [str(kind) for kind in counts["place_kind"].to_numpy()]
        of_kind = xr.DataArray(
            np.stack([rates[kind] for kind in kinds], axis=-1),
            dims=("draw", "financial_year", "place_kind"),
            coords={**first, "place_kind": kinds},
        )
        places = FundedPlaces(counts.transpose(*of_kind.dims), of_kind)
        nobody = xr.zeros_like(counts.isel(place_kind=0, drop=True))
        elsewhere = (nobody, xr.full_like(nobody, self.policy.import_export_unit))
        other = self.other_before * xr.DataArray(self.scale, dims="draw")
        lines, pounds = _lines(priced, heads, places, elsewhere, other)
        return Costs(
            la_code=self.la_code,
            years=(year,),
            lines=lines,
            pounds=xr.DataArray(
                pounds,
                dims=("draw", "financial_year", "line"),
                coords={**first, "line": [line.code for line in lines]},
            ),
            children=children,
            tariffs=priced,
            places=places,
            elsewhere=elsewhere,
            other=other,
            deflator=xr.ones_like(nobody),
        )

    @property
    def items(self) -> list[str]:
        """Items paid for each child, without spending that plans do not drive."""
        return [item for item in PER_CHILD if item not in self.other["line"].to_numpy()]

    def per_child(self, outcome: Outcome) -> xr.DataArray:
        """Return the cost in pounds of one more child, dims ``(draw, financial_year, item, provision, phase, need_group)``.

        Items as in `costs`, at the same prices, and ``place_funding``: what a place of the provision is paid, filled.
        """
        costs = self.costs(outcome)
        place = self._tariffs(outcome, [place_rates.ITEM])
        pounds = per_child({**costs.tariffs, **place}, self.years)
        return pounds.transpose("draw", "financial_year", "item", "provision", "phase", "need_group")

    def _tariffs(
        self, outcome: Outcome, items: Sequence[str], fee_variation: FeeVariation | None = None
    ) -> dict[str, Tariff]:
        pricing = Pricing(
            self.book, self._scaled, self.years, _newness(outcome), outcome.money, fee_variation
        )
        return tariffs(pricing, outcome.plans.known, items)

    @property
    def _scaled(self) -> PriceDraws:
        """Return price draws before levers, with the scale applied to high needs prices paid for each child."""
        rows = [p.dsg_block == HIGH_NEEDS and p.item in PER_CHILD for p in self.book.prices]
        factor = np.where(np.array(rows), self.scale[:, None], 1.0)
        return replace(self.drawn, levels=self.drawn.levels * factor)

    def _places(self, outcome: Outcome, paid: PaidPlacements) -> FundedPlaces:
        """Return places funded by the place, and their rates in pounds."""
        counts = _funded_counts(outcome, paid, self.la_code, grow=self.reference is not None)
        base = place_funding.rates_in_book(self.book, self.drawn, self.years)
        rates = place_funding.rates_with_levers(base, self.years, outcome.money)
        order = ("draw", "financial_year", "place_kind")
        return FundedPlaces(
            years_of_place=place_funding.paid_places(counts).transpose(*order),
            rates=rates.sel(place_kind=counts["place_kind"]).transpose(*order),
        )

    def _elsewhere(self, paid: PaidPlacements) -> tuple[xr.DataArray, xr.DataArray]:
        """Return residents in places funded by others beyond the number at the origin, and the cost of one in pounds."""
        colleges = paid.stock.sel(provision="general_fe", phase="post16", drop=True).sum("need_group")
        more = year_average(paid.elsewhere + colleges - colleges.isel(january=0))
        return more, xr.full_like(more, self.policy.import_export_unit)


def _a_year_before(la_code: int, origin: int) -> xr.DataArray:
    """Return published plans of the January before the origin over those of the origin, dims ``(provision,)``.

    All plans stand for a provision with none then or now; 1 where either January is not published.
    """
    rows = tables.read("plans_placement").query("la_code == @la_code")
    counted = rows.pivot_table("plans", "provision", "january", aggfunc="sum", observed=True).astype(float)
    known = rows.groupby("january")["plans"].agg(lambda plans: bool(plans.notna().all()))
    if not (known.get(origin, False) and known.get(origin - 1, False)):
        return xr.DataArray(
            np.ones(len(PROVISIONS)), dims="provision", coords={"provision": list(PROVISIONS)}
        )
    then, now = (counted[january].reindex(list(PROVISIONS)).fillna(0.0) for january in (origin - 1, origin))
    ratio = (then / now.where(now > 0)).where(then > 0).fillna(then.sum() / now.sum())
    return xr.DataArray(ratio.to_numpy(), dims="provision", coords={"provision": list(PROVISIONS)})


def _estimated(outcome: Outcome) -> bool:
    """Return whether most places in the register are estimates."""
    shares = estimated_share(outcome.register, outcome.plans.origin).set_index("provision")["share"]
    return not float(shares[ALL]) < MOSTLY


def _flat(children: xr.DataArray) -> Array:
    """Return children by draw, year and cell in double precision, so that sums of pounds are right to the penny."""
    values = children.transpose("draw", "financial_year", *_CELLS).to_numpy().astype(float)
    return np.asarray(values.reshape(*values.shape[:2], -1))


def _newness(outcome: Outcome) -> Newness:
    """Return children in INMSS by age for each January from the origin."""
    placements = outcome.placements
    (inmss,) = provisions.paid_by("inmss_fee")
    first = placements.opening.sel(provision=inmss).sum("need").transpose("draw", "age").to_numpy()
    later = placements.future.sel(provision=inmss).transpose("draw", "january", "age").to_numpy()
    return Newness(np.concatenate([first[:, None], later], axis=1), outcome.plans.origin)


FUNDED: tuple[str, ...] = (
    "special_pre16", "special_post16", "base_pre16_filled", "base_pre16_vacant", "mainstream_post16", "college_post16",
    "ap_pre16",
)  # fmt: skip
"""Kinds of place that are counted, in the order of their dimension."""


def _funded_counts(outcome: Outcome, paid: PaidPlacements, la_code: int, *, grow: bool) -> xr.DataArray:
    """Return places funded by the place, dims ``(part, draw, place_kind, academic_year)``, parts as in `place_funding.PARTS`.

    Special schools and bases in the authority: the places open in the register, also those that other authorities' children take
    or that are left spare; where the register is an estimate they grow with the children in them (``grow``). A base place is
    paid at the higher rate where it stands free. Sixth forms and colleges: the latest
    published places; sixth forms' follow the young people with plans there. Alternative provision: pupils with a plan; other
    places are in `forecast.finance.other_high_needs`.
    """
    shortfall = outcome.shortfall
    local = [i for i, u in enumerate(shortfall.units) if u.located == "local"]
    order = ("draw", "january", "unit")
    commissioned, late, late_months, free = (
        x.transpose(*order).to_numpy()[:, :, local]
        for x in (
            shortfall.unit_commissioned,
            shortfall.unit_opened_late,
            shortfall.unit_late_months,
            shortfall.unit_free,
        )
    )
    units = [shortfall.units[i] for i in local]
    over16 = np.array(
        [max(0, u.age_high - max(u.age_low, 16) + 1) / (u.age_high - u.age_low + 1) for u in units]
    )
    special = np.array([u.provision == "state_special" for u in units])
    base = np.array([u.provision == "specialist_base" for u in units])
    stock = paid.stock.sum(("need_group",))
    sixth = stock.sel(phase="post16", provision="mainstream").to_numpy()
    before = np.maximum(sixth[:, :1], 1.0)
    published = _published_places(la_code)
    draws, januaries = sixth.shape
    months = place_funding.months_old()

    def open_in(part: str, kind: str) -> Array:
        """Return the places of each unit on average over a part of the academic year, by the rule of a kind of place."""
        share = place_funding.open_share(late_months, part, months[kind])
        return np.asarray(commissioned - late * (1 - share))

    def of_part(part: str) -> Array:
        bases = open_in(part, "base_pre16_filled") @ base
        later = bases[:, 1:]
        part_free = np.divide(
            np.minimum(free @ base, later), later, out=np.zeros_like(later), where=later > 0
        )
        part_free = np.concatenate([part_free[:, :1], part_free], axis=1)  # at the origin as a year later
        kinds = {
            "special_pre16": open_in(part, "special_pre16") @ (special * (1 - over16)),
            "special_post16": open_in(part, "special_post16") @ (special * over16),
            "base_pre16_filled": bases * (1 - part_free),
            "base_pre16_vacant": bases * part_free,
            "mainstream_post16": published["mainstream_post16"] * sixth / before,
            "college_post16": np.full((draws, januaries), published["college_post16"]),
            "ap_pre16": stock.sel(provision="ap").sum("phase").to_numpy(),
        }
        if grow:
            for code in kinds:
                provision = place_funding.KINDS[code].provision
                if provision in SPECIALIST_PROVISIONS and provision in provisions.paid_by_place():
                    children = stock.sel(provision=provision).sum("phase").to_numpy()
                    kinds[code] = kinds[code][:, :1] * children / np.maximum(children[:, :1], 1.0)
        return np.asarray(np.maximum(np.stack([kinds[code] for code in FUNDED], axis=1), 0.0))

    academic = [f"{j - 1}/{j % 100:02d}" for j in (int(v) for v in paid.stock["january"].to_numpy())]
    return xr.DataArray(
        np.stack([of_part(part) for part in place_funding.PARTS]),
        dims=("part", "draw", "place_kind", "academic_year"),
        coords={"part": list(place_funding.PARTS), "place_kind": list(FUNDED), "academic_year": academic},
    )


def _published_places(la_code: int) -> dict[str, float]:
    """Return the latest published places of sixth forms and colleges; 0 where there are none."""
    rows = tables.read("funded_places").query("la_code == @la_code and part == 'autumn_to_march'")
    latest = rows[rows["financial_year"] == rows["financial_year"].max()]
    kinds = [
        place_funding.KIND_OF.get((str(g), str(t)), "")
        for g, t in zip(latest["provider_group"], latest["place_type"], strict=True)
    ]
    return {
        kind: float(latest["places"].to_numpy()[[k == kind for k in kinds]].sum())
        for kind in ("mainstream_post16", "college_post16")
    }


def _lines(
    priced: Mapping[str, Tariff],
    heads: Array,
    places: FundedPlaces,
    elsewhere: tuple[xr.DataArray, xr.DataArray],
    other: xr.DataArray,
) -> tuple[tuple[CostLine, ...], Array]:
    """Return all lines of cost and their pounds, dims ``(draw, financial_year, line)``, for children by draw, year and cell."""
    by_line: dict[CostLine, Array] = {}
    for tariff in priced.values():
        named = [child_line(c.item, c.provision, c.s251, c.dsg_block) for c in tariff.classes]
        own = list(dict.fromkeys(named))
        belongs = np.array([[line == name for line in own] for name in named], dtype=float)
        pounds = ((heads @ tariff.weights) * tariff.prices) @ belongs
        for at, line in enumerate(own):
            by_line[line] = by_line.get(line, 0.0) + pounds[:, :, at]
    paid = (places.years_of_place * places.rates).transpose("draw", "financial_year", "place_kind")
    for kind in (str(k) for k in paid["place_kind"].to_numpy()):
        provision = place_funding.KINDS[kind].provision
        line = CostLine(
            f"{place_rates.ITEM}_{provision}",
            f"Places: {PROVISIONS[provision]}",
            place_rates.S251_LINE,
            place_rates.DSG_BLOCK,
        )
        by_line[line] = by_line.get(line, 0.0) + paid.sel(place_kind=kind).to_numpy()
    more, unit = elsewhere
    by_line[CostLine(ELSEWHERE, "Places others fund, more than today", place_rates.S251_LINE, HIGH_NEEDS)] = (
        more * unit
    ).to_numpy()
    for code in (str(c) for c in other["line"].to_numpy()):
        description = UNPLANNED[code]
        by_line[CostLine(f"other_{code}", description.label, description.s251, HIGH_NEEDS)] = other.sel(
            line=code
        ).to_numpy()
    return _make_distinct(list(by_line)), np.stack(list(by_line.values()), axis=-1)


def _make_distinct(lines: Sequence[CostLine]) -> tuple[CostLine, ...]:
    """Return lines with distinct codes and labels; a ledger may book one item to several S251 lines or funds."""
    taken: set[str] = set()
    distinct = []
    for line in lines:
        if line.code in taken:
            booked = (line.s251, line.dsg_block)
            line = replace(
                line, code="_".join((line.code, *booked)), label=f"{line.label} ({', '.join(booked)})"
            )
        taken.add(line.code)
        distinct.append(line)
    return tuple(distinct)


def child_line(item: str, provision: str, s251: str, dsg_block: str) -> CostLine:
    """Return the line of cost to which an item for children in a provision belongs."""
    if item in _OF_PROVISION:
        return CostLine(
            f"{item}_{provision}", f"{ITEMS[item].label}: {PROVISIONS[provision]}", s251, dsg_block
        )
    if item == "send_transport":
        ages = _TRANSPORT_AGES.get(s251, ALL)
        code = f"{item}_{ages.replace(' ', '_')}"
        return CostLine(code, f"{ITEMS[item].label}: {ages}", s251, dsg_block)
    return CostLine(item, ITEMS[item].label, s251, dsg_block)
