"""Who may write to the store: every method that writes, for every role."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path

import pytest

from data.errors import NotAllowedError
from data.sign_in.people import Person, Role, this_computer
from scenarios.keeping import keep
from scenarios.reading import library
from scenarios.store import Store
from tests.stores import FACTS, content, draft

Write = Callable[[Store, Person, Path], object]

WRITES: dict[str, tuple[Write, set[str]]] = {
    "save": (
        lambda store, who, _: store.save(draft(), expected_version=0, who=who),
        {"planner", "finance", "admin"},
    ),
    "record_run": (
        lambda store, who, _: store.record_run(FACTS, {"short": 1}, who=who),
        {"planner", "finance", "admin"},
    ),
    "import_all": (lambda store, who, path: store.import_all(path, who=who), {"admin"}),
}
"""Every method that writes, and the roles it is for."""

READS = {"open", "get", "latest", "versions", "scenarios", "runs", "entries", "verify_log", "export_all"}


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """Return an export of another store."""
    other = Store.open(tmp_path / "other.sqlite")
    other.save(draft("elsewhere"), expected_version=0, who=this_computer("Sam"))
    other.export_all(tmp_path / "bundle.json")
    return tmp_path / "bundle.json"


def test_every_method_is_known_to_write_or_to_read() -> None:
    public = {n for n, _ in inspect.getmembers(Store, callable) if not n.startswith("_")}
    public -= {"clock"}
    assert public == READS | set(WRITES)
    for name in public:
        method = getattr(Store, name)
        assert ("writing(" in inspect.getsource(method)) is (name in WRITES), name
        who = inspect.signature(method).parameters.get("who")
        assert (who is not None) is (name in WRITES), name
        assert who is None or (who.annotation == "Person" and who.default is inspect.Parameter.empty), name


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("name", WRITES)
def test_a_method_that_writes_does_so_for_its_roles_only(
    tmp_path: Path, bundle: Path, name: str, role: Role
) -> None:
    store = Store.open(tmp_path / "scenarios.sqlite")
    write, roles = WRITES[name]
    who = Person("Pat Lee", "pat@council.gov.uk", role)
    if role.value in roles:
        write(store, who, bundle)
        assert {entry.who for entry in store.entries()} == {"Pat Lee (pat@council.gov.uk)"}
    else:
        with pytest.raises(NotAllowedError, match=rf"has the role {role.value}, .* Nothing was kept\."):
            write(store, who, bundle)
        assert content(store) == ([], (), ())


def test_a_viewer_keeps_no_scenario_and_a_planner_is_named_with_the_address(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "scenarios.sqlite")
    scenario = library()["inclusion-bases"]
    with pytest.raises(NotAllowedError):
        keep(store, scenario, expected_version=0, who=Person("Pat", "pat@council.gov.uk", Role.VIEWER))
    assert store.scenarios() == ()
    kept = keep(store, scenario, expected_version=0, who=Person("Jo", "jo@council.gov.uk", Role.PLANNER))
    assert kept.saved_by == "Jo (jo@council.gov.uk)"
