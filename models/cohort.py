"""Model of yearly flows of plans by single age and need: joiners, leavers and moves of every authority.

Three independent fits, pooled across authorities; i is an authority, b an age band, g an age group, k a need. Ages are those
of stocks (31 August before the January).

Joiners, calendar years y from 2016 (earlier ones were statements, under another law):

    new[i, b, y] ~ NegBin(footing[b] sum_a exp(rate[a]) residents[i, a, y] exp(level[i, b, era(y)] + path[b, y]), noise[b])
    level[i, b, later] ~ Normal(level[i, b, earlier] + step[b], change[b])
    level[i, b, earlier] ~ Normal(middle[b], spread[b])

``rate`` is England's log rate by single age in the latest year. Eras part in 2022, when returns became person-level and the
age in them was defined anew: the step between eras has its own prior, and ``path`` is a walk within an era with mean 0, so no
walk reads the break as growth. ``footing`` is what returns count over what arrives in stocks: ages in returns of new plans are
not those of stocks, and a few new plans have no need recorded and are not found again (data/panels/composition.py).

Leavers for reasons other than a transfer, in groups of ages under 16, 16 to 18, 19 to 24:

    gone[i, g, y] ~ BetaBinomial(sum over ages of plans[i, a, y], sum_a plans[i, a, y] hazard[i, a, y] / sum_a plans[i, a, y])
    logit hazard[i, a, y] = level[i, g] + shape[a] + year[g, y],    level[i, g] ~ Normal(middle[g], spread[g])

``shape`` is a walk over ages with gentle steps under 16 and free ones beyond. ``year`` has a fixed spread (`HAZARD_YEAR`), and a
draw of flows has one such effect of its own, for the years to come. Plans at 25 all end. Ages above 18 are published as
one row, so their shape comes from the stocks of two Januaries.

Net transfers in are what is left of a year's change in stock when joiners and leavers are accounted for. They hold misreporting
as well as moves. A rate by age group is England's; an authority's deviation is shrunk towards it:

    residual[i, y] / plans[i, y] ~ Student-t(4, mean[y] + deviation[i], noise),    deviation[i] ~ Normal(0, spread)

Needs of joiners: England's mix by age is a softmax walk over ages; how far an authority differs from it, need by need, and for
how long, is `models.cohort_needs`. New plans of needs that come with birth or illness (`TIED`) follow the joiner index in part.
Needs are those at the start of a plan. Needs recorded later differ (fewer speech and language, more learning difficulties);
stocks by age and need are published for one January only, so each draw believes a part of that gap
(`models.cohort_flow.recoding`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from data.panels.composition import Composition
from data.panels.history import History
from data.vocabulary import AGES, BAND_CODES, NEED_CODES
from models.base import Array, shares_of
from models.cohort_evidence import (
    BAND_OF_MIXED_AGE,
    HAZARD_AGES,
    HAZARD_GROUP_OF_AGE,
    HAZARD_GROUPS,
    IN_BAND,
    MIXED_AGES,
    PERSON_LEVEL_YEAR,
    RECORDED,
    TRANSFER_GROUP_OF_AGE,
    TRANSFER_GROUPS,
    CohortEvidence,
    Integers,
)
from models.cohort_flow import BAND_OF_AGE, Flows, own_recoding, recoding
from models.cohort_needs import Deviations, NeedLaw, band_factors, build_law
from models.inference import FULL, Diagnostics, Sampling, compile_model

NAME = "cohort"

Tensor = Any
"""A symbolic variable of a model."""

HAZARD_YEAR = 0.05
"""Standard deviation of a year's effect on England's logit hazard of an age group; two published years cannot estimate it and
differ by about as much."""

TRANSFER_CHANGE = 0.005
"""Standard deviation of a year's change in England's net transfers per plan at an age, from the scatter between ages in 2024."""

TRANSFER_SPREAD = 0.005
"""Prior centre of the spread of authorities' lasting net transfers per plan. Two years say little about it: residuals of 2023 and
2024 are correlated at -0.2 over authorities, because a stock misreported in January counts in both with opposite signs."""

ROUGH_BEND = 0.4
"""Steps of England's need mix between ages, log odds, that sampling is scaled to; the step itself is estimated."""

