"""``sendplan scenario``: what if. Lists, shows, runs, compares, explains and keeps scenarios.

A scenario is named by the id of one in the library or in the store, or by the path of a file; the library comes first.
"""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import pandas as pd
import typer

from data import areas
from data.areas import Area
from data.errors import OptionError, ScenarioError
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
from forecast.commands.output import console, show

if TYPE_CHECKING:
    from collections.abc import Mapping

    from forecast.outcome import Outcome
    from forecast.run import Baseline
    from scenarios.scenario import Scenario
    from scenarios.store import Store

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


def chosen(ref: str, store: str | None) -> Scenario:
    """Return the scenario that a name stands for: library, then file, then the latest version in the store.

    Raises
    ------
    ScenarioError
        There is none of that name.
    """
    from scenarios import reading

    if ref in reading.library() or ref.lower().endswith(reading.ENDINGS) or Path(ref).is_file():
        return reading.find(ref)
    held = _open_if_there(store)
    if held is not None and ref in [v.scenario_id for v in held.scenarios()]:
        from scenarios.keeping import scenario_of

        return scenario_of(held.latest(ref))
    return reading.find(ref)


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
        screen.print("Store", style="bold")
        screen.print(words.listing(held.scenarios()), soft_wrap=True)


@app.command("show")
def show_command(ref: Ref, store: Kept = None) -> None:
    """Show a scenario: what it says, on what evidence, and each of its levers."""
    from scenarios import reading
    from scenarios.levers import describe

    scenario = reading.resolve(chosen(ref, store))
    screen = console()
    screen.print(f"{scenario.title} ({scenario.id})", style="bold")
    for text in (
        scenario.note,
        *(f"Caveat: {c}" for c in scenario.caveats),
        *(f"Evidence: {e}" for e in scenario.evidence),
    ):
        screen.print(text, soft_wrap=True)
    if scenario.policy_date is not None:
        screen.print(f"Policy as known on {scenario.policy_date:%-d %B %Y}.")
    screen.print()
    for lever in scenario.levers:
        screen.print(f"{lever.name} ({lever.status})", style="bold")
        screen.print(f"  {describe(lever)}", soft_wrap=True)
        screen.print(f"  Why: {lever.why}", soft_wrap=True)
    screen.print(f"Key {scenario.key[:12]}. To change it: sendplan scenario write {ref} my-scenario.yaml")


@app.command("write")
def write_command(
    ref: Ref, path: Annotated[Path, typer.Argument(help="File to write.")], store: Kept = None
) -> None:
    """Write a scenario to a file that you can edit."""
    from forecast.files import write_one
    from scenarios import reading

    text = reading.written(chosen(ref, store))
    write_one(path, lambda part: _put(part, text))
    console().print(f"File: {path}", soft_wrap=True)


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
    from forecast.files import check_folder

    scenario = chosen(ref, store)
    one = _area(area, scenario)
    folder = out if out is not None else Path("out") / "scenario" / scenario.id
    check_folder(folder)
    base = _baseline(one, years, draws, seed, capacity)
    outcome = rerun.rerun(base, scenario)
    arguments: dict[str, Any] = {
        "area": one.name, "years": years, "capacity": None if capacity is None else capacity.name, "seed": seed,
        "model": "headline", "draws": draws, "scenario": scenario.id, "scenario_key": scenario.key,
    }  # fmt: skip
    written = files.write(outcome, folder, arguments)
    screen = console()
    screen.print(f"Scenario: {scenario.title}", style="bold")
    report(screen, outcome)
    _remark(base, [scenario])
    if record:
        _note([scenario], {scenario.id: outcome}, store, who)
    screen.print("Files: " + ", ".join(str(f) for f in written), soft_wrap=True)


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
    from forecast.files import write_one

    one = areas.resolve(area)
    if len(one) > 1:
        raise OptionError(
            "Scenarios are compared for one authority at a time, but 'all' was asked for. Name one."
        )
    if out is not None and out.suffix != ".parquet":
        raise OptionError(f"--out {out} should be a .parquet file. Change its ending.")
    listed = [chosen(ref, store) for ref in refs]
    repeated = [s.id for s in listed if [t.id for t in listed].count(s.id) > 1]
    if repeated:
        raise OptionError(f"Scenario '{repeated[0]}' was named twice. Give each scenario its own id.")
    base = _baseline(one[0], years, draws, seed, capacity)
    outcomes = {s.id: rerun.rerun(base, s) for s in listed}
    table = compare.compared(outcomes)
    januaries = sorted(set(table["year"]))
    asked = januaries[-1] if year is None else year
    if asked not in januaries:
        raise OptionError(
            f"--year {asked} is not in the run, which covers January {januaries[0]} to {januaries[-1]}. Choose one of those, "
            "or more --years."
        )
    screen = console()
    screen.print(f"{one[0].name}, January {asked}", style="bold")
    show(screen, compare.side_by_side(table, asked), "Most likely range (80 %) in each scenario", index=False)
    if len(listed) > 1:
        show(
            screen,
            compare.differences(table, asked),
            f"Difference from {listed[0].id}, draw by draw",
            index=False,
        )
    show(
        screen,
        compare.first_shortfall_text(outcomes),
        "First January with a shortfall of specialist places",
        index=False,
    )
    _remark(base, listed)
    if out is not None:
        write_one(out, lambda part: table.to_parquet(part, index=False))
        screen.print(f"File: {out}", soft_wrap=True)
    if record:
        _note(listed, outcomes, store, who)


