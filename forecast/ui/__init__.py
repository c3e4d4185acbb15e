"""The planner's pages in Streamlit; nothing outside this folder imports streamlit."""
