"""``sendplan capacity``: write, check and compare capacity registers, and the preference order as a file to edit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from data import areas
from forecast.commands.council_files import (
    Accept,
    CopyWanted,
    Fix,
    LeaveOut,
    MappingFile,
    confirmed_mapping,
    keep_mapping,
    refuse,
)
from forecast.commands.options import OneArea, check_may_write, single
from forecast.commands.output import console, say, show
from forecast.commands.own_files import register_for

app = typer.Typer(help="Capacity registers: which places exist, setting by setting.", no_args_is_help=True)

ONE_REGISTER = "A register is one authority's"
"""Why a register cannot be that of all."""


@app.command("template")
def template_command(
    area: OneArea,
    out: Annotated[
        Path | None, typer.Option(help="CSV or .xlsx file to write; capacity-AREA.csv where left out.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
) -> None:
    """Write an authority's capacity register as a file to edit: CSV, or .xlsx with guidance and lists of codes."""
    from data.registers import starting_register
    from data.registers.register_file import write_register
    from forecast.core.atomic_files import check_folder

    one = single(area, ONE_REGISTER)
    path = out or Path(f"capacity-{one.slug}.csv")
    check_may_write(path, force, "another name with --out")
    check_folder(path.parent)
    write_register(starting_register.shipped(one.la_code), path)
    typer.echo(f"Edit {path}, then run: sendplan forecast {one.la_code} --capacity {path}")


@app.command("check")
def check_register_command(
    file: Annotated[Path, typer.Argument(help="The register to check, CSV or .xlsx.")],
    area: Annotated[
        str | None, typer.Option(help="Authority it should be of; what the file says where left out.")
    ] = None,
    mapping: MappingFile = None,
    fix: Fix = False,
    accept: Accept = None,
    leave_out: LeaveOut = None,
) -> None:
    """Check a capacity register: its problems row by row with a fix for each, or its places with what would change."""
    from data.registers import kept_registers
    from data.registers.differences import diff
    from data.registers.register import counted_by_year
    from data.registers.register_file import REGISTER_FILE, check_register_file, read_register

    code = None if area is None else single(area, ONE_REGISTER).la_code
    screen = console()
    confirmed = confirmed_mapping(file, REGISTER_FILE, mapping, code, screen) if file.is_file() else None
    checked = check_register_file(file, code, confirmed)
    if checked.problems:
        refuse(
            file, {"": checked}, {"": REGISTER_FILE}, CopyWanted(fix, accept, leave_out),
            "no places were read from it", screen,
        )  # fmt: skip
    register = read_register(file, la_code=code, mapping=confirmed)
    owner = "" if register.la_code is None else f" of {areas.by_code(register.la_code).name}"
    screen.print(
        f"{file.name}: the register{owner} can be used. {len(register.rows):,} rows.", soft_wrap=True
    )
    for remark in (*register.remarks, *register.not_counted):
        say(screen, remark)
    places = counted_by_year(register).rename(columns={"academic_year": "Academic year"})
    show(screen, places.astype(str), "Specialist places as the register states them", index=False)
    if register.la_code is not None:
        used, which = kept_registers.in_use(register.la_code)
        change = diff(used, register)
        same = "It says the same." if change.empty else change.sentence()
        say(screen, f"Against {which}: {same}")
    for warning in register.warnings:
        screen.print(f"Check: {warning}", soft_wrap=True, markup=False)
    keep_mapping(checked.table, REGISTER_FILE, confirmed, register.la_code, screen)


@app.command("diff")
def diff_command(
    old: Annotated[Path, typer.Argument(help="The earlier register, CSV or .xlsx.")],
    new: Annotated[Path, typer.Argument(help="The register to compare with it.")],
    area: Annotated[str | None, typer.Option(help="Authority they should be of.")] = None,
) -> None:
    """Say what changed between two registers: rows, cells and places."""
    from data.formatting import quoted
    from data.registers.differences import diff

    code = None if area is None else single(area, ONE_REGISTER).la_code
    difference = diff(register_for(old, code), register_for(new, code))
    screen = console()
    screen.print(difference.sentence(), soft_wrap=True)
    for what, rows in (("Added", difference.added), ("Removed", difference.removed)):
        for row in rows.to_dict("records"):
            screen.print(
                f"{what}: {row['setting']}, ages {row['age_low']} to {row['age_high']}, {row['places']} places from "
                f"{row['from_academic_year']} ({row['status']})",
                soft_wrap=True, markup=False,
            )  # fmt: skip
    for changed in difference.changed:
        cells = "; ".join(f"{c} {quoted(before)} -> {quoted(after)}" for c, before, after in changed.cells)
        screen.print(f"Changed: {changed.setting} (row {changed.row}): {cells}", soft_wrap=True, markup=False)


@app.command("order")
def order_command(
    out: Annotated[Path, typer.Option(help="File to write.")] = Path("preference-order.csv"),
) -> None:
    """Write the order in which children without a place are sent on, to edit and give to 'sendplan places --order'."""
    from forecast.places.preference_file import write_order
    from forecast.places.preference_order import default_rules

    console().print(f"Preference order: {write_order(default_rules(), out)}", soft_wrap=True)
