"""``sendplan places``: which specialist places run out, when, for whom, and where the children go."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from data import areas
from data.areas import Area
from forecast.commands.options import (
    AnyArea,
    Capacity,
    Draws,
    OwnCount,
    Seed,
    Years,
    file_name,
)
from forecast.commands.output import console, progress, say_top_lines, show
from forecast.commands.own_files import own_counts, own_register
from forecast.core import defaults
from forecast.core.parallel import set_up_process


def places_command(
    area: AnyArea,
    years: Years = defaults.YEARS,
    capacity: Capacity = None,
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
    seed: Seed = defaults.SEED,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the results; out/places/AREA where left out.")
    ] = None,
    draws: Draws = defaults.DRAWS,
    own_count: OwnCount = None,
) -> None:
    """Say which specialist places run out, when, for whom, and where the children go."""
    from forecast.core.atomic_files import check_folder
    from forecast.places.capacity import Demand
    from forecast.places.preference_file import read_order
    from forecast.places.preference_order import default_rules
    from forecast.presentation import places_report
    from forecast.presentation.top_lines import top_lines
    from forecast.runs.baseline import ForecastInputs, check_options

    chosen = areas.resolve(area)
    check_options(years, draws)
    options = Demand(blend=demand, rules=default_rules() if order is None else read_order(order))
    folder = (
        out if out is not None else Path("out") / "places" / (chosen[0].slug if len(chosen) == 1 else "all")
    )
    register = own_register(capacity, chosen)
    counts = own_counts(own_count, chosen)
    check_folder(folder)
    arguments: dict[str, Any] = {
        "area": area, "years": years, "capacity": file_name(capacity), "own_count": file_name(own_count),
        "demand": demand, "order": file_name(order), "seed": seed, "draws": draws,
    }  # fmt: skip
    screen = console()
    if len(chosen) > 1:
        _places_of_all(screen, chosen, folder, arguments, options)
        return
    inputs = ForecastInputs.prepare()
    outcome = inputs.baseline(
        chosen[0], years=years, draws=draws, seed=seed, register=register, demand=options, counts=counts
    ).outcome
    tables = places_report.PlacesTables.of(outcome)
    distances = places_report.Distances.of(outcome)
    borrowed = chosen[0].la_code in inputs.latent.borrowed
    say_top_lines(screen, outcome)
    places_report.print_report(
        outcome,
        tables,
        distances,
        borrowed,
        lambda frame, title: show(screen, frame, title, index=False),
        lambda line: screen.print(line, soft_wrap=True),
    )
    files = places_report.write(
        tables,
        distances,
        places_report.page(outcome, tables, distances, borrowed, top_lines(outcome, date.today())),
        places_report.record_of(outcome, arguments),
        folder,
    )
    screen.print("Files: " + ", ".join(str(f) for f in files), soft_wrap=True)


def _places_of_all(
    screen: Console, chosen: Sequence[Area], folder: Path, arguments: dict[str, Any], options: Any
) -> None:
    """Run every authority on all cores, write one set of tables, and print which could not be run and why."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    import pandas as pd

    from forecast.presentation import places_report, record

    parts, lines, left_out = [], [], []
    with (
        progress(screen) as bar,
        ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as workers,
    ):
        task = bar.add_task("Authorities", total=len(chosen))
        for one, tables, message in workers.map(
            partial(_places_of_one, arguments=arguments, options=options), chosen
        ):
            bar.update(task, advance=1, description=one.name)
            if tables is None:
                left_out.append(f"{one.name}: {message}")
            else:
                parts.append(tables)
                lines.append({"Authority": one.name, "What runs out first": message})
    files = places_report.write_tables(places_report.combine(parts), record.arguments_only(arguments), folder)
    show(screen, pd.DataFrame(lines), "Every authority", index=False)
    for line in left_out:
        screen.print(f"Left out - {line}", soft_wrap=True)
    screen.print("Files: " + ", ".join(str(f) for f in files), soft_wrap=True)


def _places_of_one(one: Area, arguments: dict[str, Any], options: Any) -> tuple[Area, Any, str]:
    """Return one authority's tables and headline, or None and why it cannot be run."""
    from data.errors import HistoryError
    from forecast.presentation import places_report
    from forecast.runs.baseline import shared_inputs

    set_up_process()
    try:
        outcome = (
            shared_inputs()
            .baseline(
                one,
                years=arguments["years"],
                draws=arguments["draws"],
                seed=arguments["seed"],
                demand=options,
            )
            .outcome
        )
    except HistoryError as error:
        return one, None, str(error)
    tables = places_report.PlacesTables.of(outcome)
    return one, tables, places_report.headline(outcome, tables)
