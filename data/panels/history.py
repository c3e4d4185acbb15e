"""`History`: published stocks and flows of a set of areas up to an origin, on complete grids.

Invariant: a history with origin T holds stocks up to January T, flows up to calendar year T - 1 (they are
published together) and residents up to mid-year T - 2, and nothing later; a projection of residents is held only at
origins at which it had been published. ``history.until(2022)`` is how back-tests and the app ask the same
question of an earlier day. The releases are final, not real-time: a figure revised after T shows its
revised value.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import xarray as xr

from data.errors import HistoryError
from data.vocabulary import ALL, BAND_CODES

SERIES: tuple[str, ...] = (ALL, *BAND_CODES)
"""Series a demand model forecasts: the total and each age band."""

FLOWS: tuple[str, ...] = (
    "requests",
    "refused",
    "assessments",
    "new_plans",
    "pending",
    "issued",
    "issued_in_20_weeks",
)
"""Calendar-year flows of the statutory process, all ages: requests received and refused, assessments completed and still
under way at the end of the year, new plans, and new plans counted for timeliness (all, and those within 20 weeks)."""

RESIDENTS_DELAY = 2
"""An estimate of residents at mid-year t is published in time for January t + 2 (ONS mid-year estimates). So mid-2023, published
in July 2024, is first known to January 2025, not to January 2024, whose plans were published in June 2024."""

FIRST_PROJECTION_ORIGIN = 2025
"""First January at which the shipped population projection could be made: it rests on mid-2023 (published in July 2024) and, in
London, on the ONS 2022-based projection (June 2025, as the plans of January 2025)."""


@dataclass(frozen=True)
class History:
    """Published stocks and flows of a panel of areas up to an origin.

    Parameters
    ----------
    origin
        Last January held.
    stock
        EHC plans (with statements to 2018), dims ``(area, series, january)``; NaN where not published.
    flows
        Calendar-year flows named in `FLOWS`, dims ``(area, year)``; NaN where not published.
    pooled
        Whether an area counts in pooled estimates, dims ``(area,)``.
    spliced
        Whether a stock is an old area's figure times a share, dims ``(area, january)``.
    region
        Region of each area, dims ``(area,)``.
    residents
        Residents by single age 0 to 25, dims ``(area, mid_year, age)``, estimates published by the origin; NaN where
        there is none. May hold no mid-year at all.
    new_plans_by_band
        New plans of a calendar year by age band at the January after, dims ``(area, series, year)``, ``series`` being the
        five bands; NaN where not published.
    stock_by_age
        EHC plans by single age, dims ``(area, age, january)``; holds only Januaries at which single ages were published.
    new_plans_by_age
        New plans of a calendar year by single age at the January after, the oldest row being all ages from it up, dims
        ``(area, age, year)``; holds only years published.
    leavers_by_age
        Plans ceased in a calendar year by single age at the January before and reason, the oldest row being all ages from it
        up, dims ``(area, age, reason, year)``; holds only years published.
    projection
        Residents by single age as projected, dims ``(area, mid_year, age)``; no mid-year at origins before it was published.
    placements
        EHC plans by provision of `data.vocabulary.PROVISIONS`, dims ``(area, provision, january)``; NaN where an area's return
        cannot be used, 0 for a provision that the return did not itemise then.
    """

    origin: int
    stock: xr.DataArray
    flows: xr.Dataset
    pooled: xr.DataArray
    spliced: xr.DataArray
    region: xr.DataArray
    residents: xr.DataArray
    projection: xr.DataArray
    new_plans_by_band: xr.DataArray
    stock_by_age: xr.DataArray
    new_plans_by_age: xr.DataArray
    leavers_by_age: xr.DataArray
    placements: xr.DataArray

    @property
    def areas(self) -> tuple[int, ...]:
        """DfE numbers of the areas, ascending."""
        return tuple(int(a) for a in self.stock["area"].to_numpy())

    def until(self, origin: int) -> History:
        """Return the history up to an earlier January, as it could be known then.

        Raises
        ------
        HistoryError
            The origin is later than this history or earlier than its second January.
        """
        first = int(self.stock["january"][0])
        if not first < origin <= self.origin:
            raise HistoryError(
                f"An origin of January {origin} was asked for, but the history runs from January {first} to January "
                f"{self.origin} and a forecast needs at least two Januaries. Choose {first + 1} to {self.origin}."
            )
        return replace(
            self,
            origin=origin,
            stock=self.stock.sel(january=slice(None, origin)),
            flows=self.flows.sel(year=slice(None, origin - 1)),
            spliced=self.spliced.sel(january=slice(None, origin)),
            residents=self.residents.sel(mid_year=slice(None, origin - RESIDENTS_DELAY)),
            new_plans_by_band=self.new_plans_by_band.sel(year=slice(None, origin - 1)),
            stock_by_age=self.stock_by_age.sel(january=slice(None, origin)),
            new_plans_by_age=self.new_plans_by_age.sel(year=slice(None, origin - 1)),
            leavers_by_age=self.leavers_by_age.sel(year=slice(None, origin - 1)),
            projection=self.projection
            if origin >= FIRST_PROJECTION_ORIGIN
            else self.projection.isel(mid_year=slice(0)),
            placements=self.placements.sel(january=slice(None, origin)),
        )

    def latest(self, area: int) -> xr.DataArray:
        """Return an area's stock at the last January in which every series was published, dims ``(series,)``.

        The January is the scalar coordinate ``january``.
        """
        stock = self.stock.sel(area=area, drop=True)
        whole = stock.notnull().all("series")
        return stock.sel(january=whole["january"].where(whole, drop=True).max())

    def actual(self, january: int) -> xr.DataArray:
        """Return the published stock of one January, dims ``(area, series)``."""
        return self.stock.sel(january=january, drop=True)
