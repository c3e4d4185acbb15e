"""Checks of the published tables: that each file exists, meets its schema, is complete, and agrees with the others.

Invariant: a check returns a result and never raises; a table that cannot be read is a failed check.
``passed`` is None where a figure is worth knowing but has no right answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from data.errors import TableError
from data.formatting import exact_pounds
from data.ingest.areas import history
from data.ingest.build import validated
from data.ingest.population import BASE_YEAR
from data.ingest.redbridge import LA_CODE as REDBRIDGE
from data.schemas import TABLES
from data.schemas.base import Table
from data.schemas.reference import REFERENCE_TABLES
from data.tables import HASHES, PUBLISHED, SOURCES, hash_of, published_hashes, read_checked_reference
from data.vocabulary import SMALLEST_AUTHORITIES

REPORTING_YEAR = re.compile(r"reporting year (20\d\d)")
"""The year of an EHC plan release in ``SOURCES.csv``: its January is the latest stock, the year before the latest flows."""

LAST_FINANCIAL_YEAR = 2025
"""Calendar year in which the latest financial or academic year ends (2024-25)."""

PROJECTIONS: frozenset[str] = frozenset({"population", "population_projection_error"})
"""Tables that look ahead by design."""

SIZE_LIMIT = 25_000_000
"""Most bytes the published folder may hold: it ships with the code."""

ENGLAND_0_17: dict[int, int] = {2022: 11_885_789, 2023: 11_998_646}
"""Mid-year -> residents of England aged 0 to 17 (ONS, rebased to the 2021 Census)."""

NATIONAL_TOLERANCE = 0.002
"""Share by which authorities may miss England: returns England estimates for but an authority did not
make.
"""

COVERAGE: dict[str, tuple[int, ...]] = {
    "areas": (),
    "area_gss": (),
    "plans_total": (),
    "plans_age_band": (),
    "plans_age": (),
    "plans_need": (),
    "plans_placement": (),
    "population": (),
    "statistical_neighbours": (),
    "lait_indicators": (),
    "boundary_authority": (),
    "boundary_district": (),
    "lookup_district_authority": (),
    "funded_places": SMALLEST_AUTHORITIES,
    "special_pupils_import_export": SMALLEST_AUTHORITIES,
    "dsg_allocations": SMALLEST_AUTHORITIES,
    "hnb_components": SMALLEST_AUTHORITIES,
    "s251_context": SMALLEST_AUTHORITIES,
    "s251_high_needs_2021_22": SMALLEST_AUTHORITIES,
    "implied_unit_costs": SMALLEST_AUTHORITIES,
    "specialist_spend_per_head": SMALLEST_AUTHORITIES,
    "weekly_unit_cost": (),
    "mainstream_cost_per_place": (),
}
"""Tables that should hold every authority (or the one it came from), and those they may lack."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of one check of one table: passed, failed, or None for information only."""

    table: str
    name: str
    passed: bool | None
    message: str


@dataclass(frozen=True, slots=True)
class TableSummary:
    """A summary of one published table; ``first_period`` and ``last_period`` are empty if it has no dates."""

    table: str
    rows: int
    areas: int
    first_period: str
    last_period: str
    source: str
    failed: int


def check(published: Path = PUBLISHED, sources: Path = SOURCES) -> list[CheckResult]:
    """Run every check of the tables in the folder ``published`` and return the results."""
    listing = _listing(sources)
    january = last_january(listing)
    frames: dict[str, pd.DataFrame] = {}
    results: list[CheckResult] = []
    for table in TABLES.values():
        frame, problem = _load(table, published)
        if frame is None:
            results.append(CheckResult(table.name, "present", False, problem))
            continue
        frames[table.name] = frame
        results.append(CheckResult(table.name, "present", True, f"{len(frame):,} rows"))
        results.append(_as_built(table, published))
        results.append(_sound(table, frame))
        results.append(_traced(table, frame, listing))
        results += _dated(table, frame, january)
    results += [
        _covered(name, frames, absent, january) for name, absent in COVERAGE.items() if name in TABLES
    ]
    for name, needs, reconcile in RECONCILIATIONS:
        missing = [n for n in needs if n not in frames]
        if missing:
            results.append(
                CheckResult(needs[0], name, False, f"cannot be checked without {', '.join(missing)}")
            )
        else:
            results += list(_safely(needs[0], name, reconcile, [frames[n] for n in needs]))
    results += [_kept_by_hand(name) for name in REFERENCE_TABLES]
    results.append(_size(published))
    return results


