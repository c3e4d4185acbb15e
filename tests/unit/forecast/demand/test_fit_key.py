"""What each stored model is made from: declared tables are those really read, modules follow imports, and nothing else counts."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest

from data import tables
from forecast.core.sources import BOUNDARIES, ROOT, Hashes, changes, imported, key_of, made_from
from forecast.demand import stored_fit
from forecast.demand.fit_key import MODELS, StoredModel

NOT_READ = (
    "data/published/place_funding_rules.parquet",
    "data/published/implied_unit_costs.parquet",
    "data/published/dsg_allocations.parquet",
    "data/published/funded_places.parquet",
    "data/published/establishment_points.parquet",
    "data/published/boundary_authority.parquet",
    "data/prices/price_book.py",
    "data/schemas/finance.py",
    "models/pipeline.py",
)
"""Prices, finance, schools, boundaries, and a model that is fitted where it is used."""


@pytest.mark.parametrize("model", MODELS.values(), ids=lambda m: m.name)
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
    assert read == set(model.sources.files)
    own = {name for name in through if name.split(".")[0] in ("data", "models")} - BOUNDARIES
    assert own, "nothing was noted"
    assert {name.replace(".", "/") + ".py" for name in own} <= set(imported(model.sources.modules))


def test_the_manifest_records_what_every_model_is_made_from_today() -> None:
    """Imports are followed here in full, so a shortcut taken where nothing changed cannot hide a new module."""
    hashes = Hashes()
    recorded = stored_fit.manifest()["models"]
    assert list(recorded) == list(MODELS)
    for model in MODELS.values():
        pieces = made_from(model.sources, hashes)
        assert recorded[model.name]["made_from"] == pieces
        assert recorded[model.name]["key"] == key_of(pieces)
        assert made_from(model.sources, hashes, pieces) == pieces


@pytest.mark.parametrize("path", NOT_READ)
def test_what_no_fit_reads_asks_for_no_fit(path: str) -> None:
    assert (ROOT / path).is_file()
    assert not [m.name for m in MODELS.values() if path in made_from(m.sources, Hashes())]


def test_a_model_is_stale_by_its_own_module_and_not_by_another_models() -> None:
    moved = Hashes({"models/cohort.py": "another"})
    stale = {
        m.name: changes(m.sources, made_from(m.sources, Hashes()), moved)
        for m in MODELS.values()
        if changes(m.sources, made_from(m.sources, Hashes()), moved)
    }
    assert stale == {"cohort": {"models/cohort.py": "changed"}}


def test_whatever_makes_the_growth_model_stale_makes_the_totals_stale() -> None:
    growth, totals = (made_from(MODELS[name].sources, Hashes()) for name in ("bayes_growth", "totals"))
    assert growth.items() <= totals.items()
    assert "models/univariate.py" in totals


def test_files_altered_added_lost_and_left_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    model = MODELS["moves"]
    now = made_from(model.sources, Hashes())
    recorded = {
        path: digest for path, digest in now.items() if path not in ("data/vocabulary.py", "models/base.py")
    }
    recorded |= {
        "data/published/areas.parquet": "other",
        "data/lost.py": "1",
        "data/prices/price_book.py": "2",
    }
    assert changes(model.sources, recorded, Hashes()) == {
        "data/lost.py": "gone",
        "data/prices/price_book.py": "not used",
        "data/published/areas.parquet": "changed",
        "data/vocabulary.py": "new",
        "models/base.py": "new",
    }
    lost = Hashes({"data/published/areas.parquet": ""})
    assert changes(model.sources, now, lost) == {"data/published/areas.parquet": "gone"}
