"""The script of every page: page settings, menu, access and frame. It runs anew at each visit and each change."""

# Processes that do long work import this file again under another name, and must not make a page.
if __name__ == "__main__":
    import streamlit as st

    from forecast.ui.frame import shell

    st.set_page_config(page_title=shell.PRODUCT, layout="wide", initial_sidebar_state="collapsed")

    menu = shell.pages()
    page = st.navigation([p for _, p in menu], position="hidden")
    entry = next(e for e, p in menu if p == page)
    if shell.admits():
        with shell.errors_in_place():
            shell.frame(entry, menu)
            page.run()
        shell.footer()
