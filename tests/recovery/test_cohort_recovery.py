"""The cohort model finds flows it was not told, through the break between eras, noise and missing returns."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
import xarray as xr

from data.panels.composition import Composition
from data.panels.history import History
from data.vocabulary import AGES, ALL, BAND_CODES, NEED_CODES, PROVISION_CODES, band_of
from models.cohort import CohortModel, build_joiners
from models.cohort_evidence import CohortEvidence
from models.inference import Sampling, compile_model
from tests.histories import AGE_SHARE
from tests.histories import history as made_up

SHORT = Sampling(draws=400, tune=500, chains=2, target_accept=0.8)
BAND = np.array([BAND_CODES.index(band_of(a)) for a in AGES])
MEMBER = (BAND[:, None] == np.arange(5)).astype(float)
AGE = np.array(AGES)
RECORDED = len(NEED_CODES) - 1
FOOTING = np.array([0.96, 1.1, 1.02, 1.08, 1.0])
"""What returns count over what arrives in stocks."""


@dataclass(frozen=True)
class Truth:
    """A made-up country and the flows it was made from."""

    history: History
    composition: Composition
    joiner_rate: np.ndarray
    hazard: np.ndarray
    need_mix: np.ndarray


def country(areas: int, seed: int) -> Truth:
    rng = np.random.default_rng(seed)
    base = made_up(areas=areas, seed=seed)
    years = base.new_plans_by_band["year"].to_numpy()
    people = rng.lognormal(8.2, 0.6, (areas, 1)) * rng.uniform(0.85, 1.15, (areas, 26))

    # Joiners: levels of two eras, a break between them and walks within them.
    rate = np.interp(
        AGE, [2, 3, 4, 5, 8, 11, 15, 16, 18, 20, 25], [-7, -5, -3.6, -4.2, -4.7, -4.5, -5.1, -5.5, -7, -9, -9]
    )
    earlier = rng.normal(-0.6, 0.3, (areas, 5))
    later = earlier + rng.normal([0.6, 0.5, 0.5, 0.4, 0.5], 0.2, (areas, 5))
    walk = np.cumsum(rng.normal(0.1, 0.05, (len(years), 5)), axis=0)
    old = years < 2022
    walk[old] -= walk[(years >= 2016) & old].mean(axis=0)
    walk[~old] -= walk[~old].mean(axis=0)
    level = np.where(old, earlier[:, :, None], later[:, :, None]) + walk.T
    noise = np.array([0.25, 0.25, 0.3, 0.35, 0.6])
    by_age = (people[:, 2:] * np.exp(rate))[:, :, None] * np.exp(level)[:, BAND]
    lucky = rng.gamma(noise[:, None] ** -2, noise[:, None] ** 2, level.shape)
    joined = rng.poisson(by_age * lucky[:, BAND] * rng.lognormal(0, 0.02, (1, len(AGES), len(years)))).astype(
        float
    )
    new = np.rint(np.einsum("iay,ab->iby", joined, MEMBER) * FOOTING[:, None])

    # Leavers and net transfers, two years from January 2023.
    hazard_logit = np.interp(
        AGE[:-1], [2, 15, 16, 17, 18, 19, 23, 24], [-5.2, -4.6, -3.4, -2, -1.3, -1.1, -0.3, 1]
    )
    group = np.searchsorted([16, 19], AGE[:-1], side="right")
    lasting = rng.normal(0, [0.4, 0.5, 0.4], (areas, 3))
    hazard = 1 / (1 + np.exp(-(hazard_logit + lasting[:, group])))
    scatter = np.array([0.03, 0.12, 0.2])
    stays = [
        np.rint(people.mean(axis=1)[:, None] * 0.9 * AGE_SHARE * rng.uniform(0.9, 1.1, (areas, len(AGES))))
    ]
    left = []
    drift = rng.normal(0, 0.004, (areas, 1)) + np.select([AGE[:-1] < 4, AGE[:-1] < 15], [0.1, 0.0], -0.01)
    for year in (2023, 2024):
        stock = stays[-1][:, :-1]
        groups = (group[:, None] == np.arange(3)).astype(float)
        mean = np.clip((stock * hazard) @ groups / np.maximum(stock @ groups, 1), 1e-4, 0.99)
        drawn = rng.beta(mean / scatter**2, (1 - mean) / scatter**2)
        ended = rng.binomial(stock.astype(int), np.clip(hazard * (drawn / mean)[:, group], 0, 1)).astype(
            float
        )
        moved = np.rint(stock * (drift + 0.01 * rng.standard_normal((areas, 1))))
        arriving = joined[:, :, years == year][:, :, 0]
        after = arriving.copy()
        after[:, 1:] += np.maximum(stock - ended + moved, 0)
        left.append(
            np.concatenate(
                [ended[:, :17], ended[:, 17:].sum(axis=1, keepdims=True) + stays[-1][:, -1:]], axis=1
            )
        )
        stays.append(after)

    # Needs of the last two years' joiners.
    slope = rng.normal(0, 1.2, (2, RECORDED))
    logit = np.linspace(-1, 1, len(AGES))[:, None] * slope[0] + slope[1]
    logit[AGE > 20] = logit[AGE == 20]
    national = np.exp(logit) / np.exp(logit).sum(axis=1, keepdims=True)
    # Authorities differ in what lasts, and their bands a little more.
    differs = rng.normal(-0.125, 0.5, (areas, 1, RECORDED))
    own = np.exp(differs) * rng.gamma(0.3**-2, 0.3**2, (areas, 5, RECORDED))
    mix = national * own[:, BAND]
    mix /= mix.sum(axis=2, keepdims=True)
    counts, before = np.zeros((2, areas, len(AGES), len(NEED_CODES)))
    for year, made in ((-1, counts), (-2, before)):
        made[:, :, :RECORDED] = rng.multinomial(joined[:, :, year].astype(int), mix)

    code = {"area": list(base.areas)}
    age = {"age": list(AGES)}
    totals = np.stack([s.sum(axis=1) for s in stays], axis=1)
    bands = np.stack([s @ MEMBER for s in stays], axis=2)
    stock = base.stock.copy()
    stock.loc[{"january": [2023, 2024, 2025], "series": ALL}] = totals
    stock.loc[{"january": [2023, 2024, 2025], "series": list(BAND_CODES)}] = bands
    # One return in twenty is missing.
    new = np.where(rng.random((areas, 1, len(years))) < 0.05, np.nan, new)
    reasons = ["needs_met", "transfer"]
    history = replace(
        base,
        stock=stock,
        residents=base.residents.copy(
            data=np.repeat(people[:, None], base.residents.sizes["mid_year"], axis=1)
        ),
        projection=base.projection.copy(
            data=np.repeat(people[:, None], base.projection.sizes["mid_year"], axis=1)
        ),
        new_plans_by_band=base.new_plans_by_band.copy(data=new),
        stock_by_age=xr.DataArray(
            np.stack(stays[1:], axis=2),
            dims=("area", "age", "january"),
            coords={**code, **age, "january": [2024, 2025]},
        ),
        leavers_by_age=xr.DataArray(
            np.stack([np.stack(left, axis=2), np.zeros((areas, 18, 2))], axis=2),
            dims=("area", "age", "reason", "year"),
            coords={**code, "age": list(range(2, 20)), "reason": reasons, "year": [2023, 2024]},
        ),
    )
    need = {"need": list(NEED_CODES)}
    cube = xr.DataArray(counts, dims=("area", "age", "need"), coords={**code, **age, **need})
    unused = cube.sum("need").expand_dims(provision=list(PROVISION_CODES), axis=2)
    composition = Composition(
        january=2025,
        need_january=2025,
        stock=cube,
        joiners=cube,
        joiners_before=cube.copy(data=before),
        leaver_hazard=0 * cube.isel(area=0, need=0, drop=True),
        age_provision=unused,
        placement_january=xr.DataArray([2025] * areas, dims="area", coords=code),
        need_provision=cube.sum("age").expand_dims(provision=list(PROVISION_CODES), axis=2),
    )
    latest = np.exp(rate + (later + walk[-1])[:, BAND])
    return Truth(history, composition, latest, np.concatenate([hazard, np.ones((areas, 1))], axis=1), mix)


def coverage(draws: np.ndarray, truth: np.ndarray) -> float:
    low, high = np.quantile(draws, [0.05, 0.95], axis=0)
    return float(np.mean((low <= truth) & (truth <= high)))


def test_joiner_levels_are_found_through_the_break() -> None:
    made = country(40, seed=4)
    evidence = CohortEvidence.of(made.history, made.composition)
    posterior, found = compile_model(build_joiners(evidence)).sample({}, np.random.default_rng(2), SHORT)
    assert found.divergences == 0
    level = posterior["earlier"] + posterior["step"].rename(step_dim_0="earlier_dim_1")
    level = level + (
        posterior["changed"].rename(changed_dim_0="earlier_dim_0", changed_dim_1="earlier_dim_1")
        * posterior["change"].rename(change_dim_0="earlier_dim_1")
    )
    walk = posterior["later_steps"].to_numpy().cumsum(axis=1)
    walk = np.concatenate([np.zeros_like(walk[:, :1]), walk], axis=1)
    latest = level.to_numpy() + (walk[:, -1] - walk.mean(axis=1))[:, None]
    for age in (4, 8, 12, 17):
        row = AGES.index(age)
        rates = np.exp(evidence.rate[row] + latest[:, :, BAND[row]])
        assert coverage(rates, made.joiner_rate[:, row]) >= 0.8, age


@pytest.mark.slow
def test_flows_of_150_authorities_are_found() -> None:
    made = country(150, seed=5)
    rng = np.random.default_rng(3)
    fitted = CohortModel(Sampling(draws=500, tune=700, chains=4, target_accept=0.9)).fit(
        made.history, made.composition, rng=rng
    )
    assert fitted.diagnostics.divergences == 0
    assert fitted.diagnostics.r_hat < 1.03
    rates = fitted.flows(made.history.areas, 600, rng).rates
    ages = [AGES.index(a) for a in (4, 7, 10, 13, 17, 21)]
    joiners = rates["joiner_rate"].isel(age=ages).to_numpy()
    hazard = rates["hazard"].isel(age=ages).to_numpy()
    needs = rates["need_mix"].isel(age=ages, need=slice(0, RECORDED)).to_numpy()
    assert coverage(joiners, made.joiner_rate[:, ages]) >= 0.85
    assert coverage(hazard, made.hazard[:, ages]) >= 0.85
    # Noise of counts is taken to be Gaussian in logs, which needs of one in a thousand and of one in two are not.
    assert coverage(needs, made.need_mix[:, ages]) >= 0.82
