"""Residents by single age for every authority: estimates and projections, their measured error, and first published estimates.

Invariant: one row an authority, mid-year and age 0 to 25; people, to a hundredth. Mid-2023 is the ONS estimate itself.

Rules
-----
``as_known_before``
    Mid-2019 to mid-2022 stay as derived from mid-2019 and mid-2020, with ONS totals under 18. Nothing of mid-2023 is put into
    them, although it would smooth the join: an origin before mid-2023 was published may not know it.
``base_mid_2023``
    From mid-2024 residents are aged on from the ONS estimate of mid-2023 (`data.ingest.ageing`).
``projected_children_of_london``
    ONS's 2022-based projection is held for the 32 London boroughs. Under 18, births included, its cohort ratios are used in
    place of our own: in the year to mid-2023 they missed by less (0 to 4: 1.9 % against 2.4 %). From 18 they missed by more
    (20 to 25: 5.4 % against 3.1 %), and our own are used. The projection is never used as it is: in mid-2023 it had 5.4 % too
    many residents aged 20 to 25 there.
``one_break``
    `basis_break` marks the first year on the base after the 2021 Census: mid-2022 in London, where the projection starts from
    ONS's estimate, mid-2023 elsewhere. It is a change of source, most of all from 18, so no growth is read across it.
``districts_add_up``
    The estimate is published by district too; an authority that is not the sum of its districts stops the build.
``unreliable_small``
    City of London and Isles of Scilly have too few children for ratios of their own and take their region's under 18
    (`FOR_SMALLEST`). They are kept, because leaving them out would break England totals, but
    `data.vocabulary.SMALLEST_AUTHORITIES` names them and errors are measured without them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from data.errors import SourceError
from data.ingest import ageing
from data.ingest.areas import DISTRICTS, POPULATION, authority_of_gss
from data.ingest.boundaries import lookup_lsoa
from data.ingest.reading import Release, numbers
from data.vocabulary import AGE_BANDS, SMALLEST_AUTHORITIES

FIRST_PUBLISHED: dict[int, tuple[str, str]] = {
    2019: ("population/ons_mye_mid2019_single_age_ltla.parquet", "ltla20_code"),
    2020: ("population/ons_mye_mid2020_single_age_ltla.parquet", "ltla21_code"),
}
"""Mid-year -> (ONS estimate as first published, its column of district codes)."""

ESTIMATE = "population/ons_mye_mid2023_single_age_education_la.parquet"
ESTIMATE_BY_DISTRICT = "population/ons_mye_mid2023_single_age_ltla.parquet"
CENSUS = "population/census2021_broad_age_lsoa21_england.parquet"
LONDON = "population/ons_snpp2022_migcat_london_boroughs_persons_0_25.csv"

BASE_YEAR = 2023
"""Mid-year of the estimate that everybody is aged on from."""

LAST_YEAR = 2040
"""Last mid-year: that of the ONS projection for London."""

PROJECTION = "ons_snpp_2022_based_migration_category_variant"
"""Basis of London in mid-2022: the start of the ONS projection, which is the ONS estimate of that year."""

ESTIMATED = "ons_mye_mid2023"
AGED_ON = "aged_on_from_mid2023"
AGED_ON_IN_LONDON = "aged_on_from_mid2023_under_18_as_ons_2022_based"
"""Bases from mid-2023 on."""

AFTER_CENSUS: tuple[str, ...] = (PROJECTION, ESTIMATED, AGED_ON, AGED_ON_IN_LONDON)
"""Bases that rest on estimates after the 2021 Census at all ages."""

FOR_SMALLEST = 10_000.0
"""Residents of an age that are added from the region to the two smallest authorities, which have at most 70."""

ALL_AGES = "0-25"


def basis_breaks(frame: pd.DataFrame) -> pd.Series:
    """Return True where a figure is the first of its authority and age on the base after the 2021 Census.

    Parameters
    ----------
    frame
        Columns ``la_code``, ``age``, ``mid_year``, ``basis`` (rule ``one_break``).
    """
    ordered = frame.sort_values(["la_code", "age", "mid_year"])
    after = ordered["basis"].isin(AFTER_CENSUS)
    before = after.groupby([ordered["la_code"], ordered["age"]]).shift()
    return (before.notna() & (after != before)).reindex(frame.index)


def population(release: Release) -> pd.DataFrame:
    """Return residents by authority, mid-year 2019 to 2040 and single age."""
    known = _Known.of(release)
    london = known.london[BASE_YEAR].index
    past = known.derived[known.derived["mid_year"] < BASE_YEAR]
    future = ageing.age_on(known.estimate, known.ratios())
    parts = [_long(known.estimate, BASE_YEAR).assign(basis=ESTIMATED)]
    for mid_year, residents in future.items():
        rows = _long(residents.round(2), mid_year)
        rows["basis"] = np.where(rows["la_code"].isin(london), AGED_ON_IN_LONDON, AGED_ON)
        parts.append(rows)
    frame = pd.concat([past[parts[0].columns], *parts], ignore_index=True)
    frame["basis_break"] = basis_breaks(frame)
    return frame.sort_values(["la_code", "mid_year", "age"], ignore_index=True)


def population_first_published(release: Release) -> pd.DataFrame:
    """Return residents by single age as ONS first published them, before the rebase to the 2021 Census."""
    code = _authority_of_district(release)
    ages = [str(age) for age in range(26)]
    parts = []
    for mid_year, (file, district) in FIRST_PUBLISHED.items():
        name = district.replace("_code", "_name")
        everyone = [str(age) for age in range(90)]
        raw = release.parquet(file, columns=[district, name, "total_population", *everyone, "90+"])
        english = raw[raw[district].isin(code.index)]
        counts = english[ages].astype("float64").groupby(english[district].map(code)).sum()
        parts.append(_long(counts.rename_axis("la_code").rename(columns=int), mid_year))
    frame = pd.concat(parts)
    return frame.sort_values(["la_code", "mid_year", "age"], ignore_index=True)


def population_projection_error(release: Release) -> pd.DataFrame:
    """Return how far ageing residents on misses, by age band: against what ONS published later, and against its projection.

    Held out: residents of mid-2020 (3 years) and mid-2019 (4 years) aged on to mid-2023, by what was known in mid-2020: the
    three years to mid-2023 cannot give ratios to a forecast of themselves. From 18 the miss of the base itself is in it, which
    the 2021 Census put right; so it is measured again from a base that the Census corrects (`base_after_census`), as mid-2023
    is. In London also from mid-2022, beside the ONS projection of that year.
    Growth: residents of the London boroughs from mid-2023 by our own ratios at all ages, against the growth ONS projects there.
    """
    known = _Known.of(release)
    everybody = known.estimate.index.difference(list(SMALLEST_AUTHORITIES))
    boroughs = known.london[BASE_YEAR].index
    rows: list[dict[str, object]] = []
    estimate = _banded(known.estimate)
    for start in (2020, 2019):
        published = known.residents(start)
        for after_census, base in (
            (False, published),
            (True, published * _census_correction(release, known)),
        ):
            for method, ratio in known.methods(base, latest=2020).items():
                aged = ageing.age_on(base, dict.fromkeys(range(start + 1, BASE_YEAR + 1), ratio))[BASE_YEAR]
                test = _Comparison(ESTIMATED, method, start, BASE_YEAR, after_census)
                rows += test.errors(_banded(aged).loc[everybody], estimate.loc[everybody])
    base = known.residents(2022)
    aged = ageing.age_on(base, {BASE_YEAR: known.methods(base, latest=2020)["adopted"]})[BASE_YEAR]
    truth = estimate.loc[boroughs]
    for method, made in (("adopted", aged.loc[boroughs]), ("ons_projection", known.london[BASE_YEAR])):
        rows += _Comparison(ESTIMATED, method, 2022, BASE_YEAR, True).errors(_banded(made), truth)
    years = range(BASE_YEAR + 1, LAST_YEAR + 1)
    for method, ratio in known.methods(known.estimate, latest=BASE_YEAR).items():
        for mid_year, residents in ageing.age_on(known.estimate, dict.fromkeys(years, ratio)).items():
            # Band by band, because the projection starts from another number of residents.
            projected = _banded(known.london[mid_year]) / _banded(known.london[BASE_YEAR]) * truth
            test = _Comparison(PROJECTION, method, BASE_YEAR, mid_year, True)
            rows += test.errors(_banded(residents.loc[boroughs]), projected)
    # More digits than they mean, and fewer than would show the last bits of a sum.
    return pd.DataFrame(rows).round(5)


@dataclass(frozen=True)
class _Known:
    """What is published about residents: rows are authorities, columns ages 0 to 25.

    Parameters
    ----------
    derived
        The table derived from mid-2019 and mid-2020, long.
    first
        Mid-year -> estimate as first published.
    estimate
        The estimate of `BASE_YEAR`.
    london
        Mid-year -> ONS projection of the London boroughs.
    region
        Region of each authority, London in halves.
    """

    derived: pd.DataFrame
    first: dict[int, pd.DataFrame]
    estimate: pd.DataFrame
    london: dict[int, pd.DataFrame]
    region: pd.Series

    @classmethod
    def of(cls, release: Release) -> _Known:
        """Read the releases."""
        columns = [
            "dfe_la_code", "ons_code", "la_name", "region", "mid_year", "age",
            "population", "population_plain_ageing", "basis",
        ]  # fmt: skip
        derived = release.parquet(POPULATION, columns=columns).rename(columns={"dfe_la_code": "la_code"})
        derived = derived.astype({"la_code": "int64", "mid_year": "int64", "age": "int64"})
        first = population_first_published(release)
        return cls(
            derived=derived,
            first={y: _wide(first[first["mid_year"] == y]) for y in FIRST_PUBLISHED},
            estimate=_estimate(release),
            london=_london(release),
            region=derived.groupby("la_code")["region"].first(),
        )

    def residents(self, mid_year: int) -> pd.DataFrame:
        """Return the derived residents of a mid-year."""
        return _wide(self.derived[self.derived["mid_year"] == mid_year])

    def level(self) -> pd.Series:
        """Return England's ratios (rule ``level_before_the_census``)."""
        return ageing.england_ratios(self.first[2019], self.first[2020])

    def methods(self, base: pd.DataFrame, *, latest: int) -> dict[str, pd.DataFrame]:
        """Return a year's ratios by the adopted method and by others, from what was known at mid-year ``latest``.

        ``own_ratios`` are each authority's own of one year at all ages; with ``plain_ageing`` nobody under 18 moves.
        """
        level = self.level()
        own = ageing.cohort_ratios(self.first[2019], self.first[2020], self.region)
        added = pd.Series(ageing.CHILDREN_ADDED, index=base.index)
        added[list(SMALLEST_AUTHORITIES)] = FOR_SMALLEST
        drawn = ageing.cohort_ratios(self.first[2019], self.first[2020], self.region, added=added)
        adults = ageing.adult_ratios(ageing.profile_ratios(base, level), drawn)
        if latest >= BASE_YEAR:
            since = (self.residents(2020), self.estimate)
            longer = ageing.cohort_ratios(*since, self.region, years=3, added=added)
            drawn = (drawn * longer / ageing.england_ratios(*since, years=3) * level).pow(0.5)
        return {
            "adopted": ageing.step_ratios(drawn, adults),
            "own_ratios": ageing.step_ratios(own, own),
            "plain_ageing": ageing.step_ratios(pd.DataFrame(1.0, index=own.index, columns=own.columns), own),
        }

    def ratios(self) -> dict[int, pd.DataFrame]:
        """Return the ratios that lead to each mid-year after the estimate (rule ``projected_children_of_london``)."""
        own = self.methods(self.estimate, latest=BASE_YEAR)["adopted"]
        ratios = {}
        for mid_year in range(BASE_YEAR + 1, LAST_YEAR + 1):
            before, after = self.london[mid_year - 1], self.london[mid_year]
            younger = before.shift(axis=1)
            younger[0] = before[0]
            children = range(ageing.FIRST_ADULT)
            ratios[mid_year] = own.copy()
            ratios[mid_year].loc[after.index, children] = (after / younger)[children]
        return ratios


