"""Ensemble of totals: members' quantiles averaged with weights learnt at past origins, then recalibrated on these.

For horizon h, quantile level p and members m:

    log q[p] = M + c (sum_m w[m, h] log q[m, p] - M),    M = sum_m w[m, h] log q[m, 1/2]

Weights are >= 0 and sum to 1. They minimise the mean logCRPS of past forecasts (origins before the origin T, targets up to
T, each horizon relative to equal weights and counted by its origins), plus a penalty that keeps neighbouring horizons alike
because a horizon of five years has few origins. The stretch c, one for all horizons, minimises the same score and is shrunk
towards 1, most where past origins are few: errors of one origin share one national shock. Beyond the last horizon that can
be scored its weights stand, so the spread keeps growing as the members' own does. What no member knows of widens the result
(`models.width`): regional growth, falls in the last year, and the scale of errors that areas share.

Draws follow a Student-t copula on these margins: a normal with a part that all areas share, one that those of a region share
and one of each area's own, times the one scale. Correlations over Januaries, and the part that all share, are those of the
draws of the growth model, which simulates whole paths; the regional part is that of `models.width`.

Invariant: neither margins nor draws of an area depend on which other areas, or which later Januaries, are taken from a forecast
with it.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy.special import ndtri, stdtr

from data.panels.history import History
from data.shrinkage import weight_of
from data.vocabulary import ALL
from models import width
from models.base import Array, FittedModel, Model
from models.width import FREEDOM, TRUST, PastErrors, Sizes

SCORED_LEVELS = np.round(np.arange(1, 40) * 0.025, 3)
"""Quantile levels of logCRPS, as in the published method comparison."""

LEVELS = np.concatenate([[0.001, 0.005, 0.01], SCORED_LEVELS, [0.99, 0.995, 0.999]])
"""Quantile levels kept."""

FIRST_STACKING_ORIGIN = 2017
"""First origin with requests; earlier ones are used only when there is no later one."""

EARLIEST_ORIGIN = 2013
"""First January with four Januaries of history."""

STACKING_ORIGINS = 6
"""Past origins used, the latest ones."""

LONGEST_SCORED = 5
"""Longest horizon scored, years."""

ALIKE = 0.5
"""Penalty on squared differences between weights of neighbouring horizons, per unit of relative score."""

COPULA_DRAWS = 1000
"""Paths of the growth model behind the copula's correlations."""

SCORES = np.linspace(-8.0, 8.0, 2001)
"""Student-t scores whose levels are tabulated for draws: between them levels are right to five decimals."""

ALMOST_NOTHING = 1e-10
"""Added to variances of 1, because a covariance may have no inverse."""