TIED: tuple[str, ...] = ("PD", "HI", "VI", "MSI", "SLD", "PMLD")
"""Needs that come with birth or illness: their new plans follow births more than how many plans are made. From 2024 to 2025
all new plans rose by 16.5 %, those of these needs by 1.1 %."""

TIED_FOLLOW = (2.0, 6.0)
"""Beta distribution of the power of the joiner index that joiners of `TIED` needs follow: a quarter, 0.04 to 0.58 in 95 %. A year
says 0.07; plans in place in January 2025 by the year they started say 0.3 to 0.5, changes of recorded need among them."""

KEPT_DRAWS = 1000
"""Posterior draws kept."""

MIDDLE_DRAWS = 200
"""Draws whose mean stands for the middle of the posterior where one figure is needed."""


def build_joiners(evidence: CohortEvidence) -> Any:
    """Return the model of new plans by authority, band and calendar year."""
    import pymc as pm
    import pytensor.tensor as pt

    later = np.array(evidence.years) >= PERSON_LEVEL_YEAR
    areas, bands = len(evidence.areas), len(BAND_CODES)
    known = ~np.isnan(evidence.new) & (evidence.expected > 0)
    area, band, year = np.nonzero(known)
    with pm.Model() as model:
        middle = pm.Normal("middle", 0, 0.5, shape=bands)
        spread = pm.LogNormal("spread", np.log(0.3), 0.5, shape=bands)
        step = pm.Normal("step", 0, 0.5, shape=bands)
        change = pm.LogNormal("change", np.log(0.2), 0.5, shape=bands)
        earlier = pm.Normal("earlier", middle, spread, shape=(areas, bands))
        # Three years say little about one authority's change, so it is sampled in units of its own spread.
        later_level = earlier + step + change * pm.Normal("changed", 0, 1, shape=(areas, bands))
        wander = pm.LogNormal("wander", np.log(0.1), 0.5, shape=bands)
        paths = []
        for name, years in (("earlier_steps", int((~later).sum())), ("later_steps", int(later.sum()))):
            steps = pm.Normal(name, 0, wander, shape=(years - 1, bands))
            walk = pt.concatenate([pt.zeros((1, bands)), pt.cumsum(steps, axis=0)])
            paths.append(walk - walk.mean(axis=0))
        path = pt.concatenate(paths)
        noise = pm.LogNormal("noise", np.log(0.25), 0.4, shape=bands)
        levels = pt.stack([earlier, later_level])
        mean = (
            np.log(evidence.expected[known]) + levels[later[year].astype(int), area, band] + path[year, band]
        )
        counts = np.rint(evidence.new[known])
        pm.Potential("new_plans", _negative_binomial(counts, mean, noise**-2, band))
    return model


def _negative_binomial(counts: Array, log_mean: Tensor, alpha: Tensor, kind: Integers) -> Tensor:
    """Return the log density of counts up to a constant, alpha being that of each kind of cell.

    PyMC's own evaluates three log gamma functions a cell and takes most of the sampling time; only one depends on both count
    and alpha.
    """
    import pytensor.tensor as pt

    cells = np.bincount(kind, minlength=len(BAND_CODES))
    by_cell = pt.gammaln(counts + alpha[kind]) + counts * log_mean
    by_cell -= (counts + alpha[kind]) * pt.log(alpha[kind] + pt.exp(log_mean))
    return by_cell.sum() + (cells * (alpha * pt.log(alpha) - pt.gammaln(alpha))).sum()


