"""A new release laid over the published tables in use: what it says takes the place of what they say, the rest stays.

The raw releases behind the tables are not at hand where the planner is installed, so tables are not built again from all of
them: the builders of the ingest make what the new release alone has to say, and it is laid over the tables.

Rules
-----
``by_group``
    What takes a place is a group of rows (`GROUPS`): an authority's breakdown of a year is one return, and a row left out of it
    because it is nil must not stay from before. Where a whole series is one row a year, a group is a row.
``same_figures_stay``
    A group with the same figures stays as it is, with the release it was first in.
``not_given_stays``
    A group that the new release gives no figure for keeps the figures it had, as in the build (`data.ingest.sen2_layout.joined`).
``leaps``
    A return of the new January that rises by more than `MOST_RISE` or falls by more than `MOST_FALL` in a year is kept as
    published and marked out of line: the leaps that `data.ingest.sen2_plans.OUT_OF_LINE_RETURNS` lists all rise by more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from data.errors import SourceError
from data.ingest import sen2_flows, sen2_plans, sen2_process
from data.ingest.layout import OneRelease
from data.ingest.sen2_plans import series_breaks
from data.schemas import TABLES
from data.vocabulary import SMALLEST_AUTHORITIES

Builder = Callable[[OneRelease], pd.DataFrame]
Tables = Callable[[str], pd.DataFrame]
"""Returns a published table by name."""

OLD_RETURNS: frozenset[str] = frozenset({"new_plans_age_band", "discontinued_plans"})
"""Tables of aggregate returns, which end in 2021: later releases have nothing of them."""

BUILDERS: dict[str, Builder] = {
    name: build
    for module in (sen2_plans, sen2_process, sen2_flows)
    for name, build in module.BUILDERS.items()
    if name not in OLD_RETURNS
}
"""Tables that a release speaks of, and what builds them."""

ALL_AGES = "all_ages"
"""Column, within this module, that tells totals from ages in tables that hold both."""

GROUPS: dict[str, tuple[str, ...]] = {
    "england_totals": ("measure", "year"),
    "timeliness": ("la_code", "year", "measure"),
    "requests": ("la_code", "year", "measure", ALL_AGES),
    "assessments": ("la_code", "year", "measure", ALL_AGES),
}
"""Columns of a group, where it is not an authority's year."""

FIGURES: tuple[str, ...] = (
    "as_published",
    "plans",
    "new_plans",
    "value",
    "statements",
    "ehc_plans",
    "marker",
)
"""Columns in which two releases are compared, and the first of which is the figure of a row."""

MOST_RISE, MOST_FALL = 0.35, 0.20
"""Shares by which a return may rise or fall in a year (rule ``leaps``)."""

FEWEST_BEFORE = 200
"""Plans below which a leap is chance."""

FEWEST_AUTHORITIES = 0.9
"""Share of authorities a release must have a total of: one with fewer is not the whole release."""


@dataclass(frozen=True)
class Restated:
    """Figures of years before the new one that a release gives otherwise: table, groups of rows, and the first of them."""

    table: str
    groups: int
    first: str


@dataclass(frozen=True)
class Leap:
    """A total that leaps: authority, plans before and now."""

    la_code: int
    before: int
    now: int

    @property
    def share(self) -> float:
        """Growth as a share."""
        return self.now / self.before - 1


@dataclass(frozen=True)
class Overlay:
    """The tables with a release laid over them.

    Parameters
    ----------
    tables
        Those that differ from the ones in use.
    january
        January of the release.
    new_rows
        Rows of the new January or year, by table; 0 where the release has none.
    restated
        What it gives otherwise of earlier years.
    not_given
        Table to how many groups keep figures that the release no longer gives.
    leaps
        Totals of its January that are out of line.
    """

    tables: Mapping[str, pd.DataFrame]
    january: int
    new_rows: Mapping[str, int]
    restated: tuple[Restated, ...]
    not_given: Mapping[str, int]
    leaps: tuple[Leap, ...]


def lay_over(release: OneRelease, january: int, in_use: Tables) -> Overlay:
    """Return the published tables with a release laid over them.

    Parameters
    ----------
    release
        The release by itself.
    january
        Its January.
    in_use
        The tables in use.

    Raises
    ------
    SourceError
        The release has an authority that is not known, or lacks many; or a cell or label that is not known.
    """
    frames: dict[str, pd.DataFrame] = {}
    restated: list[Restated] = []
    not_given: dict[str, int] = {}
    new_rows: dict[str, int] = {}
    leaps: tuple[Leap, ...] = ()
    for name, build in BUILDERS.items():
        before, new = in_use(name), build(release)
        if name == "plans_total":
            _check_authorities(new, in_use("areas"), january)
            leaps = leaps_of(new, before, january)
        if "quality" in new.columns:
            new = _marked(new, leaps, january)
        whole, replaced, kept = laid_over(name, before, new)
        if name == "plans_placement":
            later = whole["january"] >= january
            whole = whole.assign(
                series_break=whole["series_break"].mask(later, series_breaks(whole)).astype("bool")
            )
        latest = _latest(name, january)
        new_rows[name] = int(latest(new).sum())
        if kept:
            not_given[name] = kept
        if replaced is None:
            continue
        frames[name] = whole
        earlier = replaced.loc[~latest(replaced)]
        if len(earlier):
            first = ", ".join(
                f"{column} {earlier.iloc[0][column]}" for column in earlier.columns if column != ALL_AGES
            )
            restated.append(Restated(name, len(earlier), first))
    return Overlay(frames, january, new_rows, tuple(restated), not_given, leaps)


