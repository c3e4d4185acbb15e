"""From `Plans` to `Placements`: the provision in which plan holders are taught, and who wants a specialist place.

Two readings of the same simulation (`models.placement.advance`), draw by draw:

* ``future``: what the past leads to. Kinds of provision follow their own forecast (`models.provision_totals`): special schools
  have filled slowly, so children who would have had a place there are elsewhere.
* ``wanted``: what today's choices lead to. New plans choose and children move as in the latest year, whether or not
  places grow.
  Those choices were made under today's supply, so even they understate demand (`models.latent_demand`).

Both add up to `Plans` at every age and need.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from data.errors import HistoryError
from data.panels.composition import Composition
from data.provisions import counted_elsewhere
from data.vocabulary import AGES, NEED_CODES, PHASE_CODES, PHASES, PROVISION_CODES, SPECIALIST_PROVISIONS
from forecast.core.outcome import Placements, Plans
from forecast.core.parallel import run_in_parts
from forecast.demand.placement_kernels import Carrier, count, scale
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

CELLS = ("draw", "january", "age", "need")

_SPECIALIST = [PROVISION_CODES.index(p) for p in SPECIALIST_PROVISIONS]


@dataclass(frozen=True)
class PlacementModels:
    """The fitted models that placing the plans of any authority needs.

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
    def prepare(
        cls, composition: Composition, moves: FittedMoves, totals: FittedProvision
    ) -> PlacementModels:
        """Return the placement models, with England's table fitted to the authorities that published all three margins."""
        return cls(composition, england_table(composition), moves, totals)

    def begin(
        self, known: xr.DataArray, la_code: int, draws: int, rng: np.random.Generator
    ) -> StartOfPlacing:
        """Return how one authority's plans are placed today and how that changes, in draws; no forecast of plans is needed.

        Parameters
        ----------
        known
            The authority's plans at the latest January, dims ``(age, need)``.
        la_code
            DfE number of the authority.
        draws
            Number of draws.
        rng
            Source of randomness; `place` goes on with it.

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
        table = model.fit_three_way(self.england, known.to_numpy(), by_age.to_numpy(), needs)
        share, strength = model.shares(table, self.england)
        drawn = model.share_draws(share, strength, draws, rng)
        paths = model.Paths.of(self.moves, la_code, table, self.england, draws, rng).single()
        return StartOfPlacing(
            by_age.to_numpy(), share, drawn, as_in_mainstream(paths), estimated_mix=needs is None
        )

    def place(
        self, began: StartOfPlacing, plans: Plans, bands: xr.DataArray, la_code: int, rng: np.random.Generator
    ) -> tuple[Placements, Transitions]:
        """Return one authority's placements, and the transitions that made them; draw i uses draw i of every input.

        Parameters
        ----------
        began
            What `begin` returned for the authority's plans of today.
        plans
            The authority's plans.
        bands
            Plans in all and by age band in the same draws, dims ``(draw, area, series, january)`` with that one area; Januaries
            beyond those of the plans change nothing but keep the random numbers the same.
        la_code
            DfE number of the authority.
        rng
            Source of randomness, as `begin` left it.
        """
        draws, paths = plans.future.sizes["draw"], began.paths
        opening = plans.flows["opening"].transpose("age", "need").to_numpy()
        start = (began.drawn * opening[:, :, None]).astype(np.float32)
        kinds = self.totals.kinds(bands, rng).sel(
            area=la_code, kind=list(KIND_CODES), january=plans.future["january"]
        )
        by_kind = kinds.transpose("draw", "january", "kind").to_numpy()
        leavers, joiners = (plans.flows[n].transpose(*CELLS).to_numpy() for n in ("leavers", "joiners"))
        future = plans.future.transpose(*CELLS).to_numpy()
        factors = np.empty(by_kind.shape, dtype=np.float32)
        arrays = PlacementArrays.empty(draws, future.shape[1])

        def carry(some: slice) -> None:
            moved = carried(start[some], leavers[some], joiners[some], future[some], paths.some(some))
            factors[some] = model.kind_factors(moved, by_kind[some], KIND_OF)
            arrays.write(some, slice(None), moved, factors[some])

        run_in_parts(draws, carry)
        known = xr.DataArray(
            began.by_age,
            dims=("age", "provision"),
            coords={"age": list(AGES), "provision": list(PROVISION_CODES)},
        )
        seated = xr.DataArray(
            np.moveaxis((began.share * opening[:, :, None])[..., _SPECIALIST], -1, 0),
            dims=("provision", "age", "need"),
            coords={"provision": list(SPECIALIST_PROVISIONS), "age": list(AGES), "need": list(NEED_CODES)},
        )
        january = int(self.composition.placement_january.sel(area=la_code))
        at_start = xr.DataArray(
            start,
            dims=("draw", "age", "need", "provision"),
            coords={"age": list(AGES), "need": list(NEED_CODES), "provision": list(PROVISION_CODES)},
        )
        placements = arrays.placements(
            plans.future, known, january, seated, at_start, estimated_mix=began.estimated_mix
        )
        return placements, Transitions(start=start, paths=paths, factors=factors)


def carried(start: Floats, leavers: Array, joiners: Array, plans: Array, paths: model.Paths) -> Floats:
    """Return placements each January in compiled steps; arguments, result and numbers are those of `models.placement.advance`."""
    carrier = Carrier.of(paths)
    out = np.empty((plans.shape[0], plans.shape[1], *start.shape[1:]), dtype=np.float32)
    placed = start
    for t in range(plans.shape[1]):
        older, new = carrier.settled(carrier.remaining(placed, leavers[:, t]), joiners[:, t], plans[:, t])
        placed = older + new
        scale(placed, plans[:, t])
        out[:, t] = placed
    return out


def as_in_mainstream(paths: model.Paths) -> model.Paths:
    """Return transitions in which pupils of support bases stay and move as pupils of mainstream schools do.

    Support bases are in no return, so nothing else is known of them; without this nobody sent to one would stay there.
    """
    kept, goes = paths.kept.copy(), paths.goes.copy()
    for uncounted, counted in counted_elsewhere().items():
        to, like = PROVISION_CODES.index(uncounted), PROVISION_CODES.index(counted)
        kept[:, :, to], goes[:, :, to] = kept[:, :, like], goes[:, :, like]
    return replace(paths, kept=kept, goes=goes)


@dataclass(frozen=True, eq=False)
class StartOfPlacing:
    """How one authority's plans are placed today, and how placements change.

    Parameters
    ----------
    by_age
        Published plans, dims ``(age, provision)``.
    share, drawn
        Share of an age and need in each provision, dims ``(age, need, provision)``, and its draws, with ``draw`` first.
    paths
        How placements change.
    estimated_mix
        Whether placements by need were not published.
    """

    by_age: Array
    share: Array
    drawn: Array
    paths: model.Paths
    estimated_mix: bool


@dataclass(frozen=True, eq=False)
class Transitions:
    """The transitions of one authority's placements from January to January, kept so that a scenario can apply them again.

    Parameters
    ----------
    start
        Placements at the origin, dims ``(draw, age, need, provision)``.
    paths
        How placements change.
    factors
        Factors on kinds of provision that bring placements to their own forecast, dims ``(draw, january, kind)``. A scenario
        keeps them: a lever that sends children elsewhere is not undone by a total that knew nothing of it.
    """

    start: Floats
    paths: model.Paths
    factors: Floats


@dataclass(frozen=True, eq=False)
class PlacementArrays:
    """Arrays of `Placements`, filled part by part of the draws.

    Parameters
    ----------
    future
        Dims ``(draw, january, age, provision)``.
    by_need
        Dims ``(draw, january, phase, need, provision)``.
    wanted
        Dims ``(draw, january, provision, age, need)``, specialist provisions only.
    """

    future: Floats
    by_need: Floats
    wanted: Floats

    @classmethod
    def empty(cls, draws: int, januaries: int) -> PlacementArrays:
        """Return empty arrays for a number of draws and Januaries."""
        ages, needs, provisions = len(AGES), len(NEED_CODES), len(PROVISION_CODES)
        return cls(
            future=np.empty((draws, januaries, ages, provisions), dtype=np.float32),
            by_need=np.empty((draws, januaries, len(PHASES), needs, provisions), dtype=np.float32),
            wanted=np.empty((draws, januaries, len(_SPECIALIST), ages, needs), dtype=np.float32),
        )

    def write(self, some: slice, januaries: slice, moved: Floats, factors: Floats) -> None:
        """Write the placements of some draws and Januaries into the arrays.

        Parameters
        ----------
        moved
            Placements at today's choices, dims ``(draw, january, age, need, provision)``.
        factors
            Dims ``(draw, january, kind)``.
        """
        by_provision = factors @ model.members(KIND_OF, factors.shape[2]).T
        count(moved, by_provision, self.future[some], self.by_need[some], self.wanted[some], januaries)

    def of(self, before: Placements, plans: xr.DataArray) -> Placements:
        """Return the arrays as `Placements`, with today's figures taken from earlier placements."""
        return self.placements(
            plans,
            before.known,
            before.known_january,
            before.start,
            before.opening,
            estimated_mix=before.estimated_mix,
        )

    def placements(
        self,
        plans: xr.DataArray,
        known: xr.DataArray,
        january: int,
        start: xr.DataArray,
        opening: xr.DataArray,
        *,
        estimated_mix: bool,
    ) -> Placements:
        """Return the arrays as `Placements`, with the figures of today given."""
        return Placements(
            known=known,
            future=_labelled(plans, self.future, age=AGES, provision=PROVISION_CODES),
            by_need=_labelled(
                plans, self.by_need, phase=PHASE_CODES, need=NEED_CODES, provision=PROVISION_CODES
            ),
            wanted=_labelled(plans, self.wanted, provision=SPECIALIST_PROVISIONS, age=AGES, need=NEED_CODES),
            start=start,
            opening=opening,
            plans=plans,
            known_january=january,
            estimated_mix=estimated_mix,
        )


def _labelled(plans: xr.DataArray, values: Floats, **dims: tuple[object, ...]) -> xr.DataArray:
    """Return an array with the draws and Januaries of the plans, and further named dimensions."""
    coords = {"draw": plans["draw"], "january": plans["january"]}
    return xr.DataArray(
        values, dims=("draw", "january", *dims), coords=coords | {name: list(c) for name, c in dims.items()}
    )
