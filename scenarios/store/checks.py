"""Checks of values to be stored, made before the store is touched, so that a refusal leaves it unchanged."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from typing import Any

from data.errors import StoreError
from data.formatting import describe_control_character, quoted
from scenarios.store.rows import Draft, RunFacts

LINE = 400
"""Most characters of a name, a title or a hash."""

COMMENT = 2_000
"""Most characters of a comment."""

BODY = 5_000_000
"""Most characters of a scenario or of the figures of a run; five times the longest scenario file that is read."""

LARGEST_SEED = 2**63 - 1
"""Largest whole number both databases hold."""

RELEASES = (2010, 2060)
"""First and last January of a release that can be kept."""

LARGEST_COUNT = 2**31 - 1
"""Largest whole number of a column of counts, in PostgreSQL."""


def check_draft(one: Draft) -> None:
    """Check a scenario that is to be saved.

    Raises
    ------
    StoreError
        A part is missing, too long, or not text that can be shown on one line; or the body is not a JSON object.
    """
    check_line("The id of a scenario", one.scenario_id)
    check_line(f"The title of '{one.scenario_id}'", one.title)
    check_line(f"The hash of '{one.scenario_id}'", one.key)
    check_made_with(one.made_with.january, one.made_with.model)
    check_json_object(f"The scenario '{one.scenario_id}'", one.body)


def check_facts(one: RunFacts) -> None:
    """Check the facts of a run that is to be recorded.

    Raises
    ------
    StoreError
        A part is missing or out of range.
    """
    if one.scenario_id is None and one.version is not None:
        raise StoreError(
            f"The run cannot be recorded: it names version {one.version!r} but no scenario. Nothing was saved. Give the id "
            "of the scenario too."
        )
    if one.scenario_id is not None:
        check_line("The id of the scenario of the run", one.scenario_id)
    for name in ("scenario_key", "data_hash", "model_hash", "app_version"):
        check_line(f"The {name} of the run", getattr(one, name))
    check_whole_number("The seed of the run", one.seed, 0, LARGEST_SEED)
    check_whole_number("The number of draws of the run", one.draws, 1, LARGEST_COUNT)
    check_whole_number("The number of years of the run", one.years, 1, LARGEST_COUNT)
    check_whole_number("The authority's DfE number of the run", one.la_code, 1, LARGEST_COUNT)
    check_made_with(one.release_january, "")


def check_made_with(january: object, model: object) -> None:
    """Check the January and the models that something was made with; both may be empty.

    Raises
    ------
    StoreError
        The January is not a year, or the name of the models is not one line.
    """
    if january is not None:
        check_whole_number("The January it was made on", january, *RELEASES)
    check_line("The name of the models it was made with", model, empty=True)


def check_line(what: str, value: object, most: int = LINE, *, empty: bool = False) -> None:
    """Check text that must fit on one line.

    Raises
    ------
    StoreError
        It is not text, empty, too long, or holds line breaks or characters that cannot be shown.
    """
    if not isinstance(value, str):
        raise StoreError(f"{what} is not text ({value!r}). Nothing was saved. Give it as text.")
    if not empty and not value.strip():
        raise StoreError(f"{what} is empty. Nothing was saved. Fill it in.")
    if len(value) > most:
        raise StoreError(
            f"{what} has {len(value):,} characters; at most {most:,} are kept. Nothing was saved. Shorten it."
        )
    # Cc: control characters, NUL among them; Zl, Zp: breaks of lines; Cs: halves of characters, which no file can hold.
    strange = [
        character for character in value if unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}
    ]
    if strange:
        raise StoreError(
            f"{what} holds a line break or a character that cannot be shown ({strange[0]!r}). Nothing was saved. "
            "Write it on one line, without it."
        )


def check_json_object(what: str, value: object) -> None:
    """Check text that must be a JSON object.

    Raises
    ------
    StoreError
        It is not text, too long, not JSON, JSON of another kind, or holds a number or character that cannot be kept.
    """
    if not isinstance(value, str):
        raise StoreError(f"{what} is not text ({type(value).__name__}). Nothing was saved. Give it as JSON.")
    if len(value) > BODY:
        raise StoreError(
            f"{what} has {len(value):,} characters; at most {BODY:,} are kept. Nothing was saved. Split it."
        )
    try:
        value.encode("utf-8")
        parsed = json.loads(value, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise StoreError(
            f"{what} is not JSON that can be kept ({error}). Nothing was saved. Correct it."
        ) from None
    if not isinstance(parsed, dict):
        raise StoreError(
            f"{what} is not a JSON object but {type(parsed).__name__}. Nothing was saved. Begin it with {{."
        )
    for text in _texts(parsed):
        if (odd := describe_control_character(text)) is not None:
            raise StoreError(f"{what} cannot be kept. Nothing was saved. Its text {quoted(text)} {odd}")


def check_whole_number(what: str, value: object, least: int, most: int) -> None:
    """Check a value that must be a whole number.

    Raises
    ------
    StoreError
        It is not one, or out of range.
    """
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise StoreError(
            f"{what} is {value!r}, not a whole number from {least} to {most}. Nothing was saved. Correct it."
        )


def _texts(value: object) -> Iterator[str]:
    """Return every text of a JSON value, keys included."""
    left = [value]
    while left:
        match left.pop():
            case str(text):
                yield text
            case dict(values):
                left += [*values, *values.values()]
            case list(values):
                left += values


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not a number of JSON")
