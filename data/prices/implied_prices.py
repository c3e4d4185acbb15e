"""Prices of 2021-22 estimated from an authority's own spending, shrunk towards its region and England.

An implied price is outturn over plans. It is what the authority spent, seen through how it codes spending, so how far it
can be trusted has to be measured. The same authority's *budget* for the same line and year is a second look at the same
price: half the squared difference of the two logs is the noise of one of them. For authority i of region k with n plans,

    log implied = theta + e,     e     ~ N(0, v), v = a + f / n, from budget against outturn; with chance c the figure is
                                          miscoded and e ~ N(0, v + 1): wrong by a factor of e or so
    theta       = mu_k + u,      u     ~ N(0, tau^2)
    mu_k        = m + r,         r     ~ N(0, omega^2)

    p          = chance that this figure is miscoded, given its distance d = log implied - mu_k (Bayes' rule)
    m, mu_k:     means weighted by (1 - p) / (tau^2 + v) + p / (tau^2 + v + 1): what lies far out counts less
    S          = (1 - p) tau^2 / (tau^2 + v) + p tau^2 / (tau^2 + v + 1)
    theta_hat  = mu_k + S d

tau and c maximise the likelihood of that mixture, with the term for estimated regional means and a prior on c; omega is
found by the method of moments (DerSimonian and Laird). The variance of an estimate is that of the two cases, what divides
them, and (1 - S)^2 var(mu_k). An authority that recorded nothing (0 is a way of coding, not a price) has S = 0 and its
region's price.

Invariant: an estimate lies between the authority's own figure and its region's, nearer its own the more plans it has and
the less budget and outturn disagree; the order of authorities changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import minimize
from scipy.special import expit

from data.errors import PriceError
from data.prices.inflation import Z90
from data.shrinkage import own_weight

Array = npt.NDArray[np.float64]

MISCODED = 1.0
"""Variance of the log of a miscoded figure, over that of a sound one: wrong by a factor of e or so."""

RARELY: tuple[float, float] = (2.0, 40.0)
"""Beta prior of the chance that a figure is miscoded, about 1 in 20: our assumption, without which prices that truly differ a
lot would all be taken for miscoded."""

FEWEST = 20
"""Authorities with a figure that an estimate of England needs."""

CLEAREST_NOISE = 1e-4
"""Least variance of the log of one figure (1 %): no return is exact."""

COLUMNS: tuple[str, ...] = ("la_code", "region", "plans", "implied", "budgeted")
"""Columns of evidence: authority, region, plans, implied price from outturn and from budget (null or 0: not recorded)."""


@dataclass(frozen=True, eq=False)
class Shrunk:
    """Shrunken prices of one item in pounds, by authority.

    Parameters
    ----------
    england
        England's price (the middle authority's, not the mean pound's), £.
    between, between_regions, noise, miscoded
        tau, omega, (a, f) and c of the module.
    regions
        region, price (£), log_error.
    authorities
        la_code, region, implied (£, null where not recorded), own_weight (S), price, low, high (£, 80 % interval).
    """

    england: float
    between: float
    between_regions: float
    noise: tuple[float, float]
    miscoded: float
    regions: pd.DataFrame
    authorities: pd.DataFrame


def _log_density(distance: Array, variance: Array) -> Array:
    return np.asarray(-0.5 * (np.log(2 * np.pi * variance) + distance**2 / variance))


def _log_mixture(distance: Array, variance: Array, chance: float) -> Array:
    """Return the log density of figures that are miscoded with a given chance."""
    sound = np.log1p(-chance) + _log_density(distance, variance)
    return np.asarray(np.logaddexp(sound, np.log(chance) + _log_density(distance, variance + MISCODED)))


def _miscoded(distance: Array, variance: Array, chance: float) -> Array:
    """Return the probability that a figure is miscoded, given its distance from its expected value."""
    wild = np.log(chance) + _log_density(distance, variance + MISCODED)
    return np.asarray(np.exp(wild - _log_mixture(distance, variance, chance)))


def noise_of(differences: Array, plans: Array) -> tuple[float, float]:
    """Return (a, f), where a + f / plans is the variance of the log of one figure that is not miscoded.

    Parameters
    ----------
    differences
        Log of budget over outturn, by authority; a shift common to all is not noise and is taken out.
    plans
        Plans of each.
    """
    centred = differences - np.median(differences)

    def loss(x: Array) -> float:
        variance = 2 * (np.exp(x[0]) + np.exp(x[1]) / plans)
        return -float(_log_mixture(centred, variance, float(np.clip(expit(x[2]), 1e-6, 0.5))).sum())

    start = np.log(max(CLEAREST_NOISE, float(np.median(np.abs(centred)) ** 2)))
    begin = [start, start + np.log(np.median(plans)) - 1, -2.0]
    log_terms = minimize(
        loss, begin, method="Nelder-Mead", options={"maxiter": 2000, "xatol": 1e-3, "fatol": 1e-3}
    ).x
    return max(CLEAREST_NOISE, float(np.exp(log_terms[0]))), float(np.exp(log_terms[1]))


def _regional(
    logs: Array, variance: Array, chance: float, region: Array, regions: int
) -> tuple[float, Array, Array, float]:
    """Return England's mean log price, the regions' shrunk means, their variances, and omega, given authorities' variances."""
    means = np.full(regions, np.median(logs))
    england, omega = float(np.median(logs)), 0.0
    own_variance = np.full(regions, np.inf)
    for _ in range(50):
        p = _miscoded(logs - means[region], variance, chance)
        weight = (1 - p) / variance + p / (variance + MISCODED)
        total = np.bincount(region, weight, regions)
        raw = np.divide(
            np.bincount(region, weight * logs, regions), total, out=np.full(regions, england), where=total > 0
        )
        own_variance = np.divide(1.0, total, out=np.full(regions, np.inf), where=total > 0)
        with_figures = np.isfinite(own_variance)
        # DerSimonian and Laird: spread of regional means beyond what their errors explain.
        precision = 1 / own_variance[with_figures]
        fixed = float(precision @ raw[with_figures] / precision.sum())
        excess = float(precision @ (raw[with_figures] - fixed) ** 2) - (with_figures.sum() - 1)
        spare = float(precision.sum() - (precision**2).sum() / precision.sum())
        omega = float(np.sqrt(max(0.0, excess / spare))) if spare > 0 else 0.0
        trusted = 1 / (omega**2 + own_variance[with_figures])
        england = float(trusted @ raw[with_figures] / trusted.sum())
        share = _own_share(omega, own_variance)
        updated = england + share * (raw - england)
        if np.abs(updated - means).max() < 1e-9:
            break
        means = updated
    with_figures = np.isfinite(own_variance)
    share = _own_share(omega, own_variance)
    of_england = 1 / (1 / (omega**2 + own_variance[with_figures])).sum()
    return england, means, omega**2 * (1 - share) + (1 - share) ** 2 * of_england, omega


