"""Overview: one authority's plans, places and the gap between them."""

import streamlit as st

from forecast import words
from forecast.ui import charts, shell
from forecast.ui.text import bullets, plain

shell.heading("EHC plans and specialist places")
area = shell.choose_area()
with st.spinner(f"Forecasting {area.name}"):
    view = shell.view_of(area.la_code)

shell.say(f"**{plain(view.headline)}**")
shell.say(plain(words.HOW_TO_READ))

st.header("How many plans", anchor=False)
figure = charts.plans(view.plans, area.name)
st.subheader(figure.title, anchor=False)
st.altair_chart(figure.chart)
shell.say(figure.key)
with st.expander("Figures behind this chart"):
    shell.show_table(view.plans_shown, f"EHC plans in {area.name} each January")
with st.expander("Plans by age"):
    shell.show_table(view.bands, f"EHC plans in {area.name} by age")
with st.expander("Plans by primary need"):
    for number, part in enumerate(view.needs, start=1):
        shell.show_table(
            part, f"EHC plans in {area.name} by primary need, part {number} of {len(view.needs)}"
        )

st.header("Places against demand", anchor=False)
shell.say(bullets(view.run_out_lines))
shell.say(plain(words.PLACES_NOTE))
phase = st.radio(
    "Phase",
    view.phases,
    index=view.phases.index(view.first_phase),
    format_func=lambda code: words.PHASE_LABELS[code],
    horizontal=True,
    key="phase",
)
shown = [r for r in view.run_outs if r.phase == phase]
for column, found in zip(st.columns(max(2, len(shown))), shown, strict=False):
    with column:
        figure = charts.places(view.places, found, area.name)
        st.subheader(figure.title, anchor=False)
        st.altair_chart(figure.chart)
shell.say(charts.PLACES_KEY)
label = words.PHASE_LABELS[phase]
table = view.places_shown[view.places_shown["Phase"] == label].drop(columns="Phase")
with st.expander("Figures behind these charts"):
    shell.show_table(table, f"{label} places against demand in {area.name}")

for title, frame in view.places_more:
    if len(frame):
        with st.expander(title):
            shell.show_table(frame, f"{title}, {area.name}")

st.header("What is estimated rather than known", anchor=False)
shell.say(bullets(view.estimates))

st.header("Download", anchor=False)
shell.say(
    "Tables are long: one figure a row. The capacity register is the template to correct with the council's own "
    "places."
)
labels = {
    "plans.csv": "Plans by age and need (CSV)",
    "shortfall.csv": "Places against demand (CSV)",
    "summary.md": "Summary (Markdown)",
    "run.json": "Record of this run (JSON)",
}
with st.container(horizontal=True):
    for name, content in view.files.items():
        st.download_button(
            labels.get(name, "Capacity register (CSV)"),
            content,
            file_name=name if name.startswith("capacity") else f"{area.slug}-{name}",
            on_click="ignore",
            key=f"download-{name.split('-')[0]}",
        )
