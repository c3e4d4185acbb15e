"""``sendplan report``: reports for decision makers, as Word documents.

The clock is read here and nowhere below, and only for a date that was not given: the same command with the same date, data and
version gives the same file.
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from data.errors import OptionError
from forecast.commands.money import UnitCosts
from forecast.commands.options import (
    Capacity,
    Draws,
    OneArea,
    OwnCount,
    ReformChance,
    Seed,
    Years,
    check_chance,
    check_shown,
    single,
)
from forecast.commands.output import console, progress, say
from forecast.commands.own_files import own_counts, own_prices, own_register, own_schemes
from forecast.core import defaults

if TYPE_CHECKING:
    from data.areas import Area
    from forecast.reports.capital_paper import PaperOptions

app = typer.Typer(help="Reports: Word papers for cabinet and directors.", no_args_is_help=True)


@app.callback()
def reports() -> None:
    """Write papers for people who decide, as Word documents."""


@app.command("capital")
def capital_command(
    area: OneArea,
    out: Annotated[Path, typer.Option(help="The Word file to write, for example redbridge-capital.docx.")],
    scenario: Annotated[
        list[str] | None,
        typer.Option(
            help="A scenario, by id or file: the first is what the paper supposes, others are tried as well; may be repeated."
        ),
    ] = None,
    candidates: Annotated[
        Path | None, typer.Option(help="Schemes that might be built (CSV); see 'sendplan capital'.")
    ] = None,
    budget: Annotated[
        float | None,
        typer.Option(help="Most that may be spent on building, in pounds; no limit where left out."),
    ] = None,
    p_sufficient: Annotated[
        float, typer.Option(help="Chance of enough places that is asked for, 0 to 1.")
    ] = defaults.SURE,
    reform_chance: ReformChance = defaults.REFORM_CHANCE,
    unit_costs: UnitCosts = None,
    capacity: Capacity = None,
    years: Years = defaults.YEARS,
    draws: Draws = defaults.DRAWS,
    seed: Seed = defaults.SEED,
    author: Annotated[
        str | None, typer.Option(help="Who issues the paper; the product and the authority where left out.")
    ] = None,
    issued: Annotated[
        str | None, typer.Option("--date", help="Date on the paper, as 2025-07-01; today where left out.")
    ] = None,
    own_count: OwnCount = None,
) -> None:
    """Write the capital programme paper: need, options, a recommended programme, money and risks."""
    from forecast.reports import capital_paper
    from forecast.reports.document import check_name

    check_name(out)
    check_chance("--p-sufficient", p_sufficient)
    check_chance("--reform-chance", reform_chance)
    check_shown("--author", author)
    day = _day(issued)
    one = single(area, "A paper is of one authority")
    options = capital_paper.PaperOptions(
        area, out, day, tuple(scenario or ()), candidates, unit_costs, capacity, budget, p_sufficient, years, draws, seed, author,
        reform_chance, own_count,
    )  # fmt: skip
    _write(one, options)


def _write(area: Area, options: PaperOptions) -> None:
    from forecast.core.atomic_files import check_folder
    from forecast.reports import capital_paper
    from forecast.runs.baseline import ForecastInputs, check_options
    from forecast.runs.scenario_names import find_scenario_or_file

    check_options(options.years, options.draws)
    register = own_register(options.capacity, [area])
    counts = own_counts(options.own_count, [area])
    schemes = own_schemes(options.candidates, area)
    futures = capital_paper.futures(options.scenarios, lambda ref: find_scenario_or_file(ref, None).flat)
    check_folder(options.out.parent)
    screen = console()
    with progress(screen) as bar:
        task = bar.add_task("Forecasting", total=1.0)

        def tell(what: str, done: float) -> None:
            bar.update(task, description=what, completed=done)

        inputs = ForecastInputs.prepare()
        base = inputs.baseline(
            area,
            years=options.years,
            draws=options.draws,
            seed=options.seed,
            register=register,
            counts=counts,
        )
        request = capital_paper.PaperRequest(
            schemes,
            options.budget,
            options.sure,
            futures,
            capital_paper.command(options),
            options.issued,
            options.author,
            own_prices(options.unit_costs, area),
            options.reform_chance,
        )
        made = capital_paper.make(base, inputs, request, tell)
        path = made.paper.write(options.out)
    if made.why:
        say(screen, f"No schemes are in the paper. {made.why}")
    say(screen, f"{made.title}. {made.recommendation}")
    say(screen, f"File: {path}")


def _day(issued: str | None) -> date:
    if issued is None:
        return date.today()
    try:
        return datetime.strptime(issued, "%Y-%m-%d").date()
    except ValueError:
        raise OptionError(
            f"--date {issued} is not a date, so the paper could not be dated. Write it as 2025-07-01."
        ) from None
