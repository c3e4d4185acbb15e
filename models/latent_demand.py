"""Latent demand for state specialist places: children turned away because no place was free.

Seen are places *filled* F (state special schools and specialist bases) and *overflow* O (independent and non-maintained
special schools, education other than at school) by area i and need group k. Both are set beside what England would place
of the same children, age by age and need by need: E and G. With f[i,k] = log F - log E less its mean over areas, wanted
places D = F exp(r[i,k]) are

    r = hinge(tightness[k] + pressure z[i] - capped f[i,k] + u[i]),    u ~ Normal(0, tightness_spread)
    log O ~ Student-t(6, log(B + shown (D - F)), sqrt(h[k]^2 + 1/(G+1)))
    log B = log G + base[k] + severity (f + r) + mix_base m[i,k] + own[i]

and own Normal. r is rationing, near 0 where an area has slack; ``hinge`` is max(0, u) with its corner rounded over
`CORNER`. ``capped`` is the part of low use of places that is due to too few of them, where there are too few. B is the
overflow there would be if nobody were turned away, m the log share of the need group among the area's plans and z the signs
of `data.panels.specialist_use.SIGNS`, both as deviations. ``shown`` is the part of those turned away whom overflow shows; the
others wait in mainstream. Counts have 1 added before logs are taken.

The model describes O given F, on purpose: how F is spread over areas is no evidence of rationing. (With F described too, a
few areas with very low use were taken as proof of caps, and ``shown`` was bent to fit.)

What identifies r. Need groups of which an area fills fewer places than England would have more overflow if children are
turned away, and no more if fewer places are wanted. Being turned away raises overflow most, in proportion, in need groups
with many places for each child in overflow (severe learning, communication), while an area's habit of using overflow raises
all groups alike. The data speak about the product of ``shown`` and those turned away; ``shown`` itself comes from its
prior, and so does all rationing that never shows. The result is a range to plan within, not a measurement; `Prior` lets
the beliefs that matter be varied.

================  =========================  ========================================================================
parameter         prior                      reason
================  =========================  ========================================================================
shown             Beta, mean 0.7, n 10       most of those turned away go to overflow, the others stay in mainstream
severity          Normal(0.3, 0.25)          where children need special schools more, they need overflow more
capped            Beta(1.5, 3)               a third, but little or most are possible
tightness         Normal(0, 0.05)            about half of all areas have slack; need groups differ by Normal(0, 0.05)
tightness_spread  LogNormal(log 0.1, 0.4)    few areas turn away more than one child in five
pressure          Normal(0.01, 0.02)         faster growth and more exports go with tighter places
================  =========================  ========================================================================

``base`` follows from the mean of O, which the data pin down, less what rationing adds.

Within a need group, those turned away are split over phases and provisions where the area's places and its overflow
are (`Latent.of_area`); how far overflow leads is drawn, because the data do not say.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from data.errors import AreaError, HistoryError, OptionError
from data.panels.composition import Composition
from data.panels.specialist_use import OVERFLOW, SIGNS, STATE_SPECIALIST, SpecialistUse
from data.vocabulary import (
    AGES,
    NEED_CODES,
    NEED_GROUP_CODES,
    NEED_GROUPS,
    PHASE_CODES,
    PHASES,
    PROVISION_CODES,
)
from models.base import Array, shares_of
from models.inference import Diagnostics, Sampling, compile_model
from models.placement import fit_three_way

NAME = "latent_demand"

GROUPS = len(NEED_GROUPS)
TAIL = 6.0
"""Degrees of freedom of overflow: a few areas record it unlike the others."""

FEWEST_PLANS = 30
"""A need group with fewer plans in an area is not fitted; it is rationed as the area's other groups are."""

CORNER = 0.03
"""Width, in log points, over which rationing passes from slack to tight."""

KEPT = 400
"""Draws kept."""

LARGEST_SIGN = 2.5
"""Signs are held within this, in standard deviations."""

SAMPLING = Sampling(draws=1500, tune=800, chains=4, target_accept=0.9)

FEWEST_FILLED = 3.0
"""Nobody is thought to be turned away from a phase and provision with fewer children of the need group than this: a multiplier
of nothing says nothing."""

