"""Shortfalls and placements as tidy tables: when and where places run out, how many are needed, and where children go.

Sums are taken within a draw before `forecast.presentation.describe` makes numbers of them. A shortfall is one whole child or
more. Rows for "All" add up within a draw; percentiles of parts need not add up to those of the whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import xarray as xr

from data import tables
from data.errors import OptionError
from data.provisions import with_interns
from data.shrinkage import shrunk_ratio
from data.vocabulary import AGE_BANDS, AGES, ALL, PHASE_CODES
from forecast.core import defaults
from forecast.core.outcome import ONE_CHILD, Outcome
from forecast.presentation import describe
from forecast.presentation.summary import LIKELY, with_all
from models.base import Floats

ALIKE = 0.1
"""Chances that differ by less than about this are told apart by the number of children instead."""

NEVER = 0
"""Stands for "in no January of the horizon" where a January is an integer."""

CELL = ("phase", "need_group", "provision")

SETTING_COLUMNS: tuple[str, ...] = (
    "la_code", "year", "setting", "urn", "provision", "located", "places", "places_q10", "places_q90", "filled_mean",
    "free_mean", "p_full",
)  # fmt: skip

POST16_GROUPS: Mapping[str, tuple[int, int]] = {"16-18": (16, 18), "19-25": (19, 25)}
"""Ages, both included, at which post-16 provision is planned and paid for differently."""

INTERN_PROVISIONS: tuple[str, ...] = with_interns()
"""Provisions that supported interns are on the roll of."""

INTERN_PRIOR = 50
"""Plans that England's share of supported interns is worth against an authority's own: our assumption."""


def demand_long(outcome: Outcome) -> pd.DataFrame:
    """Return observed and latent demand side by side, with the demand used in the run.

    Columns: la_code, year, phase, need_group, provision, demand ("observed", "latent", "used"), mean, q10, q50, q90.
    """
    shortfall = outcome.shortfall
    kinds = {"observed": shortfall.observed, "latent": shortfall.latent, "used": shortfall.wanted}
    frames = [
        describe.cells(with_all(draws), ("january", *CELL)).assign(demand=name)
        for name, draws in kinds.items()
    ]
    return _finished(pd.concat(frames, ignore_index=True), outcome, (*CELL, "demand"))


def overflow_long(outcome: Outcome) -> pd.DataFrame:
    """Return children without the place they want by the provision they wanted (``provision``) and destination."""
    draws = with_all(outcome.shortfall.overflow)
    dims = ("january", *CELL, "destination")
    return _finished(describe.cells(draws, dims), outcome, (*CELL, "destination"))


def first_years(outcome: Outcome) -> pd.DataFrame:
    """Return, for each January, the chance that it is the first with a shortfall; January 0 stands for none.

    Columns: la_code, phase, need_group, provision, january, chance; chances of a cell add up to 1.
    """
    short = with_all(outcome.shortfall.short).transpose("draw", "january", *CELL)
    falls = short.to_numpy() >= ONE_CHILD
    never = ~falls.any(axis=1)
    first = np.where(never, falls.shape[1], falls.argmax(axis=1))
    chance = np.stack([describe.chance(first == j, axis=0) for j in range(falls.shape[1] + 1)])
    index = pd.MultiIndex.from_product(
        [[*short["january"].to_numpy().tolist(), NEVER], *(short[d].to_numpy() for d in CELL)],
        names=["january", *CELL],
    )
    frame = pd.DataFrame({"chance": chance.ravel()}, index=index).reset_index()
    return frame.assign(la_code=outcome.area.la_code)[["la_code", *CELL, "january", "chance"]]


def first_likely(shortfall: pd.DataFrame) -> pd.DataFrame:
    """Return, by cell, the first January in which a shortfall is at least as likely as not; `NEVER` if there is none."""
    likely = shortfall["year"].where(shortfall["p_shortfall"] >= LIKELY)
    first = shortfall.assign(january=likely).groupby(list(CELL), sort=False)["january"].min()
    return first.fillna(NEVER).astype("int64").reset_index()


def places_to_add(outcome: Outcome, sure: float = defaults.SURE) -> pd.DataFrame:
    """Return the fewest whole places, by cell and January, with which no child is short with probability ``sure``.

    Columns: la_code, year, phase, need_group, provision, places_to_add. Every row stands alone: rows do not add up.
    """
    short = with_all(outcome.shortfall.short).transpose("draw", "january", *CELL)
    whole = fewest_places(short.to_numpy(), sure)
    index = pd.MultiIndex.from_product(
        [short["january"].to_numpy(), *(short[d].to_numpy() for d in CELL)], names=["year", *CELL]
    )
    frame = pd.DataFrame({"places_to_add": whole.astype("int64").ravel()}, index=index).reset_index()
    return frame.assign(la_code=outcome.area.la_code)[["la_code", "year", *CELL, "places_to_add"]]


def fewest_places(short: Floats, sure: float = defaults.SURE) -> Floats:
    """Return the fewest whole extra places, open to all, that leave less than one child short.

    Parameters
    ----------
    short
        Children short, draws first.
    sure
        Share of draws in which that holds, above 0 and at most 1.

    Raises
    ------
    OptionError
        ``sure`` is out of range.
    """
    if not 0 < sure <= 1:
        raise OptionError(
            f"Places were asked for that are enough with probability {sure}. A probability is above 0 and at most 1: use 0.8 "
            "to be 80 % sure."
        )
    (enough,) = describe.percentiles(short, (sure,), axis=0, method="inverted_cdf")
    return np.asarray(np.floor(enough))


def binding(shortfall: pd.DataFrame) -> pd.DataFrame:
    """Return needs and phases with a shortfall, soonest first: phase, need_group, provision, january, p, expected.

    Single cells only: no row for "All".
    """
    single = shortfall[
        shortfall["phase"].isin(PHASE_CODES)
        & (shortfall["need_group"] != ALL)
        & (shortfall["provision"] != ALL)
    ]
    first = first_likely(single)
    short = first[first["january"] != NEVER].merge(
        single.rename(columns={"year": "january"}), on=[*CELL, "january"], how="left"
    )
    # Two chances near certainty are alike: then more children count for more.
    short["about"] = (short["p_shortfall"] / ALIKE).round()
    ordered = short.sort_values(
        ["january", "about", "shortfall_q50"], ascending=[True, False, False], kind="stable"
    )
    return ordered[[*CELL, "january", "p_shortfall", "shortfall_q50", "shortfall_q90"]].reset_index(drop=True)


def causes(outcome: Outcome, destinations: Sequence[str]) -> pd.DataFrame:
    """Return expected children sent to some destinations, by the provision they wanted, phase and need group.

    Columns: year, destination, provision, phase, need_group, mean; largest first within a year.
    """
    mean = describe.mean(outcome.shortfall.overflow.sel(destination=list(destinations)))
    frame = mean.rename("mean").to_series().reset_index().rename(columns={"january": "year"})
    ordered = frame.sort_values(["year", "mean"], ascending=[True, False], kind="stable")
    return ordered[["year", "destination", *CELL, "mean"]].reset_index(drop=True)


def settings_long(outcome: Outcome) -> pd.DataFrame:
    """Return places, pupils and free places of each setting: columns `SETTING_COLUMNS`.

    ``places`` is the mean over draws (schemes slip), ``p_full`` the chance that fewer than one place is free.
    """
    shortfall = outcome.shortfall
    places, free = (
        x.transpose("draw", "january", "unit").to_numpy()
        for x in (shortfall.unit_places, shortfall.unit_free)
    )
    filled = (
        shortfall.unit_filled.sum(("phase", "need_group")).transpose("draw", "january", "unit").to_numpy()
    )
    middle, q10, q90 = describe.describe(places, (0.1, 0.9), axis=0).values()
    filled_mean, free_mean = (describe.mean(x, axis=0) for x in (filled, free))
    full = describe.chance((free < ONE_CHILD) & (places > 0), axis=0)
    rows = []
    for u, unit in enumerate(shortfall.units):
        rows.append(
            pd.DataFrame(
                {
                    "la_code": outcome.area.la_code,
                    "year": shortfall.unit_places["january"].to_numpy(),
                    "setting": unit.name,
                    "urn": unit.urn,
                    "provision": unit.provision,
                    "located": unit.located,
                    "places": middle[:, u],
                    "places_q10": q10[:, u],
                    "places_q90": q90[:, u],
                    "filled_mean": filled_mean[:, u],
                    "free_mean": free_mean[:, u],
                    "p_full": full[:, u],
                }
            )
        )
    if not rows:
        return pd.DataFrame(columns=list(SETTING_COLUMNS))
    frame = pd.concat(rows, ignore_index=True)
    return frame.astype({"year": "int64", "urn": "Int64"})[list(SETTING_COLUMNS)]


def placements_long(outcome: Outcome) -> pd.DataFrame:
    """Return plans by provision, January and age band: la_code, year, age_band, provision, mean, q10, q50, q90."""
    draws = outcome.placements.future
    parts = [draws.sum("age"), *(draws.sel(age=list(b.ages)).sum("age") for b in AGE_BANDS)]
    labels = [ALL, *(b.code for b in AGE_BANDS)]
    banded = xr.concat(parts, dim=xr.DataArray(labels, dims="age_band", name="age_band"), join="exact")
    return _finished(
        describe.cells(banded, ("january", "age_band", "provision")), outcome, ("age_band", "provision")
    )


def post16_long(outcome: Outcome) -> pd.DataFrame:
    """Return plans by provision at ages 16 to 18 and 19 to 25, with supported interns as a part of the others.

    Columns: la_code, year, ages, provision, mean, q10, q50, q90. Interns are today's share of plans at each age at colleges,
    training providers and sixth forms (DfE, plans by work-based learning, January 2025): a count within those provisions, not
    beside them.
    """
    draws = outcome.placements.future
    interns = (
        draws.sel(provision=list(INTERN_PROVISIONS)).sum("provision") * intern_share(outcome.area.la_code)
    ).assign_coords(provision="supported_internship")
    whole = xr.concat([draws, interns.expand_dims("provision", axis=-1)], dim="provision", join="exact")
    parts = [
        whole.sel(age=[a for a in AGES if low <= a <= high]).sum("age")
        for low, high in POST16_GROUPS.values()
    ]
    ages = xr.concat(parts, dim=xr.DataArray(list(POST16_GROUPS), dims="ages", name="ages"), join="exact")
    return _finished(describe.cells(ages, ("january", "ages", "provision")), outcome, ("ages", "provision"))


def intern_share(code: int) -> xr.DataArray:
    """Return supported internships as a share of an authority's plans at `INTERN_PROVISIONS`, dims ``(age,)``, 0 to 1.

    England's share by age, scaled to the authority's own number with England's as a prior worth `INTERN_PRIOR` plans.
    """
    rows = tables.read("work_based_placements")
    rows = rows[(rows["kind"] == "supported_internship") & (rows["age"] >= 0)]
    stock = tables.read("plans_age_placement")
    stock = stock[(stock["january"] == rows["january"].max()) & stock["provision"].isin(INTERN_PROVISIONS)]
    plans = stock.groupby(["la_code", "age"])["plans"].sum().astype("float64")
    interns = (
        rows.groupby(["la_code", "age"])["plans"].sum().astype("float64").reindex(plans.index, fill_value=0.0)
    )
    england = (interns.groupby("age").sum() / plans.groupby("age").sum().clip(lower=1.0)).reindex(
        AGES, fill_value=0.0
    )
    returned = code in plans.index.get_level_values("la_code")
    own = plans[code].reindex(AGES, fill_value=0.0) if returned else 0.0 * england
    keys = pd.MultiIndex.from_product([[code], AGES], names=["la_code", "age"])
    seen = float(interns.reindex(keys).fillna(0.0).sum())
    usual = float(england.max())
    expected = float((own * england).sum())
    tilt = shrunk_ratio(seen, expected, INTERN_PRIOR * usual) if usual > 0 else 1.0
    return xr.DataArray(np.clip(england.to_numpy() * tilt, 0.0, 1.0), dims="age", coords={"age": list(AGES)})


def _finished(frame: pd.DataFrame, outcome: Outcome, labels: tuple[str, ...]) -> pd.DataFrame:
    named = frame.rename(columns={"january": "year"}).assign(la_code=outcome.area.la_code)
    return named.astype({"year": "int64"})[["la_code", "year", *labels, "mean", "q10", "q50", "q90"]]
