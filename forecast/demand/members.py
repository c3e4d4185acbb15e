"""The models of totals by name: single members, the ensemble of them, and the product's own forecast.

Everything costly is kept in one `Memory` that belongs to whoever asked for the models, so a back-test fits each member
to each past origin once. Members are imported when one of them is asked for: a forecast from the stored fit needs none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from data.errors import OptionError
from forecast.core import defaults
from models import growth
from models.band_shares import BandShares
from models.base import Model
from models.headline import HEADLINE, Banded
from models.inference import FULL, REHEARSAL, Sampling
from models.joining import HandOver
from models.memory import Memory

if TYPE_CHECKING:
    from models.ensemble import Ensemble

ENSEMBLE = "ensemble"

STORED: tuple[str, ...] = (HEADLINE, growth.NAME)
"""Models of totals that the stored fit holds."""


def all_names() -> tuple[str, ...]:
    """Return the names of all models, the product's own forecast first."""
    from models import pipeline_ridge
    from models.baselines import BASELINES
    from models.univariate import UNIVARIATE

    return (*STORED, pipeline_ridge.NAME, *(m.name for m in UNIVARIATE), *(m.name for m in BASELINES))


def check_name(name: str) -> str:
    """Return a model's name, or raise an error if there is no such model.

    Raises
    ------
    OptionError
        No model has that name.
    """
    if name not in STORED and name not in all_names():
        raise OptionError(
            f"There is no model called '{name}'. Models are {', '.join(all_names())}. "
            f"Leave the option out for the product's own forecast, '{HEADLINE}'."
        )
    return name


@dataclass(frozen=True)
class Models:
    """The models used by one job, with their sampling and cache of fits.

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
        """Return a model of total plans by name; the product's own forecast is the ensemble, handing over to joining."""
        if name == HEADLINE:
            return HandOver(self.ensemble(), defaults.MOST_YEARS)
        from forecast.demand.ensemble_members import members
        from models.baselines import BASELINES

        own = {m.name: m for m in (*members(self.memory, self.sampling, self.memory, self.seed), *BASELINES)}
        return own[check_name(name)]

    def ensemble(self) -> Ensemble:
        """Return the ensemble of stacked members."""
        from forecast.demand.ensemble_members import ensemble

        return ensemble(ENSEMBLE, self.memory, self.sampling, self.rehearsal, self.seed, self.on_step)

    def banded(self, name: str) -> Banded:
        """Return a model of total plans with age bands that add up to the total."""
        return Banded(name, self.totals(name), self.shares(), defaults.MOST_YEARS)

    def shares(self) -> BandShares:
        """Return the model of age-band shares."""
        return BandShares(memory=self.memory, sampling=self.sampling)

    def scored(self, name: str) -> Model:
        """Return a model as scored in back-tests, where growth rules forecast each age band separately."""
        from models.baselines import BASELINES

        rules: dict[str, Model] = {m.name: m for m in BASELINES}
        return rules.get(name) or self.banded(name)