SETTLED_PHASES = ("primary", "secondary", "post16")
"""Phases whose children are turned away. Too few under school age are in special schools to tell."""


@dataclass(frozen=True)
class Prior:
    """Prior assumptions that matter where the data say little.

    Parameters
    ----------
    shown, firmness
        Mean of the part of those turned away whom overflow shows, 0 to 1, and how many children seen would tell as much.
    severity, severity_spread
        Mean and standard deviation of how far overflow that is there anyway follows wanted places.

    Raises
    ------
    OptionError
        A value is out of range.
    """

    shown: float = 0.7
    firmness: float = 10.0
    severity: float = 0.3
    severity_spread: float = 0.25

    def __post_init__(self) -> None:
        if not 0 < self.shown < 1 or self.firmness <= 0 or self.severity_spread <= 0:
            raise OptionError(
                f"The part of children turned away who are in overflow is to be between 0 and 1 (given {self.shown}), its "
                f"firmness and the spread of severity above 0 (given {self.firmness}, {self.severity_spread}). Correct the prior."
            )


@dataclass(frozen=True)
class GroupCells:
    """The data fitted: one row for each area and need group, dims (cell,).

    Parameters
    ----------
    filled, expected
        Children in state specialist places, and how many England would place there of the same children.
    overflow, expected_overflow
        The same for overflow.
    mix
        Log share of the need group among the area's plans, less its mean over areas.
    signs
        Standardised signs of pressure, dims (area, sign).
    area, group
        Positions.
    """

    filled: Array
    expected: Array
    overflow: Array
    expected_overflow: Array
    mix: Array
    signs: Array
    area: npt.NDArray[np.int64]
    group: npt.NDArray[np.int64]

    @property
    def seen(self) -> Array:
        """Log of filled over expected."""
        seen: Array = np.log((self.filled + 1) / (self.expected + 1))
        return seen

    @property
    def away(self) -> Array:
        """Log of filled over expected, less its mean over areas of the need group, weighted by children."""
        weight = np.bincount(self.group, self.expected, minlength=GROUPS)
        mean = np.bincount(self.group, self.expected * self.seen, minlength=GROUPS) / np.maximum(weight, 1)
        away: Array = self.seen - mean[self.group]
        return away

    @property
    def specialist_per_overflow(self) -> Array:
        """Expected children in state specialist places per one in overflow, dims (group,)."""
        placed = np.bincount(self.group, self.expected, minlength=GROUPS)
        per: Array = placed / np.maximum(np.bincount(self.group, self.expected_overflow, minlength=GROUPS), 1)
        return per


def build(cells: GroupCells, prior: Prior) -> Any:
    """Return the PyMC model of some cells."""
    import pymc as pm
    import pytensor.tensor as pt

    areas = len(cells.signs)
    i, k = cells.area, cells.group
    # Cells of each need group, to average rationing over its children.
    members = np.zeros((GROUPS, len(k)))
    members[k, np.arange(len(k))] = cells.expected
    members /= np.maximum(members.sum(axis=1, keepdims=True), 1e-9)
    in_area = np.zeros((areas, len(i)))
    in_area[i, np.arange(len(i))] = 1.0
    with pm.Model() as model:
        shown = pm.Beta("shown", prior.shown * prior.firmness, (1 - prior.shown) * prior.firmness)
        severity = pm.Normal("severity", prior.severity, prior.severity_spread)
        capped = pm.Beta("capped", 1.5, 3.0)
        tightness = pm.Normal("tightness", 0.0, 0.05)
        of_need = pm.Normal("tightness_need", 0.0, 0.05, shape=GROUPS)
        tightness_spread = pm.LogNormal("tightness_spread", np.log(0.1), 0.4)
        pressure = pm.Normal("pressure", 0.01, 0.02, shape=len(SIGNS))
        overflow_level = pm.Normal("overflow_level", 0.0, 0.2, shape=GROUPS)
        overflow_spread = pm.LogNormal("overflow_spread", np.log(0.22), 0.35, shape=GROUPS)
        mix_base = pm.Normal("mix_base", 0.0, 0.3)
        own_spread = pm.HalfNormal("own_spread", 0.4)
        area_tightness = pt.dot(cells.signs, pressure)
        area_tightness = area_tightness + tightness_spread * pm.Normal("tightness_unit", shape=areas)
        u = tightness + of_need[k] + area_tightness[i] - capped * cells.away
        ration = CORNER * pt.softplus(u / CORNER)
        turned_away = cells.filled * pt.expm1(ration)

        # Sampled is how far an area's overflow is seen to be from England's; its own habit is the rest of that once those
        # turned away are taken off, so the two can move together.
        seen = pm.Flat("own_seen", shape=areas)
        own = seen - pt.log1p(shown * pt.dot(in_area, turned_away) / in_area.dot(cells.expected_overflow + 1))
        pm.Potential("own", pm.logp(pm.Normal.dist(0.0, own_spread), own).sum())
        own = own - own.mean()
        extra = shown * cells.specialist_per_overflow * pt.dot(members, pt.expm1(ration))
        base = (overflow_level - pt.log1p(extra))[k] + severity * (cells.away + ration) + own[i]
        base = base + mix_base * cells.mix
        pm.StudentT(
            "overflow",
            nu=TAIL,
            mu=pt.log(pt.exp(base) * (cells.expected_overflow + 1) + shown * turned_away),
            sigma=pt.sqrt(overflow_spread[k] ** 2 + 1 / (cells.expected_overflow + 1)),
            observed=np.log(cells.overflow + 1),
        )
    return model