def _estimate(release: Release) -> pd.DataFrame:
    """Return the ONS estimate of `BASE_YEAR` (rule ``districts_add_up``)."""
    raw = release.parquet(
        ESTIMATE, columns=["dfe_la_code", "dfe_la_name", "age", "population", "mid_year"]
    ).rename(columns={"dfe_la_code": "la_code"})
    districts = release.parquet(
        ESTIMATE_BY_DISTRICT, columns=["ltla_code", "ltla_name", "age", "population", "mid_year"]
    )
    code = districts["ltla_code"].map(_authority_of_district(release))
    for file, rows in ((ESTIMATE, raw), (ESTIMATE_BY_DISTRICT, districts)):
        if set(rows["mid_year"]) != {BASE_YEAR}:
            raise SourceError(
                f"{file} holds mid-years {sorted(set(rows['mid_year']))}, not mid-{BASE_YEAR} alone. Residents would be aged "
                "from another year than the tables say, so nothing was built. Restore the file, or change BASE_YEAR in "
                "data/ingest/population.py."
            )
    whole = _wide(raw)
    added_up = districts.assign(la_code=code).groupby(["la_code", "age"])["population"].sum()
    summed = _wide(added_up.reset_index())
    if code.isna().any() or not whole.equals(summed.reindex_like(whole)) or len(whole) != len(summed):
        gap = (whole - summed).abs().sum(axis=1)
        unknown = districts.loc[code.isna(), "ltla_code"].nunique()
        raise SourceError(
            f"{ESTIMATE} and {ESTIMATE_BY_DISTRICT} disagree: {int((gap != 0).sum())} authorities (first {gap.idxmax()}) "
            f"are not the sum of their districts, and {unknown} districts belong to none. One of the files is not what "
            "it says, so nothing was built. Restore both, or add the districts to the lookup."
        )
    return whole


