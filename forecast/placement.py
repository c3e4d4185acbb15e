"""From `Plans` to `Placements`: where plan holders would be taught if today's mix by age and need went on.

Equation, draw by draw: placements[january, age, p] = sum over needs of plans[january, age, need] * share[age, need, p].
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from data.composition import Composition
from data.vocabulary import AGES, NEED_CODES, PROVISION_CODES
from forecast.outcome import Placements, Plans
from models import placement as model
from models.base import Array


@dataclass(frozen=True)
class PlacementMix:
    """England's fitted table and what is needed to fit any authority's.

    Parameters
    ----------
    composition
        Published margins.
    england
        Plans of England by age, need and provision, fitted to its three margins.
    """

    composition: Composition
    england: Array

    @classmethod
    def fit(cls, composition: Composition) -> PlacementMix:
        """Fit England's table from the authorities that published all three margins."""
        whole = (
            composition.stock.notnull().all(("age", "need"))
            & composition.age_provision.notnull().all(("age", "provision"))
            & composition.need_provision.notnull().all(("need", "provision"))
        )
        stock = composition.stock.where(whole).sum("area").to_numpy()
        by_age = composition.age_provision.where(whole).sum("area").to_numpy()
        by_need = composition.need_provision.where(whole).sum("area").to_numpy()
        seed = np.ones((len(AGES), len(NEED_CODES), len(PROVISION_CODES)))
        return cls(composition, model.fit_three_way(seed, stock, by_age, by_need))

    def place(self, plans: Plans, la_code: int, rng: np.random.Generator) -> Placements:
        """Return placements of one authority's plans; draw i of the plans meets draw i of the mix."""
        by_age = self.composition.age_provision.sel(area=la_code)
        by_need = self.composition.need_provision.sel(area=la_code)
        estimated = bool(by_age.isnull().any() or by_need.isnull().any() or plans.estimated_mix)
        stock = plans.known.to_numpy()
        if estimated:
            share, strength = model.shares(np.zeros_like(self.england), self.england)
            known = np.einsum("an,anp->ap", stock, share)
            if not by_age.isnull().any():
                known = by_age.to_numpy()
        else:
            table = model.fit_three_way(self.england, stock, by_age.to_numpy(), by_need.to_numpy())
            share, strength = model.shares(table, self.england)
            known = by_age.to_numpy()
        draws = model.share_draws(share, strength, plans.future.sizes["draw"], rng)
        future = np.einsum("djan,danp->djap", plans.future.to_numpy(), draws, optimize=True)
        return Placements(
            known=xr.DataArray(
                known,
                dims=("age", "provision"),
                coords={"age": list(AGES), "provision": list(PROVISION_CODES)},
            ),
            future=xr.DataArray(
                future,
                dims=("draw", "january", "age", "provision"),
                coords={
                    "draw": plans.future["draw"],
                    "january": plans.future["january"],
                    "age": list(AGES),
                    "provision": list(PROVISION_CODES),
                },
            ),
            estimated_mix=estimated,
        )
