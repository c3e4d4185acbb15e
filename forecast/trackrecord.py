"""``docs/track-record.md``: how well each model did on years it had not seen, losses included."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from data import tables
from forecast import evaluate
from forecast.files import write_one

PAGE = tables.DATA_DIR.parent / "docs" / "track-record.md"
"""The page that a full back-test refreshes."""

REPORTING_ORIGINS: tuple[int, ...] = (2021, 2022, 2023, 2024)
"""Origins kept for reporting; models are tuned only on targets up to January 2022."""


def covers(scores: pd.DataFrame, origins: Sequence[int]) -> bool:
    """Return whether a back-test is complete enough to stand as the public record of a checkout."""
    return (
        PAGE.parent.is_dir()
        and set(origins) == set(REPORTING_ORIGINS)
        and {"headline", evaluate.BENCHMARK} <= set(scores["model"])
    )


def refresh(scores: pd.DataFrame, page: Path = PAGE) -> Path:
    """Write the track record from the scores of a full back-test."""
    return write_one(page, lambda path: _write(path, markdown(scores)))


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def markdown(scores: pd.DataFrame) -> str:
    """Return the page."""
    totals, bands = evaluate.totals(scores), evaluate.bands(scores)
    origins = sorted(scores["origin"].unique())
    last = int(scores["target"].max())
    whole = totals[(totals["model"] == "headline") & (totals["horizon"] == "all")].iloc[0]
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
            "## Age bands",
            "",
            "wCRPS is on counts, in per cent of plans. The collection moved to person level in 2023 and bands changed in part "
            f"by definition, so the clean cells are targets up to January {evaluate.LAST_AGGREGATE_JANUARY} and origins from "
            f"January {evaluate.FIRST_PERSON_LEVEL_ORIGIN}.",
            "",
            _bands_table(bands),
            "",
            "## By origin, totals of `headline`",
            "",
            _origin_table(scores),
            "",
            "## Where it falls short",
            "",
            f"- {_weakest(scores)}",
            "- `headline` takes its totals from `regional_growth` in this release, so its ratio on totals is 1 by construction.",
            "- Needs cannot be scored by authority: stock by need is published for January 2025 only.",
            "- Nothing beyond five years ahead is scored, and the scored years hold no national shock.",
            "",
        ]
    )


def _weakest(scores: pd.DataFrame) -> str:
    """Return a sentence on the origin whose intervals did worst."""
    cells = scores[(scores["model"] == "headline") & (scores["age_band"] == "All")]
    held = {int(str(origin)): float(own["in_80"].mean()) for origin, own in cells.groupby("origin")}
    worst = max(held, key=lambda origin: abs(held[origin] - 0.8))
    side = "too narrow" if held[worst] < 0.8 else "too wide"
    return (
        f"From January {worst} the 80 % intervals were {side}: they held {100 * held[worst]:.1f} % of totals."
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


def _origin_table(scores: pd.DataFrame) -> str:
    cells = scores[(scores["model"] == "headline") & (scores["age_band"] == "All")]
    rows = ["| Origin | Cells | MAPE % | 80 % held | 95 % held |", "|---|---|---|---|---|"]
    for origin, own in cells.groupby("origin"):
        rows.append(
            f"| January {origin} | {len(own)} | {100 * own['ape'].mean():.2f} | {100 * own['in_80'].mean():.1f} | "
            f"{100 * own['in_95'].mean():.1f} |"
        )
    return "\n".join(rows)
