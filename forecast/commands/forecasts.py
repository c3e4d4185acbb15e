"""``sendplan forecast`` and ``sendplan explain``: plans to expect, places against them, and why plans change."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from data import areas
from data.areas import Area
from data.errors import OptionError
from forecast.commands.options import (
    AnyArea,
    Capacity,
    Draws,
    Model,
    OneArea,
    OwnCount,
    ReformChance,
    Seed,
    Years,
    check_chance,
    file_name,
    single,
)
from forecast.commands.output import console, progress, say_top_lines, show
from forecast.commands.own_files import own_counts, own_register
from forecast.core import defaults

if TYPE_CHECKING:
    import xarray as xr

    from forecast.presentation.record import RunTables


def forecast_command(
    area: AnyArea,
    years: Years = defaults.YEARS,
    capacity: Capacity = None,
    seed: Seed = defaults.SEED,
    out: Annotated[Path | None, typer.Option(help="Folder for the results; out/AREA where left out.")] = None,
    model: Model = "headline",
    draws: Draws = defaults.DRAWS,
    reform_chance: ReformChance = defaults.REFORM_CHANCE,
    own_count: OwnCount = None,
) -> None:
    """Forecast plans and set specialist places against demand."""
    import pandas as pd

    from forecast.core.atomic_files import check_folder
    from forecast.demand.members import check_name
    from forecast.presentation import record
    from forecast.runs.baseline import ForecastInputs, check_options
    from forecast.runs.scenario_run import with_reform

    chosen = areas.resolve(area)
    check_options(years, draws)
    check_name(model)
    check_chance("--reform-chance", reform_chance)
    if seed < 0:
        raise OptionError(
            f"--seed {seed} is negative. Seeds are whole numbers from 0. Leave it out for the usual one."
        )
    register = own_register(capacity, chosen)
    counts = own_counts(own_count, chosen)
    several = len(chosen) > 1
    folders = {a: _folder(out, a, several) for a in chosen}
    check_folder(out if out is not None else Path("out"))
    arguments: dict[str, Any] = {
        "area": area, "years": years, "capacity": file_name(capacity), "own_count": file_name(own_count),
        "seed": seed, "model": model, "draws": draws, "reform_chance": reform_chance,
    }  # fmt: skip
    screen = console()
    inputs = ForecastInputs.prepare(model)
    if not several:
        base = inputs.baseline(
            chosen[0], years=years, draws=draws, seed=seed, register=register, counts=counts
        )
        tables = record.RunTables(with_reform(base).outcome, reform_chance, date.today())
        files = record.write(tables, folders[chosen[0]], arguments)
        report(screen, tables)
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
            base = inputs.baseline(one, years=years, draws=draws, seed=seed)
            tables = record.RunTables(with_reform(base).outcome, reform_chance, date.today())
            record.write(tables, folders[one], arguments)
            lines.append(one_line(tables))
            bar.advance(task)
    show(screen, pd.DataFrame(lines), "Every authority", index=False)
    if len(chosen) == len(areas.current()):
        _england(screen, inputs.england(years=years, draws=draws, seed=seed))
    screen.print(
        f"Files: one folder an authority in {out if out is not None else Path('out')}", soft_wrap=True
    )


def _england(screen: Console, drawn: xr.DataArray) -> None:
    """Print the sum of all authorities beside national forecasts that others have published."""
    from forecast.presentation import england

    forecast, others = england.ahead(drawn), england.national()
    screen.print(england.sentence(forecast, others), highlight=False)
    screen.print()
    show(screen, england.table(forecast, others), "National forecasts of others beside ours")


def _folder(out: Path | None, area: Area, several: bool) -> Path:
    if out is None:
        return Path("out") / area.slug
    return out / area.slug if several else out


def report(screen: Console, tables: RunTables) -> None:
    """Print the results of one authority's run."""
    from forecast.presentation import futures, joining, words

    outcome, shortfall = tables.outcome, tables.shortfall
    screen.print()
    for line in tables.top_lines:
        screen.print(line, markup=False, highlight=False)
    screen.print(tables.headline, style="bold")
    screen.print(words.how_to_read(outcome), markup=False, highlight=False)
    for sentence in tables.own_record:
        screen.print(sentence, markup=False, highlight=False)
    screen.print()
    screen.print("Three futures of joining", style="bold")
    for line in futures.lines(tables.futures):
        screen.print(f"- {line}", markup=False, highlight=False)
    screen.print(futures.how_tagged(tables.futures), markup=False, highlight=False)
    screen.print(futures.judgement(tables.futures), markup=False, highlight=False)
    screen.print()
    show(screen, futures.table(tables.futures), "EHC plans in each future (every age)")
    show(screen, tables.joining, "Joining")
    screen.print(joining.NOTE, style="dim")
    screen.print()
    show(
        screen,
        tables.bands,
        f"EHC plans by age (January {outcome.plans.known_january} published, then forecast)",
    )
    for number, part in enumerate(tables.needs, start=1):
        show(screen, part, f"EHC plans by primary need ({number} of 2)")
    screen.print(words.need_key(), style="dim")
    screen.print()
    origin, last = outcome.plans.origin, int(shortfall["year"].max())
    places = words.places_table(outcome, shortfall, [origin + 1, origin + 3, origin + 5, last])
    show(screen, places, "Specialist places against demand (every January is in summary.md)", index=False)
    screen.print(words.PLACES_NOTE)
    screen.print()
    screen.print("When places run out", style="bold")
    for line in tables.run_out_lines:
        screen.print(f"- {line}")
    screen.print()
    screen.print("Estimated rather than known", style="bold")
    for line in tables.estimates:
        screen.print(f"- {line}")
    screen.print()


