"""A release of January 2027 for tests: a zip in the layout of 2026, written from the published tables with other figures.

It is made from what is published, so that it is there where the official releases are not. Ages, needs and placements of an
authority add up to its total, and authorities to England, as in a real release; an authority that returned nothing has ``x``.
"""

# ruff: noqa: PD010, PD013 - cells are unique, and tables of figures are turned both ways

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from pathlib import Path

import numpy as np
import pandas as pd

from data import tables
from data.ingest.layout import Layout, _expanded, layout
from data.ingest.sen2_layout import ELSEWHERE_ITEMS
from data.ingest.transcription import TOPICS
from data.published_needs import DOWN_SYNDROME
from data.schemas.flow_codes import REASONS

JANUARY = 2027
NEW = layout("2026")
GROWTH, SPREAD = 1.06, 0.05
"""Growth of totals in the year, and how much authorities differ in it."""

NAME = f"education-health-and-care-plans_{JANUARY}.zip"
LEAPS = 301
"""An authority whose total is half as high again as in the January before."""

DIVIDED = {"special_academy_free": "special_academy"}
"""Placements of releases before 2026 that are counted apart in its layout, and what they are counted as here."""

Change = Callable[[str, pd.DataFrame], pd.DataFrame]
"""Changes a file of the zip before it is packed: its path, and its rows as text."""


def write_release(path: Path, change: Change | None = None, *, january: int = JANUARY) -> Path:
    """Write the zip and return its path.

    Parameters
    ----------
    path
        Where to.
    change
        What is done to each of its files.
    january
        The January it is called; figures stay.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, frame in _members().items():
            if january != JANUARY:
                frame = frame.assign(
                    time_period=frame["time_period"].map(partial(_later, by=january - JANUARY))
                )
            text = (frame if change is None else change(member, frame)).to_csv(index=False)
            archive.writestr(zipfile.ZipInfo(member, (2027, 6, 10, 9, 30, 0)), text, zipfile.ZIP_DEFLATED)
    return path


def _later(period: str, by: int) -> str:
    return str(int(period) + by * (101 if len(period) == 6 else 1))


@cache
def _members() -> Mapping[str, pd.DataFrame]:
    stock = _stock()
    parts: dict[str, list[pd.DataFrame]] = {
        "caseload": _caseload(stock),
        "needs": _needs(stock),
        "new_plans": _new_plans(),
        "new_needs": _new_needs(),
        "ceased": _ceased(),
        "requests": _process("requests"),
        "assessments": _process("assessments"),
        "timeliness": _process("timeliness"),
        "work_based": _counts_alone("work_based", "kind"),
        "residential": _counts_alone("residential", "weeks"),
    }
    return {NEW.files[name].member: _file(NEW, name, rows) for name, rows in parts.items()}


def _file(of: Layout, name: str, parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Return a file as the release has it: parts with ``la_code``, ``topic``, ``label`` and our value columns."""
    here = of.files[name]
    rows = pd.concat(parts, ignore_index=True)
    values = list(here.columns)
    for column in values:
        if column not in rows:
            rows[column] = 0 if column == DOWN_SYNDROME else pd.NA
    national = rows.groupby(["topic", "label"], sort=False)[values].agg(_sum).reset_index().assign(la_code=0)
    rows = pd.concat([national, rows], ignore_index=True)
    period = f"{JANUARY - 1}{JANUARY % 100}" if here.period == "january" else str(JANUARY - 1)
    text = rows[values].astype("object").map(lambda cell: "x" if pd.isna(cell) else str(int(cell)))
    frame = text.rename(columns=dict(here.columns)).assign(**dict.fromkeys(here.left_out, "z"))
    about = {
        of.area.period: period,
        of.area.level: np.where(rows["la_code"] == 0, "National", "Local authority"),
        of.area.la_code: rows["la_code"].astype("str").where(rows["la_code"] != 0, ""),
        of.area.region_code: "",
        TOPICS[0]: rows["topic"].map({ours: names[0] for ours, names in here.topics.items()}),
        TOPICS[1]: [
            _label(of, name, topic, label) for topic, label in zip(rows["topic"], rows["label"], strict=True)
        ],
        **dict.fromkeys(of.area.left_out, ""),
    }
    return frame.assign(**about)[[*about, *frame.columns]].astype("str")


