"""``sendplan scenario``: what if. Lists, shows, runs, compares, explains and keeps scenarios.

A scenario is named by the id of one in the library or in the store, or by the path of a file; the library comes first.
What it is based on is looked for beside its file, then in the library, then in the store.

Invariants: a scenario that is refused, or a run that fails, leaves the store as it was; looking makes no store; text that people
wrote is printed as they wrote it.
"""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import pandas as pd
import typer

from data import areas
from data.areas import Area
from data.errors import OptionError, ScenarioError, StoreError
from forecast.commands.options import (
    USUAL_DRAWS,
    USUAL_SEED,
    USUAL_YEARS,
    Capacity,
    Draws,
    OneArea,
    Seed,
    Years,
    own_register,
)
from forecast.commands.output import console, say, show

if TYPE_CHECKING:
    from collections.abc import Mapping

    from forecast.money import Purse
    from forecast.outcome import Outcome
    from forecast.run import Baseline
    from scenarios.scenario import Scenario
    from scenarios.store import Store, Version

app = typer.Typer(
    help="Scenarios: what changes if requests, places or practice change.", no_args_is_help=True
)

Ref = Annotated[str, typer.Argument(help="Id of a scenario in the library or the store, or a file.")]
"""One scenario."""

Kept = Annotated[
    str | None,
    typer.Option(
        "--store",
        help="A file, or postgresql+psycopg://USER@SERVER/DATABASE; out/scenarios.sqlite where left out.",
    ),
]
"""Where scenarios are kept."""

Who = Annotated[str | None, typer.Option(help="Your name, for the history; your user name where left out.")]
"""Who acts."""

Record = Annotated[bool, typer.Option("--record/--no-record", help="Note the run in the store's history.")]
"""Whether a run is noted."""


@dataclass(frozen=True)
class Chosen:
    """A scenario that was named.

    Parameters
    ----------
    said
        As its file or the store has it.
    flat
        With what it is based on read in: what is run.
    kept
        The version it was read from; None for a file or the library.
    """

    said: Scenario
    flat: Scenario
    kept: Version | None = None


def chosen(ref: str, store: str | None) -> Chosen:
    """Return the scenario that a name stands for: library, then file, then the latest version in the store.

    Raises
    ------
    ScenarioError
        There is none of that name, or it is not one that can be run.
    """
    from scenarios import reading
    from scenarios.keeping import scenario_of

    path = Path(ref)
    kept = None
    if ref in reading.library():
        said = reading.find(ref)
    elif path.is_file():
        said = reading.read(path)
    else:
        kept = _latest(ref, store)
        said = reading.find(ref) if kept is None else scenario_of(kept)
    folder = path.parent if path.is_file() and ref not in reading.library() else None

    def base(name: str) -> Scenario:
        beside = folder is not None and any((folder / f"{name}{e}").is_file() for e in reading.ENDINGS)
        held = None if beside or name in reading.library() else _latest(name, store)
        return reading.find(name, folder) if held is None else scenario_of(held)

    return Chosen(said, reading.resolve(said, base), kept)


@app.command("list")
def list_command(store: Kept = None) -> None:
    """List the scenarios of the library and of the store."""
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
    held = _open_if_there(store)
    if held is not None:
        say(screen, "Store", "bold")
        say(screen, words.listing(held.scenarios()))


@app.command("show")
def show_command(ref: Ref, store: Kept = None) -> None:
    """Show a scenario: what it says, on what evidence, and each of its levers."""
    from scenarios.levers import describe

    asked = chosen(ref, store)
    scenario = asked.flat
    screen = console()
    say(screen, f"{scenario.title} ({scenario.id})", "bold")
    parts = [
        scenario.note,
        *(f"Caveat: {c}" for c in scenario.caveats),
        *(f"Evidence: {e}" for e in scenario.evidence),
    ]
    if asked.said.based_on is not None:
        parts.append(f"Based on {asked.said.based_on}, whose levers are here too.")
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
    say(screen, f"Key {scenario.key[:12]}. To change it: sendplan scenario write {ref} my-scenario.yaml")


