"""``sendplan``: the command line. Reads arguments, calls one job, prints what it says.

Every error caused by input is one paragraph on standard error and exit code 2; results appear whole or not at all.
Each job is imported when it is asked for, so that help and refusals come at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import pandas as pd
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from data import areas
from data.areas import Area
from data.errors import OptionError, PlannerError
from forecast.processes import settle

if TYPE_CHECKING:
    from data.register import Register

MANY_VALUES: tuple[str, ...] = ("--origins", "--models")
"""Options that take several values in a row: ``--origins 2021 2022``."""

WIDTH = 150
"""Columns to print when the output is not a terminal."""

app = typer.Typer(
    help="Forecast EHC plans, specialist places and the gap between them for any English local authority.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
data_app = typer.Typer(help="Build and check the published tables.", no_args_is_help=True)
capacity_app = typer.Typer(
    help="Capacity registers: which places exist, setting by setting.", no_args_is_help=True
)
app.add_typer(data_app, name="data")
app.add_typer(capacity_app, name="capacity")


def main() -> None:
    """Run the command line and turn planner errors into messages with exit code 2."""
    settle()
    try:
        app(args=spread_values(sys.argv[1:]), prog_name="sendplan")
    except PlannerError as error:
        typer.echo(f"sendplan: {error}", err=True)
        raise SystemExit(2) from None


def spread_values(arguments: Sequence[str]) -> list[str]:
    """Repeat an option of `MANY_VALUES` before each of its values, as the parser wants it.

    ``--origins 2021 2022 --horizon 5`` becomes ``--origins 2021 --origins 2022 --horizon 5``.
    """
    spread: list[str] = []
    option: str | None = None
    values = 0
    for word in arguments:
        if word.startswith("-"):
            option, values = (word, 0) if word in MANY_VALUES else (None, 0)
            spread.append(word)
        elif option is None or values == 0:
            values += 1
            spread.append(word)
        else:
            spread += [option, word]
    return spread


def console() -> Console:
    """Return a console wide enough for tables when the output is a file or a pipe."""
    screen = Console()
    return screen if screen.is_terminal else Console(width=WIDTH)


def progress(screen: Console) -> Progress:
    """Return a progress bar on standard error, so that it never mixes with results."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True, width=None if screen.is_terminal else WIDTH),
        transient=True,
    )


def show(screen: Console, frame: pd.DataFrame, title: str, *, index: bool = True) -> None:
    """Print a frame of finished text as a table."""
    shown = frame.reset_index() if index else frame
    table = Table(title=title, title_justify="left", title_style="bold")
    for column in shown.columns:
        table.add_column(
            str(column),
            justify="right"
            if column not in ("Phase", "Provision", "Why", "model", "table", "source")
            else "left",
        )
    for row in shown.itertuples(index=False):
        table.add_row(*(str(cell) for cell in row))
    screen.print(table)
    screen.print()


