"""``sendplan capital``: appraise candidate schemes, choose a programme, and compare special schools with bases."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from data.errors import CapitalError
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
from forecast.commands.money import UnitCosts
from forecast.commands.options import (
    Capacity,
    Draws,
    OneArea,
    OwnCount,
    Seed,
    Years,
    check_chance,
    file_name,
    single,
)
from forecast.commands.output import console, progress, say, show
from forecast.commands.own_files import own_counts, own_prices, own_register, own_schemes
from forecast.core import defaults

app = typer.Typer(help="Candidate schemes: the council's own file of them.", no_args_is_help=True)


ONE_PROGRAMME = "Candidates are one authority's"
"""Why schemes cannot be chosen for all."""


@app.command("check")
def check_schemes_command(
    area: OneArea,
    file: Annotated[Path, typer.Argument(help="The council's file of schemes, CSV or .xlsx.")],
    mapping: MappingFile = None,
    fix: Fix = False,
    accept: Accept = None,
    leave_out: LeaveOut = None,
) -> None:
    """Check a file of candidate schemes: its problems row by row with a fix for each, or what it holds."""
    from data.capital.candidate_file import SCHEME_FILE, check_candidates, read_candidates

    one, screen = single(area, ONE_PROGRAMME), console()
    confirmed = confirmed_mapping(file, SCHEME_FILE, mapping, one.la_code, screen) if file.is_file() else None
    checked = check_candidates(file, one.la_code, confirmed)
    if checked.problems:
        refuse(
            file, {"": checked}, {"": SCHEME_FILE}, CopyWanted(fix, accept, leave_out),
            "no candidates were read from it", screen,
        )  # fmt: skip
    read = read_candidates(file, one.la_code, mapping=confirmed)
    places = sum(scheme.places for scheme in read.rows)
    say(screen, f"{file.name} can be used: {len(read.rows)} schemes, {places:,} places.")
    for remark in read.remarks:
        say(screen, remark)
    keep_mapping(checked.table, SCHEME_FILE, confirmed, one.la_code, screen)


def capital_command(
    area: OneArea,
    candidates: Annotated[
        Path | None,
        typer.Option(
            help="Candidate schemes (CSV or .xlsx); those we ship, or derived from the shortfall, where left out."
        ),
    ] = None,
    budget: Annotated[
        float | None, typer.Option(help="Capital budget in pounds; no limit where left out.")
    ] = None,
    p_sufficient: Annotated[
        float, typer.Option(help="Least chance of enough places, 0 to 1; 0 asks for none.")
    ] = defaults.SURE,
    january: Annotated[
        int | None,
        typer.Option(
            help="January in which places must be enough; once all candidates are due where left out."
        ),
    ] = None,
    phase: Annotated[list[str] | None, typer.Option(help="Phases whose places must be enough.")] = None,
    scenario: Annotated[
        list[str] | None, typer.Option(help="Scenarios to appraise and compare; the first is the one shown.")
    ] = None,
    defer: Annotated[
        list[int] | None, typer.Option(help="Years by which a candidate may open later, 0 among them.")
    ] = None,
    years_after: Annotated[
        int, typer.Option(help="Years after the forecast in which its last year's savings are held.")
    ] = 20,
    template: Annotated[
        Path | None, typer.Option(help="Write the candidates to this file to edit, and stop.")
    ] = None,
    unit_costs: UnitCosts = None,
    years: Years = defaults.YEARS,
    capacity: Capacity = None,
    seed: Seed = defaults.SEED,
    draws: Draws = defaults.DRAWS,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the results; out/capital/AREA where left out.")
    ] = None,
    own_count: OwnCount = None,
) -> None:
    """Appraise candidate schemes, choose a programme within a budget, and ask of every special school option why not a base."""
    from data.capital import candidate_file
    from forecast.capital import candidate_schemes, capital_case, child_costs
    from forecast.capital.schemes import Horizon, Sufficiency
    from forecast.core.atomic_files import check_folder
    from forecast.core.parallel import silence_solver
    from forecast.presentation import capital_tables
    from forecast.presentation.record import provenance
    from forecast.presentation.top_lines import top_lines
    from forecast.runs.baseline import ForecastInputs, check_options
    from scenarios import reading

    chosen = single(area, ONE_PROGRAMME)
    check_options(years, draws)
    if not 0 <= years_after <= 60:
        raise CapitalError(f"--years-after {years_after} is out of range. Write 0 (the forecast only) to 60.")
    check_chance("--p-sufficient", p_sufficient)
    register = own_register(capacity, [chosen])
    counts = own_counts(own_count, [chosen])
    book = own_prices(unit_costs, chosen)
    read = own_schemes(candidates, chosen)
    readings = {name: reading.find(name) for name in scenario or ()}
    folder = out if out is not None else Path("out") / "capital" / chosen.slug
    screen = console()
    if template is None:
        check_folder(folder)
    elif read is not None:
        candidate_file.write_template(read.rows, template, read.aside)
        say(screen, f"Candidates written to {template}. Edit it, then give it with --candidates.")
        return
    inputs = ForecastInputs.prepare()
    base = inputs.baseline(chosen, years=years, draws=draws, seed=seed, register=register, counts=counts)
    if template is not None:
        candidate_file.write_template(candidate_schemes.derive_candidates(base.outcome), template)
        say(
            screen,
            f"Candidates derived from the shortfall written to {template}. Nobody proposed them: edit them first.",
        )
        return
    costs, _ = child_costs.prepare_costs(base.outcome, book)
    with progress(screen) as bar, silence_solver():
        task = bar.add_task("Appraising", total=100)
        case = capital_case.make(
            base,
            () if read is None else read.rows,
            costs,
            inputs.placement_models.england,
            capital_case.AppraisalOptions(
                budget=budget,
                sufficiency=Sufficiency(minimum=p_sufficient, january=january, phases=tuple(phase or ())),
                scenarios=readings,
                defer=tuple(defer or (0,)),
                horizon=Horizon(years_after),
                candidates_from="" if read is None else read.origin,
            ),
            tell=lambda what, done: bar.update(task, description=what, completed=round(100 * done)),
        )
    top = top_lines(base.outcome, date.today())
    for line in (*top, *capital_tables.sentences(case)):
        say(screen, line)
    screen.print()
    for title, table in capital_tables.tables_for_people(case):
        show(screen, table, title, index=False)
    for note in capital_tables.notes(case):
        say(screen, f"- {note}")
    arguments: dict[str, Any] = {
        "area": area, "candidates": file_name(candidates), "budget": budget,
        "p_sufficient": p_sufficient, "january": january, "phase": phase, "scenario": scenario, "defer": defer,
        "years_after": years_after, "years": years, "capacity": file_name(capacity), "seed": seed,
        "draws": draws, "unit_costs": file_name(unit_costs), "own_count": file_name(own_count),
    }  # fmt: skip
    files = capital_tables.write(case, folder, chosen.name, provenance(base.outcome, arguments), top)
    say(screen, "Files: " + ", ".join(str(f) for f in files))
