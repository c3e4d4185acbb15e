"""The locks, what is written from them, and the page of installation agree; nothing needs one operating system to be imported."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[3]
POSIX_ONLY = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"}
SHIPPED = ("data", "models", "scenarios", "forecast", "app.py")


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def pins(lock: str) -> dict[str, str]:
    """Return package to version of a lock."""
    found = re.findall(r"^([A-Za-z0-9_.-]+)==([^\s;\\]+)", text_of(lock), flags=re.M)
    return {str(canonicalize_name(name)): version for name, version in found}


def project() -> dict[str, object]:
    return dict(tomllib.loads(text_of("pyproject.toml"))["project"])


def wanted(*extras: str) -> list[Requirement]:
    """Return what pyproject.toml asks for, with extras."""
    about = tomllib.loads(text_of("pyproject.toml"))
    lines = list(about["project"]["dependencies"]) + list(about["build-system"]["requires"])
    for extra in extras:
        lines += about["project"]["optional-dependencies"][extra]
    return [Requirement(line) for line in lines]


@pytest.mark.parametrize("lock", ["constraints.txt", "constraints-dev.txt"])
def test_every_line_of_a_lock_is_held_by_a_hash(lock: str) -> None:
    entries = re.split(r"\n(?=[A-Za-z0-9])", text_of(lock).split("--only-binary :all:\n", 1)[1].strip())
    assert len(entries) == len(pins(lock)) > 60
    bare = [
        entry.splitlines()[0] for entry in entries if not re.search(r"--hash=sha256:[0-9a-f]{64}\b", entry)
    ]
    assert not bare


def test_the_locks_hold_what_the_project_asks_for_in_the_same_versions() -> None:
    runtime, everything = pins("constraints.txt"), pins("constraints-dev.txt")
    assert {name: everything.get(name) for name in runtime} == runtime
    for lock, requirements in (
        (runtime, wanted("team")),
        (everything, wanted("team", "rebuild", "dev")),
    ):
        for one in requirements:
            assert one.specifier.contains(lock[str(canonicalize_name(one.name))]), str(one)


def test_development_and_samplers_are_not_in_the_runtime_lock() -> None:
    plain = {canonicalize_name(one.name) for one in wanted("team")}
    others = {canonicalize_name(one.name) for one in wanted("rebuild", "dev")} - plain
    assert len(others) > 15
    # Two that a library of the runtime needs too.
    assert others & set(pins("constraints.txt")) <= {"jsonschema", "markdown-it-py"}


def test_the_parts_list_is_of_the_runtime_lock() -> None:
    parts = json.loads(text_of("docs/sbom.cdx.json"))
    assert {str(canonicalize_name(c["name"])): c["version"] for c in parts["components"]} == pins(
        "constraints.txt"
    )
    hashes = {h["content"] for c in parts["components"] for h in c["hashes"]}
    assert hashes == set(re.findall(r"sha256:([0-9a-f]{64})", text_of("constraints.txt")))
    assert "pypi" not in text_of("docs/sbom.cdx.json").replace("pkg:pypi/", "")
    assert "serialNumber" not in parts
    assert "timestamp" not in parts["metadata"]


def test_the_licences_are_of_the_runtime_lock_and_each_is_known() -> None:
    rows = re.findall(
        r"^\| ([A-Za-z0-9_.-]+) \| (\d\S*) \| (.+) \|$", text_of("docs/licences.md"), flags=re.M
    )
    assert {str(canonicalize_name(name)): version for name, version, _ in rows} == pins("constraints.txt")
    for name, _, licence in rows:
        assert not re.search(r"see the package|unknown", licence, re.IGNORECASE), name
        # The GPL itself would bind those who ship the planner; the LGPL of a database driver does not.
        assert not re.search(r"(?<!L)(?<!Lesser )\bA?GPL\b", licence), f"{name}: {licence}"


def commands_of_page(shell: str) -> list[str]:
    """Return the commands of the page for one shell, without the name of the folder of programs."""
    block = re.search(rf"```{shell}\n(.+?)```", text_of("docs/installation.md"), flags=re.S)
    assert block is not None
    swapped = block.group(1).replace(".venv\\Scripts\\", "BIN/").replace(".venv/bin/", "BIN/")
    return swapped.replace("\\", "/").strip().splitlines()


def commands_of_makefile() -> list[str]:
    """Return the commands by which make installs and forecasts, without what only keeps pip quiet."""
    text = text_of("Makefile")
    install = re.search(r"^INSTALL := (.+)$", text, flags=re.M)
    rule = re.search(r"^\$\(STAMP\):.*\n((?:\t.+\n)+)", text, flags=re.M)
    forecast = re.search(r"^forecast:.*\n\t(.+)$", text, flags=re.M)
    assert install is not None
    assert rule is not None
    assert forecast is not None
    lines = [line.strip() for line in rule.group(1).splitlines() if "INSTALL" in line] + [forecast.group(1)]
    full = [line.replace("$(INSTALL)", install.group(1)).replace("$(BIN)/", "BIN/") for line in lines]
    return [line.replace(" --quiet --disable-pip-version-check", "") for line in full]


def test_the_page_installs_as_make_does() -> None:
    make, shell, windows = commands_of_makefile(), commands_of_page("sh"), commands_of_page("powershell")
    assert len(make) == 3
    assert shell == ["python3 -m venv .venv", *make]
    assert windows[:4] == ["py -3.11 -m venv .venv", *make]


def test_the_pythons_declared_are_those_of_the_page_and_of_the_check_of_wheels() -> None:
    about = tomllib.loads(text_of("pyproject.toml"))["project"]
    declared = re.findall(r":: (3\.\d+)", " ".join(about["classifiers"]))
    assert about["requires-python"] == f">={declared[0]}"
    checked = re.search(r"^PYTHONS = \((.+)\)$", text_of(".ci/wheels.py"), flags=re.M)
    assert checked is not None
    assert re.findall(r'"(.+?)"', checked.group(1)) == declared
    assert f"{declared[0]} to {declared[-1]}" in text_of("docs/installation.md")


def posix_imports(tree: ast.Module) -> set[str]:
    """Return modules that only POSIX systems have and that importing this module would import, unless a try guards them."""
    found: set[str] = set()
    waiting: list[ast.stmt] = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
        elif isinstance(node, ast.ClassDef | ast.With):
            waiting += node.body
    return found & POSIX_ONLY


def test_no_shipped_module_needs_a_posix_system_to_be_imported() -> None:
    files = [ROOT / "app.py", *(p for name in SHIPPED[:-1] for p in sorted((ROOT / name).rglob("*.py")))]
    assert len(files) > 300
    needing = {
        str(path.relative_to(ROOT)): found
        for path in files
        if (found := posix_imports(ast.parse(path.read_text(encoding="utf-8"))))
    }
    assert not needing


def test_an_import_that_is_guarded_is_not_counted() -> None:
    assert posix_imports(ast.parse("import fcntl\nfrom pwd import getpwuid")) == {"fcntl", "pwd"}
    assert not posix_imports(ast.parse("try:\n    import fcntl\nexcept ImportError:\n    fcntl = None"))
    assert not posix_imports(ast.parse("def f():\n    import resource"))
