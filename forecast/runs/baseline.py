"""The baseline run of one authority: from published tables and a capacity register to an `Outcome`.

``ForecastInputs.prepare`` does once what all authorities share (history, stored fits, England's placements);
``ForecastInputs.baseline`` runs one of them. Results depend on the authority and the seed, never on which other authorities ran
before.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import xarray as xr

from data.areas import Area
from data.counts import kept_counts
from data.counts.own_counts import OwnCounts, in_words, is_newer
from data.errors import CountError, OptionError
from data.panels import backlogs, composition_tables, history_tables, process
from data.panels.composition import Composition
from data.panels.history import History
from data.registers import starting_register
from data.registers.register import Register
from data.vocabulary import ALL, BAND_CODES
from forecast.core import defaults
from forecast.core.disk_cache import cached
from forecast.core.outcome import RECORD_YEARS, CountUsed, Outcome, RecentYears
from forecast.core.sources import Sources
from forecast.demand import own_count, stored_fit
from forecast.demand.fit_key import MODELS
from forecast.demand.members import Models, check_name
from forecast.demand.placement import PlacementModels, Transitions
from forecast.demand.simulate import AreaDraws, known_stock, simulate
from forecast.places.capacity import CapacityPlan, Demand, match_plan
from models import growth
from models.base import FittedModel
from models.cohort import FittedCohort
from models.cohort_flow import Flows, exposure_draws
from models.headline import HEADLINE, BandedForecast, FittedBanded
from models.joining import FittedHandOver
from models.latent_demand import AreaLatent, Latent
from models.memory import Memory
from models.pipeline import FittedPipeline
from models.pipeline import fit as fit_pipeline

SOURCES = Sources(
    files=(
        *sorted({file for stored in MODELS.values() for file in stored.sources.files}),
        *(f"data/fitted/{name}" for name in stored_fit.FILES),
        "data/reference/provisions/provisions.csv",
        "data/reference/provisions/destinations.csv",
        "data/tables.py",
    ),
    modules=(__name__,),
)
"""What `ForecastInputs` of the product's own forecast is made from; a test records which tables are read."""


STAGES = 5
"""Stages of a run with random numbers of their own."""