@app.command("write")
def write_command(
    ref: Ref,
    path: Annotated[Path, typer.Argument(help="File to write.")],
    force: Annotated[bool, typer.Option(help="Replace the file if it is there.")] = False,
    store: Kept = None,
) -> None:
    """Write a scenario to a file that you can edit."""
    from forecast.files import write_one
    from scenarios import reading

    text = reading.written(chosen(ref, store).said)
    if path.exists() and not force:
        raise OptionError(
            f"{path} exists, and may hold your edits, so it was left alone. Choose another name, or add --force."
        )
    write_one(path, lambda part: _put(part, text))
    say(console(), f"File: {path}")


@app.command("run")
def run_command(
    ref: Ref,
    area: Annotated[
        str | None, typer.Argument(help="Authority; left out: the one the scenario is written for.")
    ] = None,
    years: Years = USUAL_YEARS,
    capacity: Capacity = None,
    seed: Seed = USUAL_SEED,
    draws: Draws = USUAL_DRAWS,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the results; out/scenario/ID where left out.")
    ] = None,
    store: Kept = None,
    who: Who = None,
    record: Record = True,
) -> None:
    """Run a scenario for one authority and write the same files as a forecast."""
    from forecast import record as files
    from forecast import rerun
    from forecast.commands.forecasts import report
    from forecast.files import check_folder, write_one
    from scenarios import reading

    asked = chosen(ref, store)
    scenario = asked.flat
    one = _area(area, scenario)
    if record:
        _checked_store(store, who)
    folder = out if out is not None else Path("out") / "scenario" / scenario.id
    check_folder(folder)
    base = _baseline(one, years, draws, seed, capacity)
    outcome = rerun.rerun(base, scenario)
    arguments: dict[str, Any] = {
        "area": one.name, "years": years, "capacity": None if capacity is None else capacity.name, "seed": seed,
        "model": "headline", "draws": draws, "scenario": scenario.id, "scenario_key": scenario.key,
    }  # fmt: skip
    written = files.write(outcome, folder, arguments)
    # What was run, so that anyone can run it again.
    written.append(write_one(folder / "scenario.yaml", lambda part: _put(part, reading.written(scenario))))
    screen = console()
    say(screen, f"Scenario: {scenario.title}", "bold")
    report(screen, outcome)
    _remark(base, [scenario])
    say(screen, "Files: " + ", ".join(str(f) for f in written))
    if record:
        _note([asked], {scenario.id: outcome}, store, who)


@app.command("compare")
def compare_command(
    area: OneArea,
    refs: Annotated[list[str], typer.Argument(help="Scenarios; differences are against the first.")],
    year: Annotated[int | None, typer.Option(help="January to print; the last where left out.")] = None,
    out: Annotated[Path | None, typer.Option(help="File (.parquet) for every January and measure.")] = None,
    years: Years = USUAL_YEARS,
    capacity: Capacity = None,
    seed: Seed = USUAL_SEED,
    draws: Draws = USUAL_DRAWS,
    store: Kept = None,
    who: Who = None,
    record: Record = True,
) -> None:
    """Set scenarios side by side, on the same random numbers."""
    from forecast import compare, rerun
    from forecast.files import check_folder, write_one

    if out is not None and out.suffix != ".parquet":
        raise OptionError(f"--out {out} should be a .parquet file. Change its ending.")
    named = [chosen(ref, store) for ref in refs]
    listed = [each.flat for each in named]
    ids = [s.id for s in listed]
    repeated = [name for name in ids if ids.count(name) > 1]
    if repeated:
        raise OptionError(
            f"Scenario '{repeated[0]}' was named twice, so its results could not be told apart. Give each scenario its own id."
        )
    one = _area(area, listed[0])
    if record:
        _checked_store(store, who)
    if out is not None:
        check_folder(out.parent)
    base = _baseline(one, years, draws, seed, capacity)
    january = _january(base, year)
    outcomes = {s.id: rerun.rerun(base, s) for s in listed}
    table = compare.compared(outcomes, _purse(base))
    if out is not None:
        write_one(out, lambda part: table.to_parquet(part, index=False))
    screen = console()
    say(screen, f"{one.name}, January {january}", "bold")
    usual = "Mean, and the range that holds 80 % of futures"
    show(screen, compare.side_by_side(table, january), usual, index=False)
    if len(listed) > 1:
        away = f"Difference from {ids[0]}, future by future"
        show(screen, compare.differences(table, january), away, index=False)
    show(screen, compare.short_by_kind(outcomes, january), compare.MEASURES["shortfall"], index=False)
    falls = "First January with a shortfall, and the range that holds 80 % of futures"
    show(screen, compare.first_shortfall_text(outcomes), falls, index=False)
    say(screen, _short_from_the_start(base, compare.first_shortfalls(outcomes)))
    _remark(base, listed)
    if out is not None:
        say(screen, f"File: {out}")
    if record:
        _note(named, outcomes, store, who)


