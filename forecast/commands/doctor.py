"""``sendplan doctor``: look whether this installation is whole."""

from __future__ import annotations

import typer

from forecast.commands.output import console


def doctor_command() -> None:
    """Look whether this installation is whole: libraries, tables, stored fit, kept files; exit with 2 if something is wrong."""
    from forecast.validation.installation import examine

    screen = console()
    findings = examine()
    for one in findings:
        screen.print(
            f"{'ok     ' if one.passed else 'PROBLEM'} {one.what}: {one.message}",
            markup=False,
            highlight=False,
        )
    wrong = sum(not one.passed for one in findings)
    screen.print(f"{len(findings)} checks, {wrong} with a problem.", highlight=False)
    if wrong:
        raise typer.Exit(2)
