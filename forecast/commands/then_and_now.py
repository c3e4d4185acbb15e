"""``sendplan then-and-now`` and ``earlier-forecasts``: a saved result beside that of now, and what the difference comes from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from data.errors import OptionError
from forecast.commands.options import Capacity, ModelSeed, OwnCount
from forecast.commands.output import console, progress, say, say_top_lines, show
from forecast.commands.own_files import own_counts, own_register

if TYPE_CHECKING:
    import pandas as pd

    from data.registers.register import Register
    from forecast.presentation.earlier_result import EarlierResult
    from forecast.runs.baseline import Baseline


def then_and_now_command(
    folder: Annotated[
        Path, typer.Argument(help="Folder that 'sendplan forecast' or 'sendplan scenario run' wrote.")
    ],
    baseline: Annotated[
        Path | None,
        typer.Option(help="Folder of the forecast of then, for a scenario's results: its own baseline."),
    ] = None,
    capacity: Capacity = None,
    own_count: OwnCount = None,
) -> None:
    """Run a saved result again, and say how it differs: by data, model and scenario. The folder is left as it is."""
    import pandas as pd

    from data import areas
    from data.counts.own_counts import in_words
    from data.vocabulary import ALL
    from forecast.presentation import compare, earlier_result, record, then_and_now
    from forecast.runs import scenario_run
    from forecast.runs.baseline import ForecastInputs
    from forecast.runs.made_with import made_now
    from forecast.validation import earlier_forecasts
    from models.headline import HEADLINE

    then = earlier_result.read(folder)
    recorded = then.record
    before = None if baseline is None else _baseline_of(earlier_result.read(baseline), then, baseline)
    area = areas.by_code(recorded.area.la_code)
    if recorded.arguments.capacity is not None and capacity is None:
        raise OptionError(
            f"{folder} was made with the council's own register, {recorded.arguments.capacity}. Give it again with --capacity."
        )
    counts = own_counts(own_count, [area])
    inputs = ForecastInputs.prepare(recorded.model)
    base = inputs.baseline(
        area,
        years=recorded.arguments.years,
        draws=recorded.draws,
        seed=recorded.seed,
        register=own_register(capacity, [area]),
        counts=counts,
    )
    outcome = base.outcome if then.scenario is None else scenario_run.rerun(base, then.scenario)
    own, baseline_now = (
        earlier_result.figures_of(t.plans, t.shortfall, t.flows)
        for t in (record.RunTables(outcome), record.RunTables(base.outcome))
    )
    origin, now = base.outcome.plans.origin, made_now()
    table = earlier_forecasts.read() if recorded.model == HEADLINE else earlier_forecasts.read().iloc[:0]
    januaries = [int(january) for january in baseline_now.index]
    exact = (
        inputs.fitted.forecast(januaries, [area.la_code]).quantiles([0.5]).sel(series=ALL).to_numpy().ravel()
    )
    ahead = [january - origin for january in januaries]
    shipped, present = (
        then_and_now.brought_to_draws(
            earlier_forecasts.totals(table, recorded.origin, maker, area.la_code),
            recorded.origin,
            pd.Series(baseline_now["plans"].to_numpy(), ahead),
            pd.Series(exact, ahead),
        )
        for maker in (earlier_forecasts.SHIPPED, earlier_forecasts.REFITTED)
    )
    if recorded.origin == origin and recorded.model == HEADLINE:
        # On one and the same January the figures of then are those of now.
        present = baseline_now["plans"]
    if then.scenario is None:
        baseline_then = then.figures
    else:
        baseline_then = pd.DataFrame({"plans": shipped}) if before is None else before.figures
    known = base.outcome.history_total.to_series().dropna()
    rows = then_and_now.attributed(
        then_and_now.ThenAndNow(
            then=then.figures,
            now=own,
            baseline_then=baseline_then,
            baseline_now=baseline_now,
            present_on_then=present,
            published=known[known.index > recorded.origin],
        )
    )
    screen = console()
    title = "forecast" if then.scenario is None else then.scenario.title
    say(screen, f"{area.name}: {title}, then and now", "bold")
    say(screen, f"Then: {recorded.made_with.words()}. Now: {now.words()}.")
    say(screen, f"Both with the same {recorded.draws:,} possible futures.")
    if recorded.own_count is not None and counts is None:
        say(
            screen,
            f"Then used the council's own count of {recorded.own_count.plans:,} plans on {in_words(recorded.own_count.day)}; now "
            "does not, so what that count moved is among the differences. Give it again with --own-count if it is newer than "
            f"January {base.outcome.plans.origin}.",
        )
    say_top_lines(screen, base.outcome)
    for measure in dict.fromkeys(rows["measure"]):
        show(
            screen,
            then_and_now.table_text(rows, measure),
            f"{compare.MEASURES[measure]} ({'average' if measure in MEANS else 'middle value'})",
            index=False,
        )
    for note in _notes(then, base, rows, outcome.register, own_baseline=baseline is not None):
        say(screen, f"- {note}")


MEANS: frozenset[str] = frozenset({"joiners", "leavers", "shortfall", "p_shortfall"})
"""Measures whose average alone every kept result holds; the others are middle values."""


def _baseline_of(before: EarlierResult, then: EarlierResult, folder: Path) -> EarlierResult:
    """Return the forecast of then, checked to be that of the scenario's results.

    Raises
    ------
    OptionError
        It is of another authority, January or model, or a scenario itself.
    """
    same = all(
        getattr(before.record, name) == getattr(then.record, name)
        for name in ("area", "origin", "model", "seed", "draws")
    )
    if before.scenario is not None or not same:
        raise OptionError(
            f"--baseline {folder} is not the forecast that the scenario was run on: it should be one without a scenario, of the "
            "same authority, January, model, seed and draws."
        )
    return before


def _notes(
    then: EarlierResult, base: Baseline, rows: pd.DataFrame, register: Register, *, own_baseline: bool
) -> list[str]:
    """Return sentences on what the parts mean here, and on what differs besides."""
    from data.registers.kept_registers import fingerprint
    from forecast.runs import scenario_run
    from forecast.validation.earlier_forecasts import REFITTED

    recorded = then.record
    plans = rows[rows["measure"] == "plans"]
    notes = []
    if plans["model"].notna().any():
        notes.append(
            "Data: what was published since. Model: the present models on the figures of then, less the forecast of then; what "
            "was revised in those figures since is in it."
        )
    else:
        notes.append(
            f"Data and model cannot be told apart: there is no forecast by the {REFITTED} from January {recorded.origin} here. "
            f"It is made by: sendplan earlier-forecasts --origins {recorded.origin}"
            if recorded.model == "headline"
            else f"Data and model cannot be told apart for the model '{recorded.model}'."
        )
    if then.scenario is not None:
        notes.append(
            "Scenario: what the scenario changes now, less what it changed then."
            + (
                ""
                if own_baseline
                else " The baseline of then is the forecast as shipped, of totals only; with --baseline and the folder of the "
                "forecast of then other measures have this part too."
            )
        )
        notes += [one.sentence for one in scenario_run.earlier_dates(base, then.scenario)]
    if fingerprint(register) != recorded.capacity_register.sha256:
        notes.append("The register of places is another than then: that is in data and model.")
    notes.append(f"The result of then stays as it is, in its folder: January {recorded.origin}.")
    return notes


def earlier_forecasts_command(
    origins: Annotated[
        list[int] | None,
        typer.Option(
            help="Earlier Januaries for the present models; left out: the stored forecast as shipped."
        ),
    ] = None,
    seed: ModelSeed = 0,
) -> None:
    """Write down what is forecast from a January, to tell later what changed: as shipped, or by the present models from earlier.

    The present models are fitted again for each earlier January, which takes about five minutes.
    """
    import pandas as pd

    from data.panels import history_tables
    from forecast.demand import stored_fit
    from forecast.demand.members import Models
    from forecast.validation import backtest, earlier_forecasts
    from models.memory import Memory

    history = history_tables.load("current")
    known = earlier_forecasts.read()
    screen = console()
    if origins:
        backtest.check_origins(history, origins)
        parts = []
        with progress(screen) as bar:
            task = bar.add_task("Fitting", total=None)
            models = Models(Memory(), seed=seed, on_step=lambda what: bar.update(task, description=what))
            for origin in sorted(set(origins)):
                parts.append(earlier_forecasts.refit(history, origin, models, seed))
        new = pd.concat(parts, ignore_index=True)
    else:
        new = earlier_forecasts.tabulate(
            stored_fit.load(history).headline(history), history.origin, earlier_forecasts.SHIPPED
        )
    table = earlier_forecasts.together(known, new)
    file = earlier_forecasts.write(table, earlier_forecasts.TABLE)
    say(screen, f"{len(new):,} rows, {len(table):,} in all: {file}")