def _london(release: Release) -> dict[int, pd.DataFrame]:
    """Return the ONS projection of the London boroughs by mid-year."""
    years = range(BASE_YEAR - 1, LAST_YEAR + 1)
    raw = release.csv(LONDON, columns=["code", "name", "age", *map(str, years)])
    keys = pd.DataFrame(
        {"la_code": raw["code"].map(authority_of_gss(release)), "age": raw["age"].astype("int64")}
    )
    if keys["la_code"].isna().any():
        raise SourceError(
            f"{LONDON} has ONS codes of no authority: {', '.join(sorted(set(raw.loc[keys['la_code'].isna(), 'code'])))}. Their "
            "children would be lost, so nothing was built. Add a 'recode' row to data/reference/area_history.csv."
        )
    return {y: _wide(keys.assign(population=numbers(raw[str(y)], LONDON)[0])) for y in years}


def _authority_of_district(release: Release) -> pd.Series:
    """Return the DfE number of each lower-tier district, by its code."""
    lookup = release.csv(
        DISTRICTS, columns=["ltla_code", "ons_code_education_la", "dfe_la_code", "dfe_la_name"]
    )
    return lookup.set_index("ltla_code")["dfe_la_code"].astype("int64")


def _wide(rows: pd.DataFrame) -> pd.DataFrame:
    """Return residents with authorities as rows and ages as columns."""
    # Not pivot_table, which would average a repeated cell instead of failing.
    return rows.pivot(index="la_code", columns="age", values="population").astype("float64")  # noqa: PD010