def build_leavers(evidence: CohortEvidence) -> Any:
    """Return the model of leavers by authority and age group, and of net transfers by authority."""
    import pymc as pm
    import pytensor.tensor as pt

    areas, groups, years = len(evidence.areas), len(HAZARD_GROUPS), evidence.gone.shape[2]
    member = (HAZARD_GROUP_OF_AGE[:, None] == np.arange(groups)).astype(float)
    average = member @ (member / member.sum(axis=0)).T
    start = np.array([evidence.shape[g == HAZARD_GROUP_OF_AGE].mean() for g in range(groups)])
    young = int((HAZARD_GROUP_OF_AGE == 0).sum()) - 1
    known = ~np.isnan(evidence.gone) & ~np.isnan(evidence.exposed) & (evidence.exposed >= 1)
    area, group, year = np.nonzero(known)
    exposed = np.rint(evidence.exposed[known])
    in_group = group[:, None] == HAZARD_GROUP_OF_AGE
    plans_before = np.where(in_group, evidence.plans_before[area, : len(HAZARD_AGES), year], 0.0)
    oldest = (
        np.where(group == groups - 1, evidence.plans_before[area, -1, year], 0.0) / evidence.exposed[known]
    )
    measured = ~np.isnan(evidence.residual)
    moved_area, moved_year = np.nonzero(measured)
    with pm.Model() as model:
        gentle = pm.LogNormal("gentle", np.log(0.2), 0.5)
        steps = pt.concatenate(
            [
                gentle * pm.Normal("young_steps", 0, 1, shape=young),
                pm.StudentT("older_steps", nu=4, mu=0, sigma=0.8, shape=len(HAZARD_AGES) - 1 - young),
            ]
        )
        walk = pt.concatenate([[0.0], pt.cumsum(steps)])
        shape = walk - pt.dot(average, walk)
        national = pm.Normal("national", start, 1.0, shape=groups)
        pm.Normal(
            "age_shape", national[HAZARD_GROUP_OF_AGE] + shape, evidence.shape_error, observed=evidence.shape
        )
        middle = pm.Normal("middle", start, 1.0, shape=groups)
        spread = pm.LogNormal("spread", np.log(0.4), 0.5, shape=groups)
        # Under 16 an authority's own counts settle its level; beyond, a year says little: levels in units of their spread.
        young_level = pm.Normal("young_level", middle[0], spread[0], shape=(areas, 1))
        older_level = pm.Normal("older_level", 0, 1, shape=(areas, groups - 1))
        level = pt.concatenate([young_level, middle[1:] + spread[1:] * older_level], axis=1)
        year_effect = pm.Normal("year_effect", 0, HAZARD_YEAR, shape=(groups, years))
        logit = (level[area, group] + year_effect[group, year])[:, None] + shape
        weight = plans_before / evidence.exposed[known][:, None]
        share = pt.clip((weight * pm.math.sigmoid(logit)).sum(axis=1) + oldest, 1e-6, 1 - 1e-6)
        scatter = pm.LogNormal("scatter", np.log(0.1), 0.7, shape=groups)
        strength = (scatter**-2)[group]
        pm.BetaBinomial(
            "leavers",
            n=exposed.astype(int),
            alpha=share * strength,
            beta=(1 - share) * strength,
            observed=np.minimum(np.rint(evidence.gone[known]), exposed).astype(int),
        )
        mean = pm.Normal("transfer_mean", 0, 0.03, shape=years)
        transfer_spread = pm.LogNormal("transfer_spread", np.log(TRANSFER_SPREAD), 0.4)
        deviation = pm.Normal("transfer_deviation", 0, 1, shape=areas)
        transfer_noise = pm.LogNormal("transfer_noise", np.log(0.015), 0.5)
        pm.StudentT(
            "transfers",
            nu=4,
            mu=mean[moved_year] + transfer_spread * deviation[moved_area],
            sigma=transfer_noise,
            observed=evidence.residual[measured],
        )
    return model


def _by_band(needs: Array) -> Array:
    """Return counts by band of counts by `MIXED_AGES`, dims (area, band, need)."""
    counts: Array = np.einsum("iak,ab->ibk", needs, IN_BAND[: len(MIXED_AGES)])
    return counts


