"""Writing tables that a release was laid over into a folder, with their origins and hashes, as the build writes them.

Invariant: every table passed its schema, and ``SOURCES.csv`` names each file it was made from with the rows it has now.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from data.ingest.build import LISTING, validated
from data.ingest.reading import Origin
from data.schemas import TABLES
from data.tables import HASHES, write_hashes


def write_tables(data: Path, tables: Mapping[str, pd.DataFrame], origin: Origin) -> None:
    """Write tables over those in a ``data`` folder.

    Parameters
    ----------
    data
        Folder with ``published`` and ``SOURCES.csv``.
    tables
        Name to table.
    origin
        The release that was laid over them.

    Raises
    ------
    TableError
        A table breaks its schema.
    OSError
        A file cannot be written.
    """
    published = data / "published"
    for name, frame in tables.items():
        validated(TABLES[name], frame).to_parquet(
            published / f"{name}.parquet", index=False, compression="zstd"
        )
    write_hashes(published, published / HASHES)
    listing = pd.read_csv(data / LISTING, dtype="str", keep_default_na=False)
    with_origins(listing, {name: len(frame) for name, frame in tables.items()}, origin).to_csv(
        data / LISTING, index=False, lineterminator="\n"
    )


def with_origins(listing: pd.DataFrame, rows: Mapping[str, int], origin: Origin) -> pd.DataFrame:
    """Return the list of origins with a release added to those of some tables.

    Parameters
    ----------
    listing
        As it is.
    rows
        Table to how many rows it has now.
    origin
        The release; an earlier version of it, of the same name, is no longer an origin.
    """
    added = pd.DataFrame(
        [
            {
                "table": name,
                **asdict(origin),
                "build_version": version("send-place-planner"),
                "rows": str(count),
            }
            for name, count in rows.items()
        ]
    )
    before = listing.loc[~(listing["table"].isin(list(rows)) & listing["input"].eq(origin.input))]
    both = pd.concat([before, added], ignore_index=True)
    now = both["table"].map({name: str(count) for name, count in rows.items()})
    order = {name: number for number, name in enumerate(dict.fromkeys(listing["table"]))}
    both = both.assign(rows=now.fillna(both["rows"]))
    return both.sort_values("table", key=lambda names: names.map(order), kind="stable", ignore_index=True)[
        list(listing.columns)
    ]