def summarise(
    results: Sequence[CheckResult], published: Path = PUBLISHED, sources: Path = SOURCES
) -> list[TableSummary]:
    """Return a summary of each table: rows, areas, periods, the releases it came from and how many checks failed."""
    listing = _listing(sources)
    lines = []
    for table in TABLES.values():
        frame, _ = _load(table, published)
        failed = sum(1 for r in results if r.table == table.name and r.passed is False)
        if frame is None:
            lines.append(TableSummary(table.name, 0, 0, "", "", "", failed))
            continue
        dates = frame[table.period].dropna() if table.period in frame.columns else pd.Series(dtype="str")
        span = (str(dates.min()), str(dates.max())) if len(dates) else ("", "")
        areas = int(frame["la_code"].nunique()) if "la_code" in frame.columns else 0
        publishers = listing.loc[listing["table"] == table.name, "publisher"].unique()
        lines.append(TableSummary(table.name, len(frame), areas, *span, "; ".join(publishers), failed))
    return lines


def _listing(sources: Path) -> pd.DataFrame:
    """Return the rows of ``SOURCES.csv``; an empty table if the file is missing or has another layout."""
    columns = ["table", "publisher", "input", "sha256", "rows"]
    try:
        listing = pd.read_csv(sources, dtype="str", keep_default_na=False)
    except (OSError, ValueError):
        return pd.DataFrame(columns=columns, dtype="str")
    return listing if set(columns) <= set(listing.columns) else pd.DataFrame(columns=columns, dtype="str")


def _load(table: Table, published: Path) -> tuple[pd.DataFrame | None, str]:
    """Return a published table and a blank message, or None and what is wrong with its file."""
    path = published / f"{table.name}.parquet"
    if not path.is_file():
        return None, f"{path.name} is not in {published}; restore it or run 'sendplan data build --from DIR'"
    try:
        if table.geo:
            import geopandas as gpd

            return gpd.read_parquet(path), ""
        return pd.read_parquet(path), ""
    # Whatever a damaged file raises, the answer is the same: restore it.
    except Exception as error:
        return None, f"{path.name} cannot be read ({type(error).__name__}); restore it or build again"


def _as_built(table: Table, published: Path) -> CheckResult:
    """Return whether a table's bytes are those that were built."""
    path = published / f"{table.name}.parquet"
    try:
        same = hash_of(path.read_bytes()) == published_hashes(published).get(path.name)
    except TableError as error:
        return CheckResult(table.name, "as built", False, str(error))
    if not same:
        return CheckResult(
            table.name,
            "as built",
            False,
            f"{path.name} was altered since it was built; restore it or build again",
        )
    return CheckResult(table.name, "as built", True, f"its hash is that in {HASHES}")


def _sound(table: Table, frame: pd.DataFrame) -> CheckResult:
    try:
        validated(table, frame)
    except TableError as error:
        return CheckResult(table.name, "schema", False, str(error))
    return CheckResult(table.name, "schema", True, "columns, types, ranges and keys are as described")


def _kept_by_hand(name: str) -> CheckResult:
    """Return whether a hand-kept file of ``data/reference`` passes its schema."""
    try:
        rows = len(read_checked_reference(name))
    except TableError as error:
        return CheckResult(f"reference/{name}", "schema", False, str(error))
    return CheckResult(f"reference/{name}", "schema", True, f"{rows} rows as described")


