"""The tables of plans, shortfalls and flows that every run writes.

Sums over ages, needs and provisions are taken within a draw; `forecast.presentation.describe` then makes numbers of them. The
80 % interval runs from the 10th to the 90th percentile. A shortfall counts from one whole child (`ONE_CHILD`): a tenth of a
child is not a missing place.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from data.vocabulary import AGE_BANDS, ALL, BAND_CODES, NEED_CODES, PHASE_CODES, PHASES, SPECIALIST_PROVISIONS
from forecast.core.outcome import ONE_CHILD, Outcome
from forecast.core.quantile_table import COLUMNS, PROBABILITIES
from forecast.presentation.describe import cells, chance, mean, percentiles
from forecast.presentation.published_figures import value

LIKELY = 0.5
"""Places "run out" in the first January in which a shortfall is as likely as this, or likelier."""

SHORTFALL_COLUMNS: tuple[str, ...] = (
    "la_code", "year", "phase", "need_group", "provision", "places", "wanted_q10", "wanted_q50", "wanted_q90",
    "filled_q50", "shortfall_mean", "shortfall_q10", "shortfall_q50", "shortfall_q90", "p_shortfall",
)  # fmt: skip
"""Columns of ``shortfall.parquet``, a public contract (docs/schema.md)."""


FLOW_COLUMNS: tuple[str, ...] = (
    "la_code", "year", "age_band", "flow", "reason", "mean", "q10", "q50", "q90",
)  # fmt: skip
"""Columns of ``flows.parquet``, a public contract (docs/schema.md)."""

PROCESS_COLUMNS: tuple[str, ...] = ("la_code", "year", "age_band", "measure", "mean", "q10", "q50", "q90")
"""Columns of ``process.parquet``, a public contract (docs/schema.md)."""


@dataclass(frozen=True)
class RunOut:
    """The January in which the places of a phase and provision run out.

    ``january`` is None where no year of the horizon has a shortfall at least as likely as not. ``from_start`` is True
    where the first forecast January is already short.
    """

    phase: str
    provision: str
    january: int | None
    probability: float
    short: float
    from_start: bool


def plans_by(outcome: Outcome, *, band: bool = True, need: bool = True) -> xr.DataArray:
    """Return draws of plans, dims ``(draw, january, age_band, need)``, with "All" first where a dimension is requested."""
    plans = outcome.plans.future
    parts = [plans.sum("age")]
    labels = [ALL]
    if band:
        parts += [plans.sel(age=list(b.ages)).sum("age") for b in AGE_BANDS]
        labels += [b.code for b in AGE_BANDS]
    result = xr.concat(parts, dim=xr.DataArray(labels, dims="age_band", name="age_band"), join="exact")
    total = result.sum("need").expand_dims(need=[ALL])
    result = xr.concat([total, result], dim="need", join="exact") if need else total
    return result.transpose("draw", "january", "age_band", "need")


def plans_by_phase(outcome: Outcome) -> pd.DataFrame:
    """Return plans by phase and need, "All" included: phase, need, january, q10, q50, q90."""
    plans = outcome.plans.future.sel(need=list(NEED_CODES))
    parts = [plans.sum("age"), *(plans.sel(age=list(p.ages)).sum("age") for p in PHASES)]
    labels = [ALL, *PHASE_CODES]
    phased = xr.concat(parts, dim=xr.DataArray(labels, dims="phase", name="phase"), join="exact")
    both = xr.concat([phased.sum("need").expand_dims(need=[ALL]), phased], dim="need", join="exact")
    return cells(both, ("phase", "need", "january")).drop(columns="mean").astype({"january": "int64"})


def plans_long(outcome: Outcome) -> pd.DataFrame:
    """Return ``plans.parquet``: the back-test's long form, by age band and need, columns `COLUMNS`."""
    draws = plans_by(outcome)
    index = pd.MultiIndex.from_product(
        [PROBABILITIES, draws["january"].to_numpy(), draws["age_band"].to_numpy(), draws["need"].to_numpy()],
        names=["quantile", "target", "age_band", "need"],
    )
    levels = [level.to_numpy().ravel() for level in percentiles(draws, PROBABILITIES)]
    frame = pd.DataFrame({"value": np.concatenate(levels)}, index=index).reset_index()
    frame["model"], frame["la_code"], frame["origin"] = (
        outcome.plans.model,
        outcome.area.la_code,
        outcome.plans.origin,
    )
    ordered = frame.sort_values(["target", "age_band", "need", "quantile"], ignore_index=True)
    return ordered.astype({"target": "int64"})[list(COLUMNS)]