def _own_share(omega: float, own_variance: Array) -> Array:
    """Return how far a region's own mean counts against England's, 0 to 1; 0 where it has no figure."""
    with_figures = np.isfinite(own_variance)
    known = np.where(with_figures, own_variance, 1.0)
    return np.where(with_figures, own_weight(1, np.full(known.shape, omega**2), known), 0.0)


def shrink(evidence: pd.DataFrame) -> Shrunk:
    """Return each authority's price in pounds, shrunk towards its region and England.

    Parameters
    ----------
    evidence
        As `COLUMNS`, one row an authority.

    Raises
    ------
    PriceError
        An authority is given twice, or fewer than `FEWEST` have a figure.
    """
    if evidence["la_code"].duplicated().any():
        twice = int(evidence.loc[evidence["la_code"].duplicated(), "la_code"].iloc[0])
        raise PriceError(
            f"Authority {twice} is given twice, so its spending would count double. Give one row for each."
        )
    evidence = evidence.sort_values("la_code", ignore_index=True)
    implied = evidence["implied"].to_numpy(float, na_value=np.nan)
    plans = evidence["plans"].to_numpy(float, na_value=np.nan)
    seen = (np.nan_to_num(implied) > 0) & (np.nan_to_num(plans) > 0)
    if seen.sum() < FEWEST:
        raise PriceError(
            f"Only {seen.sum()} authorities have a figure above 0, but an estimate of England needs {FEWEST}. Check the column "
            "of implied prices."
        )
    budgeted = np.nan_to_num(evidence["budgeted"].to_numpy(float, na_value=np.nan))
    both = seen & (budgeted > 0)
    a, f = (
        noise_of(np.log(budgeted[both] / implied[both]), plans[both])
        if both.sum() >= FEWEST
        else (CLEAREST_NOISE, 0.0)
    )
    names = sorted(evidence["region"].unique())
    region = evidence["region"].map(names.index).to_numpy()
    logs, noise, where = np.log(implied[seen]), a + f / plans[seen], region[seen]

    def loss(x: Array) -> float:
        variance, chance = np.exp(2 * x[0]) + noise, float(np.clip(expit(x[1]), 1e-6, 0.5))
        _, means, _, _ = _regional(logs, variance, chance, where, len(names))
        fit = float(_log_mixture(logs - means[where], variance, chance).sum())
        # Regional means are estimated too: without their term (as in REML) tau would come out too small.
        precision = np.bincount(where, 1 / variance, len(names))
        spent = 0.5 * float(np.log(precision[precision > 0]).sum())
        few, many = RARELY
        return float(spent - fit - (few - 1) * np.log(chance) - (many - 1) * np.log1p(-chance))

    x = minimize(loss, [np.log(0.2), -2.0], method="Nelder-Mead", options={"xatol": 1e-3, "fatol": 1e-3}).x
    tau, chance = float(np.exp(x[0])), float(np.clip(expit(x[1]), 1e-6, 0.5))
    variance = tau**2 + noise
    england, means, variances, omega = _regional(logs, variance, chance, where, len(names))

    distance = logs - means[where]
    p = _miscoded(distance, variance, chance)
    if_sound, if_miscoded = (own_weight(1, tau**2, noise + more) for more in (0.0, MISCODED))
    own, spread = np.zeros(len(evidence)), np.full(len(evidence), tau**2)
    own[seen] = (1 - p) * if_sound + p * if_miscoded
    spread[seen] = tau**2 * (1 - own[seen]) + p * (1 - p) * ((if_sound - if_miscoded) * distance) ** 2
    centre = means[region]
    estimate = centre + own * (np.where(seen, np.log(np.where(seen, implied, 1.0)), centre) - centre)
    error = np.sqrt(spread + (1 - own) ** 2 * variances[region])
    return Shrunk(
        float(np.exp(england)),
        tau,
        omega,
        (a, f),
        chance,
        pd.DataFrame({"region": names, "price": np.exp(means), "log_error": np.sqrt(variances)}),
        pd.DataFrame(
            {
                "la_code": evidence["la_code"],
                "region": evidence["region"],
                "implied": np.where(seen, implied, np.nan),
                "own_weight": own,
                "price": np.exp(estimate),
                "low": np.exp(estimate - Z90 * error),
                "high": np.exp(estimate + Z90 * error),
            }
        ),
    )


def price_without(evidence: pd.DataFrame, la_code: int) -> float:
    """Return the price in pounds predicted for an authority without its own figure: that of its region."""
    hidden = evidence.assign(
        **{
            c: evidence[c].astype("float64").mask(evidence["la_code"] == la_code)
            for c in ("implied", "budgeted")
        }
    )
    authorities = shrink(hidden).authorities
    return float(authorities.loc[authorities["la_code"] == la_code, "price"].iloc[0])
