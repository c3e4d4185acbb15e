"""``sendplan fit``, ``backtest``, ``backtest-places`` and ``score-january``: fit the models, and score their forecasts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from data.errors import OptionError
from forecast.commands.options import ModelSeed, Origins
from forecast.commands.output import console, progress, say, show
from forecast.core import defaults

if TYPE_CHECKING:
    from rich.console import Console

    from forecast.demand.stored_fit import Fit


def fit_command(
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the fitted result; where forecasts look for it if left out."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the samplers.")] = 0,
    everything: Annotated[
        bool,
        typer.Option(
            "--all", help="Fit every model again, also those whose data and source are as they were."
        ),
    ] = False,
) -> None:
    """Fit the models to every authority; forecasts and the app use the result. Takes a few minutes.

    Only models whose tables or source changed since they were fitted are fitted again; the files of the others stay as they are.
    """
    from forecast.core.atomic_files import check_folder
    from forecast.demand import stored_fit
    from forecast.demand.fit_key import NAMES, TOTALS

    folder = stored_fit.FOLDER if out is None else out
    check_folder(folder)
    screen = console()
    reasons = stored_fit.stale(folder)
    which = NAMES if everything else tuple(reasons)
    kept = [name for name in NAMES if name not in which]
    if not which:
        say(
            screen,
            f"Every model in {folder} is of the data and the source at hand, so none was fitted. Add --all to fit them again.",
        )
        return
    if reasons:
        say(screen, f"To fit: {stored_fit.stale_text(reasons)}.")
    if kept:
        say(screen, f"Kept as they are: {', '.join(kept)}.")
    with progress(screen) as bar:
        task = bar.add_task("Fitting", total=stored_fit.steps(which))
        fit = stored_fit.make(
            lambda what: bar.update(task, advance=1, description=what), seed, which=which, folder=folder
        )
    files = stored_fit.write(fit, folder)
    for name, diagnostics in fit.diagnostics.items():
        if name in which:
            screen.print(f"{name} {diagnostics.sentence()}", soft_wrap=True)
    if TOTALS in which:
        _show_weights(screen, fit)
    size = sum(f.stat().st_size for f in files) / 1e6
    screen.print(f"{fit.seconds:.0f} s. Files ({size:.1f} MB): {', '.join(map(str, files))}", soft_wrap=True)
    if not fit.passed:
        screen.print(
            "FAILED: at least one model did not pass its gate. The result is kept for diagnosis and will not be used; what was "
            "in use before is unchanged. Try another --seed.",
            soft_wrap=True,
        )
        raise typer.Exit(1)


def _show_weights(screen: Console, fit: Fit) -> None:
    """Print the weights of the ensemble's members."""
    import pandas as pd

    weights = pd.DataFrame(
        fit.weights.to_numpy().round(2),
        columns=fit.weights["member"].to_numpy(),
        index=fit.weights["horizon"].to_numpy(),
    )
    show(
        screen,
        weights.rename_axis("Years ahead"),
        f"Weights of the members (intervals stretched by {fit.stretch:.2f})",
    )