def build_needs(evidence: CohortEvidence) -> Any:
    """Return the model of England's needs of joiners by age."""
    import pymc as pm
    import pytensor.tensor as pt

    national = evidence.needs.sum(axis=0)
    with pm.Model() as model:
        bend = pm.LogNormal("bend", np.log(0.3), 0.5)
        # In units of roughly its own posterior: neighbouring ages of a rare need move together, those of a common one do not.
        centre, spread = _rough_posterior(national)
        unit = pm.Flat("unit", shape=centre.shape, initval=np.zeros(centre.shape))
        logit = centre + (spread * unit[:, None, :]).sum(axis=2)
        steps = logit[:, 1:] - logit[:, :-1]
        pm.Potential("walk", pm.logp(pm.Normal.dist(0, bend), steps).sum())
        pm.Potential("first", pm.logp(pm.Normal.dist(-2, 2), logit[:, 0]).sum())
        mix = pm.math.softmax(pt.concatenate([pt.zeros((1, len(MIXED_AGES))), logit]).T, axis=1)
        pm.Potential("needs", (national * pt.log(mix)).sum())
    return model


def _rough_posterior(national: Array) -> tuple[Array, Array]:
    """Return (centre, scale) of England's log odds of each need against the first, dims (need, age) and (need, age, age).

    Only the scale sampling works in, it leaves the posterior as it is: a Gaussian walk over ages seen with the precision of
    counts.
    """
    counts = national + 0.5
    centre: Array = np.log(counts[:, 1:] / counts[:, :1]).T
    steps = np.diff(np.eye(len(counts)), axis=0)
    walk = steps.T @ steps / ROUGH_BEND**2
    scale = [np.linalg.cholesky(np.linalg.inv(walk + np.diag(own))) for own in counts[:, 1:].T]
    smooth = [
        np.linalg.solve(walk + np.diag(own), own * m) for own, m in zip(counts[:, 1:].T, centre, strict=True)
    ]
    return np.stack(smooth), np.stack(scale)


