"""Published flows of plans by age, converted to the ages of stocks: the data that the cohort models are fitted to.

Ages of new plans are moved to those at which they arrive in stocks (data/panels/composition.py); net transfers are what is left
of a year's change in stock when joiners and leavers are accounted for:

    residual[i, y] = (stock[i, y + 1] - stock[i, y] + left[i, y] - new[i, y]) / stock[i, y]

Nothing here is estimated beyond England's rates by single age, each with its standard error.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from data.errors import HistoryError
from data.panels.composition import OLDEST_FLOW_AGE, Composition
from data.panels.history import History
from data.vocabulary import AGE_BANDS, AGES, ALL, BAND_CODES, NEED_CODES
from models.base import Array
from models.cohort_flow import BAND_OF_AGE, exposure
from models.cohort_needs import Deviations

Integers = npt.NDArray[np.int64]

FIRST_YEAR = 2016
"""First calendar year of joiners used: the first in which EHC plans, to age 25, were fully in force."""

PERSON_LEVEL_YEAR = 2022
"""First calendar year returned person by person, with ages defined anew."""

RATE_CHANGE = 0.03
"""Standard deviation of a year's change in log share of a single age in its band's joiners, England 2022 to 2024."""

HAZARD_CHANGE = 0.05
"""Standard deviation of a year's change in the log hazard of a single age beyond its group's, England 2023 to 2024."""

HAZARD_GROUPS: tuple[tuple[int, int], ...] = ((2, 15), (16, 18), (19, 24))
"""Ages, both included, whose hazards an authority raises or lowers together. At 25 all plans end."""

TRANSFER_GROUPS: tuple[tuple[int, int], ...] = ((2, 3), (4, 9), (10, 14), (15, 18), (19, 24))
"""Ages, both included, that share a national rate of net transfers."""

OLDEST_LEAVER_AGE = 19
"""Leavers are published by single age to 18; the next row is 19 and over."""

MIXED_AGES: tuple[int, ...] = tuple(a for a in AGES if a <= OLDEST_FLOW_AGE)
"""Ages whose joiners have a need mix of their own; the last stands for all older ones."""

RECORDED: tuple[str, ...] = tuple(n for n in NEED_CODES if n != "UNKNOWN")

IN_BAND = (BAND_OF_AGE[:, None] == np.arange(len(BAND_CODES))).astype(float)
"""Membership of ages in bands, dims (age, band)."""

BAND_OF_MIXED_AGE = BAND_OF_AGE[: len(MIXED_AGES)]

HAZARD_AGES = np.array([a for a in AGES if a <= HAZARD_GROUPS[-1][1]])
"""Ages with a hazard to estimate."""


def _group_of(groups: tuple[tuple[int, int], ...]) -> Integers:
    return np.array(
        [next(g for g, (low, high) in enumerate(groups) if low <= a <= high) for a in HAZARD_AGES]
    )


HAZARD_GROUP_OF_AGE, TRANSFER_GROUP_OF_AGE = _group_of(HAZARD_GROUPS), _group_of(TRANSFER_GROUPS)


@dataclass(frozen=True)
class CohortEvidence:
    """Published flows, on the ages of stocks.

    Parameters
    ----------
    areas
        DfE numbers.
    new
        New plans, dims ``(area, band, year)``, NaN where not published, and ``years`` its calendar years.
    expected
        New plans expected at England's rates by age, same dims.
    rate, rate_error
        England's log joiner rate by age in the latest year and its standard error.
    gone, exposed
        Leavers and plans, dims ``(area, group, year)``, and ``plans_before`` plans by age, dims ``(area, age, year)``.
    shape, shape_error
        England's logit hazard by age to 24 and its standard error.
    residual
        Net transfers in per plan, dims ``(area, year)``, and ``transfer_rate`` England's by `TRANSFER_GROUPS`.
    needs
        Joiners by recorded need, dims ``(area, age, need)``, ages `MIXED_AGES`; zero where an authority returned none.
    deviations
        How authorities' needs differ from England's.
    residents
        At the mid-year from whom the latest joiners came, dims ``(area, age)``.
    reasons, reason_names
        England's leavers, dims ``(band, reason)``.
    """

    areas: tuple[int, ...]
    years: tuple[int, ...]
    new: Array
    expected: Array
    rate: Array
    rate_error: Array
    gone: Array
    exposed: Array
    plans_before: Array
    shape: Array
    shape_error: Array
    residual: Array
    transfer_rate: Array
    needs: Array
    deviations: Deviations
    residents: Array
    reasons: Array
    reason_names: tuple[str, ...]

    @classmethod
    def of(cls, history: History, composition: Composition) -> CohortEvidence:
        """Return the evidence of a history and a composition.

        Raises
        ------
        HistoryError
            The composition is not of the history's last January, or stocks or leavers by age are missing before it.
        """
        year = composition.january - 1
        known_januaries = set(history.stock_by_age["january"].to_numpy().tolist())
        if composition.january != history.origin or not {year, year + 1} <= known_januaries:
            raise HistoryError(
                f"Flows by age are fitted at January {composition.january}, whose composition is published, and need stocks by "
                f"single age then and a year before; the history runs to January {history.origin} and holds them for "
                f"{sorted(known_januaries)}. Use the history up to January {composition.january}."
            )
        joiners = composition.joiners.reindex(area=list(history.areas)).transpose("area", "age", "need")
        by_age = joiners.sum("need", skipna=False)
        england = by_age.sum("area").to_numpy()
        years = [y for y in history.new_plans_by_band["year"].to_numpy().tolist() if y >= FIRST_YEAR]
        new = history.new_plans_by_band.sel(year=years, series=list(BAND_CODES))
        residents = (
            exposure(history, years).sel(age=list(AGES)).transpose("area", "age", "mid_year").to_numpy()
        )
        returned = by_age.notnull().all("age").to_numpy()
        counts, people = (
            _tied(england),
            _tied(np.where(returned[:, None], residents[:, :, years.index(year)], 0).sum(axis=0)),
        )
        rate = np.log(counts + 0.5) - np.log(people)
        latest = new.sel(year=year).transpose("area", "series").to_numpy()
        both = returned & ~np.isnan(latest).any(axis=1)
        footing = latest[both].sum(axis=0) / (by_age.to_numpy()[both] @ IN_BAND).sum(axis=0).clip(min=0.5)
        expected = np.einsum("iay,a,ab->iby", residents, np.exp(rate), IN_BAND) * footing[:, None]
        mixed = joiners.sel(need=list(RECORDED)).fillna(0.0).to_numpy()
        before, stock = (
            plans.reindex(area=list(history.areas)).transpose("area", "age", "need").sel(need=list(RECORDED))
            for plans in (composition.joiners_before, composition.stock)
        )
        by_band = np.einsum("yiak,ab->yibk", np.stack([before.fillna(0.0).to_numpy(), mixed]), IN_BAND)
        oldest = mixed[:, len(MIXED_AGES) - 1 :].sum(axis=1, keepdims=True)
        leavers = _Leavers.of(
            history, by_age, total_footing=float(latest[both].sum() / by_age.to_numpy()[both].sum())
        )
        return cls(
            areas=history.areas,
            years=tuple(years),
            new=new.transpose("area", "series", "year").to_numpy(),
            expected=expected,
            rate=rate,
            rate_error=np.sqrt(1 / (counts + 0.5) + RATE_CHANGE**2),
            gone=leavers.gone,
            exposed=leavers.exposed,
            plans_before=leavers.plans_before,
            shape=leavers.shape,
            shape_error=leavers.shape_error,
            residual=leavers.residual,
            transfer_rate=leavers.transfer_rate,
            needs=np.concatenate([mixed[:, : len(MIXED_AGES) - 1], oldest], axis=1),
            deviations=Deviations.of(by_band, stock.to_numpy()),
            residents=residents[:, :, years.index(year)],
            reasons=leavers.reasons,
            reason_names=leavers.reason_names,
        )


def _tied(by_age: Array) -> Array:
    """Return values by age in which the ages of the oldest flow row are summed, with the sum at each of them."""
    oldest = np.array(AGES) >= OLDEST_FLOW_AGE
    return np.where(oldest, by_age[oldest].sum(), by_age)


@dataclass(frozen=True)
class _Leavers:
    """The evidence on leavers and moves; fields as in `Evidence`."""

    gone: Array
    exposed: Array
    plans_before: Array
    shape: Array
    shape_error: Array
    residual: Array
    transfer_rate: Array
    reasons: Array
    reason_names: tuple[str, ...]

    @classmethod
    def of(cls, history: History, joiners: xr.DataArray, *, total_footing: float) -> _Leavers:
        published = history.leavers_by_age
        reasons = [str(r) for r in published["reason"].to_numpy() if r != "transfer"]
        leavers = published.sel(reason=reasons)
        years = leavers["year"].to_numpy().tolist()
        left = leavers.sum("reason", skipna=False).transpose("area", "age", "year")
        plans_before = np.stack([stock_at(history, y).to_numpy() for y in years], axis=2)
        gone = np.stack(
            [left.sel(age=slice(*g)).sum("age", skipna=False).to_numpy() for g in HAZARD_GROUPS], axis=1
        )
        ages = np.array(AGES)
        # The last published row is 19 and over, so its plans include those of 25.
        tops = [*(high for _, high in HAZARD_GROUPS[:-1]), AGES[-1]]
        exposed = np.stack(
            [
                plans_before[:, (ages >= low) & (ages <= top)].sum(axis=1)
                for (low, _), top in zip(HAZARD_GROUPS, tops, strict=True)
            ],
            axis=1,
        )

        last = history.origin - 1
        now = history.stock_by_age.sel(january=last, age=list(AGES)).transpose("area", "age").to_numpy()
        then = history.stock_by_age.sel(january=last + 1, age=list(AGES)).transpose("area", "age").to_numpy()
        ended = left.sel(year=last).to_numpy()
        whole = ~np.isnan(np.concatenate([now, then, ended, joiners.to_numpy()], axis=1)).any(axis=1)
        before, after = now[whole].sum(axis=0)[:-1], then[whole].sum(axis=0)[1:]
        came, ended = joiners.to_numpy()[whole].sum(axis=0)[1:], ended[whole].sum(axis=0)
        # Single ages above 18 show only in what is left of them a year later.
        published_rows = HAZARD_AGES < OLDEST_LEAVER_AGE
        survived = np.clip(before - after + came, 0.5, before - 0.5)
        single = np.where(
            published_rows, ended[np.minimum(np.arange(len(HAZARD_AGES)), len(ended) - 1)], survived
        )
        share = np.clip((single + 0.5) / (before + 1), 1e-4, 1 - 1e-4)
        groups = np.arange(len(TRANSFER_GROUPS))[:, None] == TRANSFER_GROUP_OF_AGE
        old = now[whole].sum(axis=0)[-1]
        row_total = np.where(published_rows, single, 0.0)
        group_left = groups @ row_total + np.where(
            np.arange(len(groups)) == len(groups) - 1, ended[-1] - old, 0.0
        )
        arrived = groups @ (after - before - came) + group_left

        total = history.stock.sel(series=ALL)
        new = history.new_plans_by_band.sum("series", skipna=False)
        change = np.stack(
            [
                total.sel(january=y + 1).to_numpy()
                - total.sel(january=y).to_numpy()
                + left.sel(year=y).sum("age", skipna=False).to_numpy()
                - new.sel(year=y).to_numpy() / total_footing
                for y in years
            ],
            axis=1,
        )
        england = leavers.sum(("area", "year")).transpose("age", "reason")
        band_rows = [(b.low, min(b.high, OLDEST_LEAVER_AGE - 1)) for b in AGE_BANDS[:-1]]
        counts = [england.sel(age=slice(*rows)).sum("age").to_numpy() for rows in band_rows]
        return cls(
            gone=gone,
            exposed=exposed,
            plans_before=plans_before,
            shape=np.log(share / (1 - share)),
            shape_error=np.sqrt(1 / (single + 0.5) + HAZARD_CHANGE**2),
            residual=change / np.stack([total.sel(january=y).to_numpy() for y in years], axis=1),
            transfer_rate=arrived / np.maximum(groups @ before, 1.0),
            reasons=np.stack([*counts, england.sel(age=OLDEST_LEAVER_AGE).to_numpy()]),
            reason_names=tuple(reasons),
        )


def stock_at(history: History, january: int) -> xr.DataArray:
    """Return plans by single age at a January, dims ``(area, age)``; NaN where not even bands were published.

    Where an area's single ages were not published, its bands are spread over ages as England's were at the nearest January at
    which they were.
    """
    known = history.stock_by_age["january"].to_numpy()
    nearest = int(known[np.abs(known - january).argmin()])
    profile = history.stock_by_age.sel(january=nearest, age=list(AGES)).sum("area").to_numpy()
    within = profile / np.maximum((profile @ IN_BAND)[BAND_OF_AGE], 1e-9)
    bands = history.stock.sel(january=january, series=list(BAND_CODES)).transpose("area", "series").to_numpy()
    spread = xr.DataArray(
        bands[:, BAND_OF_AGE] * within,
        dims=("area", "age"),
        coords={"area": list(history.areas), "age": list(AGES)},
    )
    if january not in known:
        return spread
    own = history.stock_by_age.sel(january=january, age=list(AGES), drop=True).transpose("area", "age")
    return own.where(own.notnull().all("age"), spread)
