"""SEND indicators from DfE's local authority interactive tool (LAIT), one row an authority, measure and period.

Invariant: a value stands exactly as published, in its measure's own unit; ``-`` is null with its marker kept.

Rules
-----
``join_on_short_name``
    `measure_code` is the tool's short name. Long names repeat and change; nothing joins on them.
``authorities_and_england``
    Regions, halves of London and neighbour groups (numbers 980 to 990) are dropped; England (970) is kept.
``empty_measures``
    A measure without one number for an authority or England is dropped.
``finance_years``
    Financial years are published as "2023-24 (OT)" (outturn); the suffix goes, the hyphen tells the kind of
    year.
``nothing_after_january_2025``
    Label 2025 is legitimate only for the January census measures in `JANUARY_MEASURES`; anywhere else it is
    an error.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from data.errors import SourceError
from data.ingest.reading import Release, numbers

LAIT = "lait/lait_send_long_to_jan2025.parquet"

COLUMNS: tuple[str, ...] = (
    "Short Desc",
    "Years",
    "LA and Regions",
    "Values",
    "LA Number",
    "Region",
    "Measure",
)

ENGLAND = 970
"""The tool's number for England."""

REGION_NUMBERS = range(980, 1000)
"""The tool's numbers for regions and halves of London."""

JANUARY_MEASURES: frozenset[str] = frozenset(
    {
        "SEN_CASES_JAN", "PrimStatements", "SecStatements", "PrimNoStatements", "SecNoStatements",
        "SEN_TotStat", "SEN_TotSENSuP",
    }
)  # fmt: skip
"""Measures of the January census, the only ones that reach 2025."""


def without_regions(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of authorities and England (rule ``authorities_and_england``)."""
    return frame[~frame["la_code"].isin(list(REGION_NUMBERS))]


def without_empty_measures(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the measures with at least one number (rule ``empty_measures``)."""
    return frame[frame.groupby("measure_code")["value"].transform("count") > 0]


def periods(years: pd.Series) -> pd.DataFrame:
    """Return ``period`` and ``period_end``, the year it ends in (rule ``finance_years``)."""
    period = years.str.replace(" (OT)", "", regex=False)
    known = period.str.fullmatch(r"\d{4}(-\d{2})?")
    if not known.all():
        raise SourceError(
            f"{LAIT}: '{years[~known].iloc[0]}' is not a year we can read. Its rows could not be dated, so "
            "nothing was built. Teach data/ingest/lait.py the form."
        )
    first = period.str[:4].astype("int64")
    return pd.DataFrame({"period": period, "period_end": first + period.str.contains("-").astype("int64")})


def lait_indicators(release: Release) -> pd.DataFrame:
    """Return every SEND indicator by authority (and England) and year."""
    raw = release.parquet(LAIT, columns=COLUMNS)
    value, marker = numbers(raw["Values"], LAIT)
    frame = pd.DataFrame(
        {
            "measure_code": raw["Short Desc"],
            "measure": raw["Measure"],
            "la_code": raw["LA Number"].astype("float64").astype("Int64"),
            **periods(raw["Years"]),
            "value": value,
            "marker": marker,
        }
    )
    late = (frame["period_end"] >= 2025) & ~frame["measure_code"].isin(list(JANUARY_MEASURES))
    late &= ~frame["period"].str.contains("-")
    if late.any():
        raise SourceError(
            f"{LAIT}: measure '{frame['measure_code'][late].iloc[0]}' is labelled 2025 but is not a January "
            "measure. It would be later than the forecast's origin, so nothing was built. Cut the file at "
            "January 2025."
        )
    frame = without_empty_measures(without_regions(frame))
    england = frame["la_code"].eq(ENGLAND)
    frame = frame.assign(
        level=england.map({True: "england", False: "authority"}).astype("str"),
        la_code=frame["la_code"].mask(england),
    )
    columns = ["measure_code", "measure", "level", "la_code", "period", "period_end", "value", "marker"]
    return frame[columns].sort_values(["measure_code", "period", "level", "la_code"], ignore_index=True)


BUILDERS: dict[str, Callable[[Release], pd.DataFrame]] = {"lait_indicators": lait_indicators}
