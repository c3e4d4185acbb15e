"""The planner in a browser: page settings and navigation. Start it with ``make app``."""

import streamlit as st

from forecast.ui import shell

st.set_page_config(page_title=shell.PRODUCT, layout="wide", initial_sidebar_state="collapsed")

page = st.navigation(
    [
        st.Page("forecast/ui/overview.py", title="Overview", default=True),
        st.Page("forecast/ui/sources.py", title="Data and sources", url_path="sources"),
    ],
    position="top",
)
with shell.errors_in_place():
    page.run()
shell.footer()
