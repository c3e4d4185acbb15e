"""SEND Tribunal appeals by authority and calendar year.

Invariant: a row is keyed by the authority its name says, because names are right where codes are wrong; a rate is appeals
over appealable decisions of the same row.

Rules
-----
``tribunal_codes``
    The tribunal table prints Northamptonshire under 892 (Nottingham), Nottingham under 891, Nottinghamshire
    under 928, and swaps 823 and 873. Decisions against plans show that names are right and codes wrong,
    except that in 2024 the decisions of Central Bedfordshire and Cambridgeshire follow the wrong codes:
    they are swapped back and their rates worked out again. Dorset stands under 838 in all years.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from data.errors import SourceError
from data.ingest.reading import Release, numbers
from data.ingest.sen2_layout import ENGLAND, NOT_AVAILABLE, tidy

TRIBUNALS = "sen2/send_tribunals_appeal_rate_2014-2024.csv"
"""SEND Tribunal appeal rate (Ministry of Justice with DfE), UTF-8, a printed table with title and notes."""

TRIBUNAL_NAMES: dict[str, int] = {
    "Bournemouth5": 837,
    "Poole5": 836,
    "Northamptonshire7": 928,
    "Nottingham": 892,
    "Nottinghamshire": 891,
    "Central Bedfordshire": 823,
    "Cambridgeshire": 873,
}
"""Authorities printed without a code or with another's (rule ``tribunal_codes``); digits are footnotes."""

TRIBUNAL_SWAPPED: tuple[int, int, int] = (823, 873, 2024)
"""Two authorities and the year in which their appealable decisions stand in each other's row."""

TRIBUNAL_YEARS: tuple[int, ...] = tuple(range(2014, 2025))


def _tribunal_block(
    table: pd.DataFrame, appeals: int, decisions: int, rate: int, year: int, definition: str
) -> pd.DataFrame:
    """Return one year's three columns as rows, without rows in which every cell is "not available".

    Rules: ``-`` is nil; ``..`` or a blank is not available (mostly: the authority did not exist); ``x`` and
    ``~`` are suppressed. A blank count of appeals beside a published rate of 0.00 % is nil (Isles of
    Scilly, 2023).
    """
    cells = (
        table[[appeals, decisions, rate]]
        .apply(lambda c: c.str.strip())
        .set_axis(["appeals", "appealable_decisions", "appeal_rate"], axis=1)
    )
    cells["appeals"] = cells["appeals"].replace("-", "0")
    cells["appeals"] = cells["appeals"].mask(
        (cells["appeals"] == "") & (cells["appeal_rate"] == "0.00%"), "0"
    )
    cells["appeal_rate"] = cells["appeal_rate"].str.removesuffix("%")
    cells = cells.replace("~", "c")
    exists = ~(cells["appeals"].isin(["..", ""]) & cells["appealable_decisions"].isin(["..", ""]))
    cells = cells.loc[exists].replace({"..": NOT_AVAILABLE, "": NOT_AVAILABLE})
    rows: pd.DataFrame = table.loc[exists, ["la_code"]].assign(year=year, definition=definition)
    rows["appeals"], first = numbers(cells["appeals"], TRIBUNALS, whole=True)
    rows["appealable_decisions"], second = numbers(cells["appealable_decisions"], TRIBUNALS, whole=True)
    percent, third = numbers(cells["appeal_rate"], TRIBUNALS)
    rows["appeal_rate"] = (percent / 100).round(6)
    return rows.assign(marker=first.where(first.notna(), second.where(second.notna(), third)))


def _tribunal_table(release: Release) -> pd.DataFrame:
    """Return the printed table of 37 columns, checked against its two header rows."""
    raw = release.csv(TRIBUNALS, header=False)
    expected = [str(y) for y in TRIBUNAL_YEARS]
    years = [c for c in raw.iloc[3, 2:] if c]
    heads = list(raw.iloc[4, 2:37])
    regular = all(
        h.startswith(t)
        for h, t in zip(heads, ["Appeals", "Total Appealable", "SEND Tribunal"] * len(expected), strict=False)
    )
    if raw.shape[1] != 37 or years != expected or not regular or "In development" not in heads[-1]:
        raise SourceError(
            f"{TRIBUNALS}: the header rows are not those of 2014 to 2024, three columns a year and two in "
            "development. "
            "Figures could be read under the wrong year, so nothing was built. Check the file and change "
            "data/ingest/sen2_flows.py."
        )
    return raw


def tribunals(release: Release) -> pd.DataFrame:
    """Return SEND appeals, appealable decisions and the appeal rate (a fraction), 2014 to 2024.

    ``definition`` is ``published`` or, for 2024 too, ``in_development`` (a narrower count of decisions).
    """
    raw = _tribunal_table(release)
    printed = pd.to_numeric(raw[1].where(raw[1].str.fullmatch(r"\d{3}"))).astype("Int64")
    code = raw[0].map(TRIBUNAL_NAMES).astype("Int64").fillna(printed)
    table = raw.loc[code.notna()].assign(la_code=code.dropna().astype("int64"))
    blocks = [
        _tribunal_block(table, 2 + 3 * i, 3 + 3 * i, 4 + 3 * i, year, "published")
        for i, year in enumerate(TRIBUNAL_YEARS)
    ]
    last = 2 + 3 * (len(TRIBUNAL_YEARS) - 1)
    blocks.append(_tribunal_block(table, last, 35, 36, TRIBUNAL_YEARS[-1], "in_development"))
    columns = [
        "la_code", "year", "definition", "appeals", "appealable_decisions", "appeal_rate", "marker",
    ]  # fmt: skip
    return tidy(decisions_swapped_back(pd.concat(blocks, ignore_index=True)), columns, columns[:3])


def decisions_swapped_back(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows with the swapped decisions of `TRIBUNAL_SWAPPED` exchanged and their rates recalculated."""
    one, other, year = TRIBUNAL_SWAPPED
    swapped = rows["la_code"].isin([one, other]) & (rows["year"] == year)
    partner = rows["la_code"].map({one: other, other: one}).astype("Int64").fillna(rows["la_code"])
    keys = ["la_code", "year", "definition"]
    given = rows.set_index(keys)["appealable_decisions"]
    wanted = pd.MultiIndex.from_frame(rows[keys].assign(la_code=partner.astype("int64")))
    decisions = rows["appealable_decisions"].mask(swapped, given.reindex(wanted).set_axis(rows.index))
    rate = (rows["appeals"] / decisions).astype("float64").round(3)
    return rows.assign(appealable_decisions=decisions, appeal_rate=rows["appeal_rate"].mask(swapped, rate))


def national_appeals(release: Release) -> pd.DataFrame:
    """Return England's appeals and decisions by year, for `england_totals`."""
    raw = _tribunal_table(release)
    row = raw.loc[raw[0].str.startswith("England Total")].assign(la_code=ENGLAND)
    parts: list[pd.DataFrame] = []
    for i, year in enumerate(TRIBUNAL_YEARS):
        block = _tribunal_block(row, 2 + 3 * i, 3 + 3 * i, 4 + 3 * i, year, "published")
        parts.extend(
            block[["year", "marker"]].assign(measure=f"tribunals:{m}", value=block[m])
            for m in ("appeals", "appealable_decisions")
        )
    return pd.concat(parts, ignore_index=True).assign(release="tribunals")


BUILDERS: dict[str, Callable[[Release], pd.DataFrame]] = {"tribunals": tribunals}
"""Table name to the function that builds it."""