def rationing(posterior: xr.Dataset, signs: Array, away: Array) -> Array:
    """Return draws of r = log(D / F), zero and above, dims (draw, area, need_group).

    Parameters
    ----------
    posterior
        Draws of the parameters of `build`.
    signs
        Standardised signs of pressure, dims (area, sign).
    away
        f, dims (area, need_group).
    """
    v = {str(n): x.to_numpy() for n, x in posterior.data_vars.items()}
    area = v["tightness"][:, None] + v["pressure"] @ signs.T
    area = area + v["tightness_spread"][:, None] * v["tightness_unit"]
    u = area[:, :, None] + v["tightness_need"][:, None, :] - v["capped"][:, None, None] * away
    ration: Array = CORNER * np.logaddexp(0, u / CORNER)
    return ration


def fit_cells(
    cells: GroupCells, rng: np.random.Generator, sampling: Sampling = SAMPLING, prior: Prior | None = None
) -> tuple[xr.Dataset, Diagnostics]:
    """Return the posterior, thinned to `KEPT` draws, and diagnostics of some cells."""
    posterior, diagnostics = compile_model(build(cells, prior or Prior())).sample({}, rng, sampling)
    size = posterior.sizes["draw"]
    return posterior.isel(draw=rng.choice(size, KEPT, replace=size < KEPT)), diagnostics


def england_table(composition: Composition) -> Array:
    """Return England's plans by age, need and provision, fitted to the areas that published all three margins."""
    whole = (
        composition.stock.notnull().all(("age", "need"))
        & composition.age_provision.notnull().all(("age", "provision"))
        & composition.need_provision.notnull().all(("need", "provision"))
    )
    margins = [
        table.where(whole).sum("area").to_numpy()
        for table in (composition.stock, composition.age_provision, composition.need_provision)
    ]
    seed = np.ones((len(AGES), len(NEED_CODES), len(PROVISION_CODES)))
    return fit_three_way(seed, *margins)


AT_SPECIALIST = [PROVISION_CODES.index(p) for p in STATE_SPECIALIST]
AT_OVERFLOW = [PROVISION_CODES.index(p) for p in OVERFLOW]
AT_POST16 = PROVISION_CODES.index("specialist_post16")
AGE_PHASE = np.array([[a in p.ages for a in AGES] for p in PHASES], dtype=float)
NEED_GROUP = np.array([[n in g.needs for n in NEED_CODES] for g in NEED_GROUPS], dtype=float)


def sum_by_group(table: Array) -> Array:
    """Return a table (age, need, provision) summed to (phase, need group, provision)."""
    summed: Array = np.einsum("ga,kn,anp->gkp", AGE_PHASE, NEED_GROUP, table)
    return summed