@app.command("forecast")
def forecast_command(
    area: Annotated[str, typer.Argument(help="Name, GSS code or DfE number of an authority, or 'all'.")],
    years: Annotated[int, typer.Option(help="Januaries ahead.")] = 10,
    capacity: Annotated[
        Path | None,
        typer.Option(
            help="The council's own capacity register (CSV or .xlsx); see 'sendplan capacity template'."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same numbers.")] = 20250101,
    out: Annotated[Path | None, typer.Option(help="Folder for the results; out/AREA where left out.")] = None,
    model: Annotated[str, typer.Option(help="Demand model.")] = "headline",
    draws: Annotated[int, typer.Option(help="Number of draws.")] = 500,
) -> None:
    """Forecast plans and set specialist places against demand."""
    from forecast import record
    from forecast.files import check_folder
    from forecast.members import check_name
    from forecast.run import Road, check_options

    chosen = areas.resolve(area)
    check_options(years, draws)
    check_name(model)
    if seed < 0:
        raise OptionError(
            f"--seed {seed} is negative. Seeds are whole numbers from 0. Leave it out for the usual one."
        )
    register = _own_register(capacity, chosen)
    several = len(chosen) > 1
    folders = {a: _folder(out, a, several) for a in chosen}
    check_folder(out if out is not None else Path("out"))
    arguments: dict[str, Any] = {
        "area": area, "years": years, "capacity": None if capacity is None else capacity.name, "seed": seed,
        "model": model, "draws": draws,
    }  # fmt: skip
    screen = console()
    road = Road.prepare(model)
    if not several:
        outcome = road.run(chosen[0], years=years, draws=draws, seed=seed, register=register)
        files = record.write(outcome, folders[chosen[0]], arguments)
        report(screen, outcome)
        if register is None:
            screen.print(
                f"To use the council's own places: sendplan capacity template {chosen[0].la_code}, edit the file it writes, "
                "then add --capacity FILE.",
                soft_wrap=True,
            )
        screen.print("Files: " + ", ".join(str(f) for f in files), soft_wrap=True)
        return
    with progress(screen) as bar:
        task = bar.add_task("Authorities", total=len(chosen))
        lines = []
        for one in chosen:
            bar.update(task, description=one.name)
            outcome = road.run(one, years=years, draws=draws, seed=seed)
            record.write(outcome, folders[one], arguments)
            lines.append(one_line(outcome))
            bar.advance(task)
    show(screen, pd.DataFrame(lines), "Every authority", index=False)
    screen.print(
        f"Files: one folder an authority in {out if out is not None else Path('out')}", soft_wrap=True
    )


def _own_register(capacity: Path | None, chosen: Sequence[Area]) -> Register | None:
    """Read the council's own register, if one was given, for the one authority asked for."""
    if capacity is None:
        return None
    if len(chosen) > 1:
        raise OptionError(
            f"--capacity {capacity} holds one authority's places but 'all' was asked for, so it cannot be used. "
            "Name the authority, or leave --capacity out."
        )
    from data.register_file import read_register

    return read_register(capacity, la_code=chosen[0].la_code)


def _folder(out: Path | None, area: Area, several: bool) -> Path:
    if out is None:
        return Path("out") / area.slug
    return out / area.slug if several else out


def report(screen: Console, outcome: Any) -> None:
    """Print one authority's run."""
    from forecast import summary, words

    long, shortfall = summary.plans_long(outcome), summary.shortfall_long(outcome)
    origin = outcome.plans.origin
    screen.print()
    screen.print(words.headline(outcome, long, shortfall), style="bold")
    screen.print(words.HOW_TO_READ)
    screen.print()
    show(
        screen,
        words.bands_table(outcome, long),
        f"EHC plans by age (January {outcome.plans.known_january} published, then forecast)",
    )
    for number, part in enumerate(words.needs_tables(outcome, long), start=1):
        show(screen, part, f"EHC plans by primary need ({number} of 2)")
    screen.print(words.need_key(), style="dim")
    screen.print()
    origin, last = outcome.plans.origin, int(shortfall["year"].max())
    places = words.places_table(outcome, shortfall, [origin + 1, origin + 3, origin + 5, last])
    show(screen, places, "Specialist places against demand (every January is in summary.md)", index=False)
    screen.print(words.PLACES_NOTE)
    screen.print()
    screen.print("When places run out", style="bold")
    for line in words.run_out_lines(shortfall):
        screen.print(f"- {line}")
    screen.print()
    screen.print("Estimated rather than known", style="bold")
    for line in words.estimates(outcome):
        screen.print(f"- {line}")
    screen.print()


def one_line(outcome: Any) -> dict[str, str]:
    """Return one authority's row of the table for all of them."""
    from forecast import summary, words

    long, shortfall = summary.plans_long(outcome), summary.shortfall_long(outcome)
    table = summary.interval(long)
    last = int(table.index[-1])
    soonest = next((r for r in summary.run_outs(shortfall) if r.january is not None), None)
    return {
        "Authority": outcome.area.name,
        "Plans now": f"{outcome.plans.known.sum().item():,.0f} ({outcome.plans.known_january})",
        f"Plans {last}": words.with_interval(table.to_dict("index")[last]),
        "Runs out first": "none in the years shown"
        if soonest is None
        else f"{words.PHASE_LABELS[soonest.phase]}, {words.SHORT_PROVISIONS[soonest.provision]}, {soonest.january}",
    }


@app.command("places")
def places_command(
    area: Annotated[str, typer.Argument(help="Name, GSS code or DfE number of an authority, or 'all'.")],
    years: Annotated[int, typer.Option(help="Januaries ahead.")] = 10,
    capacity: Annotated[
        Path | None,
        typer.Option(
            help="The council's own capacity register (CSV or .xlsx); see 'sendplan capacity template'."
        ),
    ] = None,
    demand: Annotated[
        float,
        typer.Option(
            help="0: children want what today's choices lead to. 1: with those turned away today. Or between."
        ),
    ] = 1.0,
    order: Annotated[
        Path | None,
        typer.Option(help="Where children without a place go (CSV); see 'sendplan capacity order'."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same numbers.")] = 20250101,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the results; out/places/AREA where left out.")
    ] = None,
    draws: Annotated[int, typer.Option(help="Number of draws.")] = 500,
) -> None:
    """Say which specialist places run out, when, for whom, and where the children go."""
    from forecast import places_report
    from forecast.allocation import default_rules
    from forecast.capacity import Demand
    from forecast.files import check_folder
    from forecast.preference_order import read_order
    from forecast.run import Road, check_options

    chosen = areas.resolve(area)
    check_options(years, draws)
    asked = Demand(blend=demand, rules=default_rules() if order is None else read_order(order))
    folder = (
        out if out is not None else Path("out") / "places" / (chosen[0].slug if len(chosen) == 1 else "all")
    )
    register = _own_register(capacity, chosen)
    check_folder(folder)
    arguments: dict[str, Any] = {
        "area": area, "years": years, "capacity": None if capacity is None else capacity.name, "demand": demand,
        "order": None if order is None else order.name, "seed": seed, "draws": draws,
    }  # fmt: skip
    screen = console()
    if len(chosen) > 1:
        _places_of_all(screen, chosen, folder, arguments, asked)
        return
    road = Road.prepare()
    outcome = road.run(chosen[0], years=years, draws=draws, seed=seed, register=register, demand=asked)
    found = places_report.PlacesTables.of(outcome)
    distances = places_report.Distances.of(outcome)
    borrowed = chosen[0].la_code in road.latent.borrowed
    places_report.tell(
        outcome,
        found,
        distances,
        borrowed,
        lambda frame, title: show(screen, frame, title, index=False),
        lambda line: screen.print(line, soft_wrap=True),
    )
    files = places_report.write(
        found,
        distances,
        places_report.page(outcome, found, distances, borrowed),
        places_report.record_of(outcome, arguments),
        folder,
    )
    screen.print("Files: " + ", ".join(str(f) for f in files), soft_wrap=True)


def _places_of_all(
    screen: Console, chosen: Sequence[Area], folder: Path, arguments: dict[str, Any], asked: Any
) -> None:
    """Run every authority on all cores, write one set of tables, and say which could not be run and why."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    from forecast import places_report, record

    parts, lines, left_out = [], [], []
    with (
        progress(screen) as bar,
        ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as workers,
    ):
        task = bar.add_task("Authorities", total=len(chosen))
        for one, found, said in workers.map(
            partial(_places_of_one, arguments=arguments, asked=asked), chosen
        ):
            bar.update(task, advance=1, description=one.name)
            if found is None:
                left_out.append(f"{one.name}: {said}")
            else:
                parts.append(found)
                lines.append({"Authority": one.name, "What runs out first": said})
    files = places_report.write_tables(places_report.joined(parts), record.arguments_only(arguments), folder)
    show(screen, pd.DataFrame(lines), "Every authority", index=False)
    for line in left_out:
        screen.print(f"Left out - {line}", soft_wrap=True)
    screen.print("Files: " + ", ".join(str(f) for f in files), soft_wrap=True)


def _places_of_one(one: Area, arguments: dict[str, Any], asked: Any) -> tuple[Area, Any, str]:
    """Return one authority's tables and headline, or None and why it cannot be run."""
    from data.errors import HistoryError
    from forecast import places_report
    from forecast.run import shared_road

    settle()
    try:
        outcome = shared_road().run(
            one,
            years=arguments["years"],
            draws=arguments["draws"],
            seed=arguments["seed"],
            demand=asked,
        )
    except HistoryError as error:
        return one, None, str(error)
    found = places_report.PlacesTables.of(outcome)
    return one, found, places_report.headline(outcome, found)


@app.command("backtest")
def backtest_command(
    out: Annotated[Path, typer.Option(help="Parquet file for the long table of forecasts.")],
    origins: Annotated[list[int] | None, typer.Option(help="Last Januaries seen, several in a row.")] = None,
    horizon: Annotated[int, typer.Option(help="Years ahead.")] = 5,
    models: Annotated[
        list[str] | None, typer.Option(help="Models to score, several in a row; all if left out.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the models' own randomness.")] = 0,
) -> None:
    """Forecast from earlier Januaries with no later information, and score the forecasts."""
    from data import panels
    from forecast import evaluate, trackrecord
    from forecast import run as jobs
    from forecast.files import check_folder, write_one
    from forecast.members import NAMES, Models, check_name
    from models.memory import Memory

    if not 1 <= horizon <= jobs.MAX_YEARS:
        raise OptionError(
            f"--horizon {horizon} is out of range. Choose 1 to {jobs.MAX_YEARS} years; the usual is 5."
        )
    if out.is_dir():
        raise OptionError(
            f"--out {out} is a folder; the forecasts need a file. Give a name such as {out / 'bt.parquet'}."
        )
    wanted = [check_name(name) for name in dict.fromkeys(models or NAMES)]
    # Ratios need the benchmark, asked for or not; the file holds what was asked for.
    names = list(dict.fromkeys([*wanted, evaluate.BENCHMARK]))
    starts = sorted(set(origins or trackrecord.REPORTING_ORIGINS))
    history = panels.load("series")
    evaluate.check_origins(history, starts)
    check_folder(out.parent)
    screen = console()
    with progress(screen) as bar:
        task = bar.add_task("Back-test", total=len(names) * len(starts))

        def step(description: str) -> None:
            bar.update(task, advance=1, description=description)

        found = Models(Memory(), on_step=lambda what: bar.update(task, description=what))
        chosen = [found.scored(name) for name in names]
        table = evaluate.backtest(history, chosen, starts, horizon, seed=seed, on_step=step)
    asked = table[table["model"].isin(wanted)]
    write_one(out, lambda path: asked.to_parquet(path, index=False))
    scores = evaluate.score(table, history)
    screen.print(f"{len(asked):,} quantiles written to {out}", soft_wrap=True)
    if scores.empty:
        screen.print("No target is in the data yet, so nothing can be scored.")
        return
    show(
        screen,
        evaluate.totals(scores).map(_figure),
        "Totals (logCRPS x 100; ratio to regional_growth)",
        index=False,
    )
    show(screen, evaluate.bands(scores).map(_figure), "Age bands", index=False)
    if trackrecord.covers(scores, starts):
        screen.print(f"Track record: {trackrecord.refresh(scores, history)}", soft_wrap=True)
    else:
        screen.print(
            "The track record page is left as it is: it is refreshed by a run over origins "
            f"{', '.join(map(str, trackrecord.REPORTING_ORIGINS))} that includes headline and regional_growth."
        )


@app.command("backtest-places")
def backtest_places_command(
    out: Annotated[Path, typer.Option(help="Parquet file for the scored cells.")],
    origins: Annotated[list[int] | None, typer.Option(help="Last Januaries seen, several in a row.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the models' own randomness.")] = 0,
) -> None:
    """Forecast plans by kind of provision from earlier Januaries, and score them. Takes about ten minutes."""
    from data import panels
    from forecast import evaluate, provision_backtest
    from forecast.files import check_folder, write_one
    from forecast.members import Models
    from models.headline import HEADLINE
    from models.inference import REHEARSAL
    from models.memory import Memory
    from models.provision_totals import ProvisionTotals

    if out.is_dir():
        raise OptionError(
            f"--out {out} is a folder; the cells need a file. Give a name such as {out / 'places.parquet'}."
        )
    starts = sorted(set(origins or provision_backtest.ORIGINS))
    history = panels.load("series")
    evaluate.check_origins(history, starts)
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
        found = provision_backtest.backtest(
            history,
            Models(memory, sampling=REHEARSAL).banded(HEADLINE),
            ProvisionTotals(memory=memory),
            starts,
            seed=seed,
            on_step=lambda what: bar.update(task, advance=1, description=what),
        )
    write_one(out, lambda path: found.cells.to_parquet(path, index=False))
    screen.print(f"{len(found.cells):,} cells written to {out}", soft_wrap=True)
    for origin, diagnostics in found.diagnostics.items():
        screen.print(f"January {origin}: {diagnostics.sentence()}", soft_wrap=True)
    scores = provision_backtest.summary(found.cells)
    show(screen, scores.map(_figure), "Kinds of provision (ratio to latest share times total)", index=False)
    show(screen, provision_backtest.by_era(found.cells).map(_figure), "About the 2023 break", index=False)
    if provision_backtest.covers(found):
        screen.print(f"Track record: {provision_backtest.refresh(found)}", soft_wrap=True)
    else:
        screen.print(
            "The track record page is left as it is: it is refreshed by a run over origins "
            f"{', '.join(map(str, provision_backtest.ORIGINS))} whose fits all passed."
        )


@app.command("fit")
def fit_command(
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the fitted result; where forecasts look for it if left out."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the samplers.")] = 0,
) -> None:
    """Fit the models to every authority; forecasts and the app use the result. Takes a few minutes."""
    from forecast import fits
    from forecast.files import check_folder

    folder = fits.FOLDER if out is None else out
    check_folder(folder)
    screen = console()
    with progress(screen) as bar:
        task = bar.add_task("Fitting", total=fits.steps())
        fit = fits.make(lambda what: bar.update(task, advance=1, description=what), seed)
    files = fits.write(fit, folder)
    for name, found in fit.diagnostics.items():
        screen.print(f"{name} {found.sentence()}", soft_wrap=True)
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
    size = sum(f.stat().st_size for f in files) / 1e6
    screen.print(f"{fit.seconds:.0f} s. Files ({size:.1f} MB): {', '.join(map(str, files))}", soft_wrap=True)
    if not fit.passed:
        screen.print(
            "FAILED: at least one model did not pass its gate. The result is kept for diagnosis and will not be used; what was "
            "in use before is unchanged. Try another --seed.",
            soft_wrap=True,
        )
        raise typer.Exit(1)


