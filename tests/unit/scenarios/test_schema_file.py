"""The published JSON Schema is the grammar's, and knows what it says."""

from __future__ import annotations

import json

import jsonschema

from scenarios.levers import KINDS
from scenarios.reading import LIBRARY
from scenarios.schema import PUBLISHED, schema
from scenarios.yaml_text import parse_yaml


def test_the_published_schema_is_not_stale() -> None:
    assert PUBLISHED.read_text(encoding="utf-8") == schema(), (
        "run: python -m scenarios.schema > scenarios/schema.json"
    )


def test_the_schema_tells_the_kinds_apart_and_refuses_unknown_keys() -> None:
    said = json.loads(schema())
    mapping = said["properties"]["levers"]["items"]["discriminator"]["mapping"]
    assert set(mapping) == set(KINDS)
    assert said["additionalProperties"] is False
    lever = said["$defs"][mapping["placement"].rsplit("/", 1)[1]]
    assert lever["additionalProperties"] is False
    assert {"from", "to", "moment", "when", "change", "why"} <= set(lever["required"])


def test_the_library_keeps_to_the_schema_and_a_slip_does_not() -> None:
    validator = jsonschema.Draft202012Validator(json.loads(schema()))
    for path in LIBRARY.glob("*.yaml"):
        assert not list(validator.iter_errors(parse_yaml(path.read_text(encoding="utf-8")).value)), path.name
    said = parse_yaml((LIBRARY / "low-births.yaml").read_text(encoding="utf-8")).value
    assert isinstance(said, dict)
    said["levers"][0]["wen"] = said["levers"][0].pop("when")
    assert list(validator.iter_errors(said))