@dataclass(frozen=True)
class Tables:
    """Plans by phase, need group and provision: as placed, and as England places the same children.

    Parameters
    ----------
    placed, expected
        Dims ``(area, phase, need_group, provision)``; zero in an area that published no placements by age.
    """

    placed: xr.DataArray
    expected: xr.DataArray

    @classmethod
    def of(cls, composition: Composition) -> Tables:
        """Return every area's table, fitted to its margins."""
        england = england_table(composition)
        share = england / np.maximum(england.sum(axis=2, keepdims=True), 1e-9)
        areas = composition.stock["area"].to_numpy().tolist()
        shape = (len(areas), len(PHASE_CODES), GROUPS, len(PROVISION_CODES))
        placed, expected = np.zeros(shape), np.zeros(shape)
        for i, area in enumerate(areas):
            stock, by_age, by_need = (
                x.sel(area=area).to_numpy()
                for x in (composition.stock, composition.age_provision, composition.need_provision)
            )
            if np.isnan(stock).any() or np.isnan(by_age).any():
                continue
            needs = None if np.isnan(by_need).any() else by_need
            placed[i] = sum_by_group(fit_three_way(england, stock, by_age, needs))
            expected[i] = sum_by_group(stock[:, :, None] * share)
        coords = {
            "area": areas,
            "phase": list(PHASE_CODES),
            "need_group": list(NEED_GROUP_CODES),
            "provision": list(PROVISION_CODES),
        }
        return cls(*(xr.DataArray(x, dims=tuple(coords), coords=coords) for x in (placed, expected)))


def fitted_areas(use: SpecialistUse, tables: Tables) -> npt.NDArray[np.bool_]:
    """Return whether an area's returns of placements by age and by need can be used, dims (area,)."""
    whole = use.composition.need_provision.notnull().all(("need", "provision")).to_numpy()
    some = tables.placed.sum(("phase", "need_group", "provision")).to_numpy() > 0
    usable: npt.NDArray[np.bool_] = use.sound.to_numpy() & whole & some
    return usable


def observations(use: SpecialistUse, tables: Tables) -> GroupCells:
    """Return the data fitted: need groups with `FEWEST_PLANS` plans or more in areas whose returns can be used."""
    usable = fitted_areas(use, tables)
    if not usable.any():
        raise HistoryError(
            "No authority has sound returns of placements by age and by need, so wanted places cannot be estimated. "
            "Load a release that holds them."
        )
    placed, expected = (t.sum("phase").to_numpy() for t in (tables.placed, tables.expected))
    plans = placed.sum(axis=2)
    mix = np.log((plans + 1) / (plans.sum(axis=1, keepdims=True) + GROUPS))
    signs = use.signs.to_numpy()[usable]
    signs = (signs - np.nanmean(signs, axis=0)) / np.nanstd(signs, axis=0)
    # An unpublished sign says nothing: it is taken as usual.
    signs = np.clip(np.nan_to_num(signs), -LARGEST_SIGN, LARGEST_SIGN)
    keep = (plans >= FEWEST_PLANS) & usable[:, None]
    area, group = np.nonzero(keep)
    position = np.cumsum(usable) - 1
    return GroupCells(
        filled=placed[:, :, AT_SPECIALIST].sum(axis=2)[keep],
        expected=expected[:, :, AT_SPECIALIST].sum(axis=2)[keep],
        overflow=placed[:, :, AT_OVERFLOW].sum(axis=2)[keep],
        expected_overflow=expected[:, :, AT_OVERFLOW].sum(axis=2)[keep],
        mix=(mix - mix[usable].mean(axis=0))[keep],
        signs=signs,
        area=position[area].astype(np.int64),
        group=group.astype(np.int64),
    )


