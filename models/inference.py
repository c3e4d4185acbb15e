"""Sampling of posteriors: the only module that knows PyMC's samplers, and the convergence checks of a fit.

A model is compiled once and sampled many times with new data (`Compiled.sample`). Results leave here as an
`xarray.Dataset` of draws and a `Diagnostics`; nothing else in the project sees a sampler's own objects.

Gate (`Diagnostics.passed`): R-hat <= 1.01, bulk and tail effective sample size >= 400, no divergence. A value that
cannot be computed counts as a failure.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

# PyMC, ArviZ and nutpie are imported where they are used: together they take seconds to load, and a forecast from a stored
# fit needs none of them.

LARGEST_R_HAT = 1.01
SMALLEST_ESS = 400


@dataclass(frozen=True)
class Sampling:
    """Settings of a sampling run: chains, draws and warm-up.

    Parameters
    ----------
    draws, tune
        Draws kept and thrown away, per chain.
    chains
        Independent chains.
    target_accept
        Aimed acceptance: higher takes smaller steps.
    """

    draws: int
    tune: int
    chains: int
    target_accept: float


FULL = Sampling(draws=1500, tune=500, chains=4, target_accept=0.9)
"""For a fit that will be used: long enough for the gate."""

REHEARSAL = Sampling(draws=400, tune=300, chains=2, target_accept=0.8)
"""For a fit to a past origin, of which only quantiles are wanted."""


@dataclass(frozen=True)
class Diagnostics:
    """Convergence diagnostics of a posterior.

    Parameters
    ----------
    r_hat
        Largest over parameters (1 is perfect).
    ess_bulk, ess_tail
        Smallest effective sample sizes over parameters.
    divergences
        Transitions that diverged.
    seconds
        Wall-clock time of sampling.
    worst
        Parameter with the largest R-hat.
    """

    r_hat: float
    ess_bulk: float
    ess_tail: float
    divergences: int
    seconds: float
    worst: str

    @property
    def passed(self) -> bool:
        """Whether the fit may be used."""
        return (
            self.r_hat <= LARGEST_R_HAT
            and self.ess_bulk >= SMALLEST_ESS
            and self.ess_tail >= SMALLEST_ESS
            and self.divergences == 0
        )

    @classmethod
    def worst_of(cls, checks: Sequence[Diagnostics]) -> Diagnostics:
        """Return the worst diagnostics of several fits that make up one model; seconds are summed."""
        largest = max(checks, key=lambda d: np.inf if np.isnan(d.r_hat) else d.r_hat)
        return cls(
            r_hat=largest.r_hat,
            ess_bulk=min(d.ess_bulk for d in checks),
            ess_tail=min(d.ess_tail for d in checks),
            divergences=sum(d.divergences for d in checks),
            seconds=sum(d.seconds for d in checks),
            worst=largest.worst,
        )

    def sentence(self) -> str:
        """Return the diagnostics in words."""
        verdict = "passed" if self.passed else "FAILED"
        return (
            f"{verdict}: R-hat {self.r_hat:.3f} (at most {LARGEST_R_HAT}; worst {self.worst}), effective sample size "
            f"{self.ess_bulk:,.0f} bulk and {self.ess_tail:,.0f} tail (at least {SMALLEST_ESS}), "
            f"{self.divergences} divergences, {self.seconds:.0f} s of sampling"
        )


@dataclass(frozen=True)
class Compiled:
    """A compiled model whose data can be exchanged without compiling again."""

    _compiled: Any
    parameters: tuple[str, ...]

    def sample(
        self, data: Mapping[str, npt.NDArray[Any]], rng: np.random.Generator, sampling: Sampling
    ) -> tuple[xr.Dataset, Diagnostics]:
        """Return the posterior with dims ``(draw, ...)``, and its diagnostics.

        Parameters
        ----------
        data
            Values of the model's data containers, by name.
        rng
            Source of the sampler's seed.
        sampling
            How long to sample.
        """
        import nutpie

        start = time.perf_counter()
        trace = nutpie.sample(
            self._compiled.with_data(**data),
            draws=sampling.draws,
            tune=sampling.tune,
            chains=sampling.chains,
            cores=min(sampling.chains, 2),
            target_accept=sampling.target_accept,
            seed=int(rng.integers(2**31)),
            progress_bar=False,
        )
        seconds = time.perf_counter() - start
        posterior = trace.posterior[list(self.parameters)]
        diagnostics = diagnose(posterior, int(trace.sample_stats["diverging"].sum()), seconds)
        flat = posterior.stack(sample=("chain", "draw"), create_index=False)
        draws = flat.drop_vars(["chain", "draw"]).rename(sample="draw").transpose("draw", ...)
        # The sampler notes when it ran; equal fits are to be equal.
        return draws.drop_attrs(), diagnostics


def compile_model(model: Any) -> Compiled:
    """Compile a PyMC model for sampling."""
    import nutpie

    names = tuple(str(v.name) for v in model.free_RVs)
    return Compiled(nutpie.compile_pymc_model(model), names)


def diagnose(posterior: xr.Dataset, divergences: int, seconds: float) -> Diagnostics:
    """Return the diagnostics of a posterior with dims ``(chain, draw, ...)``.

    A parameter that never moves has no R-hat; that counts as a failure, not as a pass.
    """
    import arviz as az

    r_hat = az.rhat(posterior)
    bulk, tail = az.ess(posterior, method="bulk"), az.ess(posterior, method="tail")
    largest = {str(n): _worst(r_hat[n], np.max) for n in r_hat.data_vars}
    worst = max(largest, key=lambda n: np.inf if np.isnan(largest[n]) else largest[n])
    return Diagnostics(
        r_hat=largest[worst],
        ess_bulk=min(_worst(bulk[n], np.min) for n in bulk.data_vars),
        ess_tail=min(_worst(tail[n], np.min) for n in tail.data_vars),
        divergences=divergences,
        seconds=seconds,
        worst=worst,
    )


def _worst(values: xr.DataArray, pick: Any) -> float:
    return float(pick(values.to_numpy()))
