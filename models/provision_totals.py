"""Model of plans by kind of provision: four specialist kinds follow the total in part; mainstream and the rest are the remainder.

For area i, kind p (`KINDS`), c recorded plans, T all plans, o the share of them aged 16 or over, January t:

    log c[i,p,t+1] = log c[i,p,t] + a[p,t+1] + beta[p] dlog T[i,t+1] + gamma[p] dlog o[i,t+1] + r[i,p,t+1]
    a[p,t+1] = drift[p] damped^(t-origin) + w[p,t+1],                       w ~ Normal(0, national[p])
    r[i,p,t+1] = m[p] clip(r[i,p,t], 2 u) - rho[p] D[i,p,t] + e
              or, with chance undone[p] after a leap |r[i,p,t]| > 3 u,   -r[i,p,t] - rho[p] D[i,p,t] + e
    e ~ Student-t(tail[p], kept[p] size[p] u),   u = s(c[i,p,t]) (`models.baselines.scale`)
    D = log share of the kind less England's, of plans aged 16 or over for post16; D[i,p,t+1] = D[i,p,t] + r[i,p,t+1]
    rest[i,t] = T[i,t] - sum_p c[i,p,t] >= a quarter of its share at the origin; else the kinds are scaled down to that

Invariants: in every draw the kinds and the rest add up to the total and none is negative; an area's kinds do not depend on
which other areas are asked for. These are *filled* places: a kind that is full shows as one that does not follow growth.

Special schools fill slowly, so their share falls where plans grow fast (beta well under 1) and stops falling when growth
does. Colleges follow plans of their age (gamma). Authorities that use a kind much draw nearer to the others (rho). A leap is
often a coding that is put right a year later, hence "undone". Plans in excess of an area's usual "not recorded" are handed
back to the kinds in proportion before anything else: a return whose settings were not filled in says nothing about places.

Logs are of c + `OFFSET`, so an empty kind can fill.

============  ==========================  ============================================================================
parameter     prior                       reason (widths by kind stand beside the constants)
============  ==========================  ============================================================================
beta[p]       Normal(`FOLLOWS`, 0.05-0.1) part of growth that specialist places met in 2016 to 2022, at one to five years'
                                          horizon alike; an error in a total looks like growth that places ignored, and
                                          one year's estimate swings with a few large areas
gamma[post16] Normal(0.7, 0.15)           nearly all plans at college are held at 16 and over; below 1 because bands are
                                          noisier than the total
drift[p]      Normal(0, `DRIFTS`)         what England adds each year whatever its total does
national[p]   LogNormal(log `NATIONAL`,   England's yearly log change around that, within a factor of two
              0.4)
m[p]          Normal(0, 0.15)             a new school fills over years (above 0), a slip of coding is put right (below)
undone[p]     Beta(2, 4)                  a third of leaps, between a tenth and two thirds
rho[p]        Normal(`REVERTS`, 0.02)     shares drew nearer by this part of their distance each year in 2013 to 2022
size[p]       LogNormal(0.2, 0.5)         about s(c), the error of totals, within a factor of three
tail[p]       LogNormal(log 4, 0.3)       heavier than normal: schools open, merge and are coded anew
============  ==========================  ============================================================================

Fitted to the last `TRANSITIONS` yearly changes of areas, measured from England's, and of England. The change into the first
person-level return counts for areas but not for England. A break in a collection that is still to come is not foreseen.
What was tried, and which constants were chosen with later years in sight: docs/experiments.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from data.errors import AreaError, OptionError
from data.panels.history import History
from data.shrinkage import shrunk_share
from data.vocabulary import ALL, BAND_CODES
from models.base import Array
from models.baselines import scale
from models.inference import FULL, Diagnostics, Sampling
from models.memory import Memory

NAME = "provision_totals"

KINDS: Mapping[str, tuple[str, ...]] = {
    "state_special": ("state_special",),
    "inmss": ("inmss",),
    "specialist_base": ("specialist_base",),
    "post16": ("general_fe", "specialist_post16", "training_provider"),
}
"""Kind -> the provisions it adds up."""

KIND_CODES: tuple[str, ...] = tuple(KINDS)
KIND_COUNT = len(KIND_CODES)
POST16 = KIND_CODES.index("post16")

REST = "rest"
"""Mainstream and everything else: what the kinds leave of the total."""

KIND_LABELS: Mapping[str, str] = {
    "state_special": "state special schools",
    "inmss": "independent and non-maintained special schools (INMSS)",
    "specialist_base": "specialist bases (SEN units and resourced provision)",
    "post16": "further education and specialist post-16, with training providers, which were itemised only from 2023",
    REST: "mainstream and everything else",
}
"""Kind -> what people call it."""

NOT_RECORDED = "not_recorded"

OLDER: tuple[str, ...] = BAND_CODES[3:]
"""Bands whose share of plans colleges follow."""

FOLLOWS = np.array([0.35, 1.0, 0.4, 0.95])
"""Prior mean of beta, by kind; also the one with which the residual of the year before is measured, so that it is data."""

FOLLOWS_WIDTH = np.array([0.1, 0.05, 0.1, 0.1])
"""Prior standard deviation of beta, by kind. Independent places are bought as they are needed, so firmly 1."""

FOLLOWS_AGE = 0.7
"""Prior mean of gamma for `POST16`; the other kinds have 0."""

REVERTS = np.array([0.02, 0.02, 0.02, 0.1])
"""Prior mean of rho, by kind."""

DRIFTS = np.array([0.015, 0.005, 0.005, 0.005])
"""Prior standard deviation of drift, by kind: special schools have places built for them, the others are asked for."""

NATIONAL = np.array([0.012, 0.025, 0.035, 0.06])
"""Prior median of national, by kind: places at special schools change slowly; what counts as college has been collected since
2015 only and was regrouped in 2019."""

SHARE_PRIOR = 10.0
"""Plans' worth of England's shares added to an area before its logged share is taken."""

LARGEST_DISTANCE = 1.5
"""Distances from England's share are held within this, in log points."""

