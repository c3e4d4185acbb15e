"""The planner in a browser: Streamlit's server behind the planner's own guard. Start it with ``make app``."""

import streamlit as st

from forecast.ui.frame import server

app = st.App("forecast/ui/frame/planner.py", middleware=server.middleware(), lifespan=server.opened)