def one_line(tables: RunTables) -> dict[str, str]:
    """Return one authority's row in the table of all authorities."""
    from forecast.presentation import summary, words
    from forecast.presentation.published_figures import in_table

    outcome = tables.outcome
    table = summary.interval(tables.plans)
    last = int(table.index[-1])
    soonest = next((r for r in summary.run_outs(tables.shortfall) if r.january is not None), None)
    return {
        "Authority": outcome.area.name,
        "Plans now": f"{outcome.plans.known.sum().item():,.0f} ({outcome.plans.known_january})",
        f"Plans {last}": in_table("plans", table.to_dict("index")[last]),
        "Runs out first": "none in the years shown"
        if soonest is None
        else f"{words.PHASE_LABELS[soonest.phase]}, {words.SHORT_PROVISIONS[soonest.provision]}, {soonest.january}",
    }


def explain_command(
    area: OneArea,
    to: Annotated[
        int | None, typer.Option(help="January to explain the change to; five years on if left out.")
    ] = None,
    years: Annotated[int, typer.Option(help="Januaries to forecast, 1 to 15.")] = defaults.YEARS,
    draws: Annotated[int, typer.Option(help="Random draws, at least 100.")] = defaults.DRAWS,
    seed: Annotated[int, typer.Option(help="Same seed, same answer.")] = defaults.SEED,
    model: Model = "headline",
    own_count: OwnCount = None,
) -> None:
    """Split the growth in plans to a January into population, joiner rate, leaver rate, transfers and ageing."""
    import pandas as pd

    from forecast.demand.members import check_name
    from forecast.presentation import explain, joining, own_record, words
    from forecast.runs.baseline import ForecastInputs, check_options

    one = single(area, "A change is explained for one authority")
    check_options(years, draws)
    check_name(model)
    counts = own_counts(own_count, [one])
    outcome = (
        ForecastInputs.prepare(model)
        .baseline(one, years=years, draws=draws, seed=seed, counts=counts)
        .outcome
    )
    origin = outcome.plans.origin
    january = min(origin + 5, origin + years) if to is None else to
    split = explain.table(outcome.plans, january)
    screen = console()
    say_top_lines(screen, outcome)
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
        f"{one.name}: why plans change from January {origin} to January {january}",
        index=False,
    )
    screen.print(words.EXPLAIN_NOTE, soft_wrap=True)
    screen.print()
    for sentence in own_record.sentences(outcome):
        screen.print(sentence, soft_wrap=True, highlight=False)
    screen.print()
    show(screen, joining.Joining.of(outcome.plans).table(), f"{one.name}: joining by year")
    screen.print(joining.NOTE, soft_wrap=True)