@app.command("explain")
def explain_command(
    area: OneArea,
    ref: Ref,
    year: Annotated[int | None, typer.Option(help="January; the last where left out.")] = None,
    measure: Annotated[
        list[str] | None, typer.Option(help="What to explain; plans, shortfall and cost where left out.")
    ] = None,
    years: Years = USUAL_YEARS,
    capacity: Capacity = None,
    seed: Seed = USUAL_SEED,
    draws: Draws = USUAL_DRAWS,
    store: Kept = None,
) -> None:
    """Say what each lever of a scenario contributed, and which lever's uncertainty matters most."""
    from forecast import compare, rerun, seek
    from scenarios.levers import describe

    scenario = chosen(ref, store).flat
    one = _area(area, scenario)
    base = _baseline(one, years, draws, seed, capacity)
    january = _january(base, year)
    points = [seek.Point(m, january) for m in measure or ("plans", "shortfall", "cost")]
    together = rerun.rerun(base, scenario)
    alone, spans = rerun.each_alone(base, scenario), rerun.at_ends(base, scenario)
    ends = {lever.name: rerun.interval(lever) for lever in scenario.levers}
    ranges = {name: f"{name} ({low:,g} to {high:,g})" for name, (low, high) in ends.items()}
    purse = _purse(base)
    screen = console()
    say(screen, f"{one.name}: {scenario.title}", "bold")
    for lever in scenario.levers:
        say(screen, f"- {lever.name}: {describe(lever)}")
    screen.print()
    for point in points:
        found = compare.waterfall(point.measure, january, base.outcome, alone, together, purse)
        say(screen, point.words(), "bold")
        show(screen, compare.waterfall_text(found), "What each lever contributed", index=False)
        widths = seek.tornado(point, spans, together, purse)
        if len(widths):
            told = seek.tornado_text(point, widths)
            told["Lever"] = told["Lever"].map(ranges)
            show(screen, told, "What each lever's range means", index=False)
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
    years: Years = USUAL_YEARS,
    capacity: Capacity = None,
    seed: Seed = USUAL_SEED,
    draws: Draws = USUAL_DRAWS,
    store: Kept = None,
) -> None:
    """Look for the size of a lever that meets a goal, such as how many places keep the chance of a shortfall at 20 %."""
    from forecast import rerun
    from forecast import seek as seeking

    if (at_most is None) == (at_least is None):
        raise OptionError("A goal needs either --at-most or --at-least, and one only. Give one of them.")
    scenario = chosen(ref, store).flat
    point = seeking.Point(measure, year, provision)
    value = at_most if at_most is not None else at_least
    assert value is not None  # one of the two was given
    goal = seeking.Goal(point, "at_most" if at_most is not None else "at_least", value)
    for end in (low, high):
        rerun.with_size(scenario, lever, end)
    one = _area(area, scenario)
    base = _baseline(one, years, draws, seed, capacity)
    _january(base, year)
    answer = seeking.seek(
        lambda size: rerun.rerun(base, rerun.with_size(scenario, lever, size)),
        goal,
        low,
        high,
        whole=rerun.whole(scenario, lever),
        purse=_purse(base),
    )
    screen = console()
    say(screen, f"{one.name}: {scenario.title}", "bold")
    say(screen, f"Goal: {goal.words()}.")
    say(screen, answer.words(goal, lever))
    _remark(base, [scenario])


