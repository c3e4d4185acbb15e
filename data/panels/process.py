"""`Process`: requests for assessment, decisions and assessments of each authority, the stages before a plan.

Invariants, in every authority, year and age that was returned:

    received  = accepted + refused + withdrawn + undecided
    completed = issued + not_issued

and ages add up to the published total of all ages. Requests belong to the calendar year they came in, assessments to the year
they ended. A year an authority did not return, or returned in part, is NaN throughout, never zero: Hackney, Leicester and the
Isle of Wight in 2023, the Isle of Wight in 2024. For all others published ages add up to published totals exactly, in both
tables. Age not known (355 of 104,943 assessments and 1 of 154,415 requests in 2024) is spread in proportion to the known ages.

What changed in 2023
--------------------
Until 2022 authorities returned totals of requests received and of requests refused, and no others: the two do not say how many of
the year's requests were decided. From 2023 they return each child, and what became of each request received in the year: to
assess, refused, withdrawn or not yet decided. So

* a refusal share is refused / received until 2022 and refused / decided from 2023: 22.1 % of England in 2022, 25.9 % in 2023.
  A change across that break is not a change in practice; `Process.decided` keeps the two apart;
* completed assessments (plan issued or not) keep their meaning; the few withdrawn or with no outcome (389 in 2024) are left out.

Ages on the stock's footing
---------------------------
Both tables count age on the day the *request* came in. Stocks count age at 31 August before the January, and a flow of calendar
year y leads to January y + 1. With K[a, c] the share of children of stock age c counted at age a, England's new plans by stock
age (x, `data.panels.composition`) and `STATUTORY_DELAY` l, the published England profiles should be K x for plans issued and
K ((1 - l) x[c] + l x[c + 1]) for requests accepted: those whose plan comes next year are a year older then. Fitting how many
are counted a year younger than their stock age (square roots, ages 3 to 20, 2024; 2023 agrees):

========  ===========================  ======================================================
flow      counted a year younger       misfit (sum of squared root differences) unmoved, fitted
========  ===========================  ======================================================
issued    0.74 (2023: 0.78)            5,334, 61
accepted  0.5, flat from 0.4 to 0.6    923, 224
========  ===========================  ======================================================

Next to nobody is counted a year older. Plans follow requests by months, hence the larger figure for assessments. Moving all by a
fixed share would blur the steps at school entry and transfer, so each published age is shared out by Bayes' rule:
P(c | a) = K[a, c] x[c] / sum_c' K[a, c'] x[c'].
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from data import tables
from data.errors import HistoryError
from data.panels import composition_tables
from data.vocabulary import AGES

PROCESS_AGES: tuple[int, ...] = tuple(range(2, 21))
"""Ages at 31 August before the January after the calendar year; 2 is 2 and under, 20 is 20 and over."""

STATUTORY_DELAY = 20 / 52
"""Years from a request to the plan: 20 weeks (SEND Regulations 2014, regulation 13). With requests spread evenly over the year
it is also the share whose assessment ends in the year after. About half of plans take longer (table timeliness)."""

REQUESTED_YOUNGER = 0.5
"""Share of requests counted at one year less than the age at 31 August of their year."""

ASSESSED_YOUNGER = 0.74
"""Share of assessments counted at one year less than the age at 31 August of the year they ended."""

UNKNOWN_AGE = -1

REQUEST_MEASURES: dict[str, str] = {
    "accepted": "to_assess",
    "refused": "refused",
    "withdrawn": "withdrawn",
    "undecided": "pending",
}
"""Our name -> measure in the table of requests; ``received`` is their sum."""

ASSESSMENT_MEASURES: dict[str, str] = {"issued": "issued", "not_issued": "not_issued"}
"""Our name -> measure in the table of assessments; ``completed`` is their sum."""

FIRST_YEAR_BY_CHILD = 2023
"""First calendar year returned child by child: ages, and outcomes of the requests of the year."""


@dataclass(frozen=True)
class Process:
    """Requests and assessments of the current authorities.

    Parameters
    ----------
    by_age
        ``received, accepted, refused, withdrawn, undecided, completed, issued, not_issued``, dims ``(area, year, age)``, in
        children; fractions because ages were moved. Years from 2023, ages `PROCESS_AGES`.
    totals
        The same, all ages, as published, dims ``(area, year)``; NaN where not returned or not collected: ``received`` starts
        in 2016, ``accepted``, ``withdrawn`` and ``undecided`` in 2023, the others in 2014.
    delay
        Years from a request to the end of its assessment, 0 to 1.
    """

    by_age: xr.Dataset
    totals: xr.Dataset
    delay: float = STATUTORY_DELAY

    @property
    def last_year(self) -> int:
        """Latest calendar year with figures."""
        return int(self.totals["year"].max())

    @property
    def decided(self) -> xr.DataArray:
        """Requests that refusals are divided by, dims ``(area, year)``: received until 2022, decided from 2023."""
        known = self.totals["received"] - self.totals["undecided"]
        by_child: xr.DataArray = self.totals["year"] >= FIRST_YEAR_BY_CHILD
        return known.where(by_child, self.totals["received"])

    def until(self, year: int) -> Process:
        """Return the figures up to and including calendar ``year``.

        Raises
        ------
        HistoryError
            No year with ages would be left.
        """
        if year < int(self.by_age["year"].min()):
            raise HistoryError(
                f"Requests and assessments by age start in {int(self.by_age['year'].min())}; {year} is before that."
            )
        past = slice(None, year)
        return replace(self, by_age=self.by_age.sel(year=past), totals=self.totals.sel(year=past))


def load() -> Process:
    """Read requests and assessments of the current authorities from the published tables."""
    listed = tables.read("areas")
    areas = sorted(int(a) for a in listed.loc[listed["is_current"], "la_code"])
    requests, assessments = tables.read("requests"), tables.read("assessments")
    plans = composition_tables.load().joiners.sum(("area", "need")).to_numpy()
    profiles = {
        "requests": stock_age_shares(ages_at_request(plans), REQUESTED_YOUNGER),
        "assessments": stock_age_shares(plans, ASSESSED_YOUNGER),
    }
    by_age = xr.Dataset(
        {
            name: _by_age(rows[rows["measure"] == measure], areas) @ footing
            for rows, names, footing in (
                (requests, REQUEST_MEASURES, profiles["requests"]),
                (assessments, ASSESSMENT_MEASURES, profiles["assessments"]),
            )
            for name, measure in names.items()
        }
    ).rename(stock_age="age")
    totals = xr.Dataset(
        {
            name: _totals(rows[rows["measure"] == measure], areas)
            for rows, names in (
                (requests, {"received": "received", **REQUEST_MEASURES}),
                (assessments, {"completed": "completed", **ASSESSMENT_MEASURES}),
            )
            for name, measure in names.items()
        }
    )
    return Process(
        by_age.assign(
            received=sum(by_age[name] for name in REQUEST_MEASURES),
            completed=sum(by_age[name] for name in ASSESSMENT_MEASURES),
        ),
        totals,
    )


def ages_at_request(plans: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return plan holders by their age at 31 August of the year in which their assessment was requested.

    Parameters
    ----------
    plans
        Plans by stock age, ``AGES``, in a steady state.
    """
    following = np.append(plans[1:], 0.0)
    # "2 and under" holds next year's two-year-olds too.
    following[0] += plans[0]
    return (1 - STATUTORY_DELAY) * plans + STATUTORY_DELAY * following