CHANGED_RETURN = 2023
"""First January of person-level returns: the change into it is of definitions as well as of plans."""

FIRST_CHANGE = np.array([2011, 2011, 2011, 2018])
"""January, by kind, after which a change is comparable with today's: until 2018 colleges were taking over a whole age group that
could not hold plans before 2015."""

TRANSITIONS = 6
"""Latest yearly changes fitted."""

USUAL_JANUARIES = 5
"""Januaries over which an area's usual "not recorded" share is the median."""

MOST_HANDED_BACK = 0.9
"""Largest part of a return that is handed back."""

OFFSET = 3.0
"""Plans added before a logarithm."""

TYPICAL = 2.0
"""Units u within which a residual gathers momentum."""

LEAP = 3.0
"""Units u beyond which a residual may be undone."""

NOISE_KEPT = np.array([0.85, 1.0, 1.0, 1.0])
"""Part of the fitted error size that is simulated. At special schools a part of the fitted error is of the totals it is measured
against, which the draws of totals bring anyway. Chosen on origins 2019 to 2021, targets to 2022."""

LARGEST_CHANGE = 3.0
"""Errors are held within this, in log points: the tails are too heavy for an exponential."""

DAMPED = 0.85
"""Part of England's drift that is left a year later. Chosen on origins 2019 to 2021, targets to 2022."""

LEAST_REST = 0.25
"""Part of its share at the origin that the rest never falls below."""


