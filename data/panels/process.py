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
from data.panels.age_footing import FOOTING_AGES, published_age_matrix, stock_age_shares
from data.panels.estimated_cells import fit_margins, with_england

PROCESS_AGES = FOOTING_AGES
"""Ages at 31 August before the January after the calendar year."""

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
        children; fractions because ages were moved. Years from 2023, ages `PROCESS_AGES`; NaN where not returned, as assessments
        of 2025 are, whose figures by authority are not at hand.
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
    # The ages of new plans in the latest year that has them with needs: their footing is the surest.
    latest = int(tables.read("new_plans_age_need")["year"].max())
    plans = composition_tables.joiners(latest).sum(("area", "need")).to_numpy()
    profiles = {
        "requests": stock_age_shares(ages_at_request(plans), published_age_matrix(REQUESTED_YOUNGER)),
        "assessments": stock_age_shares(plans, published_age_matrix(ASSESSED_YOUNGER)),
    }
    outcomes = _outcomes_by_age(requests, areas)
    ended = {
        name: _by_age(assessments[assessments["measure"] == measure], areas)
        for name, measure in ASSESSMENT_MEASURES.items()
    }
    by_age = xr.Dataset(
        {name: ages @ profiles["requests"] for name, ages in outcomes.items()}
        | {
            name: (ages @ profiles["assessments"]).reindex(year=outcomes["accepted"]["year"])
            for name, ages in ended.items()
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


def _totals(rows: pd.DataFrame, areas: list[int]) -> xr.DataArray:
    """Return published figures of all ages, dims ``(area, year)``."""
    series = rows[rows["age"].isna()].set_index(["la_code", "year"])["value"].astype("float64")
    array: xr.DataArray = series.to_xarray().rename({"la_code": "area"})
    return array.reindex(area=areas)


def _outcomes_by_age(requests: pd.DataFrame, areas: list[int]) -> dict[str, xr.DataArray]:
    """Return requests by outcome and age as published, by our names, dims ``(area, year, age)``.

    A year whose outcomes are published for all ages together, and whose ages for all outcomes together, is filled from both,
    starting from the latest year before that has the crossing (`data.panels.estimated_cells`).
    """
    received = _by_age(requests[requests["measure"] == "received"], areas)
    outcomes = xr.concat(
        [_by_age(requests[requests["measure"] == m], areas) for m in REQUEST_MEASURES.values()],
        dim=pd.Index(list(REQUEST_MEASURES), name="outcome"),
    ).transpose("area", "year", "age", "outcome")
    totals = xr.concat(
        [_totals(requests[requests["measure"] == m], areas) for m in REQUEST_MEASURES.values()],
        dim=outcomes["outcome"],
        join="outer",
    )
    # Ages without a row are nil for every outcome, so a year without the crossing holds nothing but those.
    crossed = (outcomes.sum(("area", "age", "outcome")) > 0).to_numpy()
    filled = outcomes.copy()
    whole = outcomes["year"].to_numpy()[crossed]
    for year in outcomes["year"].to_numpy()[~crossed]:
        # Nothing later than the year may tell what it was like.
        seed = with_england(outcomes.sel(year=whole[whole < year].max()).to_numpy())
        of_all = totals.sel(year=year).transpose("area", "outcome").to_numpy()
        filled.loc[{"year": year}] = fit_margins(seed, received.sel(year=year).to_numpy(), of_all)
    return {name: filled.sel(outcome=name, drop=True) for name in REQUEST_MEASURES}


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