def _traced(table: Table, frame: pd.DataFrame, listing: pd.DataFrame) -> CheckResult:
    rows = listing[listing["table"] == table.name]
    if rows.empty:
        return CheckResult(
            table.name, "source", False, "no row in SOURCES.csv: origin and licence are unknown"
        )
    stated = set(rows["rows"])
    if stated != {str(len(frame))}:
        return CheckResult(
            table.name,
            "source",
            False,
            f"SOURCES.csv says {', '.join(stated)} rows, the file has {len(frame):,}",
        )
    return CheckResult(table.name, "source", True, f"{len(rows)} input file(s)")


def last_january(listing: pd.DataFrame) -> int:
    """Return the January of the newest EHC plan release among the origins of tables; 0 if none is named."""
    if "release" not in listing:
        return 0
    named: pd.Series = listing["release"].str.extract(REPORTING_YEAR, expand=False).dropna()
    return max(map(int, named), default=0)


def last_year(table: str, period: str, frame: pd.DataFrame, january: int) -> pd.Series:
    """Return, for each row, the calendar year its period ends in, minus the last year it may have, given the latest January."""
    values = frame[period]
    if pd.api.types.is_string_dtype(values):
        ends = values.str[:4].astype("int64") + values.str.contains("[-/]", regex=True).astype("int64")
        return ends - LAST_FINANCIAL_YEAR
    if table == "england_totals":
        stock = frame["measure"].str.startswith("plans")
        return values - stock.map({True: january, False: january - 1}).astype("int64")
    return values - (january - 1 if period == "year" else january)


def _dated(table: Table, frame: pd.DataFrame, january: int) -> list[CheckResult]:
    if table.period is None or table.name in PROJECTIONS or table.period not in frame.columns:
        return []
    late = int((last_year(table.name, table.period, frame, january) > 0).sum())
    if late:
        message = f"{late:,} rows are later than January {january} or calendar {january - 1}"
        return [CheckResult(table.name, "period", False, message)]
    return [
        CheckResult(table.name, "period", True, f"{frame[table.period].min()} to {frame[table.period].max()}")
    ]


def _covered(
    name: str, frames: dict[str, pd.DataFrame], absent: tuple[int, ...], january: int
) -> CheckResult:
    """Check that a table has rows for every current authority or its predecessor, and for no unknown one."""
    if name not in frames or "areas" not in frames or "la_code" not in frames[name].columns:
        return CheckResult(name, "coverage", False, "cannot be checked: the table or 'areas' is missing")
    areas = frames["areas"]
    codes = set(frames[name]["la_code"].dropna().astype("int64"))
    merged = history().groupby("successor_la_code")["predecessor_la_code"].agg(set).to_dict()
    current = set(areas.loc[areas["is_current"], "la_code"]) - set(absent)
    lacking = [str(c) for c in sorted(current - codes) if not merged.get(c, set()) & codes]
    strange = [str(c) for c in sorted(codes - set(areas["la_code"]))]
    gaps = _missing_januaries(areas, frames[name], january) if "january" in frames[name].columns else []
    parts = [("lacks", lacking), ("unknown", strange), ("without a January", gaps)]
    wrong = "; ".join(f"{label} {', '.join(which)}" for label, which in parts if which)
    return CheckResult(name, "coverage", not wrong, wrong or f"{len(codes)} authorities, none missing")


def _missing_januaries(areas: pd.DataFrame, frame: pd.DataFrame, last: int) -> list[str]:
    """Return each authority and January that should be in the table but is not: others have it and the authority existed."""
    published = set(zip(frame["la_code"], frame["january"], strict=True))
    spans = areas[["la_code", "first_january", "last_january"]].fillna({"last_january": last})
    return [
        f"{code} {january}"
        for code, first, end in spans.itertuples(index=False, name=None)
        for january in sorted(frame["january"].unique())
        if first <= january <= end and (code, january) not in published
    ]


