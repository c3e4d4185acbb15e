"""Defaults and bounds of a run, shared by every command, page, report and benchmark: years ahead, draws, seed, how sure.

Invariant: nobody else states one of these numbers, so screen, app and files of one question give the same answer.
"""

from __future__ import annotations

YEARS = 10
"""Januaries forecast if nobody says how many."""

MOST_YEARS = 15
"""Longest forecast in years: population projections end in 2040."""

DRAWS = 500
"""Random draws (possible futures) if nobody says how many."""

LEAST_DRAWS, MOST_DRAWS = 100, 10_000
"""Fewer draws make intervals unreliable; more do not fit in memory."""

SEED = 20250101
"""Seed if nobody gives one."""

SURE = 0.8
"""Probability with which places should be enough if nobody says how sure to be."""

REFORM = "reform-2030"
"""The shipped scenario of the reform that is proposed: a named future beside the forecast."""

REFORM_CHANCE = 0.5
"""Chance that the reform becomes law if nobody says otherwise; `forecast.presentation.futures.WHY_REFORM_CHANCE` says why."""
