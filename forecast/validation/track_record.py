"""The public record of each model on years it had not seen, ``docs/track-record.md``, and the totals behind it.

Invariant: the page and the table of totals are written together, from the same scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

from data import tables
from data.errors import TableError
from data.panels import history_tables
from data.panels.history import History
from data.vocabulary import ALL, BAND_CODES
from forecast.core.atomic_files import write_one
from forecast.validation import backtest, long_hindcast, own_count_backtest, unseen_january
from models.headline import HEADLINE

PAGE = tables.DATA_DIR.parent / "docs" / "track-record.md"
"""The page that a full back-test refreshes."""

TOTALS = tables.REFERENCE / "evidence" / "headline_totals.csv"
"""What the product's forecast would have said of each authority's total, and what happened; for the app."""

TOTALS_COLUMNS: tuple[str, ...] = ("la_code", "origin", "target", "median", "low_80", "high_80", "actual")
"""Columns of `TOTALS`: forecast from January ``origin`` of January ``target``, its 80 % interval, and the plans that came."""

NEXT_HEADING = "## Age bands"
"""Heading that follows the section on Januaries forecast before they were published."""

REPORTING_ORIGINS: tuple[int, ...] = (2021, 2022, 2023, 2024, 2025)
"""Origins kept for reporting; models are tuned only on targets up to January 2022."""


SIZES: tuple[str, ...] = ("smallest quarter", "second quarter", "third quarter", "largest quarter")
"""Quarters of the authorities by plans."""


def is_complete(scores: pd.DataFrame, origins: Sequence[int]) -> bool:
    """Return whether a back-test is complete enough to become the public record."""
    return (
        PAGE.parent.is_dir()
        and set(origins) == set(REPORTING_ORIGINS)
        and {HEADLINE, backtest.BENCHMARK} <= set(scores["model"])
    )


def write_record(scores: pd.DataFrame, history: History, page: Path = PAGE, table: Path = TOTALS) -> Path:
    """Write the public record and its totals from the scores of a full back-test, and return the path of the page."""
    write_one(table, lambda path: totals_of(scores).to_csv(path, index=False, lineterminator="\n"))
    return write_one(page, lambda path: _write(path, markdown(scores, history)))


def write_unseen(scores: pd.DataFrame, page: Path = PAGE, table: Path = unseen_january.TABLE) -> Path:
    """Write the scores of a January forecast before it was published, and their section of the record; return the page.

    Nothing else of the page changes.
    """
    rows = write_unseen_scores(scores, table)
    return _replace(page, unseen_january.HEADING, unseen_january.markdown(rows, HEADLINE))


def write_unseen_scores(scores: pd.DataFrame, table: Path) -> pd.DataFrame:
    """Write the scores of a January forecast before it was published beside those of others; return all of them."""
    rows = unseen_january.together(unseen_january.read_scores(table), scores)
    write_one(table, lambda path: rows.to_csv(path, index=False, lineterminator="\n"))
    return rows


def write_long(rows: pd.DataFrame, page: Path = PAGE, table: Path = long_hindcast.TABLE) -> Path:
    """Write the summary of the long hindcasts, and their section of the record; return the page. Nothing else of it changes."""
    long_hindcast.write(rows, table)
    return _replace(page, long_hindcast.HEADING, long_hindcast.markdown(rows))


def write_own_count(rows: pd.DataFrame, page: Path = PAGE, table: Path = own_count_backtest.TABLE) -> Path:
    """Write the summary of forecasts given a count, and their section of the record; return the page. No more of it changes."""
    own_count_backtest.write(rows, table)
    return _replace(page, own_count_backtest.HEADING, own_count_backtest.markdown(rows))


def _replace(page: Path, heading: str, section: str) -> Path:
    """Write a page with one section between the totals and the age bands in place of the one with its heading, or as the last."""
    text = page.read_text(encoding="utf-8")
    end = text.index(NEXT_HEADING)
    start = text.find(heading)
    start = end if start < 0 else start
    following = text.find("\n## ", start + 1)
    after = end if start == end else following + 1
    whole = f"{text[:start]}{section}\n{text[after:]}"
    return write_one(page, lambda path: _write(path, whole))


def totals_of(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the product's forecasts of totals, in plans to one decimal: columns `TOTALS_COLUMNS`."""
    own = scores[(scores["model"] == HEADLINE) & (scores["age_band"] == ALL)]
    return own.sort_values(["la_code", "origin", "target"], ignore_index=True)[list(TOTALS_COLUMNS)].round(3)