def _sum(cells: pd.Series) -> object:
    return cells.sum() if cells.notna().any() else pd.NA


def _label(of: Layout, name: str, topic: str, label: object) -> str:
    here = of.files[name]
    if topic == "all":
        return here.topics["all"][0]
    published = {code: text for text, code in _expanded(of.labels[here.labels[topic]]).items()}
    return published[str(label)]


def _rows(wide: pd.DataFrame, topic: str, label: str | None = None) -> pd.DataFrame:
    """Return rows of a topic from figures by authority, and by ``label`` if it is named, as columns."""
    frame = wide.reset_index()
    labels = frame[label].astype("str") if label else pd.Series("", index=frame.index)
    drop = [] if label is None else [label]
    return frame.drop(columns=drop).assign(topic=topic, label=labels)


def _wide(
    name: str, period: str, year: int, index: list[str], column: str, value: str = "plans"
) -> pd.DataFrame:
    rows = tables.read(name)
    rows = rows.loc[rows[period] == year]
    if "placement" in rows:
        rows = rows.assign(placement=rows["placement"].replace(DIVIDED))
        rows = rows.loc[rows["placement"].isin(NEW.codes("placement"))]
    cells = rows.astype({value: "float64"}).groupby([*index, column], sort=False)[value]
    return cells.agg(lambda group: group.sum(skipna=False)).unstack(column)


def _grown(frame: pd.DataFrame, by: float = GROWTH) -> pd.DataFrame:
    # Authorities differ, as they do: where all grow alike the growth model has nothing to tell them apart by.
    codes = sorted(set(frame.index.get_level_values("la_code")))
    spread = np.random.default_rng(JANUARY).normal(0.0, SPREAD, len(codes)).clip(-0.9 * (GROWTH - 1), 0.2)
    factor = by + frame.index.get_level_values("la_code").map(dict(zip(codes, spread, strict=True))).to_numpy(
        dtype="float64"
    )
    factor[frame.index.get_level_values("la_code") == LEAPS] = 1.5
    return (frame.mul(factor, axis=0) + 0.5).floordiv(1)


def _shared(totals: pd.Series, shares: pd.DataFrame) -> pd.DataFrame:
    """Return whole numbers near ``shares`` (rows as ``totals``) that add up to each total; the largest takes what is left."""
    shares = shares.reindex(totals.index).fillna(0.0)
    empty = shares.sum(axis=1) == 0
    shares.loc[empty, shares.columns[0]] = 1.0
    counts = shares.div(shares.sum(axis=1), axis=0).mul(totals, axis=0).floordiv(1)
    largest = counts.fillna(0).to_numpy().argmax(axis=1)
    values = counts.to_numpy().copy()
    values[np.arange(len(values)), largest] += (totals - counts.sum(axis=1)).to_numpy()
    return pd.DataFrame(values, counts.index, counts.columns)


@cache
def _stock() -> pd.DataFrame:
    """Return plans by authority and age (rows) and placement, January 2027."""
    ages = (
        _grown(_wide("plans_age", "january", 2026, ["la_code"], "age"))
        .stack(future_stack=True)
        .rename("plans")
    )
    shares = _wide("plans_age_placement", "january", 2025, ["la_code", "age"], "placement")
    full = shares.reindex(ages.index)
    total = full.groupby("la_code").transform("sum")
    return _shared(ages, full.fillna(0.0).where(full.notna().any(axis=1), total))


def _caseload(stock: pd.DataFrame) -> list[pd.DataFrame]:
    def with_totals(frame: pd.DataFrame) -> pd.DataFrame:
        mainstream = [c for c in frame if c.startswith("mainstream")]
        return frame.assign(
            plans=frame.sum(axis=1, skipna=False),
            mainstream_total=frame[mainstream].sum(axis=1, skipna=False),
        )

    whole = stock.groupby("la_code").agg(lambda cells: cells.sum(skipna=False))
    return [_rows(with_totals(whole), "all"), _rows(with_totals(stock), "age", "age")]


