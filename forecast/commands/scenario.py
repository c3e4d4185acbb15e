"""``sendplan scenario``: what if. Lists, shows, runs, compares, explains and keeps scenarios.

`forecast.commands.chosen` says which scenario a name means, `forecast.commands.keeping` does what has to do with the store.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from data.areas import Area
from data.errors import HistoryError, OptionError, ScenarioError
from forecast.commands import keeping
from forecast.commands.chosen import Kept, Ref
from forecast.commands.keeping import Record, Who, check_store, note
from forecast.commands.money import UnitCosts
from forecast.commands.options import (
    Capacity,
    Draws,
    OneArea,
    OwnCount,
    Seed,
    Years,
    check_may_write,
    file_name,
    single,
)
from forecast.commands.output import console, say, say_top_lines, show
from forecast.commands.own_files import own_counts, own_prices, own_register
from forecast.core import defaults

if TYPE_CHECKING:
    import pandas as pd

    from data.prices.price_book import PriceBook
    from forecast.finance.finance_model import FinanceModel
    from forecast.runs.baseline import Baseline
    from scenarios.scenario import Scenario

app = typer.Typer(
    help="Scenarios: what changes if requests, places or practice change.", no_args_is_help=True
)


@app.command("list")
def list_command(store: Kept = None) -> None:
    """List the scenarios of the library and of the store."""
    import pandas as pd

    from forecast.runs.scenario_names import open_if_there
    from scenarios import reading
    from scenarios.store import words

    screen = console()
    rows = [
        {
            "Scenario": s.id,
            "What it says": s.title,
            "Levers": len(reading.resolve(s).levers),
            "For": ", ".join(s.areas) or "any",
        }
        for s in reading.library().values()
    ]
    show(screen, pd.DataFrame(rows), "Library", index=False)
    opened = open_if_there(store)
    if opened is not None:
        say(screen, "Store", "bold")
        say(screen, words.listing(opened.scenarios()))


@app.command("show")
def show_command(ref: Ref, store: Kept = None) -> None:
    """Show a scenario: what it says, on what evidence, and each of its levers."""
    from forecast.runs.made_with import made_now
    from forecast.runs.scenario_names import find_scenario_or_file
    from scenarios.earlier_dates import of_scenario
    from scenarios.levers import describe

    chosen = find_scenario_or_file(ref, store)
    scenario = chosen.flat
    screen = console()
    say(screen, f"{scenario.title} ({scenario.id})", "bold")
    parts = [
        scenario.note,
        *(f"Caveat: {c}" for c in scenario.caveats),
        *(f"Evidence: {e}" for e in scenario.evidence),
    ]
    if chosen.as_written.based_on is not None:
        parts.append(f"Based on {chosen.as_written.based_on}, whose levers are here too.")
    if scenario.areas:
        parts.append(f"Written for {', '.join(scenario.areas)}.")
    if scenario.policy_date is not None:
        parts.append(f"Policy as known on {scenario.policy_date.day} {scenario.policy_date:%B %Y}.")
    for text in filter(None, parts):
        say(screen, text)
    screen.print()
    for lever in scenario.levers:
        say(screen, f"{lever.name} ({lever.status})", "bold")
        say(screen, f"  {describe(lever)}")
        say(screen, f"  Why: {lever.why}")
    for one in of_scenario(scenario, made_now().latest_january + 1):
        say(screen, f"Earlier date: {one.sentence}")
    if chosen.kept is not None:
        say(screen, f"Version {chosen.kept.version} was {chosen.kept.made_with.words()}.")
    say(screen, f"Key {scenario.key[:12]}. To change it: sendplan scenario write {ref} my-scenario.yaml")


@app.command("write")
def write_command(
    ref: Ref,
    path: Annotated[Path, typer.Argument(help="File to write.")],
    force: Annotated[bool, typer.Option(help="Replace the file if it is there.")] = False,
    store: Kept = None,
) -> None:
    """Write a scenario to a file that you can edit."""
    from forecast.core.atomic_files import write_one
    from forecast.runs.scenario_names import find_scenario_or_file
    from scenarios import reading

    text = reading.to_yaml(find_scenario_or_file(ref, store).as_written)
    check_may_write(path, force)
    write_one(path, lambda part: _put(part, text))
    say(console(), f"File: {path}")


@app.command("run")
def run_command(
    ref: Ref,
    area: Annotated[
        str | None, typer.Argument(help="Authority; left out: the one the scenario is written for.")
    ] = None,
    years: Years = defaults.YEARS,
    capacity: Capacity = None,
    seed: Seed = defaults.SEED,
    draws: Draws = defaults.DRAWS,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the results; out/scenario/ID where left out.")
    ] = None,
    store: Kept = None,
    who: Who = None,
    record: Record = True,
    own_count: OwnCount = None,
) -> None:
    """Run a scenario for one authority and write the same files as a forecast."""
    from forecast.commands.forecasts import report
    from forecast.core.atomic_files import check_folder, write_one
    from forecast.presentation import record as files
    from forecast.runs import scenario_run
    from forecast.runs.scenario_names import find_scenario_or_file
    from scenarios import reading

    chosen = find_scenario_or_file(ref, store)
    scenario = chosen.flat
    one = _area(area, scenario)
    if record:
        check_store(store, who)
    folder = out if out is not None else Path("out") / "scenario" / scenario.id
    check_folder(folder)
    base = _baseline(one, years, draws, seed, capacity, own_count)
    outcome = scenario_run.rerun(base, scenario)
    arguments: dict[str, Any] = {
        "area": one.name, "years": years, "capacity": file_name(capacity), "seed": seed,
        "model": "headline", "draws": draws, "scenario": scenario.id, "scenario_key": scenario.key,
        "own_count": file_name(own_count),
    }  # fmt: skip
    tables = files.RunTables(outcome, today=date.today())
    written = files.write(tables, folder, arguments)
    # What was run, so that anyone can run it again.
    written.append(write_one(folder / "scenario.yaml", lambda part: _put(part, reading.to_yaml(scenario))))
    screen = console()
    say(screen, f"Scenario: {scenario.title}", "bold")
    report(screen, tables)
    _remark(base, [scenario])
    say(screen, "Files: " + ", ".join(str(f) for f in written))
    if record:
        note([chosen], [outcome], store, who)


@app.command("compare")
def compare_command(
    area: OneArea,
    refs: Annotated[list[str], typer.Argument(help="Scenarios; differences are against the first.")],
    year: Annotated[int | None, typer.Option(help="January to print; the last where left out.")] = None,
    out: Annotated[Path | None, typer.Option(help="File (.parquet) for every January and measure.")] = None,
    years: Years = defaults.YEARS,
    capacity: Capacity = None,
    unit_costs: UnitCosts = None,
    seed: Seed = defaults.SEED,
    draws: Draws = defaults.DRAWS,
    store: Kept = None,
    who: Who = None,
    record: Record = True,
    own_count: OwnCount = None,
) -> None:
    """Set scenarios side by side, on the same random numbers."""
    from forecast.core.atomic_files import check_folder, write_one
    from forecast.presentation import compare, wording
    from forecast.runs import scenario_run
    from forecast.runs.scenario_names import find_scenario_or_file, labels

    if out is not None and out.suffix != ".parquet":
        raise OptionError(f"--out {out} should be a .parquet file. Change its ending.")
    named = [find_scenario_or_file(ref, store) for ref in refs]
    listed = [each.flat for each in named]
    ids = list(labels(named))
    repeated = [name for name in ids if ids.count(name) > 1]
    if repeated:
        raise OptionError(
            f"Scenario '{repeated[0]}' was named twice, so its results could not be told apart. Give each its own id, or "
            "name two kept versions of it, such as our-plan@1 our-plan@2."
        )
    one = _area(area, listed[0])
    book = own_prices(unit_costs, one)
    if record:
        check_store(store, who)
    if out is not None:
        check_folder(out.parent)
    base = _baseline(one, years, draws, seed, capacity, own_count)
    january = _january(base, year)
    outcomes = {name: scenario_run.rerun(base, s) for name, s in zip(ids, listed, strict=True)}
    table = compare.compared(outcomes, _finance_model(base, book))
    if out is not None:
        write_one(out, lambda part: table.to_parquet(part, index=False))
    screen = console()
    say_top_lines(screen, base.outcome)
    say(screen, f"{one.name}, January {january}", "bold")
    usual = f"{wording.MIDDLES}, and {wording.RANGE_OF_FUTURES}"
    show(screen, compare.side_by_side(table, january), usual, index=False)
    if len(listed) > 1:
        away = f"Difference from {ids[0]}, future by future"
        show(screen, compare.differences(table, january), away, index=False)
    show(screen, compare.short_by_kind(outcomes, january), compare.MEASURES["shortfall"], index=False)
    show(screen, compare.first_shortfall_text(outcomes), wording.FIRST_SHORTFALL, index=False)
    say(screen, _short_from_the_start(base, compare.first_shortfalls(outcomes)))
    _remark(base, listed)
    if out is not None:
        say(screen, f"File: {out}")
    if record:
        note(named, list(outcomes.values()), store, who)


@app.command("explain")
def explain_command(
    area: OneArea,
    ref: Ref,
    year: Annotated[int | None, typer.Option(help="January; the last where left out.")] = None,
    measure: Annotated[
        list[str] | None, typer.Option(help="What to explain; plans, shortfall and cost where left out.")
    ] = None,
    years: Years = defaults.YEARS,
    capacity: Capacity = None,
    unit_costs: UnitCosts = None,
    seed: Seed = defaults.SEED,
    draws: Draws = defaults.DRAWS,
    store: Kept = None,
    own_count: OwnCount = None,
) -> None:
    """Say what each lever of a scenario contributed, and which lever's uncertainty matters most."""
    from forecast.presentation import compare, seek
    from forecast.runs import scenario_run
    from forecast.runs.scenario_names import find_scenario_or_file
    from scenarios.levers import describe

    scenario = find_scenario_or_file(ref, store).flat
    one = _area(area, scenario)
    book = own_prices(unit_costs, one)
    base = _baseline(one, years, draws, seed, capacity, own_count)
    january = _january(base, year)
    finance = _finance_model(base, book, needed=any(m in compare.POUNDS for m in measure or ()))
    usual = ("plans", "shortfall") if finance is None else ("plans", "shortfall", "cost")
    points = [seek.Point(m, january) for m in measure or usual]
    together = scenario_run.rerun(base, scenario)
    alone, spans = scenario_run.run_each_alone(base, scenario), scenario_run.run_at_ends(base, scenario)
    ends = {lever.name: scenario_run.size_interval(lever) for lever in scenario.levers}
    ranges = {name: f"{name} ({low:,g} to {high:,g})" for name, (low, high) in ends.items()}
    screen = console()
    say_top_lines(screen, base.outcome)
    say(screen, f"{one.name}: {scenario.title}", "bold")
    for lever in scenario.levers:
        say(screen, f"- {lever.name}: {describe(lever)}")
    screen.print()
    for point in points:
        bars = compare.waterfall(point.measure, january, base.outcome, alone, together, finance)
        say(screen, point.words(), "bold")
        show(screen, compare.waterfall_text(bars), "What each lever contributed", index=False)
        widths = seek.tornado(point, spans, together, finance)
        if len(widths):
            widths_text = seek.tornado_text(point, widths)
            widths_text["Lever"] = widths_text["Lever"].map(ranges)
            show(screen, widths_text, "What each lever's range means", index=False)
    _remark(base, [scenario])


