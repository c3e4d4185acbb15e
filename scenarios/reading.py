"""Scenario files: read one, write one, find one by name, and resolve the scenarios it is based on.

Invariants: `parse(written(scenario)) == scenario`; whatever a text holds, reading it either returns a scenario or raises one
`ScenarioError` that lists every problem found with its file, line and fix, and changes nothing.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Collection, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from data.council_files.problems import SHOWN
from data.errors import ScenarioError
from data.formatting import quoted
from scenarios.levers import KINDS
from scenarios.scenario import MOST_LEVERS, Scenario, merge_into_base
from scenarios.wording import suggestion
from scenarios.yaml_text import MOST_BYTES, Parsed, YamlTextError, parse_yaml

LIBRARY = Path(__file__).with_name("library")
"""Scenarios we ship, one file each, named by its id."""

ENDINGS = (".yaml", ".yml")
"""Endings of scenario files."""


def read(path: Path) -> Scenario:
    """Read the scenario in a YAML file.

    Raises
    ------
    ScenarioError
        The file cannot be opened, is not UTF-8 text, or does not hold a scenario.
    """
    name = path.name
    try:
        with path.open("rb") as file:
            # One byte more than is allowed tells a long file from one that just fits, without reading it all.
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        reason = error.strerror or "it cannot be opened"
        raise ScenarioError(
            f"The scenario file '{path}' cannot be read ({reason}), so nothing was changed. Check its name and folder."
        ) from None
    if len(content) > MOST_BYTES:
        raise _refused(
            name,
            [
                f"It has more than {MOST_BYTES:,} bytes, more than any scenario. Check that it is a scenario file."
            ],
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _refused(
            name, [f"Line {line}: it is not UTF-8 text. Save it as UTF-8 and try again."]
        ) from None
    return parse(text, name)


def parse(text: str, name: str) -> Scenario:
    """Return the scenario in a YAML text.

    Parameters
    ----------
    text
        YAML; see `scenarios.yaml_text` for how much of it is read.
    name
        What to call the text in messages: its file.

    Raises
    ------
    ScenarioError
        It does not hold a scenario; all problems are listed.
    """
    try:
        source = parse_yaml(text)
    except YamlTextError as problem:
        line = f"Line {problem.line}: " if problem.line else ""
        raise _refused(name, [f"{line}{problem.text[0].upper()}{problem.text[1:]}"]) from None
    return from_values(source.value, name, source)


def from_values(values: object, name: str, source: Parsed | None = None) -> Scenario:
    """Return a scenario from plain values, such as those of a form or a store, or raise an error that lists all problems.

    Parameters
    ----------
    values
        What `Scenario` takes.
    name
        What to call them in messages.
    source
        The text they were read from, for line numbers.

    Raises
    ------
    ScenarioError
        They do not make a scenario; all problems are listed.
    """
    if not isinstance(values, dict):
        raise _refused(
            name,
            [
                "Line 1: a scenario begins with 'id: a-short-name' and 'title: ...', each on a line of its own."
            ],
        )
    try:
        return Scenario.model_validate(values)
    except ValidationError as error:
        problems = {_sentence(detail, values, source): None for detail in error.errors()}
        raise _refused(name, list(problems)) from None


def to_yaml(scenario: Scenario) -> str:
    """Return a scenario as YAML without defaults; `parse` gives the scenario back."""
    # Not all of what JSON escapes is YAML, so the writer is PyYAML's, in the part of YAML that `parse_yaml` reads.
    return yaml.dump(to_values(scenario), Dumper=_Plain, sort_keys=False, allow_unicode=True, width=110)


def to_values(scenario: Scenario) -> dict[str, Any]:
    """Return a scenario as plain values without defaults; `from_values` gives the scenario back."""
    values: dict[str, Any] = scenario.model_dump(mode="json", exclude_defaults=True)
    levers = zip(scenario.levers, values.get("levers", []), strict=True)
    return values | {"levers": [{"kind": lever.kind} | dumped for lever, dumped in levers]}


class _Plain(yaml.SafeDumper):
    """A YAML writer that never uses aliases, because the reader refuses them."""

    def ignore_aliases(self, data: Any) -> bool:
        """Return True, so that every value is written out."""
        return True


@cache
def library() -> Mapping[str, Scenario]:
    """Return the shipped scenarios by id, as written: scenarios they are based on are not resolved."""
    shipped = {path.stem: read(path) for path in sorted(LIBRARY.glob("*.yaml"))}
    return types.MappingProxyType(shipped)


def find(ref: str, folder: Path | None = None) -> Scenario:
    """Return a scenario by its library id or by the path of its file.

    Parameters
    ----------
    ref
        Id, or path of a file ending in .yaml or .yml.
    folder
        Where else to look for ``<id>.yaml``, before the library: the folder of the file that refers to it.

    Raises
    ------
    ScenarioError
        There is none; the message names near matches.
    """
    if ref.lower().endswith(ENDINGS):
        return read(Path(ref))
    shipped = library()
    if folder is not None and ref.replace("-", "").isalnum():
        for ending in ENDINGS:
            if (folder / f"{ref}{ending}").is_file():
                return read(folder / f"{ref}{ending}")
    if ref in shipped:
        return shipped[ref]
    raise ScenarioError(
        f"{quoted(ref)} is not a scenario that we know. {suggestion(ref, shipped)} For one of your own give its file, such as "
        "my-scenario.yaml."
    )


def resolve(ref: str | Scenario, lookup: Callable[[str], Scenario] | None = None) -> Scenario:
    """Return a scenario merged with those it is based on: base levers first, levers with the same id replaced.

    Parameters
    ----------
    ref
        A scenario, a library id or the path of a file.
    lookup
        Finds a scenario by the id that another is based on; left out: `find`, in the folder of the file first.

    Raises
    ------
    ScenarioError
        One of them is not found, or they are based on each other in a circle.
    """
    if isinstance(ref, Scenario):
        scenario, folder = ref, None
    else:
        scenario = find(ref)
        folder = Path(ref).parent if ref.lower().endswith(ENDINGS) else None
    search = lookup or partial(find, folder=folder)
    chain = [scenario]
    while chain[-1].based_on is not None:
        base = search(chain[-1].based_on)
        chain.append(base)
        if base.id in [one.id for one in chain[:-1]]:
            circle = " -> ".join(one.id for one in chain)
            raise ScenarioError(
                f"Scenario '{scenario.id}' is based on itself ({circle}), so its levers never end. Change based_on "
                "in one of them."
            )
    flat = chain.pop()
    while chain:
        flat = _merged(chain.pop(), flat)
    return flat


def _merged(scenario: Scenario, base: Scenario) -> Scenario:
    try:
        return merge_into_base(scenario, base)
    except ValidationError:
        raise ScenarioError(
            f"Scenario '{scenario.id}' with what it is based on ('{base.id}') has more than {MOST_LEVERS} levers, or more "
            "caveats or sources than a scenario may hold. Leave some out."
        ) from None


def _refused(name: str, problems: list[str]) -> ScenarioError:
    """Return one error about all problems, listing the first of them."""
    listed = " ".join(problems[:SHOWN])
    more = f" ... and {len(problems) - SHOWN} more." if len(problems) > SHOWN else ""
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    return ScenarioError(
        f"{quoted(name)} has {count}, so no scenario was read from it and nothing was changed. {listed}{more}"
    )


def _sentence(detail: ErrorDetails, values: dict[str, Any], source: Parsed | None) -> str:
    """Return one problem as a sentence with its line and position."""
    path = _path(detail, values)
    text = _problem(detail, path, values)
    key, colon, rest = text.partition(": ")
    if detail["type"] == "value_error" and colon and key in _keys_at(path, values):
        # A rule on several keys is a lever's; what it says begins with the key to correct.
        path, text = (*path, key), rest
    line = source.line_of(path) if source is not None else 0
    where = _where(path, values)
    return f"{f'Line {line}, ' if line else ''}{where}: {text}"


def _path(detail: ErrorDetails, values: object) -> tuple[int | str, ...]:
    """Return the position of an error in the values: its location without the names pydantic adds for unions."""
    path: list[int | str] = []
    at: Any = values
    for item in detail["loc"]:
        if item in at if isinstance(at, dict) else isinstance(item, int) and isinstance(at, list | tuple):
            at = at[item]
            path.append(item)
    return (*path, detail["loc"][-1]) if detail["type"] == "missing" else tuple(path)


def _keys_at(path: tuple[int | str, ...], values: Any) -> Collection[str]:
    for item in path:
        values = values[item]
    return values if isinstance(values, dict) else ()


def _where(path: tuple[int | str, ...], values: dict[str, Any]) -> str:
    """Return a position in words: lever 2 (requests), who.needs."""
    if not path:
        return "scenario"
    if path[0] != "levers" or len(path) == 1 or not isinstance(path[1], int):
        return ".".join(_short(item) for item in path)
    lever = values["levers"][path[1]]
    name = (lever.get("id") or lever.get("kind")) if isinstance(lever, dict) else None
    known = f" ({_short(name)})" if isinstance(name, str) else ""
    rest = ".".join(_short(item) for item in path[2:])
    return f"lever {path[1] + 1}{known}{f', {rest}' if rest else ''}"


def _short(item: object) -> str:
    return str(item + 1) if isinstance(item, int) else quoted(str(item))[1:-1]


def _problem(detail: ErrorDetails, path: tuple[int | str, ...], values: dict[str, Any]) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if kind == "extra_forbidden":
        return _unknown_key(str(path[-1]), path, values)
    if kind == "missing":
        return "is missing. Add it."
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        given = detail["input"].get("kind") if isinstance(detail["input"], dict) else None
        named = f"kind {quoted(str(given))} is not known" if given is not None else "kind is missing"
        return f"{named}. {suggestion(str(given), KINDS)}"
    if kind == "literal_error":
        allowed = [word.strip("' ") for word in str(context["expected"]).replace(" or ", ", ").split(",")]
        return (
            f"{quoted(str(detail['input']))} is not known here. {suggestion(str(detail['input']), allowed)}"
        )
    return _PLAIN.get(kind, "{msg}.").format(msg=detail["msg"], given=quoted(str(detail["input"])), **context)


_PLAIN: dict[str, str] = {
    "string_type": "should be text. Put it in quotes if it looks like a number, or write something after the colon.",
    "string_too_short": "is empty. Write something.",
    "string_too_long": "is longer than {max_length} characters. Shorten it.",
    "string_pattern_mismatch": "{given} should be lower-case words joined by hyphens, such as more-bases.",
    "string_unicode": "holds characters that are not text. Delete them.",
    "int_type": "{given} is not a whole number. Write one, without quotes.",
    "float_type": "{given} is not a number. Write one, without quotes.",
    "float_parsing": "{given} is not a number. Write one, without quotes.",
    "greater_than_equal": "{given} is too small: the least is {ge}. Correct it.",
    "less_than_equal": "{given} is too large: the most is {le}. Correct it.",
    "tuple_type": "should be a list, each item on a line of its own after a hyphen.",
    "too_long": "has more than {max_length} items. Leave some out.",
    "too_short": "should have at least {min_length} item. Add one.",
    "model_type": "should be keys and values, such as needs: [ASD].",
    "model_attributes_type": "should be keys and values, such as kind: requests.",
}
"""What pydantic finds, in our words."""


def _unknown_key(key: str, path: tuple[int | str, ...], values: dict[str, Any]) -> str:
    """Return a sentence that a key is not known at its position, with the keys that are."""
    owner = _owner(path[:-1], values)
    keys = [] if owner is None else [info.alias or name for name, info in owner.model_fields.items()]
    elsewhere = {"needs", "ages", "phases", "provisions", "settings"}
    if len(path) >= 2 and path[-2] == "who" and key in elsewhere:
        return f"a lever of this kind cannot choose by {key}; it can choose by {', '.join(keys)}. Delete it."
    return f"the key {quoted(key)} is not known. {suggestion(key, keys)}"


def _owner(path: tuple[int | str, ...], values: dict[str, Any]) -> type[BaseModel] | None:
    """Return the pydantic model of the values at a path; None if it is not known."""
    model: type[BaseModel] | None = Scenario
    at: Any = values
    for item in path:
        at = at[item]
        if isinstance(item, int):
            continue
        if item == "levers" and model is Scenario:
            position = path[1] if len(path) > 1 else None
            lever = at[position] if isinstance(position, int) else None
            model = KINDS.get(str(lever.get("kind"))) if isinstance(lever, dict) else None
        elif model is not None:
            fields = {info.alias or name: info.annotation for name, info in model.model_fields.items()}
            model = _model_in(fields.get(item))
    return model


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the first pydantic model in a field's type, also within a list or a union."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for part in get_args(annotation) if (model := _model_in(part)) is not None), None)