@app.command("save")
def save_command(
    ref: Annotated[str, typer.Argument(help="A file, or an id of the library.")],
    version: Annotated[int, typer.Option(help="Version your work began from; 0 for a new scenario.")] = 0,
    comment: Annotated[str, typer.Option(help="What changed and why.")] = "",
    store: Kept = None,
    who: Who = None,
) -> None:
    """Keep a scenario in the store as its next version. Nothing kept is ever overwritten."""
    from scenarios import reading
    from scenarios.keeping import draft_of
    from scenarios.store import Store

    # Read first: what is refused opens no store.
    said = chosen(ref, store).said
    shipped = reading.library().get(said.id)
    if shipped is not None and shipped != said:
        raise ScenarioError(
            f"The library has another scenario '{said.id}', which that name would always run instead of yours, so yours was not "
            f"kept. Give it an id of its own, and write based_on: {said.id} if it builds on that."
        )
    name = _who(who)
    before = _latest(said.id, store)
    kept = Store.open(store).save(draft_of(said), expected_version=version, who=name, comment=comment)
    added = before is None or before.version != kept.version
    same = "" if added else " It says the same, so no version was added."
    say(console(), f"Kept: {kept.subject}.{same}")


@app.command("history")
def history_command(
    scenario: Annotated[str | None, typer.Argument(help="Id; left out: the log is checked.")] = None,
    store: Kept = None,
) -> None:
    """Tell the versions and runs of a scenario, and whether the log of the store is whole; exit code 1 where it is not."""
    from scenarios.store import words

    held = _open_held(store)
    screen = console()
    if scenario is None:
        say(screen, words.listing(held.scenarios()))
        for run in held.runs():
            say(screen, f"{run.facts.scenario_id or 'a scenario without an id'}: {words.run_line(run)}")
    else:
        runs = held.runs(scenario)
        if runs and scenario not in [v.scenario_id for v in held.scenarios()]:
            say(
                screen,
                f"{scenario}: not kept in this store; its runs as a file or the library has it",
                "bold",
            )
            for run in reversed(runs):
                say(screen, words.run_line(run))
        else:
            say(screen, words.history(held.versions(scenario), runs))
    broken = held.verify_log()
    if broken is not None:
        say(screen, broken.why)
        raise typer.Exit(1)
    count = len(held.entries())
    say(screen, f"The log is whole: {count:,} {'entry' if count == 1 else 'entries'}.")


@app.command("export")
def export_command(path: Annotated[Path, typer.Argument(help="File to write.")], store: Kept = None) -> None:
    """Write every kept scenario and run to one file, to share or to keep safe."""
    _open_held(store).export_all(path)
    say(console(), f"File: {path}")


@app.command("import")
def import_command(
    path: Annotated[Path, typer.Argument(help="File that 'sendplan scenario export' wrote.")],
    store: Kept = None,
    who: Who = None,
) -> None:
    """Add the scenarios and runs of an export: all of them or none, and nothing overwritten."""
    from scenarios.keeping import scenario_of
    from scenarios.store import Store

    name = _who(who)
    found = Store.open(store).import_all(path, who=name, check=scenario_of)
    say(
        console(),
        f"Versions added: {found.versions:,}. Runs added: {found.runs:,}. There already: {found.already:,}.",
    )


def _put(part: Path, text: str) -> None:
    part.write_text(text, encoding="utf-8")


def _who(who: str | None) -> str:
    """Return who acts.

    Raises
    ------
    OptionError
        Nobody was named and this computer does not know its user.
    """
    if who is not None:
        return who
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        raise OptionError(
            "The history needs a name, but this computer does not say who uses it. Add --who and your name."
        ) from None


def _checked_store(store: str | None, who: str | None) -> None:
    """Raise an error, before the work, where its run could not be recorded for want of a name or an address."""
    from scenarios.store.address import address_of

    _who(who)
    address_of(store)