@dataclass(frozen=True)
class AreaLatent:
    """One area's specialist places wanted and filled.

    Parameters
    ----------
    filled
        Children in state specialist places, dims ``(phase, need_group, provision)`` over `STATE_SPECIALIST`.
    turned_away
        Children for whom no place was free, 0 or more, dims ``(draw, phase, need_group, provision)``.
    shown
        Part of them whom overflow shows, 0 to 1, dims ``(draw,)``.
    borrowed
        Whether the area's own returns could not be used, so that its rationing is that of other areas at random.
    """

    filled: xr.DataArray
    turned_away: xr.DataArray
    shown: xr.DataArray
    borrowed: bool

    def uplift(self, blend: float = 1.0) -> xr.DataArray:
        """Return wanted over filled places, 1 or more, dims ``(draw, phase, need_group, provision)``.

        Parameters
        ----------
        blend
            0 for places as filled today, 1 for latent demand, or anything between.

        Raises
        ------
        OptionError
            ``blend`` is not between 0 and 1.
        """
        if not 0 <= blend <= 1:
            raise OptionError(
                f"The blend of observed and latent demand is to be between 0 (observed) and 1 (latent), but {blend} was "
                "given. Choose a value in that range."
            )
        some = self.filled >= FEWEST_FILLED
        ratio = (self.turned_away / self.filled.where(some, 1.0)).where(some, 0.0)
        wanted: xr.DataArray = 1 + blend * ratio
        return wanted.transpose("draw", "phase", "need_group", "provision")


@dataclass(frozen=True)
class Latent:
    """Latent demand of every area.

    Parameters
    ----------
    tables
        Plans as placed and as England would place them.
    rationing
        log(wanted / filled), 0 or more, dims ``(draw, area, need_group)``.
    shown
        Part of those turned away whom overflow shows, dims ``(draw,)``.
    borrowed
        Areas whose rationing is that of other areas at random.
    diagnostics
        How well the posterior was explored.
    """

    tables: Tables
    rationing: xr.DataArray
    shown: xr.DataArray
    borrowed: tuple[int, ...]
    diagnostics: Diagnostics

    def stored(self) -> xr.Dataset:
        """Return everything but the diagnostics as one dataset."""
        kept = {
            "placed": self.tables.placed.astype("float32"),
            "expected": self.tables.expected.astype("float32"),
            "rationing": self.rationing.astype("float32"),
            "shown": self.shown.astype("float32"),
        }
        borrowed = np.isin(self.rationing["area"].to_numpy(), self.borrowed)
        return xr.Dataset(kept).assign(borrowed=(("area",), borrowed))

    @classmethod
    def restored(cls, stored: xr.Dataset, diagnostics: Diagnostics) -> Latent:
        """Return the fitted model from the dataset that `stored` returned."""
        areas = stored["area"].to_numpy()
        return cls(
            tables=Tables(stored["placed"].astype(float), stored["expected"].astype(float)),
            rationing=stored["rationing"],
            shown=stored["shown"],
            borrowed=tuple(int(a) for a in areas[stored["borrowed"].to_numpy()]),
            diagnostics=diagnostics,
        )

    def tells(self, area: int) -> bool:
        """Return whether an area published placements by age, which `of_area` needs."""
        return bool(self.tables.placed.sel(area=area).sum() > 0)

    def of_area(self, area: int, draws: int, rng: np.random.Generator) -> AreaLatent:
        """Return draws of the children turned away in one area.

        Parameters
        ----------
        area
            Code of the authority.
        draws
            Number of draws, with repeats if more than were kept.
        rng
            Source of randomness.

        Raises
        ------
        AreaError
            The area was not in what was fitted.
        HistoryError
            It published no placements.
        """
        if area not in self.rationing["area"].to_numpy():
            raise AreaError(
                f"Authority {area} was not in the returns that latent demand was fitted to. Fit it again with them."
            )
        placed, expected = (
            t.sel(area=area).transpose("phase", "need_group", "provision").to_numpy()
            for t in (self.tables.placed, self.tables.expected)
        )
        if placed.sum() == 0:
            raise HistoryError(
                f"Authority {area} published no placements by age, so its wanted places cannot be told from its filled ones. "
                "Show observed demand for it."
            )
        size = self.rationing.sizes["draw"]
        chosen = rng.choice(size, draws, replace=draws > size)
        ration = self.rationing.sel(area=area).transpose("draw", "need_group").to_numpy()[chosen]
        turned_away = _split(placed, expected, ration.astype(float), rng)
        coords = {
            "draw": np.arange(draws),
            "phase": list(PHASE_CODES),
            "need_group": list(NEED_GROUP_CODES),
            "provision": list(STATE_SPECIALIST),
        }
        dims = ("phase", "need_group", "provision")
        return AreaLatent(
            filled=xr.DataArray(placed[:, :, AT_SPECIALIST], dims=dims, coords={d: coords[d] for d in dims}),
            turned_away=xr.DataArray(turned_away, dims=("draw", *dims), coords=coords),
            shown=xr.DataArray(
                self.shown.to_numpy()[chosen].astype(float), dims="draw", coords={"draw": coords["draw"]}
            ),
            borrowed=area in self.borrowed,
        )

    def uplift(self, area: int, draws: int, rng: np.random.Generator, blend: float = 1.0) -> xr.DataArray:
        """Return wanted over filled places of one area; see `of_area` and `AreaLatent.uplift`."""
        return self.of_area(area, draws, rng).uplift(blend)


