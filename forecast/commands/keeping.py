"""The commands of ``sendplan scenario`` that use the store: save and import versions, record runs, show the history.

Invariants: a scenario that is refused, or a run that fails, leaves the store as it was; looking makes no store; text that people
wrote is printed as they wrote it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from data.errors import StoreError
from data.sign_in.people import this_computer
from forecast.commands.chosen import Kept
from forecast.commands.output import console, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forecast.core.outcome import Outcome
    from forecast.runs.scenario_names import NamedScenario
    from scenarios.store import Store

Who = Annotated[str | None, typer.Option(help="Your name, for the history; your user name where left out.")]
"""Who acts."""

Record = Annotated[bool, typer.Option("--record/--no-record", help="Note the run in the store's history.")]
"""Whether a run is noted."""


def save_command(
    ref: Annotated[str, typer.Argument(help="A file, or an id of the library.")],
    version: Annotated[int, typer.Option(help="Version your work began from; 0 for a new scenario.")] = 0,
    comment: Annotated[str, typer.Option(help="What changed and why.")] = "",
    store: Kept = None,
    who: Who = None,
) -> None:
    """Keep a scenario in the store as its next version. Nothing kept is ever overwritten."""
    from forecast.runs.made_with import made_now
    from forecast.runs.scenario_names import find_scenario_or_file, latest
    from scenarios.keeping import check_own_id, keep
    from scenarios.store import Store

    # Read first: what is refused opens no store.
    scenario = find_scenario_or_file(ref, store).as_written
    check_own_id(scenario)
    person = this_computer(who)
    before = latest(scenario.id, store)
    kept = keep(
        Store.open(store),
        scenario,
        expected_version=version,
        who=person,
        comment=comment,
        made_with=made_now(),
    )
    added = before is None or before.version != kept.version
    same = "" if added else " It says the same, so no version was added."
    say(console(), f"Kept: {kept.subject}.{same}")


def history_command(
    scenario: Annotated[str | None, typer.Argument(help="Id; left out: the log is checked.")] = None,
    store: Kept = None,
) -> None:
    """Tell the versions and runs of a scenario, and whether the log of the store is whole; exit code 1 where it is not."""
    from scenarios.store import words

    opened = open_held(store)
    screen = console()
    if scenario is None:
        say(screen, words.listing(opened.scenarios()))
        for run in opened.runs():
            say(screen, f"{run.facts.scenario_id or 'a scenario without an id'}: {words.run_line(run)}")
    else:
        runs = opened.runs(scenario)
        if runs and scenario not in [v.scenario_id for v in opened.scenarios()]:
            say(
                screen,
                f"{scenario}: not kept in this store; its runs as a file or the library has it",
                "bold",
            )
            for run in reversed(runs):
                say(screen, words.run_line(run))
        else:
            say(screen, words.history(opened.versions(scenario), runs))
    broken = opened.verify_log()
    if broken is not None:
        say(screen, broken.why)
        raise typer.Exit(1)
    count = len(opened.entries())
    say(screen, f"The log is whole: {count:,} {'entry' if count == 1 else 'entries'}.")


def export_command(path: Annotated[Path, typer.Argument(help="File to write.")], store: Kept = None) -> None:
    """Write every kept scenario and run to one file, to share or to keep safe."""
    open_held(store).export_all(path)
    say(console(), f"File: {path}")


def import_command(
    path: Annotated[Path, typer.Argument(help="File that 'sendplan scenario export' wrote.")],
    store: Kept = None,
    who: Who = None,
) -> None:
    """Add the scenarios and runs of an export: all of them or none, and nothing overwritten."""
    from scenarios.keeping import scenario_of
    from scenarios.store import Store

    person = this_computer(who)
    imported = Store.open(store).import_all(path, who=person, check=scenario_of)
    say(
        console(),
        f"Versions added: {imported.versions:,}. Runs added: {imported.runs:,}. There already: {imported.already:,}.",
    )


def check_store(store: str | None, who: str | None) -> None:
    """Raise an error before any work if the run could not be recorded, for lack of a name or a store address."""
    from scenarios.store.address import address_of

    this_computer(who)
    address_of(store)


def open_held(store: str | None) -> Store:
    """Return an existing store, or raise an error if there is none.

    Raises
    ------
    StoreError
        There is none.
    """
    from forecast.runs.scenario_names import open_if_there
    from scenarios.store.address import address_of

    opened = open_if_there(store)
    if opened is None:
        raise StoreError(
            f"There is no scenario store at {address_of(store).shown}, so it holds no history. One is made when a scenario "
            "is first run or saved. Give another place with --store."
        )
    return opened


def note(named: list[NamedScenario], outcomes: Sequence[Outcome], store: str | None, who: str | None) -> None:
    """Record runs in the store, each under the saved version with the same content, if there is one.

    A file based on another is of no version: what it is based on may be other than what the store has.
    """
    from forecast.presentation import compare, record
    from scenarios.store import Store

    opened = Store.open(store)
    saved = {v.scenario_id for v in opened.scenarios()}
    for each, outcome in zip(named, outcomes, strict=True):
        name, version = each.flat.id, each.kept
        if version is None and each.as_written.based_on is None and name in saved:
            version = next((v for v in reversed(opened.versions(name)) if v.key == each.as_written.key), None)
        key, number = (each.flat.key, None) if version is None else (version.key, version.version)
        opened.record_run(
            record.run_facts(outcome, name, key, number),
            compare.main_figures(outcome),
            who=this_computer(who),
        )