@dataclass(frozen=True)
class PublishedKinds:
    """Plans by kind and the series they follow, as arrays.

    Parameters
    ----------
    plans
        Plans by kind with excess "not recorded" handed back, dims (area, kind, january); the last known share of the last known
        total where missing.
    seen
        Whether the area's placements, total and bands were published, dims (area, january).
    total
        All plans, dims (area, january); the last known where missing.
    older
        Share of plans aged 16 or over, dims (area, january); the last known where missing, the mean of areas before the first.
    pooled
        Areas that count, dims (area,).
    first
        First January.
    """

    plans: Array
    seen: npt.NDArray[np.bool_]
    total: Array
    older: Array
    pooled: npt.NDArray[np.bool_]
    first: int

    @classmethod
    def of(cls, history: History) -> PublishedKinds:
        """Return plans by kind and the series they follow from a history."""
        whole = _grid(history.placements, "provision").sum(axis=1)
        kinds = np.stack(
            [_grid(history.placements, "provision", parts).sum(axis=1) for parts in KINDS.values()], axis=1
        )
        blank = _grid(history.placements, "provision", (NOT_RECORDED,))[:, 0] / np.where(whole > 0, whole, 1)
        recorded = (1 - _excess(blank)) * np.maximum(whole, 1)
        total = _grid(history.stock, "series", (ALL,))[:, 0]
        known = _fill_last_known(total[:, None], ~np.isnan(total))[:, 0]
        bands = _grid(history.stock, "series", BAND_CODES)
        older = np.nansum(_grid(history.stock, "series", OLDER), axis=1) + OFFSET
        older /= np.nansum(bands, axis=1) + OFFSET
        # Ages 20 to 25 are missing everywhere before they were collected, the other bands where an area gave no ages.
        aged: npt.NDArray[np.bool_] = np.asarray(~np.isnan(bands[:, :-1]).any(axis=1))
        ages = _fill_last_known(older[:, None], aged)[:, 0]
        return cls(
            plans=_fill_last_known(kinds / recorded[:, None], ~np.isnan(whole)) * known[:, None],
            seen=~np.isnan(whole) & ~np.isnan(total) & aged,
            total=known,
            # Before an area's first ages, the mean of those who gave them.
            older=np.where(ages > 0, ages, older[aged].mean()),
            pooled=history.pooled.to_numpy(),
            first=int(history.stock["january"][0]),
        )

    def column(self, january: int) -> int:
        """Return the position of a January."""
        return january - self.first

    def change(self, at: int) -> tuple[Array, Array, Array]:
        """Return log changes into position ``at``: kinds (area, kind), total (area,), share of older (area,)."""
        kinds = np.log((self.plans[:, :, at] + OFFSET) / (self.plans[:, :, at - 1] + OFFSET))
        total = np.log(np.maximum(self.total[:, at], 1) / np.maximum(self.total[:, at - 1], 1))
        return kinds, total, np.log(self.older[:, at] / self.older[:, at - 1])

    def away(self, at: int) -> tuple[dict[str, Array], dict[str, Array], npt.NDArray[np.bool_]]:
        """Return changes into a position: areas' less England's, England's, and which areas are known at both ends.

        Values are by name: "change", "growth" and "ageing", dims (area, kind) and (kind,). England's is the median of areas
        weighted by their plans of the kind, so that one large area's coding is not England's change.
        """
        kinds, total, older = self.change(at)
        rows = self.pooled & self.seen[:, at] & self.seen[:, at - 1]
        spread = np.ones(KIND_COUNT)
        values = {"change": kinds, "growth": total[:, None] * spread, "ageing": older[:, None] * spread}
        weight = self.plans[:, :, at - 1] + 1
        england = {name: weighted_median(v[rows], weight[rows]) for name, v in values.items()}
        return {name: v - england[name] for name, v in values.items()}, england, rows

    def distance(self, at: int) -> Array:
        """Return D, dims (area, kind): log shares less England's, the median weighted by plans of the kind."""
        plans, rows = self.plans[:, :, at], self.pooled
        within = np.repeat(self.total[:, [at]], KIND_COUNT, axis=1)
        within[:, POST16] *= self.older[:, at]
        england = plans[rows].sum(axis=0) / np.maximum(within[rows].sum(axis=0), 1)
        logged = np.log(shrunk_share(plans, within, england, SHARE_PRIOR, floor=1e-9))
        away = logged - weighted_median(logged[rows], plans[rows] + 1)
        clipped: Array = np.clip(away, -LARGEST_DISTANCE, LARGEST_DISTANCE)
        return clipped

    def residual(self, at: int) -> Array:
        """Return r of the change into a position at prior elasticities, dims (area, kind); 0 where unknown.

        A leap that undoes the one before it is no leap.
        """
        now, before = self._residual(at), self._residual(at - 1)
        unit = scale(self.plans[:, :, at - 1])
        back = (np.abs(now) > LEAP * unit) & (np.abs(now + before) < TYPICAL * unit)
        return np.where(back, now + before, now)

    def _residual(self, at: int) -> Array:
        if at < 1:
            return np.zeros(self.plans.shape[:2])
        away, _, rows = self.away(at)
        r = away["change"] - FOLLOWS * away["growth"] - FOLLOWS_AGE * _post16(away["ageing"])
        return np.where(rows[:, None] & (self.first + at > FIRST_CHANGE), r, 0.0)


def _grid(values: xr.DataArray, dim: str, codes: tuple[str, ...] | None = None) -> Array:
    """Return values, dims (area, dim, january), for some codes or all, in a fixed layout so that sums agree exactly."""
    chosen = values if codes is None else values.sel({dim: list(codes)})
    grid: Array = np.ascontiguousarray(chosen.transpose("area", dim, "january").to_numpy())
    return grid


