"""``sendplan report``: papers for people who decide, as Word documents.

The clock is read here and nowhere below, and only for a date that was not given: the same command with the same date, data and
version gives the same file.
"""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from data import areas
from data.errors import CapitalError, OptionError
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
from forecast.commands.output import console, progress, say

if TYPE_CHECKING:
    from data.areas import Area
    from forecast.capital import Case, Costs
    from forecast.money import Purse
    from forecast.outcome import Outcome
    from forecast.run import Baseline, Road
    from scenarios.scenario import Scenario

app = typer.Typer(help="Reports: Word papers for cabinet and directors.", no_args_is_help=True)

FUTURES: tuple[str, ...] = ("baseline", "pre-reform-surge", "reform-2030", "low-births")
"""Scenarios of the library in which a programme is tried where fewer than two are named."""

USUAL_SURE = 0.8
"""Chance of enough places asked for where none is given."""


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
    ] = USUAL_SURE,
    capacity: Capacity = None,
    years: Years = USUAL_YEARS,
    draws: Draws = USUAL_DRAWS,
    seed: Seed = USUAL_SEED,
    author: Annotated[
        str | None, typer.Option(help="Who issues the paper; the product and the authority where left out.")
    ] = None,
    issued: Annotated[
        str | None, typer.Option("--date", help="Date on the paper, as 2025-07-01; today where left out.")
    ] = None,
) -> None:
    """Write the capital programme paper: need, options, a recommended programme, money and risks."""
    from forecast.reports.document import check_name

    check_name(out)
    if not 0 <= p_sufficient <= 1:
        raise OptionError(
            f"--p-sufficient {p_sufficient:g} is not a chance. Write a share from 0 to 1, such as 0.8."
        )
    day = _day(issued)
    found = areas.resolve(area)
    if len(found) > 1:
        raise OptionError(
            "A paper is of one authority, but 'all' was asked for. Name one, and write a paper for each."
        )
    typed = _typed(
        area=area, scenario=scenario, candidates=candidates, budget=budget, p_sufficient=p_sufficient, capacity=capacity,
        years=years, draws=draws, seed=seed, author=author, day=day, out=out,
    )  # fmt: skip
    _write(
        found[0],
        out,
        typed,
        scenario or [],
        candidates,
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
    budget: float | None,
    sure: float,
    capacity: Path | None,
    years: int,
    draws: int,
    seed: int,
    author: str | None,
    day: date,
) -> None:
    from importlib.metadata import version

    from data.candidate_file import read_candidates, shipped, to_csv
    from forecast import record
    from forecast.balance import Comparison
    from forecast.files import check_folder
    from forecast.reports import capital_report, sufficiency
    from forecast.reports.background import Made
    from forecast.reports.document import About
    from forecast.rerun import rerun
    from forecast.run import Road, check_options

    check_options(years, draws)
    register = own_register(capacity, [area])
    schemes = shipped(area.la_code) if candidates is None else read_candidates(candidates, area.la_code)
    futures = _futures(refs)
    check_folder(out.parent)
    screen = console()
    with progress(screen) as bar:
        task = bar.add_task("Forecasting", total=1.0)

        def tell(what: str, done: float) -> None:
            bar.update(task, description=what, completed=done)

        road = Road.prepare()
        base = road.baseline(area, years=years, draws=draws, seed=seed, register=register)
        outcome = rerun(base, next(iter(futures.values())))
        case, why = None, ""
        costs, purse = _prices(base)
        try:
            case = _case(base, road, costs, schemes, budget, sure, futures, tell)
        except CapitalError as error:
            # Nobody gave schemes: a paper on need is still of use, and says what is missing.
            if schemes is not None or budget is not None:
                raise
            why = str(error)
        tell("Writing", 1.0)
        need = sufficiency.Need.of(outcome)
        title, under = capital_report.title_of(need)
        about = About(
            title=title,
            subject=under,
            author=author or f"SEND Place Planner, for {area.name}",
            authority=area.name,
            data_date=f"January {outcome.plans.origin}",
            version=f"{record.PRODUCT} {version(record.PRODUCT)}",
            issued=day,
        )
        facts = record.provenance(outcome, {})
        if purse is not None:
            facts["inputs"] |= record.record_inputs(record.MONEY_TABLES)
        if case is not None:
            listed = to_csv([a.candidate for a in case.appraisals]).encode()
            facts["inputs"] |= {"candidates": hashlib.sha256(listed).hexdigest()}
        after = None if case is None or purse is None else case.built
        compared = None
        if purse is not None and after is not None:
            compared = Comparison(purse.money(outcome).balance, purse.money(after).balance)
        content = capital_report.Content(need, case, compared, Made(typed, facts), why)
        paper = capital_report.capital_paper(content, about)
        path = paper.write(out)
    if why:
        say(screen, f"No schemes are in the paper. {why}")
    say(screen, f"{title}. {capital_report.recommendation(content)}")
    say(screen, f"File: {path}")