def interval(long: pd.DataFrame, age_band: str = ALL, need: str = ALL) -> pd.DataFrame:
    """Return the 10th, 50th and 90th percentile of one cell of `plans_long`, indexed by January."""
    rows = long[(long["age_band"] == age_band) & (long["need"] == need)]
    wide = rows.pivot_table(index="target", columns="quantile", values="value", aggfunc="first")
    return wide[[0.1, 0.5, 0.9]].set_axis(["q10", "q50", "q90"], axis=1)


def known_plans(outcome: Outcome) -> pd.DataFrame:
    """Return published plans at the latest January by age band and need, "All" included; index band, columns need."""
    stock = outcome.plans.known.sel(need=list(NEED_CODES))
    rows = {ALL: stock.sum("age")} | {b.code: stock.sel(age=list(b.ages)).sum("age") for b in AGE_BANDS}
    table = pd.DataFrame({band: row.to_numpy() for band, row in rows.items()}, index=list(NEED_CODES)).T
    table.insert(0, ALL, table.sum(axis=1))
    return table


def shortfall_long(outcome: Outcome) -> pd.DataFrame:
    """Return ``shortfall.parquet``: specialist places against demand by January, phase, need group and provision.

    Rows for "All" add up children short within each draw. Places of a need group are those its children fill and free ones that
    would admit them, so they do not add up over groups.
    """
    shortfall = outcome.shortfall
    short, wanted = with_all(shortfall.short), with_all(shortfall.wanted)
    dims = ("january", "phase", "need_group", "provision")
    groups = xr.concat(
        [shortfall.open_to.sum("provision").expand_dims(provision=[ALL]), shortfall.open_to],
        "provision",
        join="exact",
    )
    whole = with_all(shortfall.places).expand_dims(need_group=[ALL])
    every = xr.concat([whole.transpose(*dims), groups.transpose(*dims)], "need_group", join="exact")
    by_draw, demanded = (x.transpose("draw", *dims).to_numpy() for x in (short, wanted))
    q10, q50, q90 = percentiles(demanded, axis=0)
    (filled,) = percentiles(demanded - by_draw, (0.5,), axis=0)
    least, middle, most = percentiles(by_draw, axis=0)
    index = pd.MultiIndex.from_product(
        [every[d].to_numpy() for d in dims], names=["year", "phase", "need_group", "provision"]
    )
    frame = pd.DataFrame(
        {
            "places": every.to_numpy().ravel(),
            "wanted_q10": q10.ravel(),
            "wanted_q50": q50.ravel(),
            "wanted_q90": q90.ravel(),
            "filled_q50": filled.ravel(),
            "shortfall_mean": mean(by_draw, axis=0).ravel(),
            "shortfall_q10": least.ravel(),
            "shortfall_q50": middle.ravel(),
            "shortfall_q90": most.ravel(),
            "p_shortfall": chance(by_draw >= ONE_CHILD, axis=0).ravel(),
        },
        index=index,
        dtype="float64",
    ).reset_index()
    return frame.assign(la_code=outcome.area.la_code).astype({"year": "int64"})[list(SHORTFALL_COLUMNS)]


