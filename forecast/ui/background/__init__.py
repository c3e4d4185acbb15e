"""Long work that runs away from the page, in a process of its own; knows no Streamlit."""