@dataclass(frozen=True)
class PastForecasts:
    """Past forecasts of one horizon: log quantiles by member, and outcomes.

    Parameters
    ----------
    quantiles
        log(q + 1), dims (cell, member, level).
    actual
        log(y + 1), dims (cell,).
    origins
        Number of past origins.
    origin
        January each was made from, dims (cell,).
    region
        Region of the area, dims (cell,).
    fell
        Whether the area's plans fell in the year before, dims (cell,).
    """

    quantiles: Array
    actual: Array
    origins: int
    origin: npt.NDArray[np.int64]
    region: npt.NDArray[np.str_]
    fell: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class EnsembleForecast:
    """A forecast given by quantiles and a copula.

    Parameters
    ----------
    model, origin
        Name and last January seen.
    log_quantiles
        log(q + 1) at `LEVELS`, dims ``(area, series, january, level)``; series is ``"All"``.
    shared, regional, own
        Covariances over Januaries of the latent normal that all areas share, of the one that areas of a region share and of
        each area's own; they add up to a correlation matrix; dims (january, january).
    region
        Region of each area, dims ``(area,)``.
    """

    model: str
    origin: int
    log_quantiles: xr.DataArray
    shared: Array
    regional: Array
    own: Array
    region: xr.DataArray

    def quantiles(self, probabilities: Sequence[float]) -> xr.DataArray:
        """Return marginal quantiles in plans, dims ``(area, series, january, quantile)``."""
        # Beyond the levels kept the outermost stands, in draws too.
        levels = np.clip(np.asarray(probabilities, dtype=float), LEVELS[0], LEVELS[-1])
        values = self.log_quantiles.interp(level=levels).rename(level="quantile")
        values = values.assign_coords(quantile=list(probabilities))
        plans: xr.DataArray = xr.apply_ufunc(np.expm1, values).clip(min=0.0).rename("plans")
        return plans

    def draws(self, count: int, rng: np.random.Generator) -> xr.DataArray:
        """Return joint draws in plans, dims ``(draw, area, series, january)``."""
        return self.draws_with_england(count, rng)[0]

    def draws_with_england(self, count: int, rng: np.random.Generator) -> tuple[xr.DataArray, xr.DataArray]:
        """Return joint draws as `draws`, and where England stands in each: a normal score, dims ``(draw, january)``."""
        table = self.log_quantiles.isel(series=0)
        codes, years = table["area"].to_numpy().tolist(), table.sizes["january"]
        regions = self.region.sel(area=codes).to_numpy().tolist()
        # Random numbers belong to an area or a region, not to a place among those asked for.
        seed = int(rng.integers(2**63))
        scale = np.sqrt(FREEDOM / rng.chisquare(FREEDOM, count))[:, None]

        def path(root: Array, *key: int) -> Array:
            return np.asarray((root @ np.random.default_rng([seed, *key]).standard_normal((years, count))).T)

        national = path(_root(self.shared), 0)
        root = _root(self.regional)
        together = {r: national + path(root, 1, zlib.crc32(r.encode())) for r in set(regions)}
        root = _root(self.own)
        values = np.empty((count, len(codes), years))
        grid = table.transpose("area", "january", "level").to_numpy()
        for a, (code, region) in enumerate(zip(codes, regions, strict=True)):
            uniform = np.interp(
                scale * (together[region] + path(root, 2, code)), SCORES, stdtr(FREEDOM, SCORES)
            )
            for t in range(years):
                values[:, a, t] = np.interp(uniform[:, t], LEVELS, grid[a, t])
        plans = xr.DataArray(
            np.maximum(np.expm1(values), 0.0)[:, :, None, :],
            dims=("draw", "area", "series", "january"),
            coords={
                "draw": list(range(count)),
                "area": codes,
                "series": [ALL],
                "january": table["january"].to_numpy(),
            },
            name="plans",
        )
        england = xr.DataArray(
            national,
            dims=("draw", "january"),
            coords={"draw": plans["draw"], "january": plans["january"]},
        )
        return plans, england


@dataclass(frozen=True)
class Tabulated:
    """A fitted model given by its forecasts of many Januaries, as stored with a release.

    Parameters
    ----------
    whole
        Forecast of every January the model may be asked for.
    """

    whole: EnsembleForecast

    def forecast(self, januaries: Sequence[int], areas: Sequence[int] | None = None) -> EnsembleForecast:
        """Return the forecast of the requested Januaries and areas."""
        table = self.whole.log_quantiles
        stored_januaries = table["january"].to_numpy().tolist()
        rows = [stored_januaries.index(j) for j in januaries]
        wanted = table["area"].to_numpy().tolist() if areas is None else list(areas)
        at = np.ix_(rows, rows)
        return replace(
            self.whole,
            log_quantiles=table.sel(area=wanted).isel(january=rows),
            shared=self.whole.shared[at],
            regional=self.whole.regional[at],
            own=self.whole.own[at],
            region=self.whole.region.sel(area=wanted),
        )


