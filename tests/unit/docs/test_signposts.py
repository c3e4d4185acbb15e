"""The signposts, ARCHITECTURE.md and CONTRIBUTING.md, name what is there: rooms, what they stand on, functions and files."""

from __future__ import annotations

import ast
import importlib
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
FLOORS = ("data", "models", "scenarios")
MOST_STOPS = 15


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def room_of(module: str) -> str:
    """Return the room a dotted name is in: the package in data or forecast (or in its pages), else the floor."""
    parts = module.split(".")
    if parts[0] == "data" and len(parts) > 1 and (ROOT / "data" / parts[1] / "__init__.py").is_file():
        return ".".join(parts[:2])
    if parts[0] != "forecast" or len(parts) == 1:
        return parts[0]
    if parts[1] == "ui":
        return ".".join(parts[:3]) if len(parts) > 2 else "forecast.ui"
    return ".".join(parts[:2])


@cache
def rooms() -> dict[str, frozenset[str]]:
    """Return every room of data and of forecast with the rooms it imports, itself left out; others see data as one floor."""
    stands_on: dict[str, set[str]] = {}
    for path in sorted([*(ROOT / "data").rglob("*.py"), *(ROOT / "forecast").rglob("*.py")]):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        room = room_of(module)
        if room in ("data", "forecast", "forecast.ui"):
            continue
        needs = stands_on.setdefault(room, set())
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            else:
                continue
            ours = {room_of(name) for name in names if name.split(".")[0] in (*FLOORS, "forecast")} - {room}
            inside = room.startswith("data.")
            needs |= {"data" if below.startswith("data.") and not inside else below for below in ours}
    return {room: frozenset(needs) for room, needs in stands_on.items()}


def table_rows() -> dict[str, tuple[str, frozenset[str]]]:
    """Return the table of rooms in ARCHITECTURE.md: room to what it owns and what it stands on."""
    rows = re.findall(r"^\| `([a-z_.]+)` \| (.+?) \| (.*?) \|$", text_of("ARCHITECTURE.md"), flags=re.M)
    return {room: (owns, frozenset(re.findall(r"`([a-z_.]+)`", below))) for room, owns, below in rows}


def test_every_room_has_a_row_and_every_row_a_room() -> None:
    assert set(table_rows()) == set(rooms()) | set(FLOORS)


@pytest.mark.parametrize("room", sorted(rooms()))
def test_a_room_stands_on_what_its_row_says(room: str) -> None:
    owns, below = table_rows()[room]
    assert owns
    assert below == rooms()[room], ", ".join(f"`{name}`" for name in sorted(rooms()[room]))


def test_the_layers_that_the_import_check_keeps_are_the_rooms() -> None:
    contracts = tomllib.loads(text_of("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    layered = {c["containers"][0]: c["layers"] for c in contracts if c.get("containers")}
    for container, layers in layered.items():
        named = {f"{container}.{name.strip()}" for layer in layers for name in layer.split("|")}
        there = {room for room in rooms() if room.rpartition(".")[0] == container}
        there |= {"forecast.ui"} if container == "forecast" else set()
        if container == "data":
            there |= {f"data.{path.stem}" for path in (ROOT / "data").glob("*.py") if path.stem != "__init__"}
        assert named == there, container


def exists(name: str) -> bool:
    """Return whether a dotted name of ours can be reached: a module, or something in one."""
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:]:
            fields = getattr(found, "__dataclass_fields__", {})
            if not hasattr(found, part) and part not in fields:
                return False
            found = getattr(found, part, None)
        return True
    return False


PAGES = ("ARCHITECTURE.md", "CONTRIBUTING.md", "docs/app.md")


@pytest.mark.parametrize("page", [p for p in PAGES if (ROOT / p).is_file()])
def test_names_on_the_signposts_can_be_reached(page: str) -> None:
    named = set(re.findall(r"`((?:data|models|scenarios|forecast)(?:\.\w+)+)(?:\([^`]*\))?`", text_of(page)))
    files = {name for name in named if name.endswith((".py", ".md", ".csv"))}
    assert not sorted(name for name in named - files if not exists(name))


@pytest.mark.parametrize("page", [p for p in PAGES if (ROOT / p).is_file()])
def test_paths_on_the_signposts_are_there(page: str) -> None:
    tops = "data|models|scenarios|forecast|tests|docs|benchmarks|notebooks"
    paths = set(re.findall(rf"`((?:{tops})/[\w./-]*)`", text_of(page)))
    assert not sorted(path for path in paths if "NAME" not in path and not (ROOT / path).exists())


@pytest.mark.parametrize("page", PAGES)
def test_make_targets_on_the_signposts_are_there(page: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", text_of("Makefile"), flags=re.M))
    assert set(re.findall(r"`make ([a-z-]+)", text_of(page))) <= targets


@pytest.mark.parametrize("heading", ["A number's way", "A lever's way"])
def test_ways_are_short(heading: str) -> None:
    section = text_of("ARCHITECTURE.md").split(f"## {heading}")[1].split("\n## ")[0]
    stops = re.findall(r"^(\d+)\. ", section, flags=re.M)
    assert stops == [str(n) for n in range(1, len(stops) + 1)]
    assert 5 <= len(stops) <= MOST_STOPS
