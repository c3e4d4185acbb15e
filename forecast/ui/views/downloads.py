"""Everything about one authority as files: tables as CSV, the summary, the record of the run and the register."""

from __future__ import annotations

import json

from data.history import History
from data.register_file import to_csv
from forecast import answers, record, summary
from forecast.outcome import Outcome
from forecast.run import DEFAULT_DRAWS, DEFAULT_YEARS
from forecast.ui import exports


def files(outcome: Outcome, history: History) -> dict[str, bytes]:
    """Return the name and content of each file of a run."""
    long, shortfall = summary.plans_long(outcome), summary.shortfall_long(outcome)
    arguments = {
        "area": outcome.area.name, "years": DEFAULT_YEARS, "capacity": outcome.register.origin, "seed": outcome.seed,
        "model": outcome.plans.model, "draws": DEFAULT_DRAWS, "scenario": outcome.scenario,
    }  # fmt: skip
    tables = {
        "plans": long,
        "flows": summary.flows_long(outcome),
        "process": summary.process_long(outcome),
        "shortfall": shortfall,
        "demand": answers.demand_long(outcome),
        "overflow": answers.overflow_long(outcome),
        "settings": answers.settings_long(outcome),
        "placements": answers.placements_long(outcome),
        "places_to_add": answers.places_to_add(outcome),
    }
    return {f"{name}.csv": exports.to_csv(frame) for name, frame in tables.items()} | {
        "summary.md": record.markdown(outcome, long, shortfall).encode(),
        "run.json": json.dumps(record.provenance(outcome, arguments), indent=2, ensure_ascii=False).encode(),
        f"capacity-{outcome.area.slug}.csv": to_csv(outcome.register).encode("utf-8-sig"),
    }