@app.command("explain")
def explain_command(
    area: Annotated[str, typer.Argument(help="Name, GSS code or DfE number of an authority.")],
    to: Annotated[
        int | None, typer.Option(help="January to explain the change to; five years on if left out.")
    ] = None,
    years: Annotated[int, typer.Option(help="Januaries to forecast, 1 to 15.")] = 10,
    draws: Annotated[int, typer.Option(help="Random draws, at least 100.")] = 500,
    seed: Annotated[int, typer.Option(help="Same seed, same answer.")] = 20250101,
    model: Annotated[str, typer.Option(help="Demand model.")] = "headline",
) -> None:
    """Split the growth in plans to a January into population, joiner rate, leaver rate, transfers and ageing."""
    from forecast import explain, words
    from forecast.members import check_name
    from forecast.run import Road, check_options

    chosen = areas.resolve(area)
    if len(chosen) > 1:
        raise OptionError(
            "A change is explained for one authority, but 'all' was asked for. Name the authority."
        )
    check_options(years, draws)
    check_name(model)
    outcome = Road.prepare(model).run(chosen[0], years=years, draws=draws, seed=seed)
    origin = outcome.plans.origin
    january = min(origin + 5, origin + years) if to is None else to
    split = explain.table(outcome.plans, january)
    screen = console()
    shown = pd.DataFrame(
        {
            "Why": split["label"],
            "Plans": [f"{mean:+,.0f}" for mean in split["mean"]],
            "80 % interval": [
                f"{low:+,.0f} to {high:+,.0f}" for low, high in zip(split["q10"], split["q90"], strict=True)
            ],
        }
    )
    show(
        screen,
        shown,
        f"{chosen[0].name}: why plans change from January {origin} to January {january}",
        index=False,
    )
    screen.print(words.EXPLAIN_NOTE, soft_wrap=True)