@dataclass(frozen=True)
class FittedEnsemble:
    """Fitted members with their weights and the recalibration factor.

    Parameters
    ----------
    name
        Name of the ensemble.
    origin
        Last January seen.
    members
        Fitted members, by name.
    weights
        dims (horizon, member); rows add up to 1.
    stretch
        Factor on distances from the median.
    paths
        Member whose draws give the copula.
    sizes
        What widens the result.
    fell
        Whether each area's plans fell in the last year, dims ``(area,)``.
    region
        Region of each area, dims ``(area,)``.
    """

    name: str
    origin: int
    members: dict[str, FittedModel]
    weights: Array
    stretch: float
    paths: str
    sizes: Sizes
    fell: xr.DataArray
    region: xr.DataArray

    def forecast(self, januaries: Sequence[int], areas: Sequence[int] | None = None) -> EnsembleForecast:
        """Forecast totals; series is ``"All"`` only."""
        # All areas and every January up to the last are forecast, and those wanted are cut out: what areas have in common,
        # and the year after the origin, are needed for each.
        return Tabulated(self._whole(max(januaries) - self.origin)).forecast(januaries, areas)

    def _whole(self, years: int) -> EnsembleForecast:
        """Return the forecast of all areas for the Januaries up to ``years`` after the origin."""
        januaries = list(range(self.origin + 1, self.origin + years + 1))
        forecasts = {n: m.forecast(januaries) for n, m in self.members.items()}
        stacked = np.stack([_log_quantiles(f.quantiles(LEVELS.tolist())) for f in forecasts.values()], axis=2)
        rows = [min(h, len(self.weights)) - 1 for h in range(1, years + 1)]
        combined = combine(stacked, self.weights[rows][None], self.stretch)
        paths = forecasts[self.paths].draws(COPULA_DRAWS, np.random.default_rng(self.origin))
        codes = paths["area"].to_numpy()
        widened, share = width.widen(combined, LEVELS, self.fell.sel(area=codes).to_numpy(), self.sizes)
        shared, own = copula(paths.sel(series=ALL).transpose("draw", "area", "january").to_numpy())
        rest, walk = np.outer(np.sqrt(1 - share), np.sqrt(1 - share)), width.walk(years)
        in_common = np.sqrt(share / np.diag(walk))
        coords = {"area": codes, "series": [ALL], "january": januaries, "level": LEVELS}
        return EnsembleForecast(
            model=self.name,
            origin=self.origin,
            log_quantiles=xr.DataArray(
                widened[:, None], dims=("area", "series", "january", "level"), coords=coords
            ),
            shared=shared * rest,
            regional=walk * np.outer(in_common, in_common),
            own=own * rest,
            region=self.region.sel(area=codes),
        )


@dataclass(frozen=True)
class Ensemble:
    """Members stacked by horizon under the common protocol.

    Parameters
    ----------
    name
        Name of the ensemble.
    members
        Members, as fitted to the history itself.
    rehearsals
        The same members as fitted to past origins, in the same order: costly ones may sample less there. Wrap them in
        `models.memory.Remembered` where several origins are asked for.
    paths
        Name of the member whose draws are whole paths.
    on_step
        Told what is being fitted.
    """

    name: str
    members: tuple[Model, ...]
    rehearsals: tuple[Model, ...]
    paths: str
    on_step: Callable[[str], None] = lambda _: None

    def fit(self, history: History, *, rng: np.random.Generator) -> FittedEnsemble:
        """Fit the members, also at past origins, and learn weights, recalibration and what widens the result."""
        cells = self._past(history, rng)
        weights = stack(cells, len(self.members))
        stretch = recalibrate(cells, weights)
        fitted = {}
        for member in self.members:
            self.on_step(f"{member.name} to January {history.origin}")
            fitted[member.name] = member.fit(history, rng=rng)
        fell = xr.DataArray(
            width.fell_last_year(history), dims="area", coords={"area": history.stock["area"]}
        )
        return FittedEnsemble(
            name=self.name,
            origin=history.origin,
            members=fitted,
            weights=weights,
            stretch=stretch,
            paths=self.paths,
            sizes=width.learn(past_errors(cells, weights, stretch)),
            fell=fell,
            region=history.region,
        )

    def _past(self, history: History, rng: np.random.Generator) -> dict[int, PastForecasts]:
        """Return past forecasts by horizon, each made from data known at its origin."""
        by_horizon: dict[int, list[PastForecasts]] = {h: [] for h in range(1, LONGEST_SCORED + 1)}
        pooled = history.pooled.to_numpy()
        region = history.region.to_numpy().astype(str)
        for origin in past_origins(history):
            past = history.until(origin)
            targets = list(range(origin + 1, min(history.origin, origin + LONGEST_SCORED) + 1))
            made = []
            for member in self.rehearsals:
                self.on_step(f"{member.name} to January {origin}")
                forecast = member.fit(past, rng=rng).forecast(targets)
                made.append(_log_quantiles(forecast.quantiles(SCORED_LEVELS.tolist())))
            quantiles = np.stack(made, axis=2)  # (area, january, member, level)
            fell = width.fell_last_year(past)
            for k, target in enumerate(targets):
                actual = np.log1p(history.actual(target).sel(series=ALL).to_numpy())
                known = pooled & ~np.isnan(actual)
                by_horizon[target - origin].append(
                    PastForecasts(
                        quantiles=quantiles[known, k],
                        actual=actual[known],
                        origins=1,
                        origin=np.full(int(known.sum()), origin),
                        region=region[known],
                        fell=fell[known],
                    )
                )
        return {h: _together(parts) for h, parts in by_horizon.items() if parts}


