"""From `Plans` to `Placements`: where plan holders would be taught if today's mix by age and need went on.

Equation, draw by draw: placements[january, age, p] = sum over needs of plans[january, age, need] * share[age, need, p].
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from data.composition import Composition
from data.errors import HistoryError
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
        """Return placements of one authority's plans; draw i of the plans meets draw i of the mix.

        Raises
        ------
        HistoryError
            The authority returned no placements by age at either of the last two Januaries.
        """
        by_age = self.composition.age_provision.sel(area=la_code)
        by_need = self.composition.need_provision.sel(area=la_code)
        if by_age.isnull().any():
            raise HistoryError(
                f"Authority {la_code} returned no placements by age for the last two Januaries, so nothing says where its "
                "plan holders are taught. Ask for another authority, or add a release that holds them."
            )
        needs = None if by_need.isnull().any() else by_need.to_numpy()
        table = model.fit_three_way(self.england, plans.known.to_numpy(), by_age.to_numpy(), needs)
        share, strength = model.shares(table, self.england)
        draws = model.share_draws(share, strength, plans.future.sizes["draw"], rng)
        future = np.einsum("djan,danp->djap", plans.future.to_numpy(), draws, optimize=True)
        return Placements(
            known=xr.DataArray(
                by_age.to_numpy(),
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
            known_january=int(self.composition.placement_january.sel(area=la_code)),
            estimated_mix=needs is None,
        )