def _excess(blank: Array) -> Array:
    """Return the part of each return that is "not recorded" beyond the area's usual, dims (area, january)."""
    latest = blank[:, -USUAL_JANUARIES:]
    some = ~np.isnan(latest).all(axis=1)
    usual = np.zeros(len(blank))
    usual[some] = np.nanmedian(latest[some], axis=1)
    excess: Array = np.clip(blank - usual[:, None], 0, MOST_HANDED_BACK)
    return excess


def _post16(values: Array) -> Array:
    only: Array = values * (np.arange(KIND_COUNT) == POST16)
    return only


def _fill_last_known(values: Array, known: npt.NDArray[np.bool_]) -> Array:
    """Return values (area, x, january) with unknown ones replaced by the last known, 0 before the first."""
    latest = np.maximum.accumulate(np.where(known, np.arange(known.shape[1]), 0), axis=1)
    filled: Array = np.nan_to_num(np.take_along_axis(values, latest[:, None, :], axis=2))
    return filled


def weighted_median(values: Array, weight: Array) -> Array:
    """Return the weighted median over areas of values (area, kind); 0 where there is no area."""
    if not len(values):
        return np.zeros(values.shape[1])
    order = values.argsort(axis=0)
    rising = np.take_along_axis(weight, order, axis=0).cumsum(axis=0)
    at = (rising >= rising[-1] / 2).argmax(axis=0)
    median: Array = np.take_along_axis(np.take_along_axis(values, order, axis=0), at[None], axis=0)[0]
    return median


def observations(published: PublishedKinds) -> dict[str, npt.NDArray[np.generic]]:
    """Return the values of the model's data containers.

    One row for each area, kind and yearly change ("change" ... "kind"), and one for each kind and yearly change of England
    (names starting with "england"). Areas outside pooled estimates, and changes not seen at both ends, are left out.
    """
    names = ("change", "growth", "ageing", "before", "distance", "unit", "leap", "kind")
    parts: dict[str, list[Array]] = {name: [] for name in names}
    national: dict[str, list[Array]] = {
        f"england_{name}": [] for name in ("change", "growth", "ageing", "kind")
    }
    last = published.plans.shape[2] - 1
    for p in range(KIND_COUNT):
        into = [at for at in range(2, last + 1) if published.first + at > FIRST_CHANGE[p]]
        for at in into[-TRANSITIONS:]:
            # A changed return teaches how far areas stray, not where England goes.
            changed = published.first + at == CHANGED_RETURN
            away, england, rows = published.away(at)
            before = published.residual(at - 1)[rows, p]
            unit = scale(published.plans[rows, p, at - 1])
            for name in ("change", "growth", "ageing"):
                parts[name].append(away[name][rows, p])
                if not changed:
                    national[f"england_{name}"].append(england[name][[p]])
            parts["before"].append(before)
            parts["distance"].append(published.distance(at - 1)[rows, p])
            parts["unit"].append(unit)
            parts["leap"].append((np.abs(before) > LEAP * unit).astype(np.float64))
            parts["kind"].append(np.full(len(unit), float(p)))
            if not changed:
                national["england_kind"].append(np.array([float(p)]))
    containers = {name: np.concatenate([*part, []]) for name, part in {**parts, **national}.items()}
    return {**containers, **{name: containers[name].astype(np.int64) for name in ("kind", "england_kind")}}


def build(data: dict[str, npt.NDArray[np.generic]]) -> Any:
    """Return the PyMC model; its data containers hold `observations`."""
    import pymc as pm
    import pytensor.tensor as pt

    with pm.Model() as model:
        at = {name: pm.Data(name, value) for name, value in data.items()}
        follows = pm.Normal("follows", FOLLOWS, FOLLOWS_WIDTH, shape=KIND_COUNT)
        follows_age = pm.Normal("follows_age", FOLLOWS_AGE, 0.15)
        drift = pm.Normal("drift", 0.0, DRIFTS, shape=KIND_COUNT)
        national = pm.LogNormal("national", np.log(NATIONAL), 0.4, shape=KIND_COUNT)
        momentum = pm.Normal("momentum", 0.0, 0.15, shape=KIND_COUNT)
        reverts = pm.Normal("reverts", REVERTS, 0.02, shape=KIND_COUNT)
        undone = pm.Beta("undone", 2.0, 4.0, shape=KIND_COUNT)
        size = pm.LogNormal("size", 0.2, 0.5, shape=KIND_COUNT)
        tail = pm.LogNormal("tail", np.log(4.0), 0.3, shape=KIND_COUNT)

        ages = follows_age * _post16(np.ones(KIND_COUNT))
        kind, unit, before = at["kind"], at["unit"], at["before"]
        followed = follows[kind] * at["growth"] + ages[kind] * at["ageing"] - reverts[kind] * at["distance"]
        typical = pt.clip(before, -TYPICAL * unit, TYPICAL * unit)
        goes_on = pm.StudentT.dist(
            nu=tail[kind], mu=followed + momentum[kind] * typical, sigma=size[kind] * unit
        )
        goes_back = pm.StudentT.dist(nu=tail[kind], mu=followed - before, sigma=size[kind] * unit)
        chance = undone[kind] * at["leap"]
        # The 1e-12 keeps the logarithm finite where nothing leapt; a mixture of two paths, written out to keep the data apart.
        pm.Potential(
            "kind_change",
            pt.logaddexp(
                pt.log1p(-chance) + pm.logp(goes_on, at["change"]),
                pt.log(chance + 1e-12) + pm.logp(goes_back, at["change"]),
            ).sum(),
        )
        of = at["england_kind"]
        pm.Normal(
            "england",
            drift[of] + follows[of] * at["england_growth"] + ages[of] * at["england_ageing"],
            national[of],
            observed=at["england_change"],
        )
    return model


