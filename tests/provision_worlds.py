"""Worlds that obey the model of kinds of provision, with the truth attached.

The equations are those of `models.provision_totals`, written out here a second time: nothing of the model's own simulation is
used, so an error in it cannot cancel.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from data.panels.history import History
from data.vocabulary import BAND_CODES
from models.base import Array
from models.baselines import scale
from models.inference import Diagnostics
from models.provision_totals import FittedProvision
from tests.histories import FIRST, history

ORIGIN = 2025
FUTURE = 3

START = np.array([0.30, 0.06, 0.05, 0.12])
"""Shares of state special, INMSS, specialist base and post-16 in the first January."""

RECORDED = ("state_special", "inmss", "specialist_base", "general_fe")
"""Provision that stands for each kind."""

TRUTH: dict[str, Array] = {
    "follows": np.array([0.30, 1.00, 0.45, 0.90]),
    "follows_age": np.array(0.75),
    "drift": np.array([0.015, 0.002, -0.003, 0.002]),
    "national": np.array([0.012, 0.025, 0.030, 0.050]),
    "momentum": np.array([0.10, 0.15, 0.05, -0.10]),
    "reverts": np.array([0.03, 0.03, 0.02, 0.12]),
    "undone": np.array([0.50, 0.30, 0.30, 0.20]),
    "size": np.array([0.60, 1.10, 1.20, 1.20]),
    "tail": np.array([3.5, 4.3, 3.0, 3.5]),
}
"""Parameters of a world, by the names of the model's free variables."""

GOOD = Diagnostics(r_hat=1.0, ess_bulk=1e3, ess_tail=1e3, divergences=0, seconds=0.0, worst="drift")


@dataclass(frozen=True)
class World:
    """A simulated history up to `ORIGIN` and what came of it.

    Parameters
    ----------
    history
        What would have been published up to the origin.
    whole
        The same with the `FUTURE` Januaries after it.
    """

    history: History
    whole: History


def world(areas: int = 80, seed: int = 1) -> World:
    """Return a world whose kinds of provision were drawn year by year from `TRUTH`."""
    rng = np.random.default_rng([seed, 2])
    base = history(areas=areas, seed=seed, last=ORIGIN + FUTURE)
    stock = base.stock.copy(deep=True)
    total = stock.sel(series="All").to_numpy()
    years = total.shape[1]
    # Plans grow older at an uneven pace, so that following the age of plans can be told from following plans.
    walk = 0.25 * np.exp(np.cumsum(0.01 + 0.04 * rng.standard_normal((areas, years)), axis=1))
    older = np.clip(walk, 0.1, 0.6)
    split = np.stack(
        [0.1 * (1 - older), 0.4 * (1 - older), 0.5 * (1 - older), 0.8 * older, 0.2 * older], axis=1
    )
    bands = xr.DataArray(
        split * total[:, None],
        dims=("area", "series", "january"),
        coords={**stock.coords, "series": list(BAND_CODES)},
    )
    stock.loc[{"series": list(BAND_CODES)}] = bands.where(
        ~((bands["series"] == BAND_CODES[-1]) & (bands["january"] < 2016))
    )
    plans = np.round(_kinds(total, older, rng))
    placed = xr.zeros_like(base.placements)
    for code, column in zip(RECORDED, np.moveaxis(plans, 1, 0), strict=True):
        placed.loc[{"provision": code}] = column
    placed.loc[{"provision": "mainstream"}] = total - plans.sum(axis=1)
    whole = replace(base, stock=stock, placements=placed)
    return World(whole.until(ORIGIN), whole)


def _kinds(total: Array, older: Array, rng: np.random.Generator) -> Array:
    """Return plans by kind, dims (area, kind, january)."""
    areas, years = total.shape
    v, college = TRUTH, np.array([0.0, 0.0, 0.0, 1.0])
    plans = [START * total[:, [0]] * rng.lognormal(0, 0.3, (areas, 4))]
    residual = np.zeros((areas, 4))
    for at in range(1, years):
        now = plans[-1]
        unit = scale(now)
        within = np.where(college > 0, (total * older)[:, [at - 1]], total[:, [at - 1]])
        england = now.sum(axis=0) / within.sum(axis=0)
        logged = np.log((now + 10 * england) / (within + 10))
        distance = logged - _median(logged, now)
        error = v["size"] * unit * rng.standard_t(v["tail"], (areas, 4)) - v["reverts"] * distance
        back = (np.abs(residual) > 3 * unit) & (rng.random((areas, 4)) < v["undone"])
        goes_on = v["momentum"] * np.clip(residual, -2 * unit, 2 * unit)
        r = error + np.where(back, -residual, goes_on)
        residual = np.where(back, error, r)
        damping = 0.85 ** max(FIRST + at - ORIGIN - 1, 0)
        growth = np.log(total[:, at] / total[:, at - 1])[:, None]
        ageing = np.log(older[:, at] / older[:, at - 1])[:, None]
        national = v["drift"] * damping + v["national"] * rng.standard_normal(4)
        change = national + v["follows"] * growth + v["follows_age"] * college * ageing + r
        then = np.maximum((now + 3) * np.exp(change) - 3, 0)
        # A leap never leaves mainstream schools empty.
        plans.append(then * np.minimum(0.85 * total[:, at] / then.sum(axis=1), 1)[:, None])
    return np.stack(plans, axis=2)


def _median(values: Array, weight: Array) -> Array:
    """Return the weighted median of each column."""
    found = []
    for value, heavy in zip(values.T, weight.T, strict=True):
        order = value.argsort()
        total = heavy[order].cumsum()
        found.append(value[order][np.searchsorted(total, total[-1] / 2)])
    return np.array(found)


def known_fit(past: History, draws: int = 40) -> FittedProvision:
    """Return what the model would be if every draw of its posterior were `TRUTH`: nothing is sampled."""
    posterior = xr.Dataset(
        {
            name: (("draw", *(f"{name}_dim_{i}" for i in range(value.ndim))), np.stack([value] * draws))
            for name, value in TRUTH.items()
        }
    )
    return FittedProvision.of(past, posterior, GOOD)
