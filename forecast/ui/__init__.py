"""Streamlit pages and the charts they show. Nothing outside this folder imports streamlit."""
