"""The ensemble of totals: which models are stacked, and how each is fitted.

The ensemble is the growth model, the ridge on the process ahead of the plan, the pooled growth rule and the models of one series,
in that order. A change here is another ensemble, so this module is part of the key of the stored totals
(`forecast.demand.fit_key`): keep it to what decides the fit.
"""

from __future__ import annotations

from collections.abc import Callable

from models import growth
from models.base import Model
from models.baselines import BASELINES
from models.ensemble import Ensemble
from models.growth import BayesGrowth
from models.inference import Sampling
from models.memory import Memory, Remembered
from models.pipeline_ridge import PipelineRidge
from models.univariate import UNIVARIATE

BENCHMARK_RULE = "regional_growth"


def ensemble(
    name: str,
    memory: Memory,
    sampling: Sampling,
    rehearsal: Sampling,
    seed: int,
    on_step: Callable[[str], None],
) -> Ensemble:
    """Return the ensemble of stacked members, fitted with less sampling at past origins.

    Parameters
    ----------
    name
        Name of the ensemble.
    memory
        Where fits and compiled models are kept.
    sampling, rehearsal
        How long to sample for the history itself, and for a past origin.
    seed
        As in `members`.
    on_step
        Told what is being fitted.
    """
    rehearsals = memory if rehearsal == sampling else memory.recall("rehearsals", Memory)
    return Ensemble(
        name,
        members(memory, sampling, memory, seed),
        members(memory, rehearsal, rehearsals, seed if rehearsals is memory else 0),
        growth.NAME,
        on_step,
    )


def members(memory: Memory, sampling: Sampling, fits: Memory, seed: int) -> tuple[Model, ...]:
    """Return the member models of the ensemble.

    Parameters
    ----------
    memory
        Where compiled models, and fits that do not sample, are kept.
    sampling
        How long the growth model samples.
    fits
        Where fits of the growth model are kept: one with other sampling is another fit.
    seed
        0 for the usual draws of the growth model, which a memory can share; another lets its fit follow the generator it is
        given.
    """
    bayes = BayesGrowth(sampling=sampling, memory=memory)
    rule = next(m for m in BASELINES if m.name == BENCHMARK_RULE)
    return (
        bayes if seed else Remembered(bayes, fits),
        PipelineRidge(),
        rule,
        *(Remembered(m, memory) for m in UNIVARIATE),
    )
