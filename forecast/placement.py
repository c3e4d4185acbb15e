"""From `Plans` to `Placements`: where plan holders will be taught, and who will want a specialist place.

Two readings of the same simulation (`models.placement.advance`), draw by draw:

* ``future``: what the past leads to. Kinds of provision follow their own forecast (`models.provision_totals`): special schools
  have filled slowly, so children who would have had a place there are elsewhere.
* ``wanted``: what today's choices lead to. New plans choose and children move as in the latest year, whether or not
  places grow.
  Those choices were made under today's supply, so even they understate demand (`models.latent_demand`).

Both add up to `Plans` at every age and need.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from data.composition import Composition
from data.errors import HistoryError
from data.vocabulary import AGES, NEED_CODES, PHASE_CODES, PHASES, PROVISION_CODES, SPECIALIST_PROVISIONS
from forecast.outcome import Placements, Plans
from models import placement as model
from models.base import Array, Floats
from models.latent_demand import england_table
from models.moves import FittedMoves
from models.provision_totals import KINDS, REST, FittedProvision

KIND_CODES: tuple[str, ...] = (*KINDS, REST)
KIND_OF = np.array(
    [next((k for k, kind in enumerate(KINDS.values()) if p in kind), len(KINDS)) for p in PROVISION_CODES]
)
"""Index in `KIND_CODES` of the kind each provision belongs to."""

_SPECIALIST = [PROVISION_CODES.index(p) for p in SPECIALIST_PROVISIONS]


@dataclass(frozen=True)
class Placing:
    """What placing the plans of any authority needs.

    Parameters
    ----------
    composition
        Published margins.
    england
        Plans of England by age, need and provision, fitted to its three margins.
    moves
        Moves between provisions, and choices of new plans.
    totals
        Forecast of plans by kind of provision.
    """

    composition: Composition
    england: Array
    moves: FittedMoves
    totals: FittedProvision

    @classmethod
    def prepare(cls, composition: Composition, moves: FittedMoves, totals: FittedProvision) -> Placing:
        """Fit England's table from the authorities that published all three margins."""
        return cls(composition, england_table(composition), moves, totals)

    def place(self, plans: Plans, bands: xr.DataArray, la_code: int, rng: np.random.Generator) -> Placements:
        """Return placements of one authority's plans; draw i of the plans meets draw i of everything else.

        Parameters
        ----------
        plans
            The authority's plans.
        bands
            The draws of age bands behind them, dims ``(draw, area, series, january)`` with that one area.
        la_code
            DfE number of the authority.
        rng
            Source of randomness.

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
        draws = plans.future.sizes["draw"]
        opening = plans.flows["opening"].transpose("age", "need").to_numpy()
        start = model.share_draws(share, strength, draws, rng) * opening[:, :, None]
        paths = model.Paths.of(self.moves, la_code, table, self.england, draws, rng)
        cells = ("draw", "january", "age", "need")
        moved = model.advance(
            start,
            plans.flows["leavers"].transpose(*cells).to_numpy(),
            plans.flows["joiners"].transpose(*cells).to_numpy(),
            plans.future.transpose(*cells).to_numpy(),
            paths,
        )
        kinds = self.totals.kinds(bands, rng).sel(area=la_code, kind=list(KIND_CODES))
        filled = model.to_totals(moved, kinds.transpose("draw", "january", "kind").to_numpy(), KIND_OF)
        return Placements(
            known=xr.DataArray(
                by_age.to_numpy(),
                dims=("age", "provision"),
                coords={"age": list(AGES), "provision": list(PROVISION_CODES)},
            ),
            future=_labelled(plans, filled.sum(axis=3), age=AGES, provision=PROVISION_CODES),
            by_need=_labelled(
                plans, _by_phase(filled), phase=PHASE_CODES, need=NEED_CODES, provision=PROVISION_CODES
            ),
            wanted=_labelled(
                plans,
                np.moveaxis(moved[..., _SPECIALIST], -1, 2),
                provision=SPECIALIST_PROVISIONS,
                age=AGES,
                need=NEED_CODES,
            ),
            start=xr.DataArray(
                np.moveaxis((share * opening[:, :, None])[..., _SPECIALIST], -1, 0),
                dims=("provision", "age", "need"),
                coords={
                    "provision": list(SPECIALIST_PROVISIONS),
                    "age": list(AGES),
                    "need": list(NEED_CODES),
                },
            ),
            plans=plans.future,
            known_january=int(self.composition.placement_january.sel(area=la_code)),
            estimated_mix=needs is None,
        )


def _by_phase(values: Floats) -> Floats:
    """Return values summed from single ages (axis 2) to phases."""
    ages = np.array(AGES)
    parts = [values[:, :, (ages >= p.low) & (ages <= p.high)].sum(axis=2) for p in PHASES]
    return np.stack(parts, axis=2)


def _labelled(plans: Plans, values: Floats, **dims: tuple[object, ...]) -> xr.DataArray:
    """Return values with the draws and Januaries of the plans and further dimensions."""
    coords = {"draw": plans.future["draw"], "january": plans.future["january"]}
    return xr.DataArray(
        values, dims=("draw", "january", *dims), coords=coords | {name: list(c) for name, c in dims.items()}
    )
