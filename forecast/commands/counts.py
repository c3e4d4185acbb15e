"""``sendplan counts``: write and check files of the council's own counts, and keep them as versions."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from data.errors import OptionError
from forecast.commands.council_files import (
    Accept,
    CopyWanted,
    Fix,
    LeaveOut,
    MappingFile,
    ask_to_confirm,
    check_mapping_is_there,
    keep_mapping,
    refuse,
)
from forecast.commands.keeping import Who
from forecast.commands.options import OneArea, check_may_write, single
from forecast.commands.output import console, say, show
from forecast.commands.own_files import own_counts

if TYPE_CHECKING:
    from rich.console import Console

    from data.areas import Area
    from data.council_files.column_mapping import ColumnMapping
    from data.counts.own_counts import OwnCounts

app = typer.Typer(
    help="The council's own counts: plans on a day, children waiting or not in school, staff.",
    no_args_is_help=True,
)

ONE_COUNT = "Counts are one authority's"
"""Why counts cannot be those of all."""

CountsFile = Annotated[Path, typer.Argument(help="The file of counts, .xlsx, or CSV for plans alone.")]
"""A file of counts."""


@app.command("template")
def template_command(
    area: OneArea,
    out: Annotated[
        Path | None,
        typer.Option(help=".xlsx, or CSV for plans alone; counts-AREA.xlsx where left out."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
) -> None:
    """Write a file of counts to fill in: .xlsx with every sheet and guidance, or CSV for plans alone."""
    from data.counts.counts_file import write_template
    from forecast.core.atomic_files import check_folder

    one = single(area, ONE_COUNT)
    path = out or Path(f"counts-{one.slug}.xlsx")
    check_may_write(path, force, "another name with --out")
    check_folder(path.parent)
    write_template(one.la_code, path)
    say(
        console(),
        f"Fill in {path}, then run: sendplan counts check {one.la_code} {path}. To forecast with it: sendplan forecast "
        f"{one.la_code} --own-count {path}",
    )


@app.command("check")
def check_counts_command(
    area: OneArea,
    file: CountsFile,
    mapping: MappingFile = None,
    fix: Fix = False,
    accept: Accept = None,
    leave_out: LeaveOut = None,
) -> None:
    """Check a file of counts: its problems row by row with a fix for each, or what it holds and what it would move."""
    from data.counts.count_tables import COUNT_KINDS, NOTHING
    from data.counts.counts_file import OnDay, check_counts, what_is_in

    one, screen = single(area, ONE_COUNT), console()
    confirmed = _confirmed(file, one, mapping, screen)
    checked = check_counts(file, one.la_code, OnDay.now(date.today()), confirmed)
    for name, sheet in checked.sheets.items():
        given = confirmed is not None and set(confirmed.of("column")) <= set(sheet.table.names)
        keep_mapping(sheet.table, COUNT_KINDS[name], confirmed if given else None, one.la_code, screen)
    if checked.counts is None:
        refuse(file, checked.sheets, COUNT_KINDS, CopyWanted(fix, accept, leave_out), NOTHING, screen)
    counts = checked.counts
    say(screen, f"{file.name}: the counts of {one.name} can be used.")
    for remark in checked.remarks:
        say(screen, remark)
    for sentence in what_is_in(counts):
        say(screen, f"- {sentence}")
    for sentence in _would_move(one, counts):
        say(screen, sentence)


@app.command("keep")
def keep_command(
    area: OneArea,
    file: CountsFile,
    who: Who = None,
    checked: Annotated[
        bool, typer.Option("--checked", help="You have checked a count far from the forecast: keep it.")
    ] = False,
) -> None:
    """Keep a file of counts as the next version, which the pages use from then on."""
    from data.council_files.kept_files import COUNTS
    from data.counts import kept_counts
    from data.sign_in.people import this_computer
    from forecast.runs.made_with import made_now

    one = single(area, ONE_COUNT)
    counts = own_counts(file, [one])
    assert counts is not None  # a file was given
    person = this_computer(who)
    doubts = _doubts(one, counts)
    if doubts and not checked:
        raise OptionError(
            f"{file.name} was not kept. {' '.join(doubts)} To keep it all the same, add --checked."
        )
    kept = kept_counts.keep(person, counts, one.la_code, COUNTS.latest(one.la_code), made_now())
    say(console(), f"Kept: {kept.description}. File: {kept.path}")


@app.command("versions")
def versions_command(area: OneArea) -> None:
    """List the versions kept on this computer."""
    import pandas as pd

    from data.council_files.kept_files import COUNTS
    from data.counts import kept_counts
    from data.counts.own_counts import in_words

    one = single(area, ONE_COUNT)
    screen = console()
    every = COUNTS.versions(one.la_code)
    if not every:
        say(screen, f"No counts of {one.name} are kept in {COUNTS.root}.")
        return
    rows = []
    for kept in every:
        plans = kept_counts.read(kept).plans
        rows.append(
            {"What it says": kept.description, "Day": in_words(plans.day), "EHC plans": f"{plans.total:,}"}
        )
    show(screen, pd.DataFrame(rows), f"Counts of {one.name}", index=False)


@app.command("delete")
def delete_command(
    area: OneArea, version: Annotated[int, typer.Argument(help="Number of the version.")], who: Who = None
) -> None:
    """Delete a version; its number, who deleted it and when stay."""
    from data.council_files.kept_files import COUNTS
    from data.sign_in.people import this_computer

    one = single(area, ONE_COUNT)
    COUNTS.delete(this_computer(who), one.la_code, version)
    say(console(), f"Deleted: version {version} of {one.name}'s counts.")


def _confirmed(file: Path, one: Area, mapping: Path | None, screen: Console) -> ColumnMapping | None:
    """Return the mapping that was given, where there is one; ask for the first sheet that still needs one to be looked at."""
    from data.council_files.column_mapping import read_mapping
    from data.counts.count_tables import COUNT_KINDS, PLANS, kind_of
    from data.counts.counts_file import propose_counts

    given = None
    if mapping is not None:
        check_mapping_is_there(mapping)
        given = read_mapping(mapping, COUNT_KINDS[PLANS])
    proposal = propose_counts(file, one.la_code, given) if file.is_file() else None
    if proposal is not None and (given is None or set(given.of("column")) <= set(proposal.names)):
        ask_to_confirm(file, kind_of(proposal.kind_code), proposal, screen)
    return given


def _would_move(one: Area, counts: OwnCounts) -> list[str]:
    """Return what a forecast with the counts would say of them."""
    from forecast.presentation import own_count
    from forecast.runs.baseline import shared_inputs

    return own_count.sentences(shared_inputs().baseline(one, counts=counts).outcome)


def _doubts(one: Area, counts: OwnCounts) -> list[str]:
    """Return what should be checked in counts before they are relied on."""
    from forecast.core import defaults
    from forecast.presentation import own_count
    from forecast.runs.baseline import shared_inputs

    outcome = shared_inputs().baseline(one, years=1, draws=defaults.LEAST_DRAWS, counts=counts).outcome
    return [] if outcome.own_count is None else own_count.doubts(outcome.own_count)
