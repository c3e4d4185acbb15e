"""Candidate schemes for new places, and the benchmarks used where a scheme leaves a cost or date blank."""