@app.command("seek")
def seek_command(
    area: OneArea,
    ref: Ref,
    lever: Annotated[str, typer.Argument(help="Id of the lever whose size is looked for.")],
    low: Annotated[float, typer.Option(help="Size to start from.")],
    high: Annotated[float, typer.Option(help="Size to end at.")],
    year: Annotated[int, typer.Option(help="January of the goal.")],
    at_most: Annotated[
        float | None, typer.Option(help="Largest value that is good enough; 0.2 for 20 %.")
    ] = None,
    at_least: Annotated[float | None, typer.Option(help="Smallest value that is good enough.")] = None,
    measure: Annotated[str, typer.Option(help="What the goal is about.")] = "p_shortfall",
    provision: Annotated[
        str | None, typer.Option(help="Count places of one specialist provision only.")
    ] = None,
    years: Years = defaults.YEARS,
    capacity: Capacity = None,
    unit_costs: UnitCosts = None,
    seed: Seed = defaults.SEED,
    draws: Draws = defaults.DRAWS,
    store: Kept = None,
    own_count: OwnCount = None,
) -> None:
    """Look for the size of a lever that meets a goal, such as how many places keep the chance of a shortfall at 20 %."""
    from forecast.presentation import compare
    from forecast.presentation import seek as seeking
    from forecast.runs import scenario_run
    from forecast.runs.scenario_names import find_scenario_or_file

    if (at_most is None) == (at_least is None):
        raise OptionError("A goal needs either --at-most or --at-least, and one only. Give one of them.")
    scenario = find_scenario_or_file(ref, store).flat
    point = seeking.Point(measure, year, provision)
    value = at_most if at_most is not None else at_least
    assert value is not None  # one of the two was given
    goal = seeking.Goal(point, "at_most" if at_most is not None else "at_least", value)
    for end in (low, high):
        scenario_run.with_size(scenario, lever, end)
    one = _area(area, scenario)
    book = own_prices(unit_costs, one)
    base = _baseline(one, years, draws, seed, capacity, own_count)
    _january(base, year)
    answer = seeking.seek(
        lambda size: scenario_run.rerun(base, scenario_run.with_size(scenario, lever, size)),
        goal,
        low,
        high,
        whole=scenario_run.is_whole(scenario, lever),
        finance=_finance_model(base, book, needed=True) if measure in compare.POUNDS else None,
    )
    screen = console()
    say_top_lines(screen, base.outcome)
    say(screen, f"{one.name}: {scenario.title}", "bold")
    say(screen, f"Goal: {goal.words()}.")
    say(screen, answer.words(goal, lever))
    _remark(base, [scenario])


