"""`History`: everything published for a set of areas up to an origin, on complete grids.

Invariant: a history with origin T holds stocks up to January T and flows up to calendar year T - 1 (they are
published together), and nothing later. ``history.until(2022)`` is how back-tests and the app ask the same
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

FLOWS: tuple[str, ...] = ("requests", "refused", "assessments", "new_plans")
"""Calendar-year flows of the statutory process, all ages."""


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
    """

    origin: int
    stock: xr.DataArray
    flows: xr.Dataset
    pooled: xr.DataArray
    spliced: xr.DataArray

    @property
    def areas(self) -> tuple[int, ...]:
        """DfE numbers of the areas, ascending."""
        return tuple(int(a) for a in self.stock["area"].to_numpy())

    def until(self, origin: int) -> History:
        """Return this history as it stood at an earlier January.

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
