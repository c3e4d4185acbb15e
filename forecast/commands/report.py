"""``sendplan report``: reports for decision makers, as Word documents.

The clock is read here and nowhere below, and only for a date that was not given: the same command with the same date, data and
version gives the same file.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from data import areas
from data.errors import OptionError
from forecast.commands.money import UnitCosts, ledger
from forecast.commands.options import (
    Capacity,
    Draws,
    OneArea,
    Seed,
    Years,
    own_register,
)
from forecast.commands.output import console, progress, say
from forecast.core import defaults

if TYPE_CHECKING:
    from data.areas import Area

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
) -> None:
    """Write the capital programme paper: need, options, a recommended programme, money and risks."""
    from forecast.reports import capital_paper
    from forecast.reports.document import check_name

    check_name(out)
    if not 0 <= p_sufficient <= 1:
        raise OptionError(
            f"--p-sufficient {p_sufficient:g} is not a chance. Write a share from 0 to 1, such as 0.8."
        )
    day = _day(issued)
    matches = areas.resolve(area)
    if len(matches) > 1:
        raise OptionError(
            "A paper is of one authority, but 'all' was asked for. Name one, and write a paper for each."
        )
    typed = capital_paper.command(
        area=area,
        scenario=scenario or [],
        candidates=None if candidates is None else candidates.name,
        unit_costs=None if unit_costs is None else unit_costs.name,
        capacity=None if capacity is None else capacity.name,
        budget=budget,
        sure=p_sufficient,
        years=years,
        draws=draws,
        seed=seed,
        author=author,
        day=day,
        out=out.name,
    )
    _write(
        matches[0],
        out,
        typed,
        scenario or [],
        candidates,
        unit_costs,
        budget,
        p_sufficient,
        capacity,
        years,
        draws,
        seed,
        author,
        day,
    )


def _write(
    area: Area,
    out: Path,
    typed: str,
    refs: Sequence[str],
    candidates: Path | None,
    unit_costs: Path | None,
    budget: float | None,
    sure: float,
    capacity: Path | None,
    years: int,
    draws: int,
    seed: int,
    author: str | None,
    day: date,
) -> None:
    from data.candidate_file import read_candidates, shipped
    from forecast.core.atomic_files import check_folder
    from forecast.reports import capital_paper
    from forecast.runs.baseline import ForecastInputs, check_options
    from forecast.runs.scenario_names import find_scenario_or_file

    check_options(years, draws)
    register = own_register(capacity, [area])
    schemes = shipped(area.la_code) if candidates is None else read_candidates(candidates, area.la_code)
    futures = capital_paper.futures(refs, lambda ref: find_scenario_or_file(ref, None).flat)
    check_folder(out.parent)
    screen = console()
    with progress(screen) as bar:
        task = bar.add_task("Forecasting", total=1.0)

        def tell(what: str, done: float) -> None:
            bar.update(task, description=what, completed=done)

        inputs = ForecastInputs.prepare()
        base = inputs.baseline(area, years=years, draws=draws, seed=seed, register=register)
        request = capital_paper.PaperRequest(
            schemes, budget, sure, futures, typed, day, author, ledger(unit_costs, area)
        )
        made = capital_paper.make(base, inputs, request, tell)
        path = made.paper.write(out)
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
