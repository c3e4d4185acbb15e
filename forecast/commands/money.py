"""``sendplan money`` and ``sendplan unit-costs``: cost, income and balance of high needs, and the prices used."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from data.errors import OptionError
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
from forecast.commands.options import (
    Capacity,
    Draws,
    OneArea,
    OwnCount,
    Seed,
    Years,
    check_may_write,
    file_name,
    single,
)
from forecast.commands.output import console, say, show
from forecast.commands.own_files import own_counts, own_prices, own_register
from forecast.core import defaults

app = typer.Typer(help="Unit costs: the prices in use, and the council's own.", no_args_is_help=True)

ONE_BUDGET = "Money is one authority's"
"""Why money cannot be forecast for all."""

UnitCosts = Annotated[
    Path | None,
    typer.Option(
        "--unit-costs", help="The council's own prices (CSV or .xlsx); see 'sendplan unit-costs template'."
    ),
]
"""A ledger of prices that replace ours."""

Ref = Annotated[
    str | None, typer.Option("--scenario", help="Scenario to set against the baseline: an id or a file.")
]
"""One scenario, or none."""


def money_command(
    area: OneArea,
    scenario: Ref = None,
    unit_costs: UnitCosts = None,
    growth: Annotated[
        str, typer.Option(help="Growth of the high needs block: flat, gdp_deflator or last_growth.")
    ] = "gdp_deflator",
    regime: Annotated[
        str,
        typer.Option(help="Who bears deficits after the override: authority_bears, centre_bears or share."),
    ] = "authority_bears",
    grant: Annotated[
        float, typer.Option(help="How likely the plan for the stability grant is approved, 0 to 1.")
    ] = 1.0,
    opening: Annotated[
        float | None,
        typer.Option(help="Balance at 31 March before the first year, pounds; a deficit is minus."),
    ] = None,
    overspend: Annotated[
        float | None,
        typer.Option(help="What the council expects the first year to cost more than its income, pounds."),
    ] = None,
    block_transfer: Annotated[
        float, typer.Option(help="Share of the schools block moved to high needs each year; 0.005 for 0.5 %.")
    ] = 0.0,
    disapplied: Annotated[
        bool, typer.Option("--disapplied", help="The Secretary of State has agreed to a larger transfer.")
    ] = False,
    allocation: Annotated[
        list[str] | None,
        typer.Option(
            help="The council's own allocation before deductions, 2025-26=74000000; may be repeated."
        ),
    ] = None,
    as_modelled: Annotated[
        bool, typer.Option("--as-modelled", help="Do not scale costs to what the council has said.")
    ] = False,
    capacity: Capacity = None,
    years: Years = defaults.YEARS,
    seed: Seed = defaults.SEED,
    draws: Draws = defaults.DRAWS,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the results; out/money/AREA where left out.")
    ] = None,
    own_count: OwnCount = None,
) -> None:
    """Forecast high needs cost, income and balance, with or without a scenario."""
    from forecast.core.atomic_files import check_folder
    from forecast.finance.finance_model import FinanceModel, MoneyPlan
    from forecast.presentation import money_report
    from forecast.runs import scenario_run
    from forecast.runs.baseline import check_options, shared_inputs
    from forecast.runs.scenario_names import find_scenario_or_file

    one = single(area, ONE_BUDGET)
    check_options(years, draws)
    plan = MoneyPlan(
        growth,
        regime,
        grant,
        as_modelled,
        opening,
        overspend,
        block_transfer,
        disapplied,
        allocations(allocation or ()),
    )
    register = own_register(capacity, [one])
    counts = own_counts(own_count, [one])
    book = own_prices(unit_costs, one)
    flat = None if scenario is None else find_scenario_or_file(scenario, None).flat
    folder = out if out is not None else Path("out") / "money" / one.slug
    check_folder(folder)
    arguments: dict[str, Any] = {
        "area": one.name, "scenario": None if flat is None else flat.id,
        "unit_costs": file_name(unit_costs), "growth": growth, "regime": regime, "grant": grant,
        "opening": opening, "overspend": overspend, "as_modelled": as_modelled,
        "block_transfer": block_transfer, "disapplied": disapplied, "allocation": allocation,
        "capacity": file_name(capacity), "own_count": file_name(own_count),
        "years": years, "seed": seed, "draws": draws,
    }  # fmt: skip
    base = shared_inputs().baseline(
        one, years=years, draws=draws, seed=seed, register=register, counts=counts
    )
    finance = FinanceModel.of(base.outcome, plan=plan, book=book)
    before = finance.money(base.outcome)
    today = date.today()
    tables = money_report.MoneyTables(finance, before, today=today)
    if flat is not None:
        after = finance.money(scenario_run.rerun(base, flat))
        tables = money_report.MoneyTables(finance, after, before, today)
    screen = console()
    money_report.print_report(
        tables,
        lambda frame, title: show(screen, frame, title, index=False),
        lambda line: say(screen, line),
    )
    if flat is not None:
        earlier = [one.sentence for one in scenario_run.earlier_dates(base, flat)]
        for line in (*earlier, *scenario_run.lever_notes(base, flat)):
            say(screen, f"- {line}")
    files = money_report.write(tables, folder, arguments)
    say(screen, "Files: " + ", ".join(str(f) for f in files))


def allocations(given: Sequence[str]) -> dict[str, float]:
    """Return pounds by financial year from options such as ``2025-26=74000000``.

    Raises
    ------
    OptionError
        One is not written so, or a year is given twice.
    """
    by_year: dict[str, float] = {}
    for text in given:
        year, _, pounds = text.partition("=")
        try:
            value = float(pounds.replace(",", ""))
        except ValueError:
            raise OptionError(
                f"--allocation {text} cannot be read, so no income was forecast from it. Write it as 2025-26=74000000."
            ) from None
        if year in by_year:
            raise OptionError(
                f"--allocation gives {year} twice, so it is not clear which holds. Give it once."
            )
        by_year[year] = value
    return by_year


@app.command("template")
def template_command(
    area: OneArea,
    path: Annotated[Path, typer.Argument(help="File to write (.csv).")],
    force: Annotated[bool, typer.Option(help="Replace the file if it is there.")] = False,
) -> None:
    """Write the prices in use for an authority to a file that the council can correct."""
    from data.prices.ledger import write_template
    from data.prices.starting_books import for_area

    one = single(area, ONE_BUDGET)
    check_may_write(path, force)
    write_template(for_area(one.la_code), path, one.la_code)
    say(
        console(),
        f"File: {path}. Correct what you know, delete the other rows, then add --unit-costs {path}.",
    )


@app.command("check")
def check_command(
    area: OneArea,
    path: Annotated[Path, typer.Argument(help="The council's file of prices, CSV or .xlsx.")],
    mapping: MappingFile = None,
    fix: Fix = False,
    accept: Accept = None,
    leave_out: LeaveOut = None,
) -> None:
    """Check a file of the council's prices: its problems row by row with a fix for each, or what it replaces."""
    from data.prices.ledger import PRICE_FILE, check_ledger, read_ledger
    from data.prices.price_book import replacements
    from data.prices.starting_books import for_area

    one, screen = single(area, ONE_BUDGET), console()
    confirmed = confirmed_mapping(path, PRICE_FILE, mapping, one.la_code, screen) if path.is_file() else None
    starting = for_area(one.la_code)
    checked = check_ledger(path, starting.inflation, one.la_code, confirmed)
    if checked.problems:
        refuse(
            path, {"": checked}, {"": PRICE_FILE}, CopyWanted(fix, accept, leave_out),
            "no prices were read from it and those in use stay", screen,
        )  # fmt: skip
    read = read_ledger(path, starting.inflation, one.la_code, mapping=confirmed)
    replaced = replacements(starting.with_rows(read.rows), "council")
    say(screen, f"{path} can be used: {len(replaced)} prices replaced.")
    for remark in read.remarks:
        say(screen, remark)
    for replacement in replaced:
        say(screen, f"- {replacement}")
    keep_mapping(checked.table, PRICE_FILE, confirmed, one.la_code, screen)
