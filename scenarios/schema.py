"""JSON Schema of a scenario, with which editors check and complete files while they are typed.

Run ``python -m scenarios.schema > scenarios/schema.json`` after a change of the grammar; a test fails while the file is stale.
A schema cannot say everything: sizes, ages and settings that contradict each other are found on reading.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from scenarios.scenario import Scenario

PUBLISHED = Path(__file__).with_name("schema.json")
"""The published schema."""


def schema() -> str:
    """Return the JSON Schema of a scenario as text."""
    body = Scenario.model_json_schema(mode="validation")
    body = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Scenario"} | body
    return json.dumps(body, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema())