def _open_if_there(store: str | None) -> Store | None:
    """Return the store where there is one; looking does not make one."""
    from scenarios.store import Store
    from scenarios.store.address import address_of

    where = address_of(store)
    return None if where.is_file and not Path(str(where.url.database)).exists() else Store.open(store)


def _open_held(store: str | None) -> Store:
    """Return a store that is there.

    Raises
    ------
    StoreError
        There is none.
    """
    from scenarios.store.address import address_of

    held = _open_if_there(store)
    if held is None:
        raise StoreError(
            f"There is no scenario store at {address_of(store).shown}, so it holds no history. One is made when a scenario "
            "is first run or saved. Give another place with --store."
        )
    return held


def _latest(scenario_id: str, store: str | None) -> Version | None:
    """Return the latest version of a scenario in the store; None where it is not there."""
    held = _open_if_there(store)
    kept = () if held is None else held.scenarios()
    return next((v for v in kept if v.scenario_id == scenario_id), None)


def _area(name: str | None, scenario: Scenario) -> Area:
    """Return the authority asked for, or the only one the scenario is written for."""
    if name is None:
        if len(scenario.areas) != 1:
            raise ScenarioError(
                f"Scenario '{scenario.id}' is written for {'any authority' if not scenario.areas else 'several authorities'}, so "
                "it is unclear whom to run it for. Name one, for example: sendplan scenario run "
                f"{scenario.id} Redbridge"
            )
        name = scenario.areas[0]
    found = areas.resolve(name)
    if len(found) > 1:
        raise OptionError("A scenario is run for one authority at a time, but 'all' was asked for. Name one.")
    return found[0]


def _baseline(area: Area, years: int, draws: int, seed: int, capacity: Path | None) -> Baseline:
    """Return the authority's baseline.

    Raises
    ------
    OptionError
        Years, draws or the seed are out of range.
    """
    from forecast.run import check_options, shared_road
    from scenarios.store.checks import LARGEST_SEED

    check_options(years, draws)
    if not 0 <= seed <= LARGEST_SEED:
        raise OptionError(
            f"--seed {seed} is out of range. Seeds are whole numbers from 0 to {LARGEST_SEED:,}. Leave it out for the usual one."
        )
    register = own_register(capacity, [area])
    return shared_road().baseline(area, years=years, draws=draws, seed=seed, register=register)


def _purse(base: Baseline) -> Purse:
    """Return the prices and income that the authority's baseline and scenarios share."""
    from forecast.money import Purse

    return Purse.of(base.outcome)


def _january(base: Baseline, year: int | None) -> int:
    """Return the January asked for, or the last one.

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
    """Return how to read Januaries with a first shortfall."""
    januaries = base.outcome.plans.future["january"].to_numpy()
    first = f"{januaries[0]} is the first January forecast: what is short then may be short today. "
    at_once = (falls["january"] == januaries[0]).any()
    return (
        "A shortfall counts from the January in which it is at least as likely as not, and from one child. "
        f"{first if at_once else ''}'none' means no shortfall by January {januaries[-1]}."
    )


def _remark(base: Baseline, listed: list[Scenario]) -> None:
    """Print what a reader should know of each scenario here."""
    from forecast import rerun

    screen = console()
    for scenario in listed:
        for remark in rerun.remarks(base, scenario):
            say(screen, f"Note on {scenario.id}: {remark}")


def _note(named: list[Chosen], outcomes: Mapping[str, Outcome], store: str | None, who: str | None) -> None:
    """Record runs in the store: of the kept version that says the same, or of none.

    A file based on another is of no version: what it is based on may be other than what the store has.
    """
    from forecast import compare, record
    from scenarios.store import Store

    held = Store.open(store)
    saved = {v.scenario_id for v in held.scenarios()}
    for each in named:
        name, version = each.flat.id, each.kept
        if version is None and each.said.based_on is None and name in saved:
            version = next((v for v in reversed(held.versions(name)) if v.key == each.said.key), None)
        key, number = (each.flat.key, None) if version is None else (version.key, version.version)
        outcome = outcomes[name]
        held.record_run(
            record.run_facts(outcome, name, key, number), compare.main_figures(outcome), who=_who(who)
        )