app.command("save")(keeping.save_command)
app.command("history")(keeping.history_command)
app.command("export")(keeping.export_command)
app.command("import")(keeping.import_command)


def _put(part: Path, text: str) -> None:
    part.write_text(text, encoding="utf-8")


def _area(name: str | None, scenario: Scenario) -> Area:
    """Return the authority requested, or the only one that the scenario is written for."""
    if name is None:
        if len(scenario.areas) != 1:
            raise ScenarioError(
                f"Scenario '{scenario.id}' is written for {'any authority' if not scenario.areas else 'several authorities'}, so "
                "it is unclear whom to run it for. Name one, for example: sendplan scenario run "
                f"{scenario.id} Redbridge"
            )
        name = scenario.areas[0]
    return single(name, "A scenario is run for one authority at a time")


def _baseline(
    area: Area, years: int, draws: int, seed: int, capacity: Path | None, own_count: Path | None
) -> Baseline:
    """Return the authority's baseline.

    Raises
    ------
    OptionError
        Years, draws or the seed are out of range.
    """
    from forecast.runs.baseline import check_options, shared_inputs
    from scenarios.store.checks import LARGEST_SEED

    check_options(years, draws)
    if not 0 <= seed <= LARGEST_SEED:
        raise OptionError(
            f"--seed {seed} is out of range. Seeds are whole numbers from 0 to {LARGEST_SEED:,}. Leave it out for the usual one."
        )
    register = own_register(capacity, [area])
    counts = own_counts(own_count, [area])
    return shared_inputs().baseline(
        area, years=years, draws=draws, seed=seed, register=register, counts=counts
    )


