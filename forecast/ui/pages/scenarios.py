"""Scenarios: edit levers in forms, see the changes at once, explain, seek, save, share and compare."""

import streamlit as st

from forecast.ui.components import banners, elements, futures_section, scenario_answers
from forecast.ui.editors import scenario_editor
from forecast.ui.frame import controls
from forecast.ui.frame.choices import BASELINE
from forecast.ui.frame.shell import say
from forecast.ui.frame.text import literal

choices = controls.current()

say(
    "A scenario says what might change, by how much, for whom and from when. Each change is a lever. The forecast is made again "
    "with the levers and the same chances otherwise, so what differs is what the levers do. A scenario is not a prediction."
)
scenario_editor.opener(choices)
if choices.scenario == BASELINE:
    st.header("No scenario is open", anchor=False)
    say(
        "The sample opens a base in every secondary school. Look at what it changes, then change its levers: nothing of ours is "
        "overwritten, and nothing is kept until you save it."
    )
else:
    scenario_editor.unsaved_warning(choices)
    editor = scenario_editor.current_editor(choices)
    flat = editor.chosen.flat
    st.header(literal(flat.title), anchor=False)
    scenario_editor.release(editor)
    controls.year(choices)
    banners.own_count(choices)
    comparison = scenario_answers.run_beside(choices)
    if comparison is not None:
        scenario_answers.earlier(choices, flat)
        scenario_answers.aloud(choices, comparison)
        scenario_answers.recorded(choices, editor.chosen, comparison)
    form, live = st.columns([5, 7], gap="large")
    with form:
        st.subheader("Levers", anchor=False)
        scenario_editor.levers(choices, editor)
        with st.expander("About this scenario: title, note, caveats, sources"):
            scenario_editor.about(editor)
        with st.expander("The levers in words, with reasons and evidence"):
            scenario_editor.written(editor)
    if comparison is not None:
        with live:
            st.subheader("Against the forecast", anchor=False)
            scenario_answers.live(choices, flat, comparison)
    if comparison is not None:
        st.header("With this scenario, in each of the three futures", anchor=False)
        futures_section.scenario(choices)
    if comparison is not None and flat.levers:
        st.header("What each lever contributes", anchor=False)
        scenario_answers.explain(choices, flat)
        st.header("What size meets a goal?", anchor=False)
        scenario_answers.seek_goal(choices, flat, comparison)
    st.header("Save and share", anchor=False)
    scenario_editor.keeper(choices, editor)

st.header("Compare up to four", anchor=False)
scenario_answers.compare_up_to_four(choices)
elements.words(
    "Scenario",
    "80 % interval",
    "Chance of shortfall",
    "Want a specialist place",
    "January",
    "Joining rate",
    "Three futures",
)
