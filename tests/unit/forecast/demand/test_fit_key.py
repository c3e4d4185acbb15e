"""What each stored model is made from: declared tables are those really read, modules follow imports, and nothing else counts."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from data import tables
from forecast.demand import fit_key, stored_fit
from forecast.demand.fit_key import BOUNDARIES, MODELS, Hashes, StoredModel

NOT_READ = (
    "data/published/place_funding_rules.parquet",
    "data/published/implied_unit_costs.parquet",
    "data/published/dsg_allocations.parquet",
    "data/published/funded_places.parquet",
    "data/published/establishment_points.parquet",
    "data/published/boundary_authority.parquet",
    "data/prices.py",
    "data/schemas/finance.py",
    "models/pipeline.py",
)
"""Prices, finance, schools, boundaries, and a model that is fitted where it is used."""


def by_name(name: str) -> StoredModel:
    return next(m for m in MODELS if m.name == name)


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.name)
def test_declared_tables_are_those_that_are_read_and_readers_are_in_the_key(
    model: StoredModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: set[str] = set()
    through: set[str] = set()

    def noting(reader: Callable[[str], Any], where: str) -> Callable[[str], Any]:
        def note(name: str) -> Any:
            read.add(where.format(name))
            frame = sys._getframe(1)
            while frame is not None:
                through.add(str(frame.f_globals.get("__name__")))
                frame = frame.f_back  # type: ignore[assignment]
            return reader(name)

        return note

    monkeypatch.setattr(tables, "read", noting(tables.read, "data/published/{}.parquet"))
    monkeypatch.setattr(tables, "read_reference", noting(tables.read_reference, "data/reference/{}.csv"))
    stored_fit.INPUTS[model.name]()
    assert read == set(model.tables)
    own = {name for name in through if name.split(".")[0] in ("data", "models")} - BOUNDARIES
    assert own, "nothing was noted"
    assert {name.replace(".", "/") + ".py" for name in own} <= set(fit_key.modules(model.starts))


def test_the_manifest_records_what_every_model_is_made_from_today() -> None:
    """Imports are followed here in full, so a shortcut taken where nothing changed cannot hide a new module."""
    hashes = Hashes()
    recorded = stored_fit.manifest()["models"]
    assert list(recorded) == [m.name for m in MODELS]
    for model in MODELS:
        pieces = fit_key.made_from(model, hashes)
        assert recorded[model.name]["made_from"] == pieces
        assert recorded[model.name]["key"] == fit_key.key_of(pieces)
        assert fit_key.made_from(model, hashes, pieces) == pieces


@pytest.mark.parametrize("path", NOT_READ)
def test_what_no_fit_reads_asks_for_no_fit(path: str) -> None:
    assert (fit_key.ROOT / path).is_file()
    assert not [m.name for m in MODELS if path in fit_key.made_from(m, Hashes())]


def test_a_model_is_stale_by_its_own_module_and_not_by_another_models() -> None:
    moved = Hashes({"models/cohort.py": "another"})
    stale = {
        m.name: fit_key.changes(m, fit_key.made_from(m, Hashes()), moved)
        for m in MODELS
        if fit_key.changes(m, fit_key.made_from(m, Hashes()), moved)
    }
    assert stale == {"cohort": {"models/cohort.py": "changed"}}


def test_whatever_makes_the_growth_model_stale_makes_the_totals_stale() -> None:
    growth, totals = (fit_key.made_from(by_name(name), Hashes()) for name in ("bayes_growth", "totals"))
    assert growth.items() <= totals.items()
    assert "models/univariate.py" in totals


def test_files_altered_added_lost_and_left_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    model = by_name("moves")
    now = fit_key.made_from(model, Hashes())
    recorded = {
        path: digest for path, digest in now.items() if path not in ("data/vocabulary.py", "models/base.py")
    }
    recorded |= {"data/published/areas.parquet": "other", "data/lost.py": "1", "data/prices.py": "2"}
    assert fit_key.changes(model, recorded, Hashes()) == {
        "data/lost.py": "gone",
        "data/prices.py": "not used",
        "data/published/areas.parquet": "changed",
        "data/vocabulary.py": "new",
        "models/base.py": "new",
    }
    lost = Hashes({"data/published/areas.parquet": ""})
    assert fit_key.changes(model, now, lost) == {"data/published/areas.parquet": "gone"}


def test_imports_are_followed_wherever_they_stand_and_not_beyond_the_doors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def put(name: str, text: str) -> None:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    put(
        "models/start.py",
        "import numpy as np\nfrom models import one, CONSTANT\nfrom data.two import (\n    a,\n    b,\n)\n",
    )
    put("models/one.py", "def f():\n    import models.three\n    from data import tables\n")
    put("models/three.py", "from data import tables as t\n'''from data import prose'''\n")
    put("data/two.py", "import models.start\n")
    put("data/tables.py", "from data import beyond\n")
    put("data/beyond.py", "")
    put("data/prose.py", "")
    put("models/idle.py", "from models import start\n")
    monkeypatch.setattr(fit_key, "ROOT", tmp_path)
    assert fit_key.modules(["models.start"]) == (
        "data/two.py", "models/one.py", "models/start.py", "models/three.py",
    )  # fmt: skip
    put("models/three.py", "from models import idle\n")
    assert "models/idle.py" in fit_key.modules(["models.start"])


@pytest.mark.parametrize("package", fit_key.PACKAGES)
def test_packages_hold_no_code_so_leaving_them_out_of_keys_hides_nothing(package: str) -> None:
    for path in (fit_key.ROOT / package).glob("__init__.py"):
        held = ast.parse(path.read_text(encoding="utf-8")).body
        assert all(isinstance(node, ast.Expr) for node in held)


def test_a_key_depends_on_names_and_content_and_not_on_order() -> None:
    one = fit_key.key_of({"a": "1", "b": "2"})
    assert one == fit_key.key_of({"b": "2", "a": "1"})
    assert one != fit_key.key_of({"a": "2", "b": "1"})
    assert one != fit_key.key_of({"a": "1"})
