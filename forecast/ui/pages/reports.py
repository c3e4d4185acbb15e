"""Reports: files for other readers, made in the background, previewed and downloaded."""

from datetime import date

import streamlit as st

from forecast.ui.components import banners, elements, report_preview
from forecast.ui.components.progress import awaited
from forecast.ui.components.report_items import RETURNS
from forecast.ui.frame import controls, shell
from forecast.ui.frame.text import literal
from forecast.ui.views import scenario_draft

choices = controls.current()
banners.show(choices)
shell.say(
    "Each report is made in the background when you ask for it: you can use other pages meanwhile and come back. "
    "Whoever opens this "
    "address sees the same result until the planner is started again."
)
controls.scenario(choices, scenario_draft.listed(choices))
for item in RETURNS:
    st.header(item.title, anchor=False)
    shell.say(item.says)
    item.controls(choices)
    made = awaited(item.id, item.label, item.job, item.arguments(choices, date.today()))
    if made is None:
        continue
    shell.say(literal(made.says))
    for name, content in made.files.items():
        elements.download(f"Download {name}", content, name)
    with st.expander(f"Preview: {item.title}"):
        report_preview.show(made.preview, item.title)
elements.words("Scenario", "EHC plan", "80 % interval", "Present value", "What another future costs")