def _size(published: Path) -> CheckResult:
    total = sum(p.stat().st_size for p in published.glob("*.parquet"))
    message = f"{total / 1e6:.1f} MB of {SIZE_LIMIT / 1e6:.0f} MB"
    return CheckResult("all tables", "size", total <= SIZE_LIMIT, message)


def _safely(
    table: str, name: str, reconcile: Reconciliation, frames: list[pd.DataFrame]
) -> Iterator[CheckResult]:
    try:
        yield from (CheckResult(table, name, passed, message) for passed, message in reconcile(*frames))
    # Columns of a broken table may be anything; the schema check names what is wrong.
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        yield CheckResult(table, name, False, f"cannot be computed ({type(error).__name__}: {error})")


Outcome = tuple[bool | None, str]
Reconciliation = Callable[..., Iterator[Outcome]]


def part_sums(
    total: pd.DataFrame, parts: pd.DataFrame, informational: Sequence[int] = ()
) -> Iterator[Outcome]:
    """Yield whether the parts of each authority and January add up to its total, where all parts are published.

    Parameters
    ----------
    total
        Columns ``la_code``, ``january``, ``plans``.
    parts
        The same with more keys; a group with a null is not compared.
    informational
        Januaries whose differences are known and only reported.
    """
    keys = ["la_code", "january"]
    grouped = parts.groupby(keys)["plans"].agg(summed=lambda s: s.sum(skipna=False))
    both = total.set_index(keys)[["plans"]].join(grouped, how="inner").dropna()
    gap = (both["plans"] - both["summed"]).abs()
    known = gap.index.get_level_values("january").isin(list(informational))
    for label, chosen, strict in (("", gap[~known], True), ("known difference: ", gap[known], False)):
        if not len(chosen):
            continue
        wrong = chosen[chosen > 0]
        message = f"{label}{len(chosen):,} authority-Januaries compared, {len(wrong)} differ"
        if len(wrong):
            worst = wrong.rename("gap").sort_values().reset_index().iloc[-1]
            message += f" (most {worst['gap']}: authority {worst['la_code']}, January {worst['january']})"
        yield ((wrong.empty if strict else None), message)


def _age_bands(total: pd.DataFrame, bands: pd.DataFrame) -> Iterator[Outcome]:
    # January 2023 bands come from the dashboard file: one plan in Bradford is not in the release.
    yield from part_sums(total, bands, informational=(2023,))


def national_sums(
    frame: pd.DataFrame, england: pd.DataFrame, measure: str, value: str, by: str | None = None
) -> Iterator[Outcome]:
    """Yield whether authorities add up to England's figure, within `NATIONAL_TOLERANCE` or two children.

    Parameters
    ----------
    frame
        Authority rows with ``january`` or ``year``; where any is null the gap is reported only.
    england
        Columns ``measure``, ``year``, ``value``.
    measure
        England's name of the figure, before the colon.
    value, by
        Column that is added up, and the column of its categories.
    """
    period = "january" if "january" in frame.columns else "year"
    category = frame[by].astype("str") if by is not None else pd.Series("", index=frame.index)
    names = measure + (":" + category if by is not None else category)
    summed = frame.groupby([names.rename("measure"), frame[period].rename("year")])[value]
    whole = summed.agg(summed="sum", missing=lambda cells: int(cells.isna().sum()))
    both = england.set_index(["measure", "year"])[["value"]].join(whole, how="inner")
    if both.empty:
        yield False, f"nothing in common with '{measure}' of england_totals"
        return
    gap = (both["summed"] - both["value"]).abs().astype("float64")
    complete = both["missing"] == 0
    if complete.any():
        allowed = (both["value"].astype("float64") * NATIONAL_TOLERANCE).clip(lower=2)
        differing = int((gap > allowed)[complete].sum())
        yield differing == 0, f"{_largest(gap[complete])}; {differing} beyond {NATIONAL_TOLERANCE:.1%}"
    if not complete.all():
        missing = int(both["missing"].max())
        yield None, f"{_largest(gap[~complete])}; up to {missing} authorities not comparable"