def _figure(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    return str(value)


@data_app.command("build")
def build_command(
    source: Annotated[Path, typer.Option("--from", help="Folder of the official releases.")],
) -> None:
    """Turn official releases into the published tables; all of them or none."""
    from data.ingest.build import all_builders, build

    screen = console()
    with progress(screen) as bar:
        task = bar.add_task("Tables", total=len(all_builders()))

        def step(name: str, number: int, total: int) -> None:
            bar.update(task, completed=number, total=total, description=name)

        made = build(source, on_progress=step)
    screen.print(
        f"{len(made.tables)} tables, {made.bytes / 1e6:.1f} MB, in {made.destination}", soft_wrap=True
    )


@data_app.command("check")
def check_command() -> None:
    """Check every published table; exit with 1 if a check fails."""
    from data.checks import check, summarise

    results = check()
    screen = console()
    tables = pd.DataFrame(summarise(results)).rename(columns=lambda name: str(name).replace("_", " "))
    show(screen, tables, "Published tables", index=False)
    failed = [r for r in results if r.passed is False]
    for result in failed:
        screen.print(f"FAILED {result.table}: {result.message}")
    screen.print(f"{len(results)} checks, {len(failed)} failed.")
    if failed:
        raise typer.Exit(1)


@capacity_app.command("template")
def template_command(
    area: Annotated[str, typer.Argument(help="Name, GSS code or DfE number of an authority.")],
    out: Annotated[
        Path | None, typer.Option(help="CSV or .xlsx file to write; capacity-AREA.csv where left out.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
) -> None:
    """Write an authority's capacity register as a file to edit: CSV, or .xlsx with guidance and lists of codes."""
    from data import registers
    from data.register_file import write_register
    from forecast.files import check_folder

    chosen = areas.resolve(area)
    if len(chosen) > 1:
        raise OptionError("A template is for one authority, but 'all' was asked for. Name the authority.")
    path = out or Path(f"capacity-{chosen[0].slug}.csv")
    if path.exists() and not force:
        raise OptionError(
            f"{path} exists, and may hold your edits, so it was left alone. Choose another name with --out, or add --force."
        )
    check_folder(path.parent)
    write_register(registers.shipped(chosen[0].la_code), path)
    typer.echo(f"Edit {path}, then run: sendplan forecast {chosen[0].la_code} --capacity {path}")


@capacity_app.command("check")
def check_register_command(
    file: Annotated[Path, typer.Argument(help="The register to check, CSV or .xlsx.")],
    area: Annotated[
        str | None, typer.Option(help="Authority it should be of; what the file says where left out.")
    ] = None,
) -> None:
    """Check a capacity register: every problem at once, or its places in short with what looks doubtful."""
    from data.register import counted_by_year
    from data.register_file import read_register

    register = read_register(file, la_code=None if area is None else _one_code(area))
    screen = console()
    owner = "" if register.la_code is None else f" of {areas.by_code(register.la_code).name}"
    screen.print(
        f"{file.name}: the register{owner} can be used. {len(register.rows):,} rows.", soft_wrap=True
    )
    places = counted_by_year(register).rename(columns={"academic_year": "Academic year"})
    show(screen, places.astype(str), "Specialist places as the register states them", index=False)
    for warning in register.warnings:
        screen.print(f"Check: {warning}", soft_wrap=True, markup=False)


@capacity_app.command("diff")
def diff_command(
    old: Annotated[Path, typer.Argument(help="The earlier register, CSV or .xlsx.")],
    new: Annotated[Path, typer.Argument(help="The register to compare with it.")],
    area: Annotated[str | None, typer.Option(help="Authority they should be of.")] = None,
) -> None:
    """Say what changed between two registers: rows, cells and places."""
    from data.register import shown
    from data.register_diff import diff
    from data.register_file import read_register

    code = None if area is None else _one_code(area)
    found = diff(read_register(old, la_code=code), read_register(new, la_code=code))
    screen = console()
    screen.print(found.sentence(), soft_wrap=True)
    for what, rows in (("Added", found.added), ("Removed", found.removed)):
        for row in rows.to_dict("records"):
            screen.print(
                f"{what}: {row['setting']}, ages {row['age_low']} to {row['age_high']}, {row['places']} places from "
                f"{row['from_academic_year']} ({row['status']})",
                soft_wrap=True, markup=False,
            )  # fmt: skip
    for changed in found.changed:
        cells = "; ".join(f"{c} {shown(before)} -> {shown(after)}" for c, before, after in changed.cells)
        screen.print(f"Changed: {changed.setting} (row {changed.row}): {cells}", soft_wrap=True, markup=False)


def _one_code(area: str) -> int:
    """Return the DfE number of one authority."""
    chosen = areas.resolve(area)
    if len(chosen) > 1:
        raise OptionError("A register is one authority's, but 'all' was asked for. Name the authority.")
    return chosen[0].la_code


@capacity_app.command("order")
def capacity_order(
    out: Annotated[Path, typer.Option(help="File to write.")] = Path("preference-order.csv"),
) -> None:
    """Write the order in which children without a place are sent on, to edit and give to 'sendplan places --order'."""
    from forecast.allocation import default_rules
    from forecast.preference_order import write_order

    console().print(f"Preference order: {write_order(default_rules(), out)}", soft_wrap=True)


if __name__ == "__main__":
    main()
