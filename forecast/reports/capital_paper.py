"""Make the capital programme paper from a forecast, for the command line and the app alike.

Invariant: no clock, file or terminal is touched here; the same forecast, schemes and date give the same paper.
"""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path

from data.capital.candidate_file import Candidates, to_csv
from data.errors import CapitalError, OptionError
from data.prices.ledger import to_csv as prices_text
from data.prices.price_book import PriceBook
from data.prices.starting_books import for_area
from forecast.capital import capital_case, child_costs
from forecast.capital.capital_case import FUTURES
from forecast.capital.programme import Tell
from forecast.capital.schemes import Sufficiency
from forecast.core import defaults
from forecast.core.parallel import silence_solver
from forecast.finance.balance import Comparison
from forecast.presentation import record
from forecast.reports import capital_report, sufficiency
from forecast.reports.background import Made
from forecast.reports.document import About, Paper
from forecast.runs.baseline import Baseline, ForecastInputs
from forecast.runs.scenario_run import rerun, with_reform
from scenarios.scenario import Scenario


@dataclass(frozen=True)
class PaperOptions:
    """The options of ``sendplan report capital``, as they are typed.

    Parameters
    ----------
    area
        The authority.
    out
        The Word file to write.
    issued
        Date on the paper.
    scenarios
        Scenarios by id or file, the one the paper supposes first.
    candidates, unit_costs, capacity
        Files of schemes, prices and places; what is shipped where None.
    budget
        Most that may be spent, pounds; None for no limit.
    sure
        Chance of enough places, 0 to 1.
    years, draws, seed
        Januaries ahead, number of draws and seed.
    author
        Who issues it; the product and the authority where None.
    reform_chance
        Chance of the reform, 0 to 1.
    own_count
        The council's own count; none where None.
    """

    area: str
    out: Path
    issued: date
    scenarios: tuple[str, ...] = ()
    candidates: Path | None = None
    unit_costs: Path | None = None
    capacity: Path | None = None
    budget: float | None = None
    sure: float = defaults.SURE
    years: int = defaults.YEARS
    draws: int = defaults.DRAWS
    seed: int = defaults.SEED
    author: str | None = None
    reform_chance: float = defaults.REFORM_CHANCE
    own_count: Path | None = None


@dataclass(frozen=True)
class PaperRequest:
    """What a capital programme paper is made from, besides the forecast.

    Parameters
    ----------
    schemes
        Schemes to choose from; None to derive them from the shortfall.
    budget
        Most that may be spent, pounds; None for no limit.
    sure
        Chance of enough places, 0 to 1.
    futures
        Scenarios by title, the one the paper supposes first.
    typed
        The command that makes the paper again.
    issued
        Date on the paper.
    author
        Who issues it; the product and the authority where None.
    book
        The council's prices; those shipped where None.
    reform_chance
        Chance of the reform, 0 to 1: a future shown beside the forecast.
    """

    schemes: Candidates | None
    budget: float | None
    sure: float
    futures: Mapping[str, Scenario]
    typed: str
    issued: date
    author: str | None = None
    book: PriceBook | None = None
    reform_chance: float = defaults.REFORM_CHANCE


@dataclass(frozen=True)
class CapitalPaper:
    """A finished paper with the run and appraisal behind it.

    Parameters
    ----------
    paper
        The document.
    title, recommendation
        What it is called and what it recommends.
    why
        Why no schemes are in it; blank where they are.
    """

    paper: Paper
    title: str
    recommendation: str
    why: str


def futures(named: Sequence[str], find: Callable[[str], Scenario]) -> dict[str, Scenario]:
    """Return scenarios by title, the paper's own first; if fewer than two are named, more are added from `FUTURES`.

    Raises
    ------
    OptionError
        One is named twice.
    """
    flat = [
        find(name)
        for name in (named if len(named) > 1 else [*named, *(f for f in FUTURES if f not in named)])
    ]
    titles = [s.title for s in flat]
    twice = sorted({t for t in titles if titles.count(t) > 1})
    if twice:
        raise OptionError(
            f"The scenario '{twice[0]}' is named twice, so a programme would be compared with itself. Name each "
            "--scenario once."
        )
    return dict(zip(titles, flat, strict=True))


