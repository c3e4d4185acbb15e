"""Long-running work in processes of its own, without Streamlit."""