def _together(parts: Sequence[PastForecasts]) -> PastForecasts:
    """Return the past forecasts of several origins as one."""
    return PastForecasts(
        quantiles=np.concatenate([p.quantiles for p in parts]),
        actual=np.concatenate([p.actual for p in parts]),
        origins=len(parts),
        origin=np.concatenate([p.origin for p in parts]),
        region=np.concatenate([p.region for p in parts]),
        fell=np.concatenate([p.fell for p in parts]),
    )


def past_origins(history: History) -> list[int]:
    """Return the origins to learn from: the latest before the history's own, from the first requests on if possible."""
    first = max(EARLIEST_ORIGIN, int(history.stock["january"][0]) + 3)
    earlier = list(range(first, history.origin))
    recent = [o for o in earlier if o >= FIRST_STACKING_ORIGIN]
    return (recent or earlier)[-STACKING_ORIGINS:]


def combine(quantiles: Array, weights: Array, stretch: float) -> Array:
    """Return combined log quantiles, dims (..., level), from (..., member, level) and weights (..., member)."""
    averaged = (quantiles * weights[..., None]).sum(axis=-2)
    middle = averaged[..., [averaged.shape[-1] // 2]]
    return np.asarray(middle + stretch * (averaged - middle))


def crps(quantiles: Array, actual: Array) -> float:
    """Return mean logCRPS of log quantiles at `SCORED_LEVELS`, dims (cell, level)."""
    error = actual[:, None] - quantiles
    return float(2 * np.maximum(SCORED_LEVELS * error, (SCORED_LEVELS - 1) * error).mean())


def stack(cells: dict[int, PastForecasts], members: int) -> Array:
    """Return weights by horizon, dims (horizon, member) for horizons 1 to `LONGEST_SCORED`; equal without past forecasts."""
    from scipy.optimize import Bounds, LinearConstraint, minimize

    equal = np.full((LONGEST_SCORED, members), 1 / members)
    if not cells or members == 1:
        return equal
    bar = {h: crps(combine(c.quantiles, equal[0], 1.0), c.actual) for h, c in cells.items()}

    def loss(flat: Array) -> tuple[float, Array]:
        weights = flat.reshape(equal.shape)
        step = np.diff(weights, axis=0)
        value = ALIKE * float((step**2).sum())
        slope = np.zeros_like(weights)
        slope[1:] += 2 * ALIKE * step
        slope[:-1] -= 2 * ALIKE * step
        for h, c in cells.items():
            error = c.actual[:, None] - np.einsum("cml,m->cl", c.quantiles, weights[h - 1])
            scale = c.origins / bar[h]
            value += scale * 2 * float(np.maximum(SCORED_LEVELS * error, (SCORED_LEVELS - 1) * error).mean())
            side = np.where(error > 0, SCORED_LEVELS, SCORED_LEVELS - 1) / error.size
            slope[h - 1] -= scale * 2 * np.einsum("cl,cml->m", side, c.quantiles)
        return value, slope.ravel()

    rows = np.kron(np.eye(LONGEST_SCORED), np.ones(members))
    solved = minimize(
        loss, equal.ravel(), jac=True, method="SLSQP", bounds=Bounds(0.0, 1.0),
        constraints=LinearConstraint(rows, 1.0, 1.0), options={"maxiter": 300, "ftol": 1e-8},
    )  # fmt: skip
    weights = np.clip(solved.x.reshape(equal.shape), 0.0, None)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def recalibrate(cells: dict[int, PastForecasts], weights: Array) -> float:
    """Return the factor on distances from the median that scores best on past forecasts, shrunk towards 1.

    Never below 1: the years that can be scored saw no national shock, so they are no reason to promise more than the
    members do.
    """
    from scipy.optimize import minimize_scalar

    if not cells:
        return 1.0
    bar = {h: crps(combine(c.quantiles, weights[h - 1], 1.0), c.actual) for h, c in cells.items()}

    def loss(log_stretch: float) -> float:
        return sum(
            c.origins
            / bar[h]
            * crps(combine(c.quantiles, weights[h - 1], float(np.exp(log_stretch))), c.actual)
            for h, c in cells.items()
        )

    best = minimize_scalar(loss, bounds=(np.log(0.5), np.log(2.0)), method="bounded").x
    origins = max(c.origins for c in cells.values())
    return max(1.0, float(np.exp(best * weight_of(origins, TRUST))))


def past_errors(cells: dict[int, PastForecasts], weights: Array, stretch: float) -> PastErrors:
    """Return the errors of the past forecasts combined by these weights, with the spread that they stated."""
    combined = {h: combine(c.quantiles, weights[h - 1], stretch) for h, c in cells.items()}
    middle = len(SCORED_LEVELS) // 2

    def joined(parts: list[npt.NDArray[Any]], kind: type) -> npt.NDArray[Any]:
        return np.concatenate([np.empty(0, kind), *parts])

    return PastErrors(
        origin=joined([c.origin for c in cells.values()], int),
        horizon=joined([np.full(len(c.actual), h) for h, c in cells.items()], int),
        region=joined([c.region for c in cells.values()], str),
        fell=joined([c.fell for c in cells.values()], bool),
        error=joined([c.actual - combined[h][:, middle] for h, c in cells.items()], float),
        spread=joined([width.spread(q, SCORED_LEVELS) for q in combined.values()], float),
    )


def copula(draws: Array) -> tuple[Array, Array]:
    """Return (shared, own) covariances over Januaries of the normal scores of draws, dims (draw, area, january)."""
    # Imported when needed: a forecast from the stored fit does not wait for them.
    from scipy.stats import rankdata

    scores = ndtri((rankdata(draws, axis=0) - 0.5) / len(draws))
    areas = scores.shape[1]
    whole = np.einsum("dah,dak->hk", scores, scores) / (len(draws) * areas)
    mean = scores.mean(axis=1)
    shared = mean.T @ mean / len(draws)
    # The mean over areas still holds 1/areas of their own variance.
    shared = _positive((shared - whole / areas) * areas / max(areas - 1, 1))
    own = _positive(whole - shared)
    unit = np.sqrt(np.diag(shared + own))
    return shared / np.outer(unit, unit), own / np.outer(unit, unit)


def _positive(matrix: Array) -> Array:
    """Return the nearest matrix without negative eigenvalues."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    positive: Array = np.asarray((vectors * np.maximum(values, 0.0)) @ vectors.T)
    return positive


def _root(matrix: Array) -> Array:
    """Return a lower-triangular matrix R with R R' = matrix, so that a January needs no later one."""
    return np.asarray(np.linalg.cholesky(matrix + ALMOST_NOTHING * np.eye(len(matrix))))


def _log_quantiles(quantiles: xr.DataArray) -> Array:
    """Return log(q + 1) of totals, dims (area, january, level)."""
    values: Array = quantiles.sel(series=ALL).transpose("area", "january", "quantile").to_numpy()
    return np.log1p(values)