@app.command("explain")
def explain_command(
    area: OneArea,
    ref: Ref,
    year: Annotated[int | None, typer.Option(help="January; the last where left out.")] = None,
    measure: Annotated[
        list[str] | None, typer.Option(help="What to explain; plans and shortfall where left out.")
    ] = None,
    years: Years = USUAL_YEARS,
    capacity: Capacity = None,
    seed: Seed = USUAL_SEED,
    draws: Draws = USUAL_DRAWS,
    store: Kept = None,
) -> None:
    """Say what each lever of a scenario contributed, and which lever's uncertainty matters most."""
    from forecast import compare, rerun, seek

    scenario = chosen(ref, store)
    one = _area(area, scenario)
    base = _baseline(one, years, draws, seed, capacity)
    january = base.outcome.plans.origin + years if year is None else year
    together = rerun.rerun(base, scenario)
    points = [seek.Point(m, january) for m in measure or ("plans", "shortfall")]
    for point in points:
        point.mean(base.outcome)
    alone, spans = rerun.each_alone(base, scenario), rerun.at_ends(base, scenario)
    screen = console()
    screen.print(f"{one.name}: {scenario.title}", style="bold")
    for point in points:
        found = compare.waterfall(point.measure, january, base.outcome, alone, together)
        show(
            screen,
            compare.waterfall_text(found),
            f"{point.words()}: what each lever contributed",
            index=False,
        )
        widths = seek.tornado(point, spans, together)
        if len(widths):
            show(
                screen,
                seek.tornado_text(point, widths),
                f"{point.words()}: what each lever's range means",
                index=False,
            )
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
    scenario = chosen(ref, store)
    point = seeking.Point(measure, year, provision)
    value = at_most if at_most is not None else at_least
    assert value is not None  # one of the two was given
    goal = seeking.Goal(point, "at_most" if at_most is not None else "at_least", value)
    rerun.with_size(scenario, lever, low)
    one = _area(area, scenario)
    base = _baseline(one, years, draws, seed, capacity)
    answer = seeking.seek(
        lambda size: rerun.rerun(base, rerun.with_size(scenario, lever, size)),
        goal,
        low,
        high,
        whole=rerun.whole(scenario, lever),
    )
    screen = console()
    screen.print(f"{one.name}: {scenario.title}", style="bold")
    screen.print(f"Goal: {goal.words()}.", soft_wrap=True)
    screen.print(answer.words(goal, lever), soft_wrap=True)


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

    kept = Store.open(store).save(
        draft_of(reading.find(ref)), expected_version=version, who=_who(who), comment=comment
    )
    console().print(f"Kept: {kept.subject}.")


@app.command("history")
def history_command(
    scenario: Annotated[str | None, typer.Argument(help="Id; left out: the log is checked.")] = None,
    store: Kept = None,
) -> None:
    """Tell the versions and runs of a scenario, and whether the log of the store is whole."""
    from scenarios.store import Store, words

    held = Store.open(store)
    screen = console()
    if scenario is not None:
        runs = held.runs(scenario)
        screen.print(words.history(held.versions(scenario), runs), soft_wrap=True, highlight=False)
    else:
        screen.print(words.listing(held.scenarios()), soft_wrap=True, highlight=False)
        for run in held.runs():
            screen.print(words.run_line(run), soft_wrap=True, highlight=False)
    broken = held.verify_log()
    screen.print(
        f"The log is whole: {len(held.entries()):,} entries." if broken is None else broken.why,
        soft_wrap=True,
    )


@app.command("export")
def export_command(path: Annotated[Path, typer.Argument(help="File to write.")], store: Kept = None) -> None:
    """Write every kept scenario and run to one file, to share or to keep safe."""
    from scenarios.store import Store

    Store.open(store).export_all(path)
    console().print(f"File: {path}", soft_wrap=True)


@app.command("import")
def import_command(
    path: Annotated[Path, typer.Argument(help="File that 'sendplan scenario export' wrote.")],
    store: Kept = None,
    who: Who = None,
) -> None:
    """Add the scenarios and runs of an export: all of them or none, and nothing overwritten."""
    from scenarios.keeping import scenario_of
    from scenarios.store import Store

    found = Store.open(store).import_all(path, who=_who(who), check=scenario_of)
    console().print(
        f"Added {found.versions:,} versions and {found.runs:,} runs; {found.already:,} were there already."
    )


def _put(part: Path, text: str) -> None:
    part.write_text(text, encoding="utf-8")


def _who(who: str | None) -> str:
    return who or getpass.getuser()


def _open_if_there(store: str | None) -> Store | None:
    """Return the store where there is one; looking does not make one."""
    from scenarios.store import Store
    from scenarios.store.address import address_of

    where = address_of(store)
    return None if where.is_file and not Path(str(where.url.database)).exists() else Store.open(store)


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
    """Return the authority's baseline."""
    from forecast.run import Road, check_options

    check_options(years, draws)
    register = own_register(capacity, [area])
    return Road.prepare().baseline(area, years=years, draws=draws, seed=seed, register=register)


def _remark(base: Baseline, listed: list[Scenario]) -> None:
    """Print what a reader should know of each scenario here."""
    from forecast import rerun

    screen = console()
    for scenario in listed:
        for remark in rerun.remarks(base, scenario):
            screen.print(f"Note on {scenario.id}: {remark}", soft_wrap=True)


def _note(
    listed: list[Scenario], outcomes: Mapping[str, Outcome], store: str | None, who: str | None
) -> None:
    """Record runs in the store."""
    from forecast import compare, record
    from scenarios.store import Store

    held = Store.open(store)
    saved = {v.scenario_id for v in held.scenarios()}
    for scenario in listed:
        versions = held.versions(scenario.id) if scenario.id in saved else ()
        same = [v.version for v in versions if v.key == scenario.key]
        outcome = outcomes[scenario.id]
        held.record_run(
            record.run_facts(outcome, scenario.id, scenario.key, same[-1] if same else None),
            compare.main_figures(outcome),
            who=_who(who),
        )