def _finance_model(base: Baseline, book: PriceBook, *, needed: bool = False) -> FinanceModel | None:
    """Return the finance model of the baseline and scenarios; None if income is not published.

    Raises
    ------
    HistoryError
        It is not published, and pounds were asked for.
    """
    from forecast.finance.finance_model import FinanceModel

    try:
        return FinanceModel.of(base.outcome, book=book)
    except HistoryError as error:
        if needed:
            raise
        say(console(), f"Without pounds. {error}")
        return None


def _january(base: Baseline, year: int | None) -> int:
    """Return the January requested, or the last one.

    Raises
    ------
    OptionError
        The run does not reach it.
    """
    januaries = base.outcome.plans.future["january"].to_numpy().tolist()
    if year is not None and year not in januaries:
        raise OptionError(
            f"--year {year} is not in the run, which covers January {januaries[0]} to {januaries[-1]}. Choose one of those, or "
            "more --years."
        )
    return int(januaries[-1]) if year is None else year


def _short_from_the_start(base: Baseline, falls: pd.DataFrame) -> str:
    """Return a sentence on how to read the Januaries of first shortfalls."""
    januaries = base.outcome.plans.future["january"].to_numpy()
    first = f"{januaries[0]} is the first January forecast: what is short then may be short today. "
    at_once = (falls["january"] == januaries[0]).any()
    return (
        "A shortfall counts from the January in which it is at least as likely as not, and from one child. "
        f"{first if at_once else ''}'none' means no shortfall by January {januaries[-1]}."
    )


def _remark(base: Baseline, listed: list[Scenario]) -> None:
    """Print what each scenario dates before the first forecast year, and notes on its levers in this authority."""
    from forecast.runs import scenario_run

    screen = console()
    for scenario in listed:
        for one in scenario_run.earlier_dates(base, scenario):
            say(screen, f"Earlier date in {scenario.id}: {one.sentence}")
        for remark in scenario_run.lever_notes(base, scenario):
            say(screen, f"Note on {scenario.id}: {remark}")