def laid_over(
    name: str, before: pd.DataFrame, new: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame | None, int]:
    """Return a table with new rows laid over it (rules ``by_group``, ``same_figures_stay``, ``not_given_stays``).

    Returns
    -------
    tuple
        The table; the groups that were replaced or added, None if there are none; and how many groups kept their figures
        because the new rows have none for them.
    """
    period = TABLES[name].period
    group = list(GROUPS.get(name, ("la_code", str(period))))
    key = list(TABLES[name].schema.unique or ())
    old, now = (_with_all_ages(frame, group) for frame in (before, new))
    figures = [column for column in FIGURES if column in old.columns]
    both = old[[*group, *_others(key, group), *figures]].merge(
        now[[*group, *_others(key, group), *figures]],
        on=[*group, *_others(key, group)], how="outer", suffixes=("", "_new"), indicator=True,
    )  # fmt: skip
    differs = both["_merge"] != "both"
    for column in figures:
        mine, theirs = both[column], both[f"{column}_new"]
        same = mine.eq(theirs).fillna(False).astype("bool") | (mine.isna() & theirs.isna())
        differs |= ~same
    stated = _groups(now, group)
    changed = _groups(both.loc[differs], group)
    figure = figures[0]
    with_figure, had_figure = (_groups(frame.loc[frame[figure].notna()], group) for frame in (now, old))
    emptied = stated.difference(with_figure).intersection(had_figure)
    replaced = changed.intersection(stated).difference(emptied)
    if not len(replaced):
        return before, None, len(emptied)
    stays = ~_index(old, group).isin(replaced)
    comes = _index(now, group).isin(replaced)
    rows = pd.concat([old.loc[stays], now.loc[comes]], ignore_index=True)
    order = rows.assign(_low=_low(rows)).sort_values(
        [*("_low" if one == "age_band" else one for one in _order(name, key))], kind="stable"
    )
    whole = order[list(before.columns)].reset_index(drop=True).astype(before.dtypes.to_dict())
    return whole, replaced.to_frame(index=False), len(emptied)


def leaps_of(new: pd.DataFrame, before: pd.DataFrame, january: int) -> tuple[Leap, ...]:
    """Return the totals of a January that are out of line with the January before (rule ``leaps``)."""
    last = before.loc[before["january"] < january].groupby("la_code").tail(1).set_index("la_code")["plans"]
    earlier = new.loc[new["january"] == january - 1].set_index("la_code")["plans"].dropna()
    last = earlier.combine_first(last).dropna()
    now = new.loc[new["january"] == january].set_index("la_code")["plans"].dropna()
    leaps = []
    for code in now.index.intersection(last.index):
        leap = Leap(int(code), int(last[code]), int(now[code]))
        if code in SMALLEST_AUTHORITIES or leap.before < FEWEST_BEFORE:
            continue
        if leap.share > MOST_RISE or leap.share < -MOST_FALL:
            leaps.append(leap)
    return tuple(sorted(leaps, key=lambda leap: -abs(leap.share)))


def _check_authorities(new: pd.DataFrame, areas: pd.DataFrame, january: int) -> None:
    """Raise an error if the totals of a release have an authority that is not known, or lack many."""
    now = set(new.loc[new["january"] == january, "la_code"])
    strange = sorted(now - set(areas["la_code"]))
    if strange:
        raise SourceError(
            f"The release has authorities that are not known here, with DfE number {', '.join(map(str, strange))}: councils were "
            "merged or divided. Their plans would have no history, so nothing was changed. Add them to "
            "data/reference/area_history.csv "
            "and build the tables from all releases ('sendplan data build'), as CONTRIBUTING.md says."
        )
    current = set(areas.loc[areas["is_current"], "la_code"])
    if len(now & current) < FEWEST_AUTHORITIES * len(current):
        raise SourceError(
            f"The release has a total of January {january} for {len(now & current)} of {len(current)} authorities, so it is not "
            "whole and nothing was changed. Download it again."
        )


def _marked(new: pd.DataFrame, leaps: tuple[Leap, ...], january: int) -> pd.DataFrame:
    """Return rows with those of authorities that leap marked out of line in a January."""
    out = new["january"].eq(january) & new["la_code"].isin([leap.la_code for leap in leaps])
    return new.assign(quality=new["quality"].mask(out & new["quality"].eq("reported"), "out_of_line"))


def _latest(name: str, january: int) -> Callable[[pd.DataFrame], pd.Series]:
    """Return what tells the rows of a release's own year from those of earlier years."""

    def latest(rows: pd.DataFrame) -> pd.Series:
        if "january" in rows.columns:
            return rows["january"] >= january
        stock = (
            rows["measure"].str.startswith("plans")
            if name == "england_totals"
            else pd.Series(False, index=rows.index)
        )
        return rows["year"] >= stock.map({True: january, False: january - 1}).astype("int64")

    return latest


def _with_all_ages(frame: pd.DataFrame, group: list[str]) -> pd.DataFrame:
    return frame.assign(**{ALL_AGES: frame["age"].isna()}) if ALL_AGES in group else frame


def _others(key: list[str], group: list[str]) -> list[str]:
    return [column for column in key if column not in group]


def _index(frame: pd.DataFrame, group: list[str]) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(frame[group])


def _groups(frame: pd.DataFrame, group: list[str]) -> pd.MultiIndex:
    return _index(frame.drop_duplicates(group), group)


def _order(name: str, key: list[str]) -> list[str]:
    """Return the columns by which the build sorts a table."""
    return ["la_code", "year", "measure", "age"] if name in ("requests", "assessments") else key


def _low(rows: pd.DataFrame) -> pd.Series:
    """Return the lowest age of each row's age band, in whose order bands stand."""
    if "age_band" not in rows.columns:
        return pd.Series(0, index=rows.index)
    return rows["age_band"].str.split("-").str[0].astype("int64")
