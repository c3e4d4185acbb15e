"""Long-running work in separate processes."""