def backtest_command(
    out: Annotated[Path, typer.Option(help="Parquet file for the long table of forecasts.")],
    origins: Origins = None,
    horizon: Annotated[int, typer.Option(help="Years ahead.")] = 5,
    models: Annotated[
        list[str] | None, typer.Option(help="Models to score, several in a row; all if left out.")
    ] = None,
    seed: ModelSeed = 0,
    long: Annotated[
        bool,
        typer.Option(
            "--long",
            help="Score five to fifteen years ahead instead: England from 1998, authorities from 2016.",
        ),
    ] = False,
) -> None:
    """Forecast from earlier Januaries with no later information, and score the forecasts."""
    if long:
        return _long_backtest(out, seed)
    from data.panels import history_tables
    from forecast.core.atomic_files import check_folder, write_one
    from forecast.demand.members import Models, all_names, check_name
    from forecast.validation import backtest, track_record
    from models.memory import Memory

    if not 1 <= horizon <= defaults.MOST_YEARS:
        raise OptionError(
            f"--horizon {horizon} is out of range. Choose 1 to {defaults.MOST_YEARS} years; the usual is 5."
        )
    if out.is_dir():
        raise OptionError(
            f"--out {out} is a folder; the forecasts need a file. Give a name such as {out / 'bt.parquet'}."
        )
    wanted = [check_name(name) for name in dict.fromkeys(models or all_names())]
    # Ratios need the benchmark, asked for or not; the file holds what was asked for.
    names = list(dict.fromkeys([*wanted, backtest.BENCHMARK]))
    starts = sorted(set(origins or track_record.REPORTING_ORIGINS))
    history = history_tables.load("series")
    backtest.check_origins(history, starts)
    check_folder(out.parent)
    screen = console()
    with progress(screen) as bar:
        task = bar.add_task("Back-test", total=len(names) * len(starts))

        def step(description: str) -> None:
            bar.update(task, advance=1, description=description)

        models_to_score = Models(Memory(), on_step=lambda what: bar.update(task, description=what))
        chosen = [models_to_score.scored(name) for name in names]
        table = backtest.backtest(history, chosen, starts, horizon, seed=seed, on_step=step)
    requested = table[table["model"].isin(wanted)]
    write_one(out, lambda path: requested.to_parquet(path, index=False))
    scores = backtest.score(table, history)
    screen.print(f"{len(requested):,} quantiles written to {out}", soft_wrap=True)
    if scores.empty:
        screen.print("No target is in the data yet, so nothing can be scored.")
        return
    show(
        screen,
        backtest.totals(scores).map(_figure),
        "Totals (logCRPS x 100; ratio to regional_growth)",
        index=False,
    )
    show(screen, backtest.bands(scores).map(_figure), "Age bands", index=False)
    if track_record.is_complete(scores, starts):
        screen.print(f"Track record: {track_record.write_record(scores, history)}", soft_wrap=True)
    else:
        screen.print(
            "The track record page is left as it is: it is refreshed by a run over origins "
            f"{', '.join(map(str, track_record.REPORTING_ORIGINS))} that includes headline and regional_growth."
        )


def _long_backtest(out: Path, seed: int) -> None:
    """Score forecasts of five to fifteen years ahead, write the cells and refresh their section of the track record."""
    from data.panels import history_tables
    from forecast.core.atomic_files import check_folder, write_one
    from forecast.demand.members import Models
    from forecast.validation import backtest, long_hindcast, track_record
    from models.memory import Memory

    if out.is_dir():
        raise OptionError(
            f"--out {out} is a folder; the scored cells need a file. Give a name such as {out / 'long.parquet'}."
        )
    check_folder(out.parent)
    screen = console()
    with progress(screen) as bar:
        task = bar.add_task("Back-test", total=1 + len(long_hindcast.AUTHORITY_ORIGINS))

        def step(description: str) -> None:
            bar.update(task, advance=1, description=description)

        bar.update(task, description="England")
        england = long_hindcast.england_cells(history_tables.load("current"), seed=seed)
        step("England")
        own = Models(Memory(), on_step=lambda what: bar.update(task, description=what))
        cells = long_hindcast.authority_cells(
            history_tables.load("series"),
            own.ensemble(),
            own.totals(backtest.BENCHMARK),
            seed=seed,
            on_step=step,
        )
    parts = [*long_hindcast.england_parts(england), long_hindcast.authority_part(cells, backtest.BENCHMARK)]
    both = long_hindcast.cells_of(parts)
    write_one(out, lambda path: both.to_parquet(path, index=False))
    rows = long_hindcast.summary(parts)
    screen.print(f"{len(both):,} scored cells written to {out}", soft_wrap=True)
    show(screen, rows.map(_figure), "Five to fifteen years ahead (logCRPS and bias x 100)", index=False)
    screen.print(f"Track record: {track_record.write_long(rows)}", soft_wrap=True)