def published_age_matrix(younger: float) -> npt.NDArray[np.float64]:
    """Return the share of children of each stock age (column, ``AGES``) counted at each published age (row, `PROCESS_AGES`)."""
    kernel = (1 - younger) * np.eye(len(AGES)) + younger * np.eye(len(AGES), k=1)
    kernel[0, 0] = 1.0
    oldest = len(PROCESS_AGES) - 1
    return np.vstack([kernel[:oldest], kernel[oldest:].sum(axis=0)])


def stock_age_shares(profile: npt.NDArray[np.float64], younger: float) -> xr.DataArray:
    """Return P(stock age | published age) by Bayes' rule, dims ``(age, stock_age)``; rows add up to 1.

    Parameters
    ----------
    profile
        Children by stock age, ``AGES``, up to a factor.
    younger
        Share counted at one year less than their stock age, 0 to 1.
    """
    joint = published_age_matrix(younger) * profile
    oldest = len(PROCESS_AGES) - 1
    joint = np.column_stack([joint[:, :oldest], joint[:, oldest:].sum(axis=1)])
    return xr.DataArray(
        joint / joint.sum(axis=1, keepdims=True),
        dims=("age", "stock_age"),
        coords={"age": list(PROCESS_AGES), "stock_age": list(PROCESS_AGES)},
    )


def _totals(rows: pd.DataFrame, areas: list[int]) -> xr.DataArray:
    """Return published figures of all ages, dims ``(area, year)``."""
    series = rows[rows["age"].isna()].set_index(["la_code", "year"])["value"].astype("float64")
    array: xr.DataArray = series.to_xarray().rename({"la_code": "area"})
    return array.reindex(area=areas)


def _by_age(rows: pd.DataFrame, areas: list[int]) -> xr.DataArray:
    """Return published figures by age, dims ``(area, year, age)``; unknown ages are spread, and partial years are NaN."""
    rows = rows[rows["age"].notna()].astype({"age": "int64", "value": "float64"})
    array: xr.DataArray = rows.set_index(["la_code", "year", "age"])["value"].to_xarray()
    array = array.rename({"la_code": "area"}).reindex(area=areas)
    known = array.sel(age=list(PROCESS_AGES))
    # Age -1 has a row only where it is printed: none is nil, but only in a year that was returned.
    unknown = array.reindex(age=[UNKNOWN_AGE]).isel(age=0, drop=True).fillna(0.0)
    of_all = known.sum("age", skipna=False)
    england = known.sum("area") / known.sum(("area", "age"))
    # A year not returned stays NaN: the sum begins with it.
    return known + unknown * (known / of_all.where(of_all > 0)).fillna(england)