def make(base: Baseline, inputs: ForecastInputs, request: PaperRequest, tell: Tell) -> CapitalPaper:
    """Return the capital programme paper on a forecast.

    Raises
    ------
    CapitalError
        Schemes or budget cannot be used. Where nobody gave any, the paper is made without and says why.
    """
    base = with_reform(base)
    outcome = rerun(base, next(iter(request.futures.values())))
    area = outcome.area
    case, why = None, ""
    book = request.book or for_area(area.la_code)
    costs, finance = child_costs.prepare_costs(base.outcome, book)
    try:
        with silence_solver():
            case = capital_case.make(
                base,
                () if request.schemes is None else request.schemes.rows,
                costs,
                inputs.placement_models.england,
                capital_case.AppraisalOptions(
                    budget=request.budget,
                    sufficiency=Sufficiency(minimum=request.sure),
                    scenarios=request.futures,
                    candidates_from="" if request.schemes is None else request.schemes.origin,
                ),
                tell,
            )
    except CapitalError as error:
        # Nobody gave schemes: a paper on need is still of use, and says what is missing.
        if request.schemes is not None or request.budget is not None:
            raise
        why = str(error)
    tell("Writing", 1.0)
    need = sufficiency.Need.of(outcome, request.reform_chance, request.issued)
    title, under = capital_report.title_of(need)
    about = About(
        title=title,
        subject=under,
        author=request.author or f"SEND Place Planner, for {area.name}",
        authority=area.name,
        data_date=f"January {outcome.plans.origin}",
        version=f"{record.PRODUCT} {version(record.PRODUCT)}",
        issued=request.issued,
    )
    facts = record.provenance(outcome, {})
    if finance is not None:
        facts["inputs"] |= record.record_money_inputs()
    facts["inputs"] |= {"prices": hashlib.sha256(prices_text(book.rows).encode()).hexdigest()}
    if case is not None:
        listed = to_csv([a.candidate for a in case.appraisals]).encode()
        facts["inputs"] |= {"candidates": hashlib.sha256(listed).hexdigest()}
    after = None if case is None or finance is None else case.built
    compared = None
    if finance is not None and after is not None:
        compared = Comparison(finance.money(outcome).balance, finance.money(after).balance)
    content = capital_report.Content(need, case, compared, Made(request.typed, facts), why)
    paper = capital_report.capital_paper(content, about)
    return CapitalPaper(paper, title, capital_report.recommendation(content), why)


def command(options: PaperOptions) -> str:
    """Return the command that makes the paper again, with file names without folders and without default options."""
    words = ["sendplan", "report", "capital", options.area]
    for scenario in options.scenarios:
        words += ["--scenario", Path(scenario).name]
    for name, value in (
        ("--candidates", _name(options.candidates)),
        ("--unit-costs", _name(options.unit_costs)),
        ("--budget", None if options.budget is None else f"{options.budget:.0f}"),
        ("--p-sufficient", None if options.sure == defaults.SURE else f"{options.sure:g}"),
        ("--capacity", _name(options.capacity)),
        ("--own-count", _name(options.own_count)),
        ("--years", None if options.years == defaults.YEARS else str(options.years)),
        ("--draws", None if options.draws == defaults.DRAWS else str(options.draws)),
        ("--seed", None if options.seed == defaults.SEED else str(options.seed)),
        (
            "--reform-chance",
            None if options.reform_chance == defaults.REFORM_CHANCE else f"{options.reform_chance:g}",
        ),
        ("--author", options.author),
        ("--date", options.issued.isoformat()),
        ("--out", options.out.name),
    ):
        words += [] if value is None else [name, value]
    return shlex.join(words)


def _name(file: Path | None) -> str | None:
    return None if file is None else file.name
