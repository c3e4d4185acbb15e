"""Which models there are: the members, the ensemble of them, and the product's own forecast.

Everything costly is kept in one `Memory` that belongs to whoever asked for the models, so a back-test fits each member
to each past origin once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from data.errors import OptionError
from models import growth, pipeline_ridge
from models.band_shares import BandShares
from models.base import Model
from models.baselines import BASELINES
from models.ensemble import Ensemble
from models.growth import BayesGrowth
from models.headline import HEADLINE, Banded
from models.inference import FULL, REHEARSAL, Sampling
from models.memory import Memory, Remembered
from models.pipeline_ridge import PipelineRidge
from models.univariate import UNIVARIATE

ENSEMBLE = "ensemble"
BENCHMARK_RULE = "regional_growth"

NAMES: tuple[str, ...] = (
    HEADLINE,
    growth.NAME,
    pipeline_ridge.NAME,
    *(m.name for m in UNIVARIATE),
    *(m.name for m in BASELINES),
)
"""Every model that can be asked for, the headline first."""


def check_name(name: str) -> str:
    """Return a model's name.

    Raises
    ------
    OptionError
        No model has that name.
    """
    if name not in NAMES:
        raise OptionError(
            f"There is no model called '{name}'. Models are {', '.join(NAMES)}. "
            f"Leave the option out for the product's own forecast, '{HEADLINE}'."
        )
    return name


@dataclass(frozen=True)
class Models:
    """The models of one job.

    Parameters
    ----------
    memory
        Where fits and compiled models are kept.
    sampling, rehearsal
        How long to sample for a fit that is used, and for one to a past origin that only teaches the ensemble.
    seed
        0 for the usual draws of the growth model, which a memory can share; another lets its fit follow the generator it is
        given.
    on_step
        Told what is being fitted.
    """

    memory: Memory
    sampling: Sampling = FULL
    rehearsal: Sampling = REHEARSAL
    seed: int = 0
    on_step: Callable[[str], None] = lambda _: None

    def totals(self, name: str) -> Model:
        """Return a model of totals; the headline's is the ensemble."""
        if name == HEADLINE:
            return self.ensemble()
        own = {m.name: m for m in (*self._members(self.sampling), *BASELINES)}
        return own[check_name(name)]

    def ensemble(self) -> Ensemble:
        """Return the stacked members."""
        return Ensemble(
            ENSEMBLE, self._members(self.sampling), self._members(self.rehearsal), growth.NAME, self.on_step
        )

    def banded(self, name: str) -> Banded:
        """Return a model of totals with age bands that add up to them."""
        return Banded(name, self.totals(name), self.shares())

    def shares(self) -> BandShares:
        """Return the model of age-band shares."""
        return BandShares(memory=self.memory, sampling=self.sampling)

    def scored(self, name: str) -> Model:
        """Return a model as back-tests score it: growth rules forecast each age band by themselves."""
        rules: dict[str, Model] = {m.name: m for m in BASELINES}
        return rules.get(name) or self.banded(name)

    def _members(self, sampling: Sampling) -> tuple[Model, ...]:
        rule = next(m for m in BASELINES if m.name == BENCHMARK_RULE)
        bayes = BayesGrowth(sampling=sampling, memory=self.memory)
        own = sampling == self.sampling
        # A fit with other sampling is another fit, so it is kept elsewhere.
        effort = self.memory if own else self._rehearsals()
        return (
            bayes if own and self.seed else Remembered(bayes, effort),
            PipelineRidge(),
            rule,
            *(Remembered(m, self.memory) for m in UNIVARIATE),
        )

    def _rehearsals(self) -> Memory:
        return self.memory.recall("rehearsals", Memory)