@dataclass(frozen=True)
class FittedCohort:
    """Posterior draws of the flows.

    Parameters
    ----------
    areas
        DfE numbers, in the order of the posterior's area dimension.
    january
        January of the latest evidence.
    posterior
        Draws in single precision, dims ``(draw, ...)``: ``rate`` (age), England's log joiner rate in the latest year; ``joiners``
        (area, band), an authority's log multiple of it; ``shape`` (hazard_age) and ``leavers`` (area, group), logit hazard;
        ``transfers`` (group of `TRANSFER_GROUPS`) and ``moves`` (area); ``needs`` (mixed_age, need), log mix; ``spread``,
        ``share`` and ``swing`` (need) and ``persistence``, the law of `models.cohort_needs`; ``reasons`` (band, reason).
    need_counts
        Joiners by band and recorded need, dims ``(area, band, need)``.
    deviations
        How the needs of authorities differ from England's.
    national_joiners
        England's joiners at `MIXED_AGES`.
    recoding, own_recoding
        England's gap between needs across ages, dims ``(age, need)`` (`models.cohort_flow.recoding`), and what authorities' own
        adds to it, dims ``(area, need)``.
    diagnostics
        The worst of the four fits; seconds are their sum.
    """

    areas: tuple[int, ...]
    january: int
    posterior: xr.Dataset
    need_counts: npt.NDArray[np.float32]
    deviations: Deviations
    national_joiners: Array
    recoding: xr.DataArray
    own_recoding: xr.DataArray
    diagnostics: Diagnostics

    def stored(self) -> xr.Dataset:
        """Return everything but the diagnostics as one dataset."""
        source = ("source", "area", "recorded")
        return self.posterior.assign(
            need_counts=(("area", "band", "recorded"), self.need_counts),
            need_logs=(source, self.deviations.log),
            need_variances=(source, self.deviations.variance),
            national_joiners=(("mixed_age",), self.national_joiners),
            recoding=self.recoding,
            own_recoding=self.own_recoding,
        ).assign_attrs(january=self.january)

    @classmethod
    def restored(cls, stored: xr.Dataset, diagnostics: Diagnostics) -> FittedCohort:
        """Return the fitted model from the dataset that `stored` returned."""
        beside = [
            "need_counts",
            "need_logs",
            "need_variances",
            "national_joiners",
            "recoding",
            "own_recoding",
            "need",
        ]
        return cls(
            areas=tuple(int(a) for a in stored["area"].to_numpy()),
            january=int(stored.attrs["january"]),
            posterior=stored.drop_vars(beside),
            need_counts=stored["need_counts"].to_numpy(),
            deviations=Deviations(stored["need_logs"].to_numpy(), stored["need_variances"].to_numpy()),
            national_joiners=stored["national_joiners"].to_numpy(),
            recoding=stored["recoding"],
            own_recoding=stored["own_recoding"],
            diagnostics=diagnostics,
        )

    def flows(self, areas: Sequence[int], draws: int, rng: np.random.Generator) -> Flows:
        """Return draws of the flows of some authorities.

        Parameters
        ----------
        areas
            DfE numbers.
        draws
            Number of draws, resampled from the posterior.
        rng
            Source of randomness.
        """
        rows = [self.areas.index(a) for a in areas]
        size = self.posterior.sizes["draw"]
        chosen = rng.choice(size, draws, replace=draws > size)
        at = {str(n): v.to_numpy()[chosen].astype(float) for n, v in self.posterior.data_vars.items()}
        logit = at["leavers"][:, rows][:, :, HAZARD_GROUP_OF_AGE] + at["shape"][:, None]
        ended = np.ones((draws, len(rows), 1))
        transfer = at["transfers"][:, None, TRANSFER_GROUP_OF_AGE] + at["moves"][:, rows, None]
        mix, path = self._needs(at, rows, rng)
        follows = np.ones((draws, len(NEED_CODES)))
        follows[:, _TIED_ROWS] = rng.beta(*TIED_FOLLOW, (draws, len(TIED)))
        gap = self.recoding.transpose("age", "need").to_numpy() + self._own_gap(rows)[:, None]
        rates = xr.Dataset(
            {
                "joiner_rate": (
                    ("draw", "area", "age"),
                    np.exp(at["rate"][:, None] + at["joiners"][:, rows][:, :, BAND_OF_AGE]),
                ),
                "hazard": (
                    ("draw", "area", "age"),
                    np.concatenate([1 / (1 + np.exp(-logit)), ended], axis=2),
                ),
                "transfer_rate": (("draw", "area", "age"), np.concatenate([transfer, 0 * ended], axis=2)),
                "need_mix": (("draw", "area", "age", "need"), mix),
                "need_path": (("draw", "area", "ahead", "need"), path),
                "follows_index": (("draw", "need"), follows),
                "recoding": (
                    ("draw", "area", "age", "need"),
                    # How much of the gap is recoding cannot be told from one January: none to all.
                    rng.random((draws, 1, 1, 1)) * gap,
                ),
                "reason_share": (("draw", "band", "reason"), at["reasons"]),
            },
            coords={
                "draw": np.arange(draws),
                "area": list(areas),
                "age": list(AGES),
                "need": list(NEED_CODES),
                "band": list(BAND_CODES),
                "reason": self.posterior["reason"].to_numpy(),
            },
        )
        return Flows(rates)

    def _own_gap(self, rows: Sequence[int]) -> Array:
        """Return what authorities' own recoding adds, dims (area, need)."""
        return self.own_recoding.transpose("area", "need").to_numpy()[list(rows)]

    def _needs(
        self, at: dict[str, Array], rows: Sequence[int], rng: np.random.Generator
    ) -> tuple[Array, Array]:
        """Return need mixes of joiners and their path, dims (draw, area, age, need) and (draw, area, ahead, need)."""
        national = np.exp(at["needs"])
        weight = self.national_joiners[:, None] * IN_BAND[: len(MIXED_AGES)]
        band = np.einsum("dak,ab->dbk", national, weight / weight.sum(axis=0))
        law = NeedLaw(at["spread"], at["share"], at["swing"], at["persistence"])
        oldest = np.minimum(np.arange(len(AGES)), len(MIXED_AGES) - 1)
        mixes, paths = [], []
        for row in rows:
            state = law.today(self.deviations.log[:, row], self.deviations.variance[:, row], rng)
            own = np.exp(state.latest)[:, None]
            joined = self.need_counts[row]
            expected = shares_of(band * own, axis=-1) * joined.sum(axis=1)[:, None]
            factors = band_factors(expected, joined, rng)[:, BAND_OF_MIXED_AGE]
            mixes.append(shares_of(national * own * factors, axis=-1)[:, oldest])
            paths.append(law.ahead(state, rng))
        return _of_all_needs(np.stack(mixes, axis=1)), _of_all_needs(np.stack(paths, axis=1))