def _split(placed: Array, expected: Array, ration: Array, rng: np.random.Generator) -> Array:
    """Return children turned away, dims (draw, phase, need group, provision).

    Parameters
    ----------
    placed, expected
        Dims (phase, need group, provision).
    ration
        Dims (draw, need group).
    rng
        Source of randomness: how far overflow rather than places says which phase, and England's rather than the area's own
        mix which provision.
    """
    draws = len(ration)
    filled = placed[:, :, AT_SPECIALIST]
    usable = (filled >= FEWEST_FILLED) & np.isin(PHASE_CODES, SETTLED_PHASES)[:, None, None]
    by_phase = np.where(usable, filled, 0.0).sum(axis=2)
    overflow = placed[:, :, AT_OVERFLOW].sum(axis=2) + 1
    lead = rng.beta(2, 2, draws)[:, None, None]
    turned_away = (filled.sum(axis=(0, 2)) * np.expm1(ration))[:, None, :]
    phase_share = shares_of(by_phase ** (1 - lead) * overflow**lead * (by_phase > 0), axis=1)
    # Nobody is turned away who is not taught elsewhere.
    elsewhere = placed.sum(axis=2) - filled.sum(axis=2) - placed[:, :, AT_POST16]
    wanting = np.minimum(turned_away * phase_share, np.maximum(elsewhere, 0))
    own = shares_of(np.where(usable, filled, 0.0), axis=2)
    usual = shares_of(np.where(usable, expected[:, :, AT_SPECIALIST], 0.0), axis=2)
    lead = rng.random(draws)[:, None, None, None]
    by_provision: Array = wanting[..., None] * ((1 - lead) * own + lead * usual)
    return by_provision


@dataclass(frozen=True)
class LatentDemand:
    """The model of latent demand.

    Parameters
    ----------
    sampling
        How long to sample.
    prior
        Beliefs that decide where the data do not.
    """

    sampling: Sampling = SAMPLING
    prior: Prior = field(default_factory=Prior)
    name: str = NAME

    def fit(self, use: SpecialistUse, *, rng: np.random.Generator) -> Latent:
        """Sample the posterior and the rationing of every area.

        Raises
        ------
        HistoryError
            No authority has sound returns.
        """
        tables = Tables.of(use.composition)
        cells = observations(use, tables)
        posterior, diagnostics = fit_cells(cells, rng, self.sampling, self.prior)
        away = np.zeros((len(cells.signs), GROUPS))
        away[cells.area, cells.group] = cells.away
        ration = rationing(posterior, cells.signs, away)
        areas = use.sound["area"].to_numpy()
        usable = fitted_areas(use, tables)
        every = np.empty((len(ration), len(areas), GROUPS), dtype=np.float32)
        every[:, usable] = ration
        lent = rng.integers(ration.shape[1], size=(len(ration), int((~usable).sum())))
        every[:, ~usable] = ration[np.arange(len(ration))[:, None], lent]
        draw = np.arange(len(ration))
        return Latent(
            tables=tables,
            rationing=xr.DataArray(
                every,
                dims=("draw", "area", "need_group"),
                coords={"draw": draw, "area": areas, "need_group": list(NEED_GROUP_CODES)},
            ),
            shown=posterior["shown"].astype(np.float32).assign_coords(draw=draw),
            borrowed=tuple(int(a) for a in areas[~usable]),
            diagnostics=diagnostics,
        )
