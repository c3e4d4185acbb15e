"""All files about one authority: tables as CSV, the summary, the record of the run and the register."""

from __future__ import annotations

import json
from datetime import date

import pandas as pd

from data.panels.history import History
from data.registers.register_file import to_csv
from forecast.core import defaults
from forecast.core.outcome import Outcome
from forecast.core.table_files import csv_bytes
from forecast.presentation import place_tables, record


def tables(run: record.RunTables) -> dict[str, pd.DataFrame]:
    """Return every table of a forecast by name, one figure a row."""
    outcome = run.outcome
    return {
        "figures": run.figures.table(),
        "plans": run.plans,
        "flows": run.flows,
        "process": run.process,
        "shortfall": run.shortfall,
        "demand": place_tables.demand_long(outcome),
        "overflow": place_tables.overflow_long(outcome),
        "settings": place_tables.settings_long(outcome),
        "placements": place_tables.placements_long(outcome),
        "places_to_add": place_tables.places_to_add(outcome),
    }


def files(
    outcome: Outcome, history: History, reform_chance: float = defaults.REFORM_CHANCE
) -> dict[str, bytes]:
    """Return the name and content of each file of a run, with the reform at the chance a reader set (0 to 1)."""
    run = record.RunTables(outcome, reform_chance, date.today())
    frames = tables(run)
    arguments = {
        "area": outcome.area.name, "years": defaults.YEARS, "capacity": outcome.register.origin, "seed": outcome.seed,
        "model": outcome.plans.model, "draws": defaults.DRAWS, "scenario": outcome.scenario,
        "reform_chance": reform_chance,
        "own_count": None if outcome.own_count is None else outcome.own_count.counts.origin,
    }  # fmt: skip
    return {f"{name}.csv": csv_bytes(frame) for name, frame in frames.items()} | {
        "summary.md": record.markdown(run).encode(),
        "run.json": json.dumps(record.provenance(outcome, arguments), indent=2, ensure_ascii=False).encode(),
        f"capacity-{outcome.area.slug}.csv": to_csv(outcome.register).encode("utf-8-sig"),
    }
