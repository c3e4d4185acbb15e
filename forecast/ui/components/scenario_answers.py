"""Results of scenarios on a page: compared with the forecast, by lever, for a goal, and up to four side by side."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from data.citations import SEN2
from data.errors import PlannerError
from forecast.presentation import compare, seek, wording
from forecast.presentation.words import SHORT_PROVISIONS
from forecast.runs import scenario_names, scenario_run
from forecast.runs.made_with import made_now
from forecast.runs.scenario_names import NamedScenario
from forecast.ui.background import scenario_jobs
from forecast.ui.components import elements, results, work_requests
from forecast.ui.components.charts import scenarios as scenario_charts
from forecast.ui.components.progress import awaited
from forecast.ui.frame import controls
from forecast.ui.frame.callbacks import callback
from forecast.ui.frame.choices import BASELINE, MEASURES, Choices
from forecast.ui.frame.shell import say
from forecast.ui.frame.text import bullets, literal
from forecast.ui.views import lever_fields, recorded_runs, scenario_draft
from forecast.ui.views import scenarios as scenario_view
from forecast.ui.views.common import REGISTER, Source
from forecast.ui.views.lever_fields import SizeUnit
from scenarios.levers import Lever
from scenarios.scenario import Scenario

HOW_TO_READ = (
    "Children and plans are middle figures, as on every page; pounds are averages, because parts of a sum have to add up. A "
    "difference is taken future by future, so it need not be one middle less the other. The 80 % interval holds the difference "
    "in about 8 of 10 futures."
)

_KINDS: dict[str, str] = {"": "All specialist places"} | {
    code: label[0].upper() + label[1:] for code, label in SHORT_PROVISIONS.items() if code in compare.HEADINGS
}

_BOUNDS: dict[seek.Bound, str] = {"at_most": "At most", "at_least": "At least"}


def run_beside(choices: Choices) -> scenario_view.Beside | None:
    """Return the open scenario compared with the forecast; if it cannot be run here, show why and return None."""
    try:
        with st.spinner("Making the forecast again"):
            return _beside(choices, (BASELINE, choices.scenario))
    except PlannerError as error:
        st.error(literal(str(error)))
        return None


def earlier(choices: Choices, flat: Scenario) -> None:
    """Show what of the open scenario is dated before the first forecast year, with what becomes of it."""
    dates = scenario_run.earlier_dates(results.baseline_of(choices), flat)
    if dates:
        st.warning(
            f"Dated before the first forecast year ({len(dates)}):\n\n{bullets(tuple(one.sentence for one in dates))}"
        )


def recorded(choices: Choices, chosen: NamedScenario, comparison: scenario_view.Beside) -> None:
    """Show the latest recorded run of this with another release or other models, beside the figures of now."""
    store, now = scenario_names.open_if_there(None), made_now()
    runs = () if store is None else store.runs(chosen.flat.id)
    earlier_runs = recorded_runs.earlier_runs(runs, chosen, choices.area.la_code, now)
    one = recorded_runs.beside_now(earlier_runs, comparison, now.latest_january)
    if one is None:
        return
    with st.expander("What was recorded before, beside the figures of now", expanded=True):
        say(literal(one.words))
        elements.table(
            one.table, f"{choices.area.name}, January {one.january}: averages, as runs record them"
        )
        if one.others:
            say(f"{one.others} more in the history: sendplan scenario history {chosen.flat.id}")
        say(
            "Which part of a difference is data, model or scenario: sendplan then-and-now, for a folder of results."
        )


def aloud(choices: Choices, comparison: scenario_view.Beside) -> None:
    """Show the changes that a scenario makes, in words."""
    elements.headline(scenario_view.sentence(comparison, choices.area.name, choices.year), HOW_TO_READ)


def live(choices: Choices, flat: Scenario, comparison: scenario_view.Beside) -> None:
    """Show the changes a scenario makes, in figures and a chart."""
    area = choices.area
    elements.table(
        scenario_view.against_forecast(comparison, choices.year),
        f"{area.name}, January {choices.year}, and {wording.RANGE_OF_FUTURES}",
    )
    controls.measure(choices, {m: compare.MEASURES[m] for m in MEASURES if scenario_view.has(comparison, m)})
    if not scenario_view.has(comparison, choices.measure):
        say(
            f"{compare.MEASURES[choices.measure]} cannot be forecast here: income or spending is not published."
        )
        return
    lines = scenario_view.lines(comparison, choices.measure, choices.last)
    elements.chart(
        scenario_charts.beside(
            lines,
            choices.measure,
            area.name,
            scenario_view.finding(comparison, choices.measure, choices.last),
        ),
        scenario_view.lines_in_words(lines, choices.measure),
        f"{compare.MEASURES[choices.measure]} in {area.name}, with and without the scenario",
        _source(choices),
        lines,
        f"{area.slug}-{flat.id}-{choices.measure}.csv",
    )
    remarks = scenario_run.lever_notes(results.baseline_of(choices), flat)
    if remarks:
        with st.expander(f"What to know about these levers here ({len(remarks)})"):
            say(bullets(remarks))


def explain(choices: Choices, flat: Scenario) -> None:
    """Show the contribution of each lever and the widest intervals, once worked out in the background."""
    area = choices.area
    say(
        "Each lever is run alone, then each range at its ends: some seconds a lever, in the background. What levers do together "
        "beyond that has a bar of its own. Bars are averages, because they have to add up to the change and middles do not."
    )
    explained: scenario_jobs.Explained | None = awaited(
        "explain",
        f"Work out what each lever contributes in January {choices.year}",
        scenario_jobs.explained,
        (work_requests.job_inputs(choices, (choices.scenario,)), choices.year),
    )
    if explained is None:
        return
    code = choices.measure if choices.measure in explained.bars else scenario_jobs.MEASURES[0]
    when = seek.Point(code, choices.year).words().rpartition(", ")[2]
    if code != choices.measure:
        say(
            "Plans, children short of a place and cost can be explained: choose one of them under 'Show' above."
        )
    steps = scenario_view.steps(explained.bars[code])
    if not steps.loc[steps["kind"] != "total", "change"].abs().max():
        say(literal(f"No lever of this scenario moves this by then: {compare.MEASURES[code]}, {when}."))
        return
    elements.chart(
        scenario_charts.contributions(steps, code, area.name, flat.title, when),
        explained.texts[code],
        f"What each lever contributes to {compare.MEASURES[code]}, {when}",
        _source(choices),
        explained.bars[code],
        f"{area.slug}-{flat.id}-levers-{code}.csv",
    )
    widths = explained.widths[code]
    if not widths["width"].max() > 0:
        say("No lever has a range that matters here, so there is no range to find out more about.")
        return
    elements.chart(
        scenario_charts.tornado(widths, code, area.name, when),
        explained.widths_texts[code],
        f"What each lever's range means for {compare.MEASURES[code]}, {when}",
        _source(choices),
        widths,
        f"{area.slug}-{flat.id}-ranges-{code}.csv",
    )


def seek_goal(choices: Choices, flat: Scenario, comparison: scenario_view.Beside) -> None:
    """Show a form for a goal, and then the size of a lever that meets it, once found in the background."""
    say(
        "Finds the size nearest to the first of two that meets a goal, in the January chosen above. It takes for "
        "granted that more of the lever always moves the goal one way."
    )
    sized = {lever.name: lever for lever in flat.levers if scenario_run.size_field(lever) is not None}
    if not sized:
        say("No lever of this scenario has a size.")
        return
    left, right = st.columns(2, gap="large")
    with left:
        lever = st.selectbox("Lever whose size is looked for", list(sized), key="seek-lever")
        unit = _unit_of(sized[lever])
        typed = unit.label[:1].lower() + unit.label[1:]
        step = float(unit.step)
        low = st.number_input(
            f"From, {typed}", value=0.0, step=step, format="%.10g", key=f"seek-low-{unit.label}"
        )
        high = st.number_input(
            f"To, {typed}", value=20 * step, step=step, format="%.10g", key=f"seek-high-{unit.label}"
        )
    with right:
        goals = [
            m for m in compare.LABELLED if scenario_view.has(comparison, "cost") or m not in compare.POUNDS
        ]
        goal = st.selectbox(
            "What the goal is about",
            goals,
            format_func=lambda m: compare.LABELLED[m],
            key="seek-goal",
            index=goals.index("shortfall"),
        )
        kind = ""
        if goal in seek.OF_PLACES:
            kind = st.selectbox(
                "Kind of place", list(_KINDS), format_func=lambda p: _KINDS[p], key="seek-kind"
            )
        bound = st.selectbox(
            "It should be", list(_BOUNDS), format_func=lambda b: _BOUNDS[b], key="seek-bound"
        )
        of, factor = _goal_unit(goal)
        now = scenario_view.centre(comparison, goal, choices.year)
        value = st.number_input(
            f"Value, {of}",
            value=float(round(now / factor, 1 if goal in compare.POUNDS else 0)),
            step=1.0,
            format="%.10g",
            key=f"seek-value-{goal}-{kind}",
        )
        if now:
            of_all = ", all specialist places together" if kind else ""
            say(literal(f"With the scenario as it is: {compare.part(goal, now)}{of_all}."))
    search = scenario_jobs.Sought(
        lever,
        unit.size(low),
        unit.size(high),
        goal,
        choices.year,
        kind or None,
        bound,
        round(value * factor, 6),
    )
    answer = awaited(
        "seek",
        f"Look for the size that meets it in January {choices.year}",
        scenario_jobs.sought,
        (work_requests.job_inputs(choices, (choices.scenario,)), search),
    )
    if answer is not None:
        say(literal(f"Goal: {search.goal.words()}."))
        st.info(literal(answer))


def compare_up_to_four(choices: Choices) -> None:
    """Show up to four scenarios side by side."""
    area = choices.area
    opened = None if choices.scenario == BASELINE else results.scenario_of(choices)
    controls.compare(choices, scenario_draft.titles(opened, choices.scenario))
    if opened is not None and choices.scenario not in choices.compare:
        st.button(
            "Set this scenario beside the forecast",
            key="compare-this",
            on_click=callback(controls.choose),
            args=("compare", (BASELINE, choices.scenario)),
        )
    # Four runs take seconds, so nobody waits for those that were not asked for.
    if not st.toggle("Show them", key="show-compare", value=choices.compare != controls.usual("compare")):
        return
    with st.spinner("Running the scenarios"):
        comparison = _beside(choices, choices.compare)
    first = next(iter(comparison.names.values()))
    elements.table(
        scenario_view.side_by_side(comparison, choices.year),
        f"{area.name}, January {choices.year}, side by side, and {wording.RANGE_OF_FUTURES}",
    )
    elements.table(
        scenario_view.differences(comparison, choices.year),
        f"{area.name}, January {choices.year}: difference from '{first}', future by future",
    )
    if not scenario_view.has(comparison, choices.measure):
        return
    lines = scenario_view.lines(comparison, choices.measure, choices.last)
    elements.chart(
        scenario_charts.beside(
            lines,
            choices.measure,
            area.name,
            scenario_view.finding_of_many(comparison, choices.measure, choices.last),
        ),
        scenario_view.lines_in_words(lines, choices.measure),
        f"{compare.MEASURES[choices.measure]} in {area.name}, scenarios side by side",
        _source(choices),
        comparison.table,
        f"{area.slug}-scenarios.csv",
    )


def _beside(choices: Choices, names: tuple[str, ...]) -> scenario_view.Beside:
    """Return scenarios side by side, from runs that readers share."""
    scenarios = [None if n == BASELINE else results.scenario_of(replace(choices, scenario=n)) for n in names]
    titles = scenario_draft.make_distinct(
        [scenario_view.FORECAST_COLUMN if s is None else scenario_draft.title_of(s) for s in scenarios]
    )
    draws_of = {name: results.measured_of(replace(choices, scenario=name)) for name in names}
    januaries = [int(j) for j in results.baseline_of(choices).outcome.plans.future["january"].to_numpy()]
    return scenario_view.beside(
        draws_of, dict(zip(names, titles, strict=True)), choices.area.la_code, januaries
    )


def _unit_of(lever: Lever) -> SizeUnit:
    """Return the unit in which the size of a lever is entered."""
    return lever_fields.unit_of(lever.model_dump(mode="json"), scenario_run.size_field(lever) or "change")


def _goal_unit(measure: str) -> tuple[str, float]:
    """Return the unit in which the value of a goal is entered, and the factor on it."""
    if measure == "p_shortfall":
        return "per cent", 0.01
    return ("£ million", 1e6) if measure in compare.POUNDS else ("plans or children", 1.0)


def _source(choices: Choices) -> Source:
    return Source(
        "EHC plans; children and young people; pounds of the year",
        f"each January to {choices.last}; for pounds the financial year it is in",
        "80 % interval, future by future: a scenario meets the same chances as the forecast",
        f"{SEN2}; {REGISTER}; prices and income as sendplan money",
        "Sizes of levers are those of whoever wrote the scenario; how firm each is stands beside it.",
    )