def all_needs(shortfall: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of `shortfall_long` for all need groups together."""
    return shortfall[shortfall["need_group"] == ALL]


def flows_long(outcome: Outcome) -> pd.DataFrame:
    """Return ``flows.parquet``: joiners, leavers by reason and net transfers of each calendar year, by age band."""
    flows = outcome.plans.flows.sum("need")
    parts = {name: _by_band(flows[name]) for name in ("joiners", "leavers", "transfers")}
    share = outcome.plans.reason_share
    bands = parts["leavers"].sel(age_band=list(BAND_CODES))
    by_reason = bands * share.rename(band="age_band").assign_coords(draw=bands["draw"])
    by_reason = xr.concat(
        [by_reason.sum("age_band").expand_dims(age_band=[ALL]), by_reason], dim="age_band", join="exact"
    )
    by = ("january", "age_band")
    frames = [cells(draws, by).assign(flow=name, reason=ALL) for name, draws in parts.items()]
    frames += [
        cells(by_reason.sel(reason=reason, drop=True), by).assign(flow="leavers", reason=str(reason))
        for reason in by_reason["reason"].to_numpy()
    ]
    frame = pd.concat(frames, ignore_index=True).rename(columns={"january": "year"})
    # A year's flows lead to the January after it.
    return frame.assign(year=frame["year"] - 1, la_code=outcome.area.la_code)[list(FLOW_COLUMNS)]


def process_long(outcome: Outcome) -> pd.DataFrame:
    """Return ``process.parquet``: requests and assessments of each calendar year, by age band."""
    process = outcome.plans.process
    frames = [
        cells(_by_band(process[str(name)]), ("year", "age_band")).assign(measure=str(name))
        for name in process.data_vars
    ]
    frame = pd.concat(frames, ignore_index=True)
    return frame.assign(la_code=outcome.area.la_code)[list(PROCESS_COLUMNS)]


def _by_band(draws: xr.DataArray) -> xr.DataArray:
    """Return draws by age summed to age bands, "All" first."""
    parts = [draws.sum("age"), *(draws.sel(age=list(b.ages)).sum("age") for b in AGE_BANDS)]
    return xr.concat(
        parts, dim=xr.DataArray([ALL, *BAND_CODES], dims="age_band", name="age_band"), join="exact"
    )


def run_out(shortfall: pd.DataFrame, phase: str, provision: str = ALL) -> RunOut:
    """Return the first January in which a shortfall, over all needs, is at least as likely as not."""
    cells = all_needs(shortfall)
    rows = cells[(cells["phase"] == phase) & (cells["provision"] == provision)].sort_values("year")
    likely = rows[rows["p_shortfall"] >= LIKELY]
    if likely.empty:
        worst = rows.sort_values("p_shortfall", kind="stable").iloc[-1]
        return RunOut(
            phase,
            provision,
            None,
            float(worst["p_shortfall"]),
            value("shortfall", worst.to_dict(), "shortfall_"),
            False,
        )
    first = likely.iloc[0]
    return RunOut(
        phase,
        provision,
        int(first["year"]),
        float(first["p_shortfall"]),
        value("shortfall", first.to_dict(), "shortfall_"),
        bool(first["year"] == rows["year"].iloc[0]),
    )


def run_outs(shortfall: pd.DataFrame) -> list[RunOut]:
    """Return when places run out for each phase and provision in use, soonest first."""
    runs, cells = [], all_needs(shortfall)
    for phase in PHASE_CODES:
        for provision in SPECIALIST_PROVISIONS:
            rows = cells[(cells["phase"] == phase) & (cells["provision"] == provision)]
            if rows["wanted_q90"].max() >= ONE_CHILD or rows["places"].max() > 0:
                runs.append(run_out(cells, phase, provision))
    return sorted(runs, key=lambda r: (r.january or 9999, -r.probability, -r.short))


def with_all(values: xr.DataArray) -> xr.DataArray:
    """Return values with "All" added first in phases, need groups and provisions, summed within each draw."""
    values = values.astype(float)
    for dim in [d for d in ("phase", "need_group", "provision") if d in values.dims]:
        total = values.sum(dim).expand_dims({dim: [ALL]})
        values = xr.concat([total, values], dim=dim, join="exact")
    return values