def score_january_command(
    source: Annotated[
        Path, typer.Option("--from", help="Folder of official releases, with the next January.")
    ],
) -> None:
    """Score the stored forecast of the next January, which it has not seen, against its release."""
    from data.panels import history_tables
    from forecast.demand import stored_fit
    from forecast.demand.members import Models
    from forecast.validation import backtest, track_record, unseen_january
    from models.headline import HEADLINE
    from models.memory import Memory

    history = history_tables.load("current")
    actual = unseen_january.outcomes(source, history.origin + 1)
    rule = Models(Memory()).totals(backtest.BENCHMARK)
    made = unseen_january.forecasts(history, stored_fit.load(history).headline(history), HEADLINE, rule)
    scores = unseen_january.score(made, history, actual)
    screen = console()
    for sentence in unseen_january.sentences(scores, HEADLINE):
        screen.print(sentence, soft_wrap=True)
    if track_record.PAGE.exists():
        screen.print(f"Track record: {track_record.write_unseen(scores)}", soft_wrap=True)


def backtest_own_count_command(
    out: Annotated[Path, typer.Option(help="Parquet file for the scored cells.")],
) -> None:
    """Say by how much a council's own count during the year lowers the error of the next January, and refresh the record."""
    from data.panels import history_tables
    from forecast.core.atomic_files import check_folder, write_one
    from forecast.validation import own_count_backtest, track_record

    if out.is_dir():
        raise OptionError(
            f"--out {out} is a folder; the scored cells need a file. Give a name such as {out / 'own-count.parquet'}."
        )
    check_folder(out.parent)
    screen = console()
    cells = own_count_backtest.score(track_record.read_totals(), history_tables.load("series"))
    write_one(out, lambda path: cells.to_parquet(path, index=False))
    rows = own_count_backtest.summary(cells)
    screen.print(f"{len(cells):,} scored cells written to {out}", soft_wrap=True)
    show(screen, rows.map(_figure), "One year ahead given a count (x 100; ratio to no count)", index=False)
    if track_record.PAGE.exists():
        screen.print(f"Track record: {track_record.write_own_count(rows)}", soft_wrap=True)


def backtest_places_command(
    out: Annotated[Path, typer.Option(help="Parquet file for the scored cells.")],
    origins: Origins = None,
    seed: ModelSeed = 0,
) -> None:
    """Forecast plans by kind of provision from earlier Januaries, and score them. Takes about ten minutes."""
    from data.panels import history_tables
    from forecast.core.atomic_files import check_folder, write_one
    from forecast.demand.members import Models
    from forecast.validation import backtest, provision_backtest
    from models.headline import HEADLINE
    from models.inference import REHEARSAL
    from models.memory import Memory
    from models.provision_totals import ProvisionTotals

    if out.is_dir():
        raise OptionError(
            f"--out {out} is a folder; the cells need a file. Give a name such as {out / 'places.parquet'}."
        )
    starts = sorted(set(origins or provision_backtest.ORIGINS))
    history = history_tables.load("series")
    backtest.check_origins(history, starts)
    if starts[0] >= history.origin:
        raise OptionError(
            f"--origins {starts[0]} has no later January to score: returns end in January {history.origin}. "
            f"Choose an earlier one; the usual are {provision_backtest.ORIGINS[0]} to {provision_backtest.ORIGINS[-1]}."
        )
    check_folder(out.parent)
    screen = console()
    with progress(screen) as bar:
        task = bar.add_task("Back-test", total=2 * len(starts))
        memory = Memory()
        result = provision_backtest.backtest(
            history,
            Models(memory, sampling=REHEARSAL).banded(HEADLINE),
            ProvisionTotals(memory=memory),
            starts,
            seed=seed,
            on_step=lambda what: bar.update(task, advance=1, description=what),
        )
    write_one(out, lambda path: result.cells.to_parquet(path, index=False))
    screen.print(f"{len(result.cells):,} cells written to {out}", soft_wrap=True)
    for origin, diagnostics in result.diagnostics.items():
        screen.print(f"January {origin}: {diagnostics.sentence()}", soft_wrap=True)
    scores = provision_backtest.summary(result.cells)
    show(screen, scores.map(_figure), "Kinds of provision (ratio to latest share times total)", index=False)
    show(screen, provision_backtest.by_era(result.cells).map(_figure), "About the 2023 break", index=False)
    if provision_backtest.is_complete(result):
        screen.print(f"Track record: {provision_backtest.write_record(result)}", soft_wrap=True)
    else:
        screen.print(
            "The track record page is left as it is: it is refreshed by a run over origins "
            f"{', '.join(map(str, provision_backtest.ORIGINS))} whose fits all passed."
        )


def _figure(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    return str(value)
