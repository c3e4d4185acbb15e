"""People who use the planner: who may sign in, and what each role may do."""