@dataclass(frozen=True)
class FittedProvision:
    """Posterior draws, with each area's state at the origin.

    Parameters
    ----------
    areas
        DfE numbers, in the order of the arrays.
    origin
        Last January seen.
    posterior
        Draws by parameter, dims ``(draw, ...)``.
    diagnostics
        How well the posterior was explored.
    plans, residual, distance
        Plans by kind at the origin, r of the change into it and D, dims (area, kind).
    total, older
        All plans and the share of them aged 16 or over at the origin, dims (area,).
    """

    areas: tuple[int, ...]
    origin: int
    posterior: xr.Dataset
    diagnostics: Diagnostics
    plans: Array
    residual: Array
    distance: Array
    total: Array
    older: Array

    @classmethod
    def of(cls, history: History, posterior: xr.Dataset, diagnostics: Diagnostics) -> FittedProvision:
        """Return the fitted model of a posterior and the history it was fitted to."""
        published = PublishedKinds.of(history)
        at = published.column(history.origin)
        return cls(
            areas=history.areas,
            origin=history.origin,
            posterior=posterior,
            diagnostics=diagnostics,
            plans=published.plans[:, :, at],
            residual=published.residual(at),
            distance=published.distance(at),
            total=published.total[:, at],
            older=published.older[:, at],
        )

    def kinds(self, bands: xr.DataArray, rng: np.random.Generator) -> xr.DataArray:
        """Divide draws of totals into kinds of provision that add up to them, dims ``(draw, area, kind, january)``.

        An area's kinds depend on its own plans and on ``rng``, not on which other areas are given.

        Parameters
        ----------
        bands
            Plans, dims ``(draw, area, series, january)``, with series "All" and the age bands, in consecutive Januaries from the
            one after the origin.
        rng
            Source of randomness.

        Raises
        ------
        OptionError
            The Januaries do not run on from the origin without a gap.
        AreaError
            An area was not in the history.
        """
        areas, januaries = bands["area"].to_numpy().tolist(), bands["january"].to_numpy().tolist()
        if januaries != list(range(self.origin + 1, self.origin + 1 + len(januaries))):
            raise OptionError(
                f"Provision is forecast year by year from January {self.origin + 1}, but plans were given for {januaries}. "
                "Give every January from then on."
            )
        if unknown := sorted(set(areas) - set(self.areas)):
            raise AreaError(
                f"Areas {unknown} were not in the history provision was fitted to. Fit it with them."
            )
        ordered = bands.transpose("draw", "area", "series", "january")
        total = ordered.sel(series=ALL).to_numpy()
        older = ordered.sel(series=list(OLDER)).sum("series").to_numpy()
        kinds = self._simulate(total, (older + OFFSET) / (total + OFFSET), areas, rng)
        coords = {"draw": bands["draw"], "area": areas, "kind": [*KIND_CODES, REST], "january": januaries}
        return xr.DataArray(kinds, dims=("draw", "area", "kind", "january"), coords=coords, name="plans")

    def _simulate(self, total: Array, older: Array, areas: list[int], rng: np.random.Generator) -> Array:
        """Return plans, dims (draw, area, kind and rest, january)."""
        draws, _, years = total.shape
        at = {name: v[:, None] for name, v in self._coefficients(draws, rng).items()}
        national = at["national"] * rng.standard_normal((years, draws, 1, KIND_COUNT))
        noise, uniforms = _noise(at["tail"][:, 0], areas, years, int(rng.integers(2**63)))
        rows = np.array([self.areas.index(a) for a in areas], dtype=np.int64)
        start = (draws, len(areas), KIND_COUNT)
        growth = _log_changes(np.maximum(total, 1), np.maximum(self.total[rows], 1))
        ageing = _log_changes(older, self.older[rows])
        least = LEAST_REST * self._rest_share(rows)
        plans = np.broadcast_to(self.plans[rows], start)
        residual = np.broadcast_to(self.residual[rows], start)
        distance = np.broadcast_to(self.distance[rows], start)
        out = []
        for year in range(years):
            unit = scale(plans)
            undone = (np.abs(residual) > LEAP * unit) & (uniforms[..., year] < at["undone"])
            error = np.clip(
                NOISE_KEPT * at["size"] * unit * noise[..., year], -LARGEST_CHANGE, LARGEST_CHANGE
            )
            shock = error - at["reverts"] * distance
            typical = np.clip(residual, -TYPICAL * unit, TYPICAL * unit)
            change = shock + np.where(undone, -residual, at["momentum"] * typical)
            # What puts a leap right is not itself a leap.
            residual = np.where(undone, shock, change)
            distance = np.clip(distance + change, -LARGEST_DISTANCE, LARGEST_DISTANCE)
            followed = at["follows"] * growth[:, :, None, year]
            followed = followed + _post16(at["follows_age"][:, :, None] * ageing[:, :, None, year])
            england = at["drift"] * DAMPED**year + national[year]
            plans = np.maximum((plans + OFFSET) * np.exp(england + followed + change) - OFFSET, 0)
            plans = _room_for_rest(plans, total[..., year], least)
            rest = np.maximum(total[..., year] - plans.sum(axis=-1), 0)
            out.append(np.concatenate([plans, rest[..., None]], axis=-1))
        return np.stack(out, axis=-1)

    def _rest_share(self, rows: npt.NDArray[np.int64]) -> Array:
        share: Array = 1 - self.plans[rows].sum(axis=1) / np.maximum(self.total[rows], 1)
        return np.clip(share, 0, 1)

    def _coefficients(self, draws: int, rng: np.random.Generator) -> dict[str, Array]:
        size = self.posterior.sizes["draw"]
        chosen = rng.choice(size, draws, replace=draws > size)
        return {str(n): v.to_numpy()[chosen] for n, v in self.posterior.data_vars.items()}