def read_totals(path: Path = TOTALS) -> pd.DataFrame:
    """Return the totals of the last full back-test.

    Raises
    ------
    TableError
        The table is not there.
    """
    if not path.exists():
        raise TableError(
            f"The record of past forecasts is not at {path}, so nobody can see how far to trust them. Restore the file from the "
            "repository, or run 'sendplan backtest --origins 2021 2022 2023 2024 --horizon 5 --out FILE.parquet'."
        )
    return pd.read_csv(path)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def markdown(scores: pd.DataFrame, history: History) -> str:
    """Return the public record as Markdown.

    Parameters
    ----------
    scores
        Result of `forecast.validation.backtest.score`.
    history
        The history it was scored against.
    """
    totals, bands = backtest.totals(scores), backtest.bands(scores)
    origins = sorted(scores["origin"].unique())
    last = int(scores["target"].max())
    whole = totals[(totals["model"] == HEADLINE) & (totals["horizon"] == "all")].iloc[0]
    return "\n".join(
        [
            "# Track record",
            "",
            "How well each model would have done. Every forecast was made with data up to its origin and nothing later; "
            "the releases are final, so a figure revised since shows its revised value.",
            "",
            f"Origins January {origins[0]} to {origins[-1]}, targets to January {last}, "
            f"{scores['la_code'].nunique()} long series (authorities split or merged since 2010 are added together; City "
            f"of London and Isles of Scilly are left out). Version {version('send-place-planner')}. Written by "
            f"`sendplan backtest --origins {' '.join(map(str, origins))} --horizon 5 --out FILE.parquet`.",
            "",
            f"The product's own forecast (`headline`) missed totals by {whole['mape']:.1f} % on average over all horizons; its "
            f"80 % intervals held {whole['coverage_80']:.1f} % of outcomes.",
            "",
            "## Totals, by years ahead",
            "",
            "logCRPS scores the whole forecast on log counts (x 100, smaller is better); the ratio is to `regional_growth` on "
            "the same cells, with a standard error that treats an authority as one observation. Width is that of the 80 % "
            "interval as a percentage of the forecast.",
            "",
            _totals_table(totals),
            "",
            *(
                [unseen_january.markdown(unseen, HEADLINE)]
                if len(unseen := unseen_january.read_scores())
                else []
            ),
            *([long_hindcast.markdown(far)] if len(far := long_hindcast.read_summary()) else []),
            *([own_count_backtest.markdown(own)] if len(own := own_count_backtest.read_summary()) else []),
            NEXT_HEADING,
            "",
            "wCRPS is on counts, in per cent of plans. The collection moved to person level in 2023 and bands changed in part "
            f"by definition, so the clean cells are targets up to January {backtest.LAST_AGGREGATE_JANUARY} and origins from "
            f"January {backtest.FIRST_PERSON_LEVEL_ORIGIN}.",
            "",
            _bands_table(bands),
            "",
            "## `headline` by age band, clean cells",
            "",
            _by_band(scores),
            "",
            "## Totals of `headline`, by origin, region, size and last year",
            "",
            "Size is plans at the origin, in quarters of the authorities.",
            "",
            _parts_table(scores, history),
            "",
            "## The ten totals `headline` missed most",
            "",
            "By logCRPS, one for each authority. What happened is read from the returns, not from the authority.",
            "",
            _worst_table(scores, history),
            "",
            "## Where it falls short",
            "",
            f"- {_weakest(scores)}",
            f"- {_after_a_fall(scores, history)}",
            "- Age bands are scored as their own model forecasts them. From the second year the product hands them over to one "
            "index of joining, which cannot be scored before January 2027 is published.",
            "- Needs cannot be scored by authority: stock by need is published for January 2025 only.",
            "- The years scored by authority hold no national shock, and beyond five years ahead there are few of them.",
            "",
        ]
    )