def _largest(gap: pd.Series) -> str:
    worst = gap.sort_values().reset_index(name="gap").iloc[-1]
    return (
        f"{len(gap)} national figures, largest gap {worst['gap']:,.0f} ({worst['measure']}, {worst['year']})"
    )


def _england(measure: str, value: str, by: str | None = None) -> Reconciliation:
    """Return a check that an authority table adds up to England's published figures."""

    def compare(frame: pd.DataFrame, england: pd.DataFrame) -> Iterator[Outcome]:
        rows = frame[frame["age"].isna()] if measure in ("requests", "assessments") else frame
        if "release" in rows.columns:
            # England was published before the erratum, so a corrected authority is not comparable.
            rows = rows.assign(**{value: rows[value].mask(rows["release"] == "erratum")})
        yield from national_sums(rows, england, measure, value, by)

    return compare


def _known_totals(total: pd.DataFrame) -> Iterator[Outcome]:
    """Yield whether plans of a few councils are those read from the release by eye."""
    for row in read_checked_reference("councils/plans").to_dict("records"):
        mine = total[(total["la_code"] == row["la_code"]) & (total["january"] == row["january"])]
        plans = mine["plans"].tolist()
        yield (
            plans == [row["plans"]],
            f"{plans} plans in authority {row['la_code']} in January {row['january']}, {row['plans']:,} published",
        )


def _redbridge_ages(ages: pd.DataFrame, local: pd.DataFrame) -> Iterator[Outcome]:
    both = (ages["la_code"] == REDBRIDGE) & ages["january"].isin(local["january"])
    national = ages[both].set_index(["january", "age"])["plans"]
    extract = local.set_index(["january", "age"])["plans"].reindex(national.index, fill_value=0)
    differing = int((national.fillna(-1) != extract).sum())
    yield differing == 0, f"{len(national)} ages compared with the local extract, {differing} differ"


def _lait_stock(indicators: pd.DataFrame, total: pd.DataFrame) -> Iterator[Outcome]:
    rows = indicators[(indicators["measure_code"] == "SEN_CASES_JAN") & (indicators["level"] == "authority")]
    tool = rows.set_index([rows["la_code"].astype("int64"), rows["period_end"]])["value"].dropna()
    ours = total.set_index(["la_code", "january"])["as_published"].reindex(tool.index)
    differing = int((ours.astype("float64") != tool).sum())
    yield None, f"January stock of LAIT against the releases: {len(tool):,} compared, {differing} differ"


def _england_children(population: pd.DataFrame) -> Iterator[Outcome]:
    for mid_year, published in ENGLAND_0_17.items():
        rows = population[(population["mid_year"] == mid_year) & (population["age"] <= 17)]
        total = float(rows["population"].sum())
        yield abs(total - published) <= 1, f"{total:,.0f} aged 0 to 17 in mid-{mid_year}, ONS {published:,}"


def _aged_on_smoothly(population: pd.DataFrame, first: pd.DataFrame) -> Iterator[Outcome]:
    """Yield whether no authority's residents change more in the first year aged on than any did in a year of ONS estimates."""

    def change(rows: pd.DataFrame, mid_year: int) -> pd.Series:
        larger = rows[~rows["la_code"].isin(SMALLEST_AUTHORITIES)]
        total = larger.groupby(["mid_year", "la_code"])["population"].sum()
        return pd.Series(total.loc[mid_year] / total.loc[mid_year - 1] - 1)

    estimated = change(first, int(first["mid_year"].max()))
    aged = change(population, BASE_YEAR + 1)
    yield (
        bool(aged.abs().max() <= estimated.abs().max()),
        f"at most {aged.abs().max():.1%} from mid-{BASE_YEAR} to mid-{BASE_YEAR + 1} (authority {aged.abs().idxmax()}), "
        f"{estimated.abs().max():.1%} in a year of ONS estimates",
    )