def _long(residents: pd.DataFrame, mid_year: int) -> pd.DataFrame:
    """Return residents of a mid-year with one row an authority and age."""
    rows = residents.reset_index().melt("la_code", var_name="age", value_name="population")
    rows = rows.assign(mid_year=mid_year).astype({"la_code": "int64", "age": "int64"})
    return rows[["la_code", "mid_year", "age", "population"]]


def _banded(residents: pd.DataFrame) -> pd.DataFrame:
    """Return residents by age band and of all ages."""
    bands = {b.code: residents.loc[:, b.low : b.high].sum(axis=1) for b in AGE_BANDS}
    return pd.DataFrame({**bands, ALL_AGES: residents.sum(axis=1)})


def _census_correction(release: Release, known: _Known) -> pd.DataFrame:
    """Return factors that bring the derived residents to the 2021 Census: 1 under 18, where they are scaled to later totals.

    The Census counts ages 16 to 24 in March 2021; ages 18 to 24 are what is left of it, and 25 has their factor.
    """
    areas = release.parquet(
        CENSUS,
        columns=[
            "lsoa21_code", "aged_15_years_and_under", "aged_16_to_24_years", "aged_25_to_34_years",
            "aged_35_to_49_years", "aged_50_to_64_years", "aged_65_years_and_over",
        ],
    )  # fmt: skip
    district = lookup_lsoa(release).set_index("lsoa_code")["district_code"]
    authority = areas["lsoa21_code"].map(district).map(_authority_of_district(release))
    counted = areas.groupby(authority)["aged_16_to_24_years"].sum()
    # Three quarters of the year from mid-2020 to mid-2021 had passed.
    derived = known.residents(2020) / 4 + known.residents(2021) * 3 / 4
    adults = (counted - derived.loc[:, 16:17].sum(axis=1)) / derived.loc[:, 18:24].sum(axis=1)
    factors = pd.DataFrame(1.0, index=derived.index, columns=derived.columns)
    factors.loc[:, ageing.FIRST_ADULT :] = np.repeat(
        adults.to_numpy()[:, None], len(factors.columns) - ageing.FIRST_ADULT, axis=1
    )
    return factors