def _weakest(scores: pd.DataFrame) -> str:
    """Return a sentence on the origin whose intervals were the least accurate."""
    cells = scores[(scores["model"] == HEADLINE) & (scores["age_band"] == ALL)]
    coverage = {int(str(origin)): float(own["in_80"].mean()) for origin, own in cells.groupby("origin")}
    worst = max(coverage, key=lambda origin: abs(coverage[origin] - 0.8))
    side = "too narrow" if coverage[worst] < 0.8 else "too wide"
    return f"From January {worst} the 80 % intervals were {side}: they held {100 * coverage[worst]:.1f} % of totals."


def _after_a_fall(scores: pd.DataFrame, history: History) -> str:
    """Return a sentence on one-year intervals of areas whose plans had just fallen."""
    cells = scores[(scores["model"] == HEADLINE) & (scores["age_band"] == ALL) & (scores["horizon"] == 1)]
    own = cells[_after(cells, history)]
    return (
        f"After a fall in the year before the origin one-year 80 % intervals held {100 * own['in_80'].mean():.1f} % of "
        f"{len(own):,} totals, though they are widened there."
    )


def _totals_table(totals: pd.DataFrame) -> str:
    head = "| Model | Years ahead | Cells | logCRPS | Ratio (SE) | MAPE % | 80 % held | 95 % held | Width % |"
    rows = [
        f"| {r.model} | {r.horizon} | {r.cells:,} | {r.log_crps:.2f} | {r.ratio:.3f} ({r.ratio_se:.3f}) | {r.mape:.2f} | "
        f"{r.coverage_80:.1f} | {r.coverage_95:.1f} | {r.width_80:.1f} |"
        for r in totals.itertuples()
    ]
    return "\n".join([head, "|---|---|---|---|---|---|---|---|---|", *rows])


def _bands_table(bands: pd.DataFrame) -> str:
    head = "| Model | Cells | Number | wCRPS % | Ratio | WAPE % | 80 % held | 95 % held |"
    rows = [
        f"| {r.model} | {r.cells_used} | {r.cells:,} | {r.wcrps:.2f} | {r.ratio:.3f} | {r.wape:.2f} | {r.coverage_80:.1f} | "
        f"{r.coverage_95:.1f} |"
        for r in bands.itertuples()
    ]
    return "\n".join([head, "|---|---|---|---|---|---|---|---|", *rows])


def _by_band(scores: pd.DataFrame) -> str:
    rows = [
        "| Age band | Cells | wCRPS % | Ratio | WAPE % | 80 % held | 95 % held |",
        "|---|---|---|---|---|---|---|",
    ]
    clean = backtest.without_break(scores)
    for band in BAND_CODES:
        cells = clean[clean["age_band"] == band]
        own = cells[cells["model"] == HEADLINE]
        rows.append(
            f"| {band} | {len(own):,} | {100 * own['crps'].sum() / own['actual'].sum():.2f} | "
            f"{backtest.ratio(cells, HEADLINE, 'crps')[0]:.3f} | "
            f"{100 * (own['median'] - own['actual']).abs().sum() / own['actual'].sum():.2f} | "
            f"{100 * own['in_80'].mean():.1f} | {100 * own['in_95'].mean():.1f} |"
        )
    return "\n".join(rows)