def _ten_neighbours(neighbours: pd.DataFrame) -> Iterator[Outcome]:
    each = neighbours.groupby("la_code")["neighbour_la_code"].nunique()
    itself = int((neighbours["la_code"] == neighbours["neighbour_la_code"]).sum())
    yield (
        bool((each == 10).all()) and not itself,
        f"{len(each)} authorities, {itself} neighbour(s) of themselves",
    )


def _outlines(*frames: pd.DataFrame) -> Iterator[Outcome]:
    for frame in frames:
        geometry = frame.geometry
        wgs84 = geometry.crs is not None and geometry.crs.to_epsg() == 4326
        bad = int((~geometry.is_valid | geometry.is_empty).sum())
        yield bad == 0 and wgs84, f"{len(frame):,} outlines, {bad} invalid{'' if wgs84 else ', not in WGS84'}"


def _all_outlined(authorities: pd.DataFrame) -> Iterator[Outcome]:
    yield len(authorities) == 153, f"{len(authorities)} of 153 authorities have an outline"


def _budget(components: pd.DataFrame, allocations: pd.DataFrame) -> Iterator[Outcome]:
    block = allocations[allocations["block"] == "high_needs"].set_index(["la_code", "financial_year"])
    total = components.set_index(["la_code", "financial_year"])["total_before_deductions_gbp"]
    gap = (block["before_recoupment_gbp"] - total).dropna().abs()
    yield (
        bool((gap < 1).all()),
        f"{len(gap)} high needs blocks compared with their components, most {exact_pounds(gap.max())}",
    )


NATIONAL: tuple[tuple[str, str, str, str | None], ...] = (
    ("plans_total", "plans", "as_published", None),
    ("plans_age_band", "plans_age_band", "plans", "age_band"),
    ("plans_age", "plans_age", "plans", "age"),
    ("plans_need", "plans_need", "plans", "need"),
    ("new_plans", "new_plans", "new_plans", None),
    ("new_plans_age", "new_plans_age", "plans", "age"),
    ("new_plans_need", "new_plans_need", "plans", "need"),
    ("ceased_plans", "ceased_plans", "plans", "reason"),
    ("requests", "requests", "value", "measure"),
    ("assessments", "assessments", "value", "measure"),
    ("timeliness", "timeliness", "value", "measure"),
)
"""Authority tables England publishes too: table, England's measure, column added up, column of categories."""

RECONCILIATIONS: tuple[tuple[str, tuple[str, ...], Reconciliation], ...] = (
    ("age bands sum to total", ("plans_total", "plans_age_band"), _age_bands),
    ("single ages sum to total", ("plans_total", "plans_age"), part_sums),
    ("needs sum to total", ("plans_total", "plans_need"), part_sums),
    ("placements sum to total", ("plans_total", "plans_placement"), part_sums),
    *(
        ("authorities sum to England", (name, "england_totals"), _england(measure, value, by))
        for name, measure, value, by in NATIONAL
    ),
    ("totals read by eye", ("plans_total",), _known_totals),
    ("Redbridge ages", ("plans_age", "redbridge_age_placement"), _redbridge_ages),
    ("same stock in LAIT", ("lait_indicators", "plans_total"), _lait_stock),
    ("England aged 0 to 17", ("population",), _england_children),
    ("aged on without a jump", ("population", "population_first_published"), _aged_on_smoothly),
    ("ten neighbours", ("statistical_neighbours",), _ten_neighbours),
    ("outline for each authority", ("boundary_authority",), _all_outlined),
    ("high needs block", ("hnb_components", "dsg_allocations"), _budget),
    *(("valid outlines", (name,), _outlines) for name, table in TABLES.items() if table.geo),
)
"""Cross-table checks: name, tables needed and the function that compares them."""