@dataclass(frozen=True)
class _Comparison:
    """A comparison of residents aged on with others: with which, by which method, from which mid-year to which.

    Parameters
    ----------
    compared_with
        Basis of what is taken as true.
    method
        How residents were aged on.
    base_mid_year, mid_year
        From when to when.
    base_after_census
        Whether the base year is right by the 2021 Census at all ages.
    """

    compared_with: str
    method: str
    base_mid_year: int
    mid_year: int
    base_after_census: bool

    def errors(self, made: pd.DataFrame, truth: pd.DataFrame) -> list[dict[str, object]]:
        """Return a row for each age band: of authorities, each counting once, and of all of them together."""
        rows: list[dict[str, object]] = []
        missed = np.log(made / truth)
        for band in made.columns:
            error = 100 * (made[band] / truth[band] - 1)
            size = error.abs()
            beyond = missed[band] if band == ALL_AGES else missed[band] - missed[ALL_AGES]
            rows.append(
                {
                    **asdict(self),
                    "age_band": band,
                    "authorities": len(error),
                    "mean_absolute_pct": size.mean(),
                    "median_absolute_pct": size.median(),
                    "p80_absolute_pct": size.quantile(0.8),
                    "p90_absolute_pct": size.quantile(0.9),
                    "rms_log_a_year": float(np.sqrt((beyond**2).mean()))
                    / (self.mid_year - self.base_mid_year),
                    "mean_pct": error.mean(),
                    "together_pct": 100 * (made[band].sum() / truth[band].sum() - 1),
                }
            )
        return rows


BUILDERS: dict[str, Callable[[Release], pd.DataFrame]] = {
    "population": population,
    "population_first_published": population_first_published,
    "population_projection_error": population_projection_error,
}