@dataclass(frozen=True)
class ForecastInputs:
    """The inputs that every authority's run shares: published tables and fitted models.

    Parameters
    ----------
    history
        Today's authorities up to the latest January.
    fitted
        Demand model that has seen the history.
    composition
        How plans were made up at the latest January.
    placement_models
        The fitted models of where plan holders are taught.
    latent
        Children turned away from specialist places today.
    cohort, pipeline
        Fitted flows of plans, and fitted process ahead of the plan.
    model
        Name of the demand model.
    """

    history: History
    fitted: FittedModel
    composition: Composition
    placement_models: PlacementModels
    latent: Latent
    cohort: FittedCohort
    pipeline: FittedPipeline
    model: str

    @classmethod
    def prepare(cls, model: str = HEADLINE) -> ForecastInputs:
        """Read the published tables and the stored fit; fit here the models that are not stored.

        What the product's own forecast needs is cached on disk, and is the same to the last bit.

        Raises
        ------
        OptionError
            No model has that name.
        FitError
            There is no stored fit of this data and these models that passed its gate.
        """
        check_name(model)
        if model != HEADLINE:
            return cls._prepared(model)
        stored_fit.manifest()
        return cached("forecast-inputs", SOURCES, lambda: cls._prepared(model))

    @classmethod
    def _prepared(cls, model: str) -> ForecastInputs:
        history = history_tables.load("current")
        made_of = composition_tables.load()
        fit = stored_fit.load(history)
        stored: dict[str, FittedModel] = {
            HEADLINE: fit.headline(history),
            growth.NAME: fit.growth,
        }
        totals = stored.get(model) or Models(Memory()).totals(model).fit(
            history, rng=np.random.default_rng(defaults.SEED)
        )
        return cls(
            history=history,
            # Ages must add up to totals in every draw, whichever model gives the totals.
            fitted=FittedBanded(model, history.origin, totals, fit.shares, defaults.MOST_YEARS),
            composition=made_of,
            placement_models=PlacementModels.prepare(made_of, fit.moves, fit.provision),
            latent=fit.latent,
            cohort=fit.cohort,
            pipeline=fit_pipeline(process.load()),
            model=model,
        )

    def baseline(
        self,
        area: Area,
        *,
        years: int = defaults.YEARS,
        draws: int = defaults.DRAWS,
        seed: int = defaults.SEED,
        register: Register | None = None,
        demand: Demand | None = None,
        counts: OwnCounts | None = None,
    ) -> Baseline:
        """Forecast one authority and return its baseline: the ``outcome`` and what scenarios start from.

        Parameters
        ----------
        area
            The authority.
        years
            Januaries ahead, 1 to `defaults.MOST_YEARS`.
        draws
            Number of draws, at least 100.
        seed
            Same seed, same draws.
        register
            Capacity register; the shipped or estimated one where None.
        demand
            Which demand is set against the register's places; latent demand where None.
        counts
            The council's own counts, newer than the last January published; none where None.

        Raises
        ------
        OptionError
            ``years`` or ``draws`` is out of range.
        """
        check_options(years, draws)
        origin = self.history.origin
        januaries = list(range(origin + 1, origin + years + 1))
        # The longest path is always drawn and then cut: no January may depend on how many were asked for.
        every = list(range(origin + 1, origin + defaults.MOST_YEARS + 1))
        demand_rng, flow_rng, place_rng, latent_rng, _ = _streams(seed, area.la_code)
        if counts is None:
            drawn = self.fitted.forecast(every, [area.la_code]).draws(draws, demand_rng)
            given = _Given(drawn.sel(area=area.la_code, series=list(BAND_CODES), drop=True), self.composition)
        else:
            given = self._given(counts, draws, seed)
        bands = given.bands
        stock = self.history.stock.sel(area=area.la_code, drop=True)
        residents = exposure_draws(self.history, area.la_code, every, draws, flow_rng)
        flows = self.cohort.flows([area.la_code], draws, flow_rng).of(area.la_code)
        known, _ = known_stock(given.composition, area.la_code, self.history.latest(area.la_code))
        with ThreadPoolExecutor(max_workers=1) as beside:
            # How plans are placed today needs no forecast of them, and has random numbers of its own: it is drawn meanwhile.
            began = beside.submit(self.placement_models.begin, known, area.la_code, draws, place_rng)
            whole = simulate(
                AreaDraws(bands, flows, residents),
                self.history,
                given.composition,
                self.pipeline,
                area.la_code,
                model=self.model,
                rng=flow_rng,
            )
        plans = whole.first(years)
        in_bands = whole.by_band().expand_dims(area=[area.la_code], axis=1)
        placements, transitions = self.placement_models.place(
            began.result(), plans, in_bands, area.la_code, place_rng
        )
        used = register if register is not None else starting_register.shipped(area.la_code)
        latent_known = self.latent.tells(area.la_code)
        latent = self.latent.of_area(area.la_code, draws, latent_rng) if latent_known else None
        generator = matching_generator(seed, area.la_code)
        capacity_plan = CapacityPlan.of(used, origin, januaries, draws, generator, demand).with_admissions()
        outcome = Outcome(
            area=area,
            seed=seed,
            history_total=stock.sel(series=ALL, drop=True),
            history_bands=stock.sel(series=list(BAND_CODES)),
            timeliness=history_tables.issued_in_twenty_weeks(area.la_code),
            out_of_line=history_tables.out_of_line(area.la_code),
            spliced=self.history.spliced.sel(area=area.la_code, drop=True),
            plans=plans,
            placements=placements,
            register=used,
            shortfall=match_plan(placements, capacity_plan, latent),
            backlogs=tuple(b for b in backlogs.find(self.history) if b.area == area.la_code),
            recent=self.recent(area.la_code),
            own_count=given.used,
        )
        return Baseline(
            outcome=outcome,
            flows=flows,
            transitions=transitions,
            delay=self.pipeline.delay,
            latent=latent,
            capacity_plan=capacity_plan,
        )

    def _given(self, counts: OwnCounts, draws: int, seed: int) -> _Given:
        """Return draws of an authority's age bands given its own count, on the random numbers of the forecast without it.

        Raises
        ------
        CountError
            The count is of a day that the forecast starts after.
        """
        code, count = counts.la_code, counts.plans
        check_newer(counts, self.history.origin)
        every = list(range(self.history.origin + 1, self.history.origin + defaults.MOST_YEARS + 1))
        without = self.fitted.forecast(every, [code])
        if not isinstance(without, BandedForecast):
            raise OptionError(
                f"Model '{self.model}' has no age bands, so no count can be used with it. Leave --own-count out."
            )
        known = own_count.LastPublished.of(self.history, code)
        noise = count_seed(seed, code).spawn(2)
        before = without.totals.draws(draws, next(_streams(seed, code))).isel(area=0, series=0, drop=True)
        before = before.sel(january=every).transpose("draw", "january")
        forecast = replace(without, totals=own_count.GivenCount(without.totals, known, count, noise[0]))
        drawn = forecast.draws(draws, next(_streams(seed, code)))
        bands = drawn.sel(area=code, series=list(BAND_CODES), drop=True)
        if uses_bands := own_count.uses_bands(count):
            joiners = own_count.joiners_of_year(self.history)
            bands = own_count.given_bands(bands, count, joiners, np.random.default_rng(noise[1]))
        composition, needs = self.composition, (None, None)
        if count.needs:
            composition, *needs = own_count.with_needs(composition, self.history, code, count)  # type: ignore[assignment]
        low, high = own_count.expected(before, known, count).interval
        used = CountUsed(
            counts=counts,
            fingerprint=kept_counts.fingerprint(counts),
            before=before,
            after=bands.sum("series").transpose("draw", "january"),
            low=low,
            high=high,
            published=known.total,
            needs_before=needs[0],
            needs_after=needs[1],
            bands_used=uses_bands,
        )
        return _Given(bands, composition, used)

    @property
    def totals(self) -> FittedModel:
        """The model of totals, without age bands."""
        return self.fitted.totals if isinstance(self.fitted, FittedBanded) else self.fitted

    def england(
        self, *, years: int = defaults.YEARS, draws: int = defaults.DRAWS, seed: int = defaults.SEED
    ) -> xr.DataArray:
        """Return joint draws of England's plans, the sum of the authorities in each, dims ``(draw, january)``.

        A draw is one future of all authorities; the draws of an authority's own run are others. Arguments and errors as in
        `baseline`.
        """
        check_options(years, draws)
        origin = self.history.origin
        every = list(range(origin + 1, origin + defaults.MOST_YEARS + 1))
        drawn = self.totals.forecast(every).draws(draws, np.random.default_rng([seed, 0]))
        total: xr.DataArray = drawn.sel(series=ALL, drop=True).sum("area")
        return total.transpose("draw", "january").isel(january=slice(0, years))

    def recent(self, la_code: int) -> RecentYears:
        """Return the last years of an authority and of England, with England's path in the middle of the forecast."""
        flows = self.history.flows.sel(area=la_code, drop=True)
        origin = self.history.origin
        ends = self.history.stock.sel(series=ALL, january=[origin - RECORD_YEARS, origin], drop=True)
        ends = ends.dropna("area").sum("area")
        totals = self.totals
        ahead = totals.national_growth[:RECORD_YEARS] if isinstance(totals, FittedHandOver) else None
        return RecentYears(
            requests=flows["requests"],
            refused=flows["refused"],
            england_growth=float(ends[1] / ends[0]) ** (1 / RECORD_YEARS) - 1,
            england_ahead=None if ahead is None else float(np.expm1(np.mean(ahead))),
        )


