"""The published tables as a catalogue: what each holds, its period and its source.

Invariant: coverage is read from the files themselves, source and licence from
``data/SOURCES.csv``; nothing is typed in.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import pyarrow.parquet as pq

from data import tables
from data.errors import TableError
from data.schemas import TABLES
from data.schemas.base import Table
from forecast.presentation.record import USED_TABLES

AUTHORITY = "la_code"
"""Column that names the authority of a row."""


@dataclass(frozen=True)
class Catalogue:
    """Descriptions of every published table.

    Parameters
    ----------
    used, other
        Tables a forecast reads, and the rest: a row a table, in words.
    missing
        Names of tables that are described but not there.
    """

    used: pd.DataFrame
    other: pd.DataFrame
    missing: tuple[str, ...]


def load() -> Catalogue:
    """Read the descriptions of the published tables.

    Raises
    ------
    TableError
        ``data/SOURCES.csv`` is missing.
    """
    sources = read_sources()
    present = [t for t in TABLES.values() if (tables.PUBLISHED / f"{t.name}.parquet").exists()]
    shown = pd.DataFrame([_row(t, sources) for t in present])
    used = shown["Table"].isin(USED_TABLES)
    return Catalogue(shown[used], shown[~used], tuple(n for n in TABLES if n not in set(shown["Table"])))


def read_sources() -> pd.DataFrame:
    """Return ``data/SOURCES.csv`` as text: one row for each published table and input file.

    Raises
    ------
    TableError
        The file is not there.
    """
    if not tables.SOURCES.exists():
        raise TableError(
            f"The list of sources is not at {tables.SOURCES}. Publisher and licence of the tables are unknown "
            "without it. Restore the file from the repository, or rebuild it with 'sendplan data build --from DIR'."
        )
    return pd.read_csv(tables.SOURCES, dtype="str", keep_default_na=False)


def _row(table: Table, sources: pd.DataFrame) -> dict[str, str]:
    origin = sources[sources["table"] == table.name]
    first, last = period(table)
    return {
        "Table": table.name,
        "What it says": table.about,
        "Authorities": authorities(table),
        "First": first,
        "Last": last,
        "Source": _releases(origin),
        "Licence": _each(origin["licence"]),
    }


def _releases(origin: pd.DataFrame) -> str:
    """Return the releases behind a table, each publisher once."""
    named = origin.groupby("publisher", sort=False)["release"].agg(_each)
    return ". ".join(f"{publisher}: {releases}" for publisher, releases in named.items()) or "not recorded"


def _each(values: pd.Series) -> str:
    return "; ".join(dict.fromkeys(values)) or "not recorded"


def authorities(table: Table) -> str:
    """Return in words how many authorities have a row in a table."""
    if AUTHORITY not in table.schema.columns:
        return "not by authority"
    return f"{_column(table, AUTHORITY).nunique():,}"


def period(table: Table) -> tuple[str, str]:
    """Return the first and last period of a table, or "undated"."""
    if table.period is None:
        return "undated", "undated"
    values = _column(table, table.period).dropna()
    return str(values.min()), str(values.max())


def _column(table: Table, name: str) -> pd.Series:
    path = tables.path_of(table.name)
    values: pd.Series = pq.read_table(path, columns=[name]).to_pandas()[name]
    return values
