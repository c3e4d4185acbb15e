"""The planner in a browser: page settings and navigation. Start it with ``make app``."""

import streamlit as st

from forecast.ui import shell

st.set_page_config(page_title=shell.PRODUCT, layout="wide", initial_sidebar_state="collapsed")

pages = [
    st.Page("forecast/ui/overview.py", title="Overview", default=True),
    st.Page("forecast/ui/sources.py", title="Data and sources", url_path="sources"),
]
page = st.navigation(pages, position="hidden")
shell.navigation(pages)
with shell.errors_in_place():
    page.run()
shell.footer()