_TIED_ROWS = [NEED_CODES.index(n) for n in TIED]


def _of_all_needs(recorded: Array) -> Array:
    """Return values of `RECORDED` needs with 0 for the others, along the last axis."""
    whole = np.zeros((*recorded.shape[:-1], len(NEED_CODES)))
    whole[..., [NEED_CODES.index(n) for n in RECORDED]] = recorded
    return whole


@dataclass(frozen=True)
class CohortModel:
    """The cohort model with its sampling settings.

    Parameters
    ----------
    sampling
        How long to sample.
    """

    sampling: Sampling = FULL
    name: str = NAME

    def fit(self, history: History, composition: Composition, *, rng: np.random.Generator) -> FittedCohort:
        """Sample the posterior given a history and the composition at its last January.

        Raises
        ------
        HistoryError
            The composition is not that of the history's last January; earlier origins have no flows by age.
        """
        evidence = CohortEvidence.of(history, composition)
        parts = {
            "joiners": build_joiners,
            "leavers": build_leavers,
            "needs": build_needs,
            "law": _build_law,
        }
        parameters: dict[str, dict[str, Array]] = {}
        checks: list[Diagnostics] = []
        for name, build in parts.items():
            posterior, diagnostics = compile_model(build(evidence)).sample({}, rng, self.sampling)
            kept = rng.permutation(posterior.sizes["draw"])[:KEPT_DRAWS]
            parameters[name] = {str(n): v.to_numpy()[kept] for n, v in posterior.data_vars.items()}
            checks.append(diagnostics)
        summary = _summary_draws(evidence, parameters, rng)
        gap = recoding(_england(composition.stock), _england(composition.joiners), composition.leaver_hazard)
        return FittedCohort(
            areas=history.areas,
            january=composition.january,
            posterior=summary,
            need_counts=_by_band(evidence.needs).astype(np.float32),
            deviations=evidence.deviations,
            national_joiners=evidence.needs.sum(axis=(0, 2)) + 0.5,
            recoding=gap,
            own_recoding=_own_recoding(evidence, composition, summary, gap, rng),
            diagnostics=Diagnostics.worst_of(checks),
        )


def _own_recoding(
    evidence: CohortEvidence,
    composition: Composition,
    summary: xr.Dataset,
    gap: xr.DataArray,
    rng: np.random.Generator,
) -> xr.DataArray:
    """Return what each authority's own recoding adds to England's, dims (area, need), at the middle of the posterior.

    An authority whose needs are not known is taken at England's mix, which is what its forecast starts from.
    """
    stock = composition.stock.reindex(area=list(evidence.areas)).transpose("area", "age", "need").to_numpy()
    england = shares_of(np.nansum(stock, axis=0), axis=-1)
    ages = composition.age_provision.sum("provision").reindex(area=list(evidence.areas))
    unknown = np.isnan(stock).any(axis=(1, 2))
    stock[unknown] = ages.transpose("area", "age").to_numpy()[unknown][:, :, None] * england
    few = {n: v.to_numpy()[:MIDDLE_DRAWS].astype(float) for n, v in summary.data_vars.items()}
    rate = np.exp(few["rate"][:, None] + few["joiners"][:, :, BAND_OF_AGE]).mean(axis=0)
    joined = rate * evidence.residents
    law = NeedLaw(few["spread"], few["share"], few["swing"], few["persistence"])
    national = np.exp(few["needs"]).mean(axis=0)[np.minimum(np.arange(len(AGES)), len(MIXED_AGES) - 1)]
    own = np.zeros((len(evidence.areas), len(NEED_CODES)))
    for i in range(len(evidence.areas)):
        state = law.today(evidence.deviations.log[:, i], evidence.deviations.variance[:, i], rng)
        mix = _of_all_needs(shares_of(national * np.exp(state.latest.mean(axis=0)), axis=-1))
        own[i] = own_recoding(
            stock[i], joined[i][:, None] * mix, composition.leaver_hazard.to_numpy(), gap.to_numpy()
        )
    return xr.DataArray(
        own, dims=("area", "need"), coords={"area": list(evidence.areas), "need": list(NEED_CODES)}
    )


