"""Forecasts of every authority in one run, as a job for `forecast.jobs.worker`.

Invariants: one authority that cannot be forecast does not lose the others; numbers are those of its own run, because draws are
keyed by the authority.
"""

from __future__ import annotations

import io
import zipfile

import pandas as pd

from data import areas
from data.errors import PlannerError
from forecast.core.quantile_table import PROBABILITIES
from forecast.core.table_files import csv_bytes
from forecast.jobs.worker import Report
from forecast.presentation import summary
from forecast.runs.baseline import ForecastInputs

INTERVAL: tuple[float, ...] = tuple(p for p in PROBABILITIES if round(p, 3) in (0.1, 0.5, 0.9))
"""Probabilities kept: the middle and the 80 % interval."""


def every_authority(report: Report, draws: int, seed: int, codes: tuple[int, ...] | None = None) -> bytes:
    """Forecast every authority and return the tables as a zip of CSV files.

    Parameters
    ----------
    report
        Called after each authority.
    draws, seed
        As in `forecast.runs.baseline.ForecastInputs.run`.
    codes
        DfE numbers; all of today's authorities where None.

    Returns
    -------
    bytes
        ``plans.csv`` (total and by age band and need: 10th, 50th, 90th percentile), ``shortfall.csv`` (all needs together) and
        ``not-forecast.csv`` (authority and why).
    """
    chosen = [a for a in areas.current() if codes is None or a.la_code in codes]
    report(0, len(chosen), "Reading the stored fit")
    inputs = ForecastInputs.prepare()
    plans, shortfalls, failed = [], [], []
    for number, area in enumerate(chosen, start=1):
        try:
            outcome = inputs.baseline(area, draws=draws, seed=seed).outcome
        except PlannerError as error:
            failed.append({"la_code": area.la_code, "name": area.name, "why": str(error)})
        else:
            long = summary.plans_long(outcome)
            plans.append(long[long["quantile"].isin(INTERVAL)].assign(name=area.name))
            shortfalls.append(summary.all_needs(summary.shortfall_long(outcome)).assign(name=area.name))
        report(number, len(chosen), area.name)
    frames = {
        "plans.csv": pd.concat(plans, ignore_index=True) if plans else pd.DataFrame(),
        "shortfall.csv": pd.concat(shortfalls, ignore_index=True) if shortfalls else pd.DataFrame(),
        "not-forecast.csv": pd.DataFrame(failed, columns=["la_code", "name", "why"]),
    }
    return zipped({name: csv_bytes(frame) for name, frame in frames.items()})


def zipped(files: dict[str, bytes]) -> bytes:
    """Return files as one zip file; equal files give equal bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(
                zipfile.ZipInfo(name, date_time=(2025, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED
            )
    return out.getvalue()
