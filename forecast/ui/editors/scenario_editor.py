"""A scenario on a page: open one, change its levers in forms, save it as a version, and share it.

Invariants: the address holds the scenario under work, so Back undoes a change, a refresh loses nothing and a link shows the same;
a change that makes no scenario stays in the form with what is wrong with it, and the last good one goes on being shown; nothing
kept is overwritten, and of two who edit at once the second is told.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode

import pandas as pd
import streamlit as st

from data.errors import PlannerError
from data.sign_in.people import Right
from forecast.runs import scenario_names
from forecast.runs.made_with import made_now
from forecast.runs.scenario_names import NamedScenario
from forecast.ui.components import elements, results
from forecast.ui.editors import lever_form
from forecast.ui.frame import controls, signing
from forecast.ui.frame.callbacks import callback
from forecast.ui.frame.choices import BASELINE, SAMPLE, Choices
from forecast.ui.frame.shell import say
from forecast.ui.frame.text import bullets, literal
from forecast.ui.views import lever_fields, recorded_runs, scenario_draft
from forecast.ui.views.lever_fields import Values
from forecast.ui.views.scenario_draft import ScenarioDraft
from scenarios import keeping, reading
from scenarios.levers import describe
from scenarios.scenario import Scenario
from scenarios.store import Store
from scenarios.store.words import moment

PENDING = "scenario-pending"
"""Where the session holds a change that makes no scenario yet."""

MESSAGE = "scenario-told"
"""Where the session holds what to say once, after the page was made again."""

SAVER = "saver"
"""Where the session holds the name that was typed, where nobody signs in."""

LEVER = "scenario-lever"
"""Where the session holds which lever is changed."""


@dataclass(frozen=True)
class ScenarioEditor:
    """The scenario being edited, with its problem if it has one.

    Parameters
    ----------
    chosen
        The scenario of the address.
    work
        What the form shows: the scenario, or a change of it that makes none yet.
    problem
        Why the change makes none; blank where there is no such change.
    """

    chosen: NamedScenario
    work: ScenarioDraft
    problem: str = ""


def current_editor(choices: Choices) -> ScenarioEditor:
    """Return the scenario being edited."""
    chosen = results.scenario_of(choices)
    name, values, began, problem = st.session_state.get(PENDING, ("", {}, 0, ""))
    if name == choices.scenario:
        return ScenarioEditor(chosen, ScenarioDraft(values, began), problem)
    return ScenarioEditor(chosen, scenario_draft.begin_draft(chosen))


def opener(choices: Choices) -> None:
    """Show which scenario is open, and ways to open another."""
    chosen = None if choices.scenario == BASELINE else results.scenario_of(choices)
    titles = scenario_draft.titles(chosen, choices.scenario)
    key = "choose-scenario"
    st.session_state[key] = choices.scenario
    st.selectbox(
        "Scenario",
        list(titles),
        format_func=lambda name: titles[name],
        key=key,
        on_change=_open_chosen,
        args=(key,),
        width=700,
    )
    with st.container(horizontal=True):
        if choices.scenario != SAMPLE:
            st.button("Open the sample scenario", key="open-sample", on_click=_open_sample)
        empty = scenario_draft.scenario_of(ScenarioDraft(scenario_draft.EMPTY, 0))
        st.button(
            "Start an empty one",
            key="open-empty",
            on_click=_put,
            args=(ScenarioDraft(reading.to_values(empty), 0),),
        )
        if chosen is not None:
            st.button(
                "Duplicate this one", key="duplicate", on_click=_put, args=(scenario_draft.duplicate(chosen),)
            )
    message = st.session_state.pop(MESSAGE, None)
    if message is not None:
        (st.success if message[0] else st.error)(literal(message[1]))


def unsaved_warning(choices: Choices) -> None:
    """Show a warning if the scenario is not saved."""
    if scenario_draft.is_unsaved(choices.scenario):
        st.warning(
            "Not saved yet. Your work is in the address of this page only: it survives a refresh, Back and a link, and is "
            "lost if you close the window without saving it or copying the link."
        )


def release(editor: ScenarioEditor) -> None:
    """Show what a kept scenario was made with, if that was not what is used now."""
    words = recorded_runs.release_words(editor.chosen, made_now())
    if words:
        st.info(literal(words))


def levers(choices: Choices, editor: ScenarioEditor) -> None:
    """Show the levers of the scenario, the form of one of them, and a way to add another."""
    values = editor.work.content
    of_scenario = values["levers"]
    if editor.problem:
        st.error(literal(editor.problem))
        say("The figures are of the scenario before this change.")
        st.button("Undo the change", key="undo-change", on_click=_undo)
    labels = [_label(lever, position) for position, lever in enumerate(of_scenario)]
    if of_scenario:
        position = min(st.session_state.get(LEVER, 0), len(of_scenario) - 1)
        st.session_state["pick-lever"] = position
        st.selectbox(
            "Lever to change",
            range(len(of_scenario)),
            format_func=lambda i: labels[i],
            key="pick-lever",
            on_change=_pick,
        )
        lever = of_scenario[position]
        with st.container(border=True):
            settings = sorted(set(results.register_of(choices).rows["setting"].astype(str)))
            lever_form.form(
                lever, f"lever-{position}-{lever['kind']}", settings, partial(_change_lever, position)
            )
            st.button("Remove this lever", key="remove-lever", on_click=_remove, args=(position,))
    else:
        say("It has no levers yet, so it is the forecast itself. Add one.")
    with st.container(border=True):
        st.selectbox(
            "Another lever", list(lever_fields.KIND_LABELS), format_func=lambda k: lever_fields.KIND_LABELS[k], key="new-kind",
            help="It begins from a round size, to be replaced by yours.",
        )  # fmt: skip
        st.button("Add this lever", key="add-lever", on_click=_add)


def about(editor: ScenarioEditor) -> None:
    """Show title, note, caveats and sources of the scenario in a form."""
    values = editor.work.content
    fields = (
        ("title", "Title", "line"), ("id", "Short name: lower-case words joined by hyphens", "line"),
        ("note", "What it says and why", "text"), ("caveats", "What a reader must not take from it, one a line", "lines"),
        ("evidence", "Sources, one a line", "lines"), ("policy_date", "Date of the policy it reads, such as 2026-03-13", "line"),
    )  # fmt: skip
    for name, label, takes in fields:
        key = f"about-{name}"
        value = values.get(name)
        st.session_state[key] = (
            "\n".join(value) if isinstance(value, list) else "" if value is None else str(value)
        )
        widget: Any = st.text_input if takes == "line" else st.text_area
        widget(label, key=key, on_change=_follow_about, args=(name, key, takes))


def written(editor: ScenarioEditor) -> None:
    """Show each lever of the scenario in words, with its reason, status and evidence."""
    flat = editor.chosen.flat
    rows = [
        {
            "Lever": lever.name, "What it does": describe(lever), "Why": lever.why, "How firm": lever.status.capitalize(),
            "Owner": lever.owner or "nobody named", "Evidence": "; ".join(lever.evidence) or "none given",
        }
        for lever in flat.levers
    ]  # fmt: skip
    if flat.note:
        say(literal(flat.note))
    if flat.caveats:
        say(bullets(flat.caveats))
    if rows:
        elements.table(pd.DataFrame(rows), f"Levers of {flat.title}")


def keeper(choices: Choices, editor: ScenarioEditor) -> None:
    """Show a form to save the scenario as a version, its versions, a link and a download."""
    chosen = editor.chosen
    scenario = chosen.flat if editor.problem or chosen.began is not None else chosen.as_written
    unsaved = scenario_draft.is_unsaved(choices.scenario)
    if unsaved:
        say(
            literal(
                f"It will be saved as {scenario.id}, version {editor.work.began + 1}."
                if editor.work.began
                else f"It will be saved as a new scenario, {scenario.id}. Title and short name are under 'About this scenario'."
            )
        )
        why = signing.why_not(Right.KEEP_SCENARIOS)
        if why:
            st.info(
                literal(f"{why} Until then this work can be shared by its link and downloaded, not saved.")
            )
        elif signing.is_set_up():
            say(literal(f"The history will say that {signing.person().signature} saved it."))
        else:
            st.text_input("Your name, for the history", key=SAVER, value=signing.person().name)
        st.text_input("What changed and why (may be left blank)", key="comment")
        st.button(
            "Save",
            type="primary",
            key="save-scenario",
            on_click=_save,
            args=(scenario, editor.work.began),
            disabled=bool(editor.problem or why),
        )
    elif chosen.kept is not None:
        say(
            literal(
                f"Saved: version {chosen.kept.version}, by {chosen.kept.saved_by} on {moment(chosen.kept.saved_at)}."
            )
        )
    else:
        say(
            "This scenario comes with the planner. Change a lever and it becomes yours, under a name of its own, to be saved."
        )
    say("Anyone who can open this planner sees the same with this link:")
    base = str(st.context.url or "").partition("?")[0]
    st.code(f"{base}?{_query(choices)}", language=None, wrap_lines=True)
    elements.download(
        "Download as a file, for the command line",
        reading.to_yaml(scenario).encode("utf-8"),
        f"{scenario.id}.yaml",
    )
    _versions(scenario.id)


def _versions(scenario_id: str) -> None:
    opened = scenario_names.open_if_there(None)
    known = {v.scenario_id for v in opened.scenarios()} if opened else set()
    if opened is None or scenario_id not in known:
        return
    versions = opened.versions(scenario_id)
    rows = [
        {
            "Version": v.version,
            "Title": v.title,
            "Saved by": v.saved_by,
            "When": moment(v.saved_at),
            "Comment": v.comment or "none",
            "Made on": v.made_with.words().removeprefix("made on "),
        }
        for v in reversed(versions)
    ]
    elements.table(pd.DataFrame(rows), f"Versions of {scenario_id}")
    names = {scenario_names.ref_of(v): f"Version {v.version}, {v.title}" for v in reversed(versions)}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox("Version to open", list(names), format_func=lambda n: names[n], key="pick-version")
        st.button("Open this version", key="open-version", on_click=_open_version)


def _query(choices: Choices) -> str:
    return urlencode(controls.address(choices))


def _label(lever: Values, position: int) -> str:
    kind = lever_fields.KIND_LABELS[lever["kind"]]
    return f"{position + 1}. {lever.get('id', lever['kind'])}: {kind[:1].lower()}{kind[1:]}"


def _change_lever(position: int, alter: Callable[[Values], None]) -> None:
    def turn(work: ScenarioDraft) -> ScenarioDraft:
        alter(work.content["levers"][position])
        return work

    _change(turn)


def _change(turn: Callable[[ScenarioDraft], ScenarioDraft]) -> None:
    """Change the scenario in the address; if it is not valid, keep the change aside with its problem."""
    choices = controls.current()
    before = current_editor(choices).work
    _put(turn(ScenarioDraft(copy.deepcopy(before.content), before.began)))


@callback
def _put(work: ScenarioDraft) -> None:
    """Write the scenario into the address; if it is not valid, keep it aside with its problem."""
    choices = controls.current()
    try:
        name = scenario_draft.name_of(work)
    except PlannerError as error:
        st.session_state[PENDING] = (choices.scenario, work.content, work.began, str(error))
        return
    _open(name)


def _open(name: str) -> None:
    """Open a scenario; in a comparison it replaces the one open before."""
    choices = controls.current()
    st.session_state.pop(PENDING, None)
    replaced = scenario_draft.is_unsaved(choices.scenario) and choices.scenario in choices.compare
    if replaced and name not in choices.compare:
        controls.choose("compare", tuple(name if n == choices.scenario else n for n in choices.compare))
    controls.choose("scenario", name)


@callback
def _open_chosen(key: str) -> None:
    st.session_state[LEVER] = 0
    _open(st.session_state[key])


@callback
def _open_sample() -> None:
    # Of all it changes, children without a place show best what a scenario is for.
    controls.choose("measure", "shortfall")
    st.session_state[LEVER] = 0
    _open(SAMPLE)


@callback
def _open_version() -> None:
    _open(st.session_state["pick-version"])


@callback
def _undo() -> None:
    st.session_state.pop(PENDING, None)


@callback
def _pick() -> None:
    st.session_state[LEVER] = st.session_state["pick-lever"]


@callback
def _add() -> None:
    kind = st.session_state["new-kind"]

    def turn(work: ScenarioDraft) -> ScenarioDraft:
        work.content["levers"] = [
            *work.content["levers"],
            lever_fields.new_lever(kind, work.content["levers"]),
        ]
        st.session_state[LEVER] = len(work.content["levers"]) - 1
        return work

    _change(turn)


@callback
def _remove(position: int) -> None:
    def turn(work: ScenarioDraft) -> ScenarioDraft:
        work.content["levers"] = [lever for i, lever in enumerate(work.content["levers"]) if i != position]
        return work

    _change(turn)


@callback
def _follow_about(name: str, key: str, takes: str) -> None:
    typed = str(st.session_state[key])
    value: Any = [line for line in typed.splitlines() if line.strip()] if takes == "lines" else typed.strip()

    def turn(work: ScenarioDraft) -> ScenarioDraft:
        if name == "id":
            return scenario_draft.renamed(work, value)
        lever_fields.put(work.content, (name,), value)
        return work

    _change(turn)


@callback
def _save(scenario: Scenario, began: int) -> None:
    try:
        kept = keeping.keep(
            Store.open(),
            scenario,
            expected_version=began,
            who=signing.person(st.session_state.get(SAVER, "")),
            comment=st.session_state["comment"],
            made_with=made_now(),
        )
    except PlannerError as error:
        st.session_state[MESSAGE] = (False, str(error))
        return
    st.session_state[MESSAGE] = (
        True,
        f"Saved: {kept.subject}. Links to it show the same for good, whatever is saved later.",
    )
    _open(scenario_names.ref_of(kept))
