"""Overview: the main sentence, four figures, what changed and what is estimated."""

import streamlit as st

from forecast.ui.components import banners, elements, futures_section, results
from forecast.ui.frame import controls, shell, tour
from forecast.ui.frame.text import bullets
from forecast.ui.views.overview import overview

choices = controls.current()
name = choices.area.name
with st.spinner(f"Forecasting {name}"):
    view = results.view(overview, choices)
banners.show(choices)

elements.headline(view.headline, view.how_to_read)
tour.invitation(choices)

st.header("Four figures", anchor=False)
controls.year(choices)
elements.measures(view.measures[choices.year])

st.header("How many plans, in three futures", anchor=False)
with st.container(horizontal=True):
    controls.horizon(choices)
    controls.reform(choices)
futures_section.chart(choices, view.plans)
futures_section.meaning(choices)
futures_section.own_record(view.own_record)

st.header("When places run out", anchor=False)
shell.say(bullets(view.run_out_lines))

st.header("What changed since the last return", anchor=False)
elements.table(view.changed, f"The last two returns of {name}")

st.header("What is estimated rather than known", anchor=False)
elements.estimated(view.estimates)
with st.expander(f"What to know about {name}'s own returns"):
    shell.say(bullets(view.notes))
elements.words(
    "EHC plan",
    "80 % interval",
    "January",
    "New plans",
    "Want a specialist place",
    "Short",
    "Places",
    "Run out",
    "Turned away",
    "Estimated",
    "Joining rate",
    "Three futures",
)
