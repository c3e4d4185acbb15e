"""The build: make every published table from the official releases, all or nothing.

Invariant: the published folder changes only when every table has been built, has passed its schema and has
been written; the same releases give the same bytes.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pandera.pandas as pa

from data.errors import OutputError, SourceError, TableError
from data.ingest import (
    areas,
    boundaries,
    capital,
    finance,
    funded_places,
    lait,
    neighbours,
    population,
    redbridge,
    schools,
    sen2_flows,
    sen2_plans,
    sen2_process,
    tribunals,
)
from data.ingest.reading import Origin, Release, sha256
from data.schemas import TABLES
from data.schemas.base import Table
from data.tables import HASHES, PUBLISHED, write_hashes

if TYPE_CHECKING:
    from types import ModuleType

Builder = Callable[[Release], pd.DataFrame]
"""Makes one published table from the releases."""

Progress = Callable[[str, int, int], None]
"""Told the table about to be built, its number from 1 and how many there are."""

LISTING = "SOURCES.csv"
"""The list of inputs in the source folder, and the list of origins we write beside the published folder."""

MODULES: tuple[ModuleType, ...] = (
    areas, sen2_plans, sen2_process, sen2_flows, tribunals, population, neighbours, lait, boundaries,
    funded_places, schools, redbridge, finance, capital,
)  # fmt: skip
"""Modules that build tables; each has ``BUILDERS``."""

_DASHBOARD = (
    "working table of a DfE dashboard: repeated columns, years as 202223.0, no more than the releases hold"
)
_SCORECARD = "mainstream places only; the one figure we use is in mainstream_cost_per_place"
_WORKBOOK = "published workbook behind the tidy finance files, which are read instead"
_STACKED = "stacked from the two releases, which are read instead"

NOT_YET_READ: tuple[str, ...] = (
    "boundaries/imd2025_lsoa21_england.parquet",
    "finance/green_book_2026_discount.csv",
    "finance/published_dsg_positions_by_council.csv",
    "finance/published_hnb_allocations_by_council.csv",
    "finance/send_transport_national.csv",
    "population/ehcp_share_of_pupils_in_new_housing_by_district_2015-16_to_2021-22.csv",
    "population/ons_lsoa11_single_age_0_25_mid2020_england.parquet",
    "schools/gias_specialist_and_post16_2025-05-24.parquet",
    "sen2/2026/phase_transfers_2025_2026_by_la.csv",
    "sen2/2026/tribunal_appeals_2024_2025_by_la.csv",
)
"""Files that no table reads yet."""

NOT_INGESTED: dict[str, str] = {
    **dict.fromkeys(NOT_YET_READ, "no table reads it yet"),
    "sen2/2026/age_bands_january_2026_redbridge_london_england.csv": "sums of single ages, which are read instead",
    "sen2/2026/redbridge_stock_and_flow_2025.csv": "more cuts for one authority of rows that are read for all",
    "sen2/dashboard_tribunals.parquet": _DASHBOARD,
    "sen2/dashboard_ehcp_timeliness.parquet": _DASHBOARD,
    "sen2/dashboard_discontinued_plans.parquet": f"{_DASHBOARD}; academic_year is cut short",
    "sen2/dashboard_percent_pupils_ehcp.parquet": _DASHBOARD,
    "sen2/dashboard_mainstream_with_sen.parquet": _DASHBOARD,
    "sen2/dashboard_provider_types.parquet": _DASHBOARD,
    "sen2/dashboard_provider_types_nat.parquet": _DASHBOARD,
    "sen2/dashboard_ap_counts.parquet": _DASHBOARD,
    "sen2/ehc_totals_jan2010_jan2025.parquet": _STACKED,
    "sen2/ehc_by_age_band_jan2010_jan2025.parquet": _STACKED,
    "lait/lait_send_measures_coverage.csv": "coverage of the LAIT file, which shows it itself",
    "population/ons_snpp2022_migcat_redbridge_persons_0_25.csv": "the same figures are in the file of all London boroughs",
    "population/validation_cohort_aged_v_ons_projection.csv": "error of the former method, measured again here",
    "population/ons_mye_0_17_total_la_2012_2023.parquet": "already in the derived population table",
    "neighbours/lait_statistical_neighbours_may_2025.xlsx": "second form of the neighbours; the wide file "
    "is read",
    "schools/ks4_2023-24_school_information.parquet": "its rolls are in specialist_establishments; lacks "
    "schools without a key stage 4 cohort and all special-school capacity",
    "schools/official_source_ids.csv": "addresses of files to fetch, not data",
    "boundaries/redbridge_wards2022.geojson": "the same wards are in london_wards2022",
    "boundaries/lookup_ltla23_utla23.parquet": "lookup_ltla_to_education_la covers it and abolished "
    "districts",
    "finance/dsg_published/dedicated-schools-grant.ods": _WORKBOOK,
    "finance/dsg_published/dedicated-schools-grant_2021_11_18.ods": _WORKBOOK,
    "finance/dsg_published/dedicated-schools-grant_2022_07_18.ods": _WORKBOOK,
    "finance/dsg_published/dedicated-schools-grant_2023_07_20.ods": _WORKBOOK,
    "finance/dsg_published/dedicated-schools-grant_2024_07_20.ods": _WORKBOOK,
    "finance/dsg_published/high_needs_benchmarking_s251_2021-22.xlsx": _WORKBOOK,
    "capital/scorecard_data_2025_2023.parquet": _SCORECARD,
    "capital/scorecards_data_2024.parquet": _SCORECARD,
    "capital/scorecards_data_2023.parquet": _SCORECARD,
    "capital/scorecards_data_2022.parquet": _SCORECARD,
    "capital/scorecards_metadata.csv": _SCORECARD,
    "capital/scorecards_technical_guidance.xlsx": _SCORECARD,
    "redbridge/redbridge_stock_flow_2022_2024.csv": "derived from the 2025 release, which is read instead",
}
"""Files of the source folder that no table uses, each with the reason."""


@dataclass(frozen=True, slots=True)
class BuiltTable:
    """One table of a build: its name, rows, bytes on disk and the input files it was made from."""

    name: str
    rows: int
    bytes: int
    inputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BuildReport:
    """The tables that a build wrote, and where."""

    destination: Path
    sources: Path
    tables: tuple[BuiltTable, ...]

    @property
    def bytes(self) -> int:
        """The size of all tables together, in bytes."""
        return sum(t.bytes for t in self.tables)


def all_builders() -> dict[str, Builder]:
    """Return the builder of every published table, in the order of the schemas."""
    builders: dict[str, Builder] = {
        name: build for module in MODULES for name, build in module.BUILDERS.items()
    }
    return {name: builders[name] for name in TABLES if name in builders} | builders


def build(
    source: Path,
    destination: Path = PUBLISHED,
    on_progress: Progress | None = None,
    *,
    builders: Mapping[str, Builder] | None = None,
    older: bool = False,
) -> BuildReport:
    """Build every table from the releases in ``source`` and write them to ``destination``.

    Parameters
    ----------
    source
        Folder of official releases with its ``SOURCES.csv``.
    destination
        Folder for the tables; ``SOURCES.csv`` is written beside it.
    on_progress
        Called before each table.
    builders
        Table name to builder; all of them when omitted.
    older
        Whether tables may end earlier than those that are there.

    Raises
    ------
    SourceError
        A release is missing, changed or not the file its list says it is, or older than the one in use.
    TableError
        A built table breaks its schema.
    OutputError
        The tables cannot be written.
    """
    origins = read_origins(source)
    chosen = all_builders() if builders is None else builders
    sources = destination.parent / LISTING
    try:
        destination.mkdir(parents=True, exist_ok=True)
        # On the same disk as the destination, so that every rename is a single step.
        staging = Path(tempfile.mkdtemp(prefix=".build-", dir=destination.parent))
    except OSError as error:
        raise _unwritable(destination, error) from None
    try:
        built, rows = [], []
        for number, (name, builder) in enumerate(chosen.items(), start=1):
            if on_progress is not None:
                on_progress(name, number, len(chosen))
            release = Release(source)
            frame = validated(TABLES[name], builder(release))
            if not older:
                _not_older(TABLES[name], frame, destination)
            inputs = tuple(sorted(release.opened))
            rows += [_source_row(name, origins, source, relative, len(frame)) for relative in inputs]
            path = staging / f"{name}.parquet"
            try:
                frame.to_parquet(path, index=False, compression="zstd")
            except OSError as error:
                raise _unwritable(destination, error) from None
            built.append(BuiltTable(name, len(frame), path.stat().st_size, inputs))
        try:
            pd.DataFrame(rows).to_csv(staging / LISTING, index=False, lineterminator="\n")
            for table in built:
                os.replace(staging / f"{table.name}.parquet", destination / f"{table.name}.parquet")
            write_hashes(destination, staging / HASHES)
            os.replace(staging / HASHES, destination / HASHES)
            os.replace(staging / LISTING, sources)
        except OSError as error:
            raise _unwritable(destination, error) from None
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return BuildReport(destination, sources, tuple(built))


def _not_older(table: Table, frame: pd.DataFrame, destination: Path) -> None:
    """Raise a `SourceError` if a table would end earlier than the one that is there."""
    path = destination / f"{table.name}.parquet"
    if table.period is None or not path.exists() or frame.empty:
        return
    try:
        there = pd.read_parquet(path, columns=[table.period])[table.period].max()
    except (OSError, ValueError, KeyError):
        # What cannot be read is no reason to keep it.
        return
    last = frame[table.period].max()
    if str(last) < str(there):
        raise SourceError(
            f"Table '{table.name}' would end at {last}, and the one in use ends at {there}: the folder lacks a release that was "
            "there before, so nothing was changed. Put the newer release beside the others, or give --older to go back."
        )


def read_origins(source: Path) -> dict[str, Origin]:
    """Return the origin of every file that the source folder lists, by path."""
    listing = Release(source).csv(LISTING)
    needed = ["path", "publisher", "publication", "release_date", "licence", "sha256"]
    missing = [c for c in needed if c not in listing.columns]
    if missing:
        raise SourceError(
            f"{source / LISTING} has no column {', '.join(missing)}. Tables could not name their origin, so "
            "nothing was built. Restore the list that came with the releases."
        )
    rows = listing[needed].itertuples(index=False, name=None)
    return {
        path: Origin(publisher, publication, date, licence, path, digest)
        for path, publisher, publication, date, licence, digest in rows
    }


def validated(table: Table, frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table that passes its schema; raise an error that lists every failure otherwise.

    Raises
    ------
    TableError
        Names table, column, row, value and rule of the first failure, and how many there are.
    """
    try:
        return table.schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as error:
        raise TableError(describe_failures(table.name, error.failure_cases)) from None