def _parts_table(scores: pd.DataFrame, history: History) -> str:
    """Return scores of totals by origin, region, size of authority and whether plans fell in the year before the origin."""
    cells = scores[scores["age_band"] == ALL]
    start = history.stock.sel(series=ALL).to_series().rename("start")
    sizes = cells.join(start, on=["la_code", "origin"])["start"]
    quarter = pd.qcut(sizes.groupby(cells["la_code"]).transform("mean"), 4, labels=SIZES)
    groups = {
        "Origin": "January " + cells["origin"].astype(str),
        "Region": cells["la_code"].map(history.region.to_series()),
        "Size": quarter.astype(str),
        "Last year": _after(cells, history).map({True: "plans fell", False: "plans did not fall"}),
    }
    rows = [
        "| | | Cells | Ratio (SE) | MAPE % | 80 % held | 95 % held | Width % |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for title, label in groups.items():
        order = SIZES if title == "Size" else sorted(label.unique())
        for name in order:
            chosen = cells[label == name]
            own = chosen[chosen["model"] == HEADLINE]
            value, error = backtest.ratio(chosen, HEADLINE)
            rows.append(
                f"| {title} | {name} | {len(own):,} | {value:.3f} ({error:.3f}) | {100 * own['ape'].mean():.2f} | "
                f"{100 * own['in_80'].mean():.1f} | {100 * own['in_95'].mean():.1f} | {100 * own['width_80'].mean():.1f} |"
            )
    return "\n".join(rows)


def _after(cells: pd.DataFrame, history: History) -> pd.Series:
    """Return for each cell whether the area's plans fell in the year before the origin."""
    stock = history.stock.sel(series=ALL)
    fell = (stock.diff("january") < 0).to_series().rename("fell")
    return cells.join(fell, on=["la_code", "origin"])["fell"]


def _worst_table(scores: pd.DataFrame, history: History) -> str:
    """Return a table of the ten worst totals, one for each authority, with what the returns show."""
    own = scores[(scores["age_band"] == ALL) & (scores["model"] == HEADLINE)]
    worst = own.sort_values("log_crps", ascending=False).drop_duplicates("la_code").head(10)
    names = tables.read("areas").set_index("la_code")["name"]
    rows = ["| Authority | From | To | Forecast | Actual | What happened |", "|---|---|---|---|---|---|"]
    for _, cell in worst.iterrows():
        la_code, origin, target = (int(cell[c]) for c in ("la_code", "origin", "target"))
        rows.append(
            f"| {names[la_code]} | {origin} | {target} | {cell['median']:,.0f} | {cell['actual']:,.0f} | "
            f"{describe_change(history, la_code, origin, target)} |"
        )
    return "\n".join(rows)


def describe_change(history: History, la_code: int, origin: int, target: int) -> str:
    """Return a sentence on how an authority's published plans changed between an origin and a target."""
    plans = history.stock.sel(series=ALL, area=la_code).to_series()
    span = plans.loc[origin - 3 : target].dropna()
    growth = 100 * span.pct_change().dropna()
    sharpest = growth.index[int((growth - growth.median()).abs().to_numpy().argmax())]
    leaps = [
        j for j in history_tables.out_of_line(la_code) if origin - 1 <= j <= target and j in set(growth.index)
    ]
    before, after = float(growth.loc[:origin].mean()), float(growth.loc[origin + 1 :].mean())
    new = history.flows["new_plans"].sel(area=la_code)
    was, came = float(new.sel(year=origin - 1)), float(new.sel(year=target - 1))
    sentence = f"Growth went from {before:.0f} % a year in the three years to {origin} to {after:.0f} %"
    if leaps:
        return f"The return of January {leaps[0]} is out of line ({growth[leaps[0]]:+.0f} % in a year). {sentence}."
    if not np.isnan(was + came):
        sentence += f"; new plans a year from {was:,.0f} to {came:,.0f}"
    return f"{sentence}. The sharpest year was to January {sharpest} ({growth[sharpest]:+.0f} %)."