@dataclass(frozen=True, eq=False)
class _Given:
    """Draws of age bands, how plans are made up, and the count that both agree with, if any."""

    bands: xr.DataArray
    composition: Composition
    used: CountUsed | None = None


@dataclass(frozen=True, eq=False)
class Baseline:
    """One authority's baseline forecast, with what a scenario needs to run the same years again (`forecast.runs.scenario_run`).

    Parameters
    ----------
    outcome
        The forecast.
    flows
        Rates of plans, draw by draw.
    transitions
        How placements were carried forward.
    delay
        Share of requests whose assessment ends in the next calendar year.
    latent
        Children turned away today; None where they cannot be told.
    capacity_plan
        The places that children were matched to, and which demand was set against them.
    """

    outcome: Outcome
    flows: Flows
    transitions: Transitions
    delay: float
    latent: AreaLatent | None
    capacity_plan: CapacityPlan


def matching_generator(seed: int, la_code: int) -> np.random.Generator:
    """Return the random generator with which an authority's children are matched to places, at its initial state."""
    return list(_streams(seed, la_code))[-1]


@cache
def shared_inputs() -> ForecastInputs:
    """Return the inputs of the product's own forecast, prepared once in this process."""
    return ForecastInputs.prepare()


def check_options(years: int, draws: int) -> None:
    """Raise an `OptionError` unless years and draws are in range."""
    if not 1 <= years <= defaults.MOST_YEARS:
        raise OptionError(
            f"--years {years} is out of range. Forecasts run 1 to {defaults.MOST_YEARS} years ahead because population "
            f"projections end in 2040. Choose a number from 1 to {defaults.MOST_YEARS}; the usual is {defaults.YEARS}."
        )
    if not defaults.LEAST_DRAWS <= draws <= defaults.MOST_DRAWS:
        raise OptionError(
            f"--draws {draws} is out of range. Fewer than {defaults.LEAST_DRAWS} draws make intervals unreliable and more than "
            f"{defaults.MOST_DRAWS:,} do not fit in memory. The usual is {defaults.DRAWS}."
        )


def check_newer(counts: OwnCounts, origin: int) -> None:
    """Raise a `CountError` unless plans were counted after the last January that a forecast starts from."""
    if not is_newer(counts, origin):
        raise CountError(
            f"The count in '{counts.origin}' is of {in_words(counts.plans.day)}, not after the return of January {origin} that "
            "the forecast starts from, so it would say nothing new. Count plans on a later day, or leave --own-count out."
        )


def count_seed(seed: int, la_code: int) -> np.random.SeedSequence:
    """Return the seed of the own error of a council's count: after those of the stages of a run, which stay as they were."""
    return np.random.SeedSequence([seed, la_code]).spawn(STAGES + 1)[-1]


def _streams(seed: int, la_code: int) -> Iterator[np.random.Generator]:
    """Yield one random generator for each stage of a run, seeded by the authority's number and not by its order."""
    return (np.random.default_rng(s) for s in np.random.SeedSequence([seed, la_code]).spawn(STAGES))