def describe_failures(name: str, cases: pd.DataFrame) -> str:
    """Return schema failures in words: what, where, why and how to fix it."""
    first = cases.iloc[0]
    column = f", column '{first['column']}'" if pd.notna(first["column"]) else ""
    row = f", row {int(first['index'])}" if pd.notna(first["index"]) else ""
    more = f" ({len(cases) - 1} more)" if len(cases) > 1 else ""
    return (
        f"Table '{name}'{column}{row}: {first['failure_case']!r} breaks the rule '{first['check']}'{more}. "
        "Forecasts would rest on it, so it is not used. Correct the release or its module in data/ingest, "
        "then run 'sendplan data build --from DIR'."
    )


def _source_row(
    name: str, origins: Mapping[str, Origin], source: Path, relative: str, rows: int
) -> dict[str, str | int]:
    """Check an input file against the source folder's own list, and return its row of ``SOURCES.csv``."""
    if relative not in origins:
        raise SourceError(
            f"{source / LISTING} does not list '{relative}', which table '{name}' is built from. Its "
            "publisher and licence would be unknown, so nothing was written. Add a row for the file."
        )
    origin = origins[relative]
    digest = sha256(source / relative)
    if digest != origin.sha256:
        raise SourceError(
            f"{source / relative} is not the file {LISTING} describes (sha256 {digest[:12]}, listed "
            f"{origin.sha256[:12]}). Table '{name}' would not be what it says, so nothing was written. "
            "Restore the file, or list the new release with its own hash."
        )
    described = asdict(origin)
    return {"table": name, **described, "build_version": version("send-place-planner"), "rows": rows}


def _unwritable(destination: Path, error: OSError) -> OutputError:
    return OutputError(
        f"{destination} cannot be written ({error.strerror}). The tables that were there are unchanged. "
        "Free space or choose a folder you may write to, then build again."
    )