def _build_law(evidence: CohortEvidence) -> Any:
    return build_law(evidence.deviations)


def _england(counts: xr.DataArray) -> xr.DataArray:
    return counts.sum("area")


def _summary_draws(
    evidence: CohortEvidence, parameters: dict[str, dict[str, Array]], rng: np.random.Generator
) -> xr.Dataset:
    """Return the posterior that flows need, from the parameters of the four models."""
    joiners, leavers, needs, law = (parameters[n] for n in ("joiners", "leavers", "needs", "law"))
    draws = len(joiners["earlier"])
    walk = np.concatenate(
        [np.zeros((draws, 1, len(BAND_CODES))), joiners["later_steps"].cumsum(axis=1)], axis=1
    )
    latest = walk[:, -1] - walk.mean(axis=1)
    later = joiners["earlier"] + joiners["step"][:, None] + joiners["change"][:, None] * joiners["changed"]
    rate = evidence.rate + evidence.rate_error * rng.standard_normal((draws, len(AGES)))
    oldest = np.minimum(np.arange(len(AGES)), len(MIXED_AGES) - 1)

    member = (HAZARD_GROUP_OF_AGE[:, None] == np.arange(len(HAZARD_GROUPS))).astype(float)
    moves = np.concatenate(
        [leavers["gentle"][:, None] * leavers["young_steps"], leavers["older_steps"]], axis=1
    )
    shape = np.concatenate([np.zeros((draws, 1)), moves.cumsum(axis=1)], axis=1)
    shape -= shape @ ((member / member.sum(axis=0)) @ member.T)
    older = leavers["middle"][:, None, 1:] + leavers["spread"][:, None, 1:] * leavers["older_level"]
    level = np.concatenate([leavers["young_level"], older], axis=2)
    # A coming year differs from those seen as they differ from each other.
    coming = HAZARD_YEAR * rng.standard_normal((draws, len(HAZARD_GROUPS)))

    centre, spread = _rough_posterior(evidence.needs.sum(axis=0))
    odds = centre + np.einsum("kab,dkb->dka", spread, needs["unit"])
    logits = np.concatenate([np.zeros((draws, 1, len(MIXED_AGES))), odds], axis=1).swapaxes(1, 2)
    log_mix = logits - np.log(np.exp(logits).sum(axis=2, keepdims=True))
    reasons = rng.standard_gamma(evidence.reasons + 0.5, size=(draws, *evidence.reasons.shape))
    groups = evidence.transfer_rate + TRANSFER_CHANGE * rng.standard_normal((draws, len(TRANSFER_GROUPS)))
    kept: dict[str, tuple[tuple[str, ...], Array]] = {
        "rate": (("draw", "age"), rate[:, oldest]),
        "joiners": (("draw", "area", "band"), later + latest[:, None]),
        "shape": (("draw", "hazard_age"), shape),
        "leavers": (("draw", "area", "group"), level + coming[:, None]),
        "transfers": (("draw", "transfer_group"), groups),
        "moves": (("draw", "area"), leavers["transfer_spread"][:, None] * leavers["transfer_deviation"]),
        "needs": (("draw", "mixed_age", "recorded"), log_mix),
        **{name: (("draw", "recorded"), law[name]) for name in ("spread", "share", "swing")},
        "persistence": (("draw",), law["persistence"]),
        "reasons": (("draw", "band", "reason"), reasons / reasons.sum(axis=2, keepdims=True)),
    }
    return xr.Dataset(
        {name: (dims, values.astype(np.float32)) for name, (dims, values) in kept.items()},
        coords={
            "area": list(evidence.areas),
            "age": list(AGES),
            "band": list(BAND_CODES),
            "hazard_age": HAZARD_AGES,
            "mixed_age": list(MIXED_AGES),
            "recorded": list(RECORDED),
            "reason": list(evidence.reason_names),
        },
    )
