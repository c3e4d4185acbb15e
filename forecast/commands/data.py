"""``sendplan data``: build and check the published tables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from forecast.commands.output import console, progress, show

app = typer.Typer(help="Bring the published tables up to date, build and check them.", no_args_is_help=True)


@app.command("build")
def build_command(
    source: Annotated[Path, typer.Option("--from", help="Folder of the official releases.")],
    older: Annotated[bool, typer.Option("--older", help="Let tables end earlier than those in use.")] = False,
) -> None:
    """Turn official releases into the published tables; all of them or none."""
    from data.ingest.build import all_builders, build

    screen = console()
    with progress(screen) as bar:
        task = bar.add_task("Tables", total=len(all_builders()))

        def step(name: str, number: int, total: int) -> None:
            bar.update(task, completed=number, total=total, description=name)

        made = build(source, on_progress=step, older=older)
    screen.print(
        f"{len(made.tables)} tables, {made.bytes / 1e6:.1f} MB, in {made.destination}", soft_wrap=True
    )


@app.command("check")
def check_command() -> None:
    """Check every published table; exit with 1 if a check fails."""
    import pandas as pd

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
