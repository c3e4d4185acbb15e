"""``sendplan money-check``: the cost model against spending of 2021-22, and deficits forecast from earlier Januaries."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forecast.commands.options import Draws
from forecast.commands.output import console, progress, show
from forecast.core import defaults

if TYPE_CHECKING:
    import pandas as pd


def money_check_command(
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("out/money-check"),
    draws: Draws = defaults.DRAWS,
) -> None:
    """Set costs beside what authorities spent, each authority's own spending hidden. Takes a few minutes."""
    import pandas as pd

    from data.panels import history_tables
    from forecast.core.atomic_files import check_folder, write_all
    from forecast.demand.ensemble_members import BENCHMARK_RULE
    from forecast.demand.members import Models
    from forecast.presentation.hindcast_table import hindcast_table
    from forecast.runs.baseline import check_options
    from forecast.validation import deficit_hindcast, finance_validation
    from models.memory import Memory

    check_options(1, draws)
    check_folder(out)
    screen = console()
    with progress(screen) as bar:
        task = bar.add_task("Lines", total=len(finance_validation.LINES) + 2)
        lines = finance_validation.check_lines(
            on_step=lambda what: bar.update(task, advance=1, description=what)
        )
        totals = [finance_validation.check_totals(lines, rule) for rule in finance_validation.RULES]
        history, model = history_tables.load("series"), Models(Memory()).totals(BENCHMARK_RULE)
        alone = [code for code in finance_validation.areas().values() if code is not None]
        own = hindcast_table(
            [
                h
                for code in alone
                for h in deficit_hindcast.hindcasts_as_known(code, history, model, draws=draws)
            ]
        )
        bar.update(task, advance=1, description="Balances of councils with figures of their own")
        everyone = deficit_hindcast.score(deficit_hindcast.hindcast_all(history, model, draws))
        bar.update(task, advance=1, description="Every authority's balance")
    predictions = pd.concat([lines, *totals], ignore_index=True)
    scores = finance_validation.scores(predictions)
    for area in finance_validation.areas():
        best = scores[(scores["area"] == area) & (scores["interval"] == "others")]
        shown = best.drop(columns=["area", "interval"])
        show(
            screen,
            _figures(shown, 1),
            f"Spending of 2021-22, own figures hidden: {area} (per cent)",
            index=False,
        )
    priced = scores[(scores["area"] == "England") & (scores["rule"] == "region")]
    shown = priced[["line", "interval", "coverage_80", "coverage_95", "width_80"]]
    show(screen, _figures(shown, 1), "What the intervals held (per cent)", index=False)
    for area, code in finance_validation.areas().items():
        if code is not None:
            rows = own[own["la_code"] == code]
            show(screen, _figures(_millions(rows), 1), f"{area}'s balance, GBP million", index=False)
    show(screen, _figures(everyone, 2), "In-year balances of 2021-22, points of the whole grant", index=False)
    files = write_all(
        out,
        {
            "lines.parquet": lambda path: predictions.to_parquet(path, index=False),
            "scores.parquet": lambda path: scores.to_parquet(path, index=False),
            "balances.parquet": lambda path: own.to_parquet(path, index=False),
            "balance_scores.parquet": lambda path: everyone.to_parquet(path, index=False),
        },
    )
    screen.print("Files: " + ", ".join(str(f) for f in files), soft_wrap=True)


def _millions(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows with pounds in millions, their columns named without the unit."""
    pounds = [c for c in rows.columns if c.endswith("_gbp")]
    table = rows.drop(columns="la_code")
    table[pounds] = table[pounds] / 1e6
    return table.rename(columns={c: c.removesuffix("_gbp") for c in pounds})


def _figures(rows: pd.DataFrame, places: int) -> pd.DataFrame:
    """Return a table of numbers as a table of text."""
    import pandas as pd

    return rows.map(lambda v: ("-" if pd.isna(v) else f"{v:.{places}f}") if isinstance(v, float) else str(v))
