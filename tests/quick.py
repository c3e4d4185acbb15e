"""Unit tests and laws of what changed, nearest first, in under a minute: ``make quick``.

What changed are the files that differ from a commit (where this branch left main, or another: ``make quick SINCE=HEAD``), and
those that git does not know yet. A test file is chosen if it changed, or if what it imports did, directly or through others
(grimp knows who imports whom; files of tests are read here). Those that import a changed module themselves run first, then those
one step away, and so on. A file is begun only if it should end in time, and files left out are named. Use this while you think;
``make test`` decides.

It does not see what is not imported: tables, YAML files, and fixtures of a ``conftest.py`` other than one that changed itself.
"""

from __future__ import annotations

import ast
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import grimp
import pytest

from tests.groups import seconds_of

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("data", "models", "scenarios", "forecast", "benchmarks")
TIERS = ("tests/unit/", "tests/laws/")
LIMIT = 50.0
"""Seconds after which no file is begun."""

SHORT = ("--tb=short", "--maxfail=8")
"""How failures are shown: a few of many that have one cause."""

NAMED = 10
"""Most files named that were left out."""

MAIN = ("origin/main", "main")
"""Names of the branch that a change is compared with; the first that git knows."""

Imports = Mapping[str, set[str]]
"""Name of a module to the names of those it imports."""


def changed_files(since: str | None = None, root: Path = ROOT) -> list[str]:
    """Return the files that differ from a commit.

    Parameters
    ----------
    since
        The commit; where this branch left main if None, or the last commit where there is no main.
    root
        Folder of the checkout.

    Raises
    ------
    ValueError
        There is no such commit.
    """
    if since and not _git(root, "rev-parse", "--verify", "--quiet", f"{since}^{{commit}}"):
        raise ValueError(
            f"git knows no commit '{since}' here. Give a branch, a tag or a commit, as in SINCE=HEAD."
        )
    branches = (commit for name in MAIN for commit in _git(root, "merge-base", "HEAD", name))
    base = since or next(branches, "HEAD")
    # A file that was taken away cannot be run, but whoever imported it can.
    known = _git(root, "diff", "--name-only", "--no-renames", base)
    return sorted({*known, *_git(root, "ls-files", "--others", "--exclude-standard")})


def module_of(file: str) -> str:
    """Return the name of the module of a Python file."""
    return file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def imports_of_tests(root: Path = ROOT) -> dict[str, set[str]]:
    """Return what each module of the tests may import: ``from a import b`` may mean ``a`` or ``a.b``."""
    imports = {}
    for path in (root / "tests").rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names: set[str] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        imports[module_of(path.relative_to(root).as_posix())] = names
    return imports


def imports_of_product() -> dict[str, set[str]]:
    """Return what each module of the product imports."""
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    return {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}


def distances(changed: Iterable[str], imports: Imports) -> dict[str, int]:
    """Return how many imports lie between each module and the nearest one that changed: 0 for those, 1 for their importers."""
    importers: dict[str, set[str]] = {}
    for module, names in imports.items():
        for name in names:
            importers.setdefault(name, set()).add(module)
    away = dict.fromkeys(changed, 0)
    waiting = deque(away)
    while waiting:
        module = waiting.popleft()
        for importer in importers.get(module, set()) - away.keys():
            away[importer] = away[module] + 1
            waiting.append(importer)
    return away


def chosen(changed: Iterable[str], imports: Imports, root: Path = ROOT) -> list[str]:
    """Return the test files of what changed, nearest first and the short before the long."""
    files = list(changed)
    away = distances([module_of(f) for f in files if f.endswith(".py")], imports)
    folders = tuple(f.removesuffix("conftest.py") for f in files if f.endswith("/conftest.py"))
    reached = []
    for tier in TIERS:
        for path in (root / tier).rglob("test_*.py"):
            file = path.relative_to(root).as_posix()
            far = away.get(module_of(file), 1 if folders and file.startswith(folders) else None)
            if far is not None:
                reached.append((far, seconds_of(file), file))
    return [file for _, _, file in sorted(reached)]


def in_time(files: Iterable[str], limit: float = LIMIT) -> tuple[list[str], list[str]]:
    """Return the files that should end within some seconds, in their order, and those that would not."""
    short, rest, used = [], [], 0.0
    for file in files:
        if used + seconds_of(file) <= limit:
            short.append(file)
            used += seconds_of(file)
        else:
            rest.append(file)
    return short, rest


class Clock:
    """A plugin that begins a file only if it should end in time, and keeps the names of those it skipped."""

    def __init__(self, start: float, limit: float = LIMIT) -> None:
        self.start, self.limit = start, limit
        self.begun: set[str] = set()
        self.skipped: set[str] = set()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Skip a test whose file was not begun and would end too late."""
        file = item.nodeid.split("::", 1)[0]
        late = time.monotonic() - self.start + seconds_of(file) > self.limit
        if file not in self.begun and (late or file in self.skipped):
            self.skipped.add(file)
            pytest.skip("no time is left for this file")
        self.begun.add(file)


def main(arguments: Sequence[str]) -> int:
    """Run the tests of what changed and say what was left out; the argument is the commit to compare with."""
    start = time.monotonic()
    try:
        changed = changed_files(*arguments[:1])
    except ValueError as error:
        print(error)
        return 2
    files = chosen(changed, imports_of_product() | imports_of_tests())
    other = [f for f in changed if not f.endswith(".py")]
    print(
        f"{len(changed) - len(other)} Python files changed; {len(files)} files of unit tests and laws import them."
    )
    to_run, rest = in_time(files)
    clock = Clock(start)
    options = ["-q", "-m", "not slow and not browser", "-p", "no:xdist", *SHORT]
    code = int(pytest.main([*options, *to_run], plugins=[clock])) if to_run else 0
    if code == pytest.ExitCode.NO_TESTS_COLLECTED:  # all tests of the files are slow
        code = 0
    left_out = sorted([*clock.skipped, *rest], key=files.index)
    print(f"\nRan {len(clock.begun)} of {len(files)} files in {time.monotonic() - start:.0f} s.")
    if left_out:
        print(f"Left out for want of time, the nearest first: {', '.join(left_out[:NAMED])}", end="")
        print(f" and {len(left_out) - NAMED} more." if len(left_out) > NAMED else ".")
    if other:
        print(f"Not looked at, because nothing imports them: {', '.join(other)}.")
    print("Always left out: tests of pages, browser, store and recovery. `make test` runs everything.")
    return code


def _git(root: Path, *words: str) -> list[str]:
    done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=False)
    return done.stdout.split("\n")[:-1] if done.returncode == 0 else []


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
