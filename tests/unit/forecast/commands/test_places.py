"""``sendplan places``: what it prints and writes, and how it refuses bad input."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from data.vocabulary import ALL, NEED_GROUP_CODES, PHASE_CODES, SPECIALIST_PROVISIONS
from forecast.presentation.summary import SHORTFALL_COLUMNS
from tests.command_line import printed, sendplan

FILES = (
    "demand", "first_years", "overflow", "placements", "places_to_add", "post16", "settings", "shortfall",
)  # fmt: skip


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """Run the job once for Redbridge; many tests read its output."""
    folder = tmp_path_factory.mktemp("places")
    arguments = ["places", "Redbridge", "--years", "4", "--draws", "100", "--out", str(folder)]
    return printed(*arguments), folder


def test_it_names_what_runs_out_first_and_the_settings(told: tuple[str, Path]) -> None:
    text, folder = told
    assert "run out" in text
    page = (folder / "places.md").read_text(encoding="utf-8")
    for words in (
        "Little Heath School",
        "Newbridge School",
        "Who wants a place: at today's choices, and with those turned away",
        "Sources of places",
    ):
        assert words in page


def test_it_writes_every_table_and_no_litter(told: tuple[str, Path]) -> None:
    _, folder = told
    assert sorted(p.name for p in folder.iterdir()) == sorted(
        [*(f"{name}.parquet" for name in FILES), "zones.parquet", "places.md", "run.json"]
    )
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert record["demand"] == 1.0
    assert record["arguments"]["area"] == "Redbridge"


def test_shortfall_is_the_contract(told: tuple[str, Path]) -> None:
    frame = pd.read_parquet(told[1] / "shortfall.parquet")
    assert tuple(frame.columns) == SHORTFALL_COLUMNS
    assert set(frame["phase"]) == {ALL, *PHASE_CODES}
    assert set(frame["need_group"]) == {ALL, *NEED_GROUP_CODES}
    assert set(frame["provision"]) == {ALL, *SPECIALIST_PROVISIONS}
    assert frame["p_shortfall"].between(0, 1).all()
    assert (frame["places"] >= 0).all()
    assert not frame.duplicated(["year", "phase", "need_group", "provision"]).any()


def test_wards_add_up_to_the_authority(told: tuple[str, Path]) -> None:
    zones = pd.read_parquet(told[1] / "zones.parquet")
    wanted = pd.read_parquet(told[1] / "demand.parquet").query(
        "demand == 'used' and need_group == 'All' and provision == 'All' and phase != 'All'"
    )
    assert zones["zone_name"].nunique() == 22
    by_zone = zones.groupby(["year", "phase"])["wanted_mean"].sum()
    whole = wanted.set_index(["year", "phase"])["mean"]
    pd.testing.assert_series_equal(
        by_zone.sort_index(), whole.sort_index(), check_names=False, rtol=1e-4, atol=1e-3
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("Redbridge", "--demand", "2"), "runs from 0 (today's choices"),
        (("Redbridge", "--order", "none.csv"), "cannot be read"),
        (("all", "--capacity", "x.csv"), "holds one authority's places"),
        (("Redbrige",), "Redbridge"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_paragraph(
    tmp_path: Path,
    arguments: tuple[str, ...],
    message: str,
) -> None:
    code, _, said = sendplan("places", *arguments, "--out", str(tmp_path / "out"))
    assert code == 2
    assert message in " ".join(said.split())
    assert not (tmp_path / "out").exists() or not any((tmp_path / "out").iterdir())


def test_the_order_can_be_written_edited_and_used(tmp_path: Path) -> None:
    path = tmp_path / "order.csv"
    assert sendplan("capacity", "order", "--out", str(path))[0] == 0
    lines = path.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if ",inmss," not in line]
    path.write_text("\n".join(kept) + "\n", encoding="utf-8")
    arguments = ("places", "Redbridge", "--years", "1", "--draws", "100", "--order", str(path))
    assert sendplan(*arguments, "--out", str(tmp_path / "out"))[0] == 0
    overflow = pd.read_parquet(tmp_path / "out" / "overflow.parquet")
    assert "inmss" not in set(overflow["destination"])
    assert overflow["mean"].sum() > 0