def _noise(tail: Array, areas: list[int], years: int, seed: int) -> tuple[Array, Array]:
    """Return areas' Student-t errors and uniforms, dims (draw, area, kind, year), independent of the other areas requested."""
    errors, uniforms = [], []
    for area in areas:
        own = np.random.default_rng([seed, area])
        errors.append(np.moveaxis(own.standard_t(tail, (years, *tail.shape)), 0, -1))
        uniforms.append(np.moveaxis(own.random((years, *tail.shape)), 0, -1))
    return np.stack(errors, axis=1), np.stack(uniforms, axis=1)


def _log_changes(path: Array, start: Array) -> Array:
    """Return yearly log changes of a path (draw, area, january) from a start (area,)."""
    before = np.concatenate([np.broadcast_to(start[:, None], (*path.shape[:2], 1)), path[..., :-1]], axis=-1)
    changes: Array = np.log(path / before)
    return changes


def _room_for_rest(plans: Array, total: Array, least: Array) -> Array:
    """Return kinds scaled down where needed so that the rest keeps its minimum share of the total."""
    most = (1 - least) * total
    used = plans.sum(axis=-1)
    roomy: Array = plans * np.minimum(most / np.maximum(used, 1e-9), 1)[..., None]
    return roomy


def _observed(history: History) -> dict[str, npt.NDArray[Any]]:
    """Return values of the model's data containers for a history."""
    return observations(PublishedKinds.of(history))


@dataclass(frozen=True)
class ProvisionTotals:
    """The model of plans by kind of provision.

    Parameters
    ----------
    sampling
        How long to sample.
    memory
        Where the compiled model is kept; one serves every origin and panel.
    """

    sampling: Sampling = FULL
    memory: Memory = field(default_factory=Memory)
    name: str = NAME

    def fit(self, history: History, *, rng: np.random.Generator) -> FittedProvision:
        """Sample the posterior given a history; a memory returns its first fit to a history again."""
        return self.memory.sampled(
            NAME, history, self.sampling, rng, observe=_observed, build=build, finish=FittedProvision.of
        )
