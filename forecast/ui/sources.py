"""Data and sources: where every figure comes from and how far to trust it."""

import streamlit as st

from forecast.ui import shell
from forecast.ui.text import bullets, plain

shell.heading("Data and sources")
area = shell.choose_area()
with st.spinner(f"Forecasting {area.name}"):
    view = shell.view_of(area.la_code)

st.header(f"{area.name}: what to know about the data", anchor=False)
shell.say(bullets(view.notes))

st.header("Specialist places by setting", anchor=False)
origin = (
    "estimated from national tables"
    if view.register_origin == "estimated"
    else f"kept in {view.register_origin}"
)
shell.say(
    f"The capacity register of {plain(area.name)} is {plain(origin)}. Places are counted where the setting is; rows "
    "marked elsewhere are the places residents use, net, in other authorities."
)
shell.show_table(
    view.register_basis, f"How specialist places in {area.name} in January {view.origin} are known"
)
with st.expander(f"Settings in January {view.origin}", expanded=True):
    shell.show_table(view.register, f"Settings in {area.name} in January {view.origin}")
if len(view.register_later):
    with st.expander(f"Changes after January {view.origin}"):
        shell.show_table(view.register_later, f"Places in {area.name} that begin after January {view.origin}")

st.header("Published tables", anchor=False)
catalogue = shell.published_tables()
shell.say(
    f"{len(catalogue.used) + len(catalogue.other)} tables are built from official releases. First and last are the "
    "periods a table covers: Januaries for stocks, calendar years for flows, financial years as 2023-24."
)
if catalogue.missing:
    st.warning(f"Not in this copy: {plain(', '.join(catalogue.missing))}.")
shell.show_table(catalogue.used, "Tables that the forecast reads")
with st.expander("Other tables"):
    shell.show_table(catalogue.other, "Tables kept for context")

st.header("Licence", anchor=False)
shell.say(shell.ATTRIBUTION)
shell.say(
    "Boundaries contain OS data, Crown copyright and database right. Council and school facts name their "
    "source."
)
