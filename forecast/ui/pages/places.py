"""Places: capacity against places wanted and filled, when it runs out, by setting, and the register behind it."""

import streamlit as st

from data.citations import SEN2
from data.vocabulary import ALL
from forecast.presentation import words
from forecast.ui.components import banners, elements, results
from forecast.ui.components.charts import places as place_charts
from forecast.ui.editors import register_editor
from forecast.ui.frame import controls, shell
from forecast.ui.frame.choices import years
from forecast.ui.frame.text import bullets, literal
from forecast.ui.views import places
from forecast.ui.views.common import REGISTER, Source

MOST_CHARTS = 4

choices = controls.current()
area, name = choices.area, choices.area.name
with st.spinner(f"Forecasting {name}"):
    view = results.view(places.places, choices)
banners.show(choices)

elements.headline(view.headline, words.HOW_TO_READ)

st.header("When does it run out?", anchor=False)
with st.container(horizontal=True):
    controls.phase(choices, view.phases)
    controls.need(choices)
    controls.horizon(choices)
group = places.group_of(choices.need)
label = places.group_label(choices.need)
of = f"{label.lower()}, {controls.phase_label(choices.phase).lower()}"
if group != ALL:
    shell.say(f"Places are shared by groups of needs, so this is {literal(label.lower())}.")
chances = places.strip(view, choices.phase, group, choices.last)
if len(chances):
    elements.strip(chances, f"Chance that at least one child is short, {of}, each January")
else:
    shell.say(f"Nobody in {literal(name)} wants a specialist place of this kind, and there is none.")
shell.say(
    bullets(tuple(words.run_out_sentence(r) for r in places.found_run_outs(view, choices.phase, group)))
)

source = Source(
    "Children and young people; places",
    f"each January from {years()[0]} to {choices.last}",
    "80 % interval of those who want a place",
    f"{SEN2}; {REGISTER} {view.register_origin}",
    "Children turned away today are inferred, not counted; places marked estimated in the register.",
)
st.header("How many want a place, are placed and are short", anchor=False)
frame = places.places_frame(view, group, choices.last)
run_outs = places.found_run_outs(view, choices.phase, group)
if len(run_outs) > MOST_CHARTS:
    shell.say(
        f"Charts of the {MOST_CHARTS} kinds of place that run out first; choose a phase for the others."
    )
run_outs = run_outs[:MOST_CHARTS]
shell.say(literal(words.PLACES_NOTE))
for start in range(0, len(run_outs), 2):
    for column, one in zip(st.columns(2), run_outs[start : start + 2], strict=False):
        with column:
            kind = f"{words.PHASE_LABELS[one.phase]}, {words.SHORT_PROVISIONS[one.provision]}"
            rows = frame[(frame["phase"] == one.phase) & (frame["provision"] == one.provision)]
            st.markdown(literal(kind))
            elements.chart(
                place_charts.places(frame, one, name),
                places.kind_table(view, one, group, choices.last),
                f"{kind}, {label.lower()}",
                source,
                rows,
                f"{area.slug}-places-{one.phase}-{one.provision}-{group}.csv".lower(),
            )
with st.expander(f"All kinds of place in one table, {of}"):
    elements.table(
        places.table(view, choices.phase, group, choices.last), f"Places against demand in {name}, {of}"
    )
for title, more in view.more:
    with st.expander(literal(title)):
        elements.table(more, f"{title}, {name}")
with st.expander("What overflow is caused by, and how to read places"):
    shell.say(bullets((*view.causes, *view.notes)))

st.header("Settings", anchor=False)
controls.year(choices)
elements.table(
    places.settings_table(view, choices.year),
    f"Settings of {name} in January {choices.year}: expected pupils of expected places",
)
with st.expander("How places are known, and every row of the register"):
    elements.table(
        view.register_basis, f"How specialist places in {name} in January {years()[0] - 1} are known"
    )
    elements.table(view.register, f"Register of {name}, in force in January {years()[0] - 1}")
    elements.table(view.register_later, "Rows that begin later")
for warning in view.warnings:
    st.warning(literal(warning))

st.header("The register of places", anchor=False)
register_editor.picker(choices)
if st.toggle("Edit the register here", key="edit-register"):
    register_editor.edit(choices)
else:
    shell.say(
        "Turn this on to change places, ages, needs and years in a grid; or download the register, edit it in a "
        "spreadsheet and put it in "
        "on the page Data."
    )
register_editor.template(choices)
elements.words(
    "Want a specialist place",
    "Placed",
    "Short",
    "Places",
    "Chance of shortfall",
    "Run out",
    "Turned away",
    "Register of places",
    "Specialist base",
    "Estimated",
)