def _prices(base: Baseline) -> tuple[Callable[[Outcome], Costs], Purse | None]:
    """Return what children cost, and the authority's income and balance where its income is published."""
    from data.errors import HistoryError
    from data.price_books import for_area
    from forecast import child_costs
    from forecast.finance import CostModel
    from forecast.money import Purse

    try:
        purse = Purse.of(base.outcome)
    except HistoryError:
        area = base.outcome.area.la_code
        return child_costs.of(CostModel.prepare(base.outcome, for_area(area), seed=base.outcome.seed)), None
    return child_costs.of(purse.model), purse


def _case(
    base: Baseline,
    road: Road,
    costs: Callable[[Outcome], Costs],
    schemes: Any,
    budget: float | None,
    sure: float,
    futures: dict[str, Scenario],
    tell: Any,
) -> Case:
    from forecast import capital_case
    from forecast.capital import Sufficiency

    return capital_case.make(
        base,
        () if schemes is None else schemes.rows,
        costs,
        england=road.placing.england,
        budget=budget,
        asked=Sufficiency(minimum=sure),
        scenarios=futures,
        candidates_from="" if schemes is None else schemes.origin,
        tell=tell,
    )


def _futures(refs: Sequence[str]) -> dict[str, Scenario]:
    """Return scenarios by title, the one the paper supposes first; fewer than two are made up from `FUTURES`."""
    from forecast.scenario_names import chosen

    named = list(refs) if len(refs) > 1 else [*refs, *(f for f in FUTURES if f not in refs)]
    flat = [chosen(ref, None).flat for ref in named]
    titles = [s.title for s in flat]
    twice = sorted({t for t in titles if titles.count(t) > 1})
    if twice:
        raise OptionError(
            f"The scenario '{twice[0]}' is named twice, so a programme would be compared with itself. Name each "
            "--scenario once."
        )
    return dict(zip(titles, flat, strict=True))


def _day(issued: str | None) -> date:
    if issued is None:
        return date.today()
    try:
        return datetime.strptime(issued, "%Y-%m-%d").date()
    except ValueError:
        raise OptionError(
            f"--date {issued} is not a date, so the paper could not be dated. Write it as 2025-07-01."
        ) from None


def _typed(
    *,
    area: str,
    scenario: Sequence[str] | None,
    candidates: Path | None,
    budget: float | None,
    p_sufficient: float,
    capacity: Path | None,
    years: int,
    draws: int,
    seed: int,
    author: str | None,
    day: date,
    out: Path,
) -> str:
    """Return the command that makes the paper again, with file names and not folders."""
    words = ["sendplan", "report", "capital", area]
    for one in scenario or []:
        words += ["--scenario", Path(one).name]
    for name, value in (
        ("--candidates", None if candidates is None else candidates.name),
        ("--budget", None if budget is None else f"{budget:.0f}"),
        ("--p-sufficient", None if p_sufficient == USUAL_SURE else f"{p_sufficient:g}"),
        ("--capacity", None if capacity is None else capacity.name),
        ("--years", None if years == USUAL_YEARS else str(years)),
        ("--draws", None if draws == USUAL_DRAWS else str(draws)),
        ("--seed", None if seed == USUAL_SEED else str(seed)),
        ("--author", author),
        ("--date", day.isoformat()),
        ("--out", out.name),
    ):
        words += [] if value is None else [name, value]
    return shlex.join(words)