def _needs(stock: pd.DataFrame) -> list[pd.DataFrame]:
    ages = stock.sum(axis=1, skipna=False)
    shares = _wide("plans_age_need", "january", 2025, ["la_code", "age"], "need")
    own = shares.groupby("la_code").transform("sum").reindex(ages.index)
    by_age = _shared(ages, shares.reindex(ages.index).where(shares.reindex(ages.index).sum(axis=1) > 0, own))
    whole = by_age.groupby("la_code").agg(lambda cells: cells.sum(skipna=False))
    placements = stock.groupby("la_code").agg(lambda cells: cells.sum(skipna=False)).stack(future_stack=True)
    placements = placements[placements != 0]
    by_placement = _shared(
        placements, _wide("plans_placement_need", "january", 2025, ["la_code", "placement"], "need")
    )
    return [_rows(whole, "all"), _rows(by_age, "age", "age"), _rows(by_placement, "placement", "placement")]


@cache
def _new_by_age() -> pd.DataFrame:
    return _grown(_wide("new_plans_age", "year", 2025, ["la_code"], "age"), 1.02)


def _new_plans() -> list[pd.DataFrame]:
    ages = _new_by_age()
    totals = ages.sum(axis=1, skipna=False)
    columns = set(NEW.files["new_plans"].columns)
    shares = _wide("new_plans_placement", "year", 2025, ["la_code"], "placement")
    shares = shares[[c for c in shares if c in columns and c != "ed_elsewhere"]]
    places = _shared(totals, shares)
    mainstream = [c for c in places if c.startswith("mainstream")]
    elsewhere = [c for c in places if c in ELSEWHERE_ITEMS]
    whole = places.assign(
        plans=totals,
        mainstream_total=places[mainstream].sum(axis=1, skipna=False),
        ed_elsewhere=places[elsewhere].sum(axis=1, skipna=False),
    )
    by_age = ages.stack(future_stack=True).to_frame("plans")
    return [_rows(whole, "all"), _rows(by_age, "age", "age")]


def _new_needs() -> list[pd.DataFrame]:
    ages = _new_by_age().stack(future_stack=True)
    shares = _wide("new_plans_age_need", "year", 2024, ["la_code", "age"], "need")
    by_age = _shared(ages, shares)
    whole = by_age.groupby("la_code").agg(lambda cells: cells.sum(skipna=False))
    first = whole.assign(placement="mainstream_academy").set_index("placement", append=True)
    return [_rows(whole, "all"), _rows(by_age, "age", "age"), _rows(first, "placement", "placement")]


def _ceased() -> list[pd.DataFrame]:
    by_age = _wide("ceased_plans_age", "year", 2024, ["la_code", "age"], "reason")
    reasons = [reason for reason in REASONS if reason != "All" and reason in by_age]
    by_age = by_age.assign(All=by_age[reasons].sum(axis=1, skipna=False))
    whole = by_age.groupby("la_code").agg(lambda cells: cells.sum(skipna=False))
    first = whole.assign(placement="mainstream_academy").set_index("placement", append=True)
    return [_rows(whole, "all"), _rows(by_age, "age", "age"), _rows(first, "placement", "placement")]


def _process(name: str) -> list[pd.DataFrame]:
    """Return requests, assessments or timeliness as in the last year they are published for."""
    rows = tables.read(name)
    rows = rows.loc[rows["year"] == rows["year"].max()]
    values = [c for c in NEW.files[name].columns if c in set(rows["measure"])]
    rows = rows.loc[rows["measure"].isin(values)]
    aged = rows.loc[rows["age"].notna()] if "age" in rows else rows.iloc[:0]
    whole = (
        rows.drop(aged.index).set_index(["la_code", "measure"])["value"].astype("float64").unstack("measure")
    )
    parts = [_rows(whole, "all")]
    if "age" in NEW.files[name].topics:
        wide = aged.set_index(["la_code", "age", "measure"])["value"].astype("float64").unstack("measure")
        parts.append(_rows(wide, "age", "age"))
    return parts


def _counts_alone(name: str, column: str) -> list[pd.DataFrame]:
    """Return work-based or residential placements of January 2025."""
    table = f"{name}_placements"
    if column == "weeks":
        return [_rows(_wide(table, "january", 2025, ["la_code"], column), "all")]
    by_age = _wide(table, "january", 2025, ["la_code", "age"], column)
    whole = by_age.groupby("la_code").agg(lambda cells: cells.sum(skipna=False))
    return [_rows(whole, "all"), _rows(by_age, "age", "age")]
