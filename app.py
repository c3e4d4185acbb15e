"""The planner in a browser: page settings and navigation. Start it with ``make app``."""

import streamlit as st

from forecast.ui import shell

# A job of the worker imports this file under another name and shows nothing.
if __name__ == "__main__":
    st.set_page_config(page_title=shell.PRODUCT, layout="wide", initial_sidebar_state="collapsed")

    menu = shell.pages()
    page = st.navigation([p for _, p in menu], position="hidden")
    entry = next(e for e, p in menu if p == page)
    if shell.admits():
        with shell.errors_in_place():
            shell.frame(entry, menu)
            page.run()
        shell.footer()
