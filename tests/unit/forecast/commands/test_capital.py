"""``sendplan capital``: what it prints and writes, and how it refuses bad input; candidates as levers of the whole forecast."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from benchmarks.capital_worlds import candidate
from forecast.capital import candidate_schemes
from forecast.capital.schemes import Choice
from forecast.capital.seats import lacking
from forecast.presentation.capital_tables import OPTION_COLUMNS
from forecast.runs import scenario_run
from forecast.runs.baseline import Baseline
from tests.command_line import printed, sendplan

RUN = ["capital", "Redbridge", "--years", "8", "--draws", "100"]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """Run the job once for Redbridge in two scenarios; many tests read its output."""
    folder = tmp_path_factory.mktemp("capital")
    more = ["--budget", "15000000", "--scenario", "baseline", "low-births", "--out", str(folder)]
    return printed(*RUN, *more), folder


def test_it_says_what_is_chosen_and_how_sure(told: tuple[str, Path]) -> None:
    text, _ = told
    for words in (
        "the programme builds",
        "net present value",
        "chance of enough places",
        "within",
        "Why not a base",
        "assumptions",
    ):
        assert words in text
    assert "nan" not in text


def test_files_are_whole_and_say_their_units(told: tuple[str, Path]) -> None:
    _, folder = told
    names = {p.name for p in folder.iterdir()}
    tables = ("options", "by_january", "base_tests", "programmes", "other_futures")
    assert names == {*(f"{t}.{e}" for t in tables for e in ("parquet", "csv")), "capital.md", "run.json"}
    frame = pd.read_parquet(folder / "options.parquet")
    assert tuple(frame.columns) == OPTION_COLUMNS
    about = pq.read_schema(folder / "options.parquet").metadata
    assert about[b"base_year"] == b"2026-27"
    assert "GBP" in json.loads(about[b"units"])["npv"]
    assert json.loads((folder / "run.json").read_text(encoding="utf-8"))["arguments"]["budget"] == 15_000_000


def test_seats_and_empty_places_add_up(told: tuple[str, Path]) -> None:
    frame = pd.read_parquet(told[1] / "by_january.parquet")
    assert frame["places_mean"].to_numpy() == pytest.approx(
        (frame["seats_mean"] + frame["empty_mean"]).to_numpy(), abs=0.01
    )
    none = frame[frame["what"] == "none"].set_index("january")["unplaced_mean"]
    for _, rows in frame.groupby("what"):
        kept = rows.set_index("january")
        assert (kept["unplaced_mean"] + kept["seats_mean"]).to_numpy() == pytest.approx(
            none.to_numpy(), abs=0.05
        )


def test_the_programme_keeps_the_budget_and_nothing_is_lost_below_nothing(told: tuple[str, Path]) -> None:
    programmes = pd.read_parquet(told[1] / "programmes.parquet")
    assert (programmes["cost_mean"] <= 15_000_000).all()
    lost = pd.read_parquet(told[1] / "other_futures.parquet")
    assert len(lost) == 4
    assert (lost["behind_best"] >= 0).all()
    assert (lost.groupby("scenario")["behind_best"].min() == 0).all()


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--budget", "1000"], "below the cost of every candidate"),
        (["--p-sufficient", "80"], "not a chance"),
        (["--years-after", "90"], "out of range"),
        (["--candidates", "absent.csv"], "no file 'absent.csv'"),
        (["--defer", "1"], "0 must be among"),
        (["--years", "3"], "after the last January of the forecast"),
        (["--january", "2050"], "outside the forecast"),
        (["--phase", "nursery"], "no phase we know"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_refused_and_nothing_is_written(
    tmp_path: Path,
    more: list[str],
    says: str,
) -> None:
    arguments = [*RUN[:2], "--draws", "100", "--out", str(tmp_path / "out"), *more]
    if "--years" not in more:
        arguments += ["--years", "8"]
    code, _, errors = sendplan(*arguments)
    assert code == 2
    assert says in " ".join(errors.split())
    assert not list((tmp_path / "out").glob("*"))


def test_all_is_refused() -> None:
    code, _, errors = sendplan("capital", "all")
    assert code == 2
    assert "one authority's" in errors


def test_a_template_is_written_for_redbridge(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    assert sendplan("capital", "Redbridge", "--template", str(path))[0] == 0
    assert "little-heath-70" in path.read_text(encoding="utf-8-sig")


def test_candidates_are_derived_where_nobody_proposed_any(baseline_of: Callable[..., Baseline]) -> None:
    base = baseline_of(886, years=8, draws=100)
    found = candidate_schemes.derive_candidates(base.outcome)
    assert len({c.id for c in found}) == len(found) > 3
    assert all(c.basis == "assumed" and "nobody has proposed it" in c.source for c in found)
    assert all(c.opens < 2033 for c in found)


def test_a_candidate_is_a_lever_of_the_whole_forecast(baseline_of: Callable[..., Baseline]) -> None:
    base = baseline_of(317, years=6, draws=100)
    scheme = candidate(
        kind="satellite",
        id="sat",
        title="Satellite",
        places=60,
        age_high=15,
        needs=("ASD", "SLCN"),
        opens=2027,
    )
    scenario = candidate_schemes.as_scenario([Choice(scheme, 2027)], "Redbridge")
    before, after = (
        lacking(base.outcome.shortfall).left,
        lacking(scenario_run.rerun(base, scenario).shortfall).left,
    )
    gained = (before - after).sum(("provision", "phase", "need_group")).mean("draw")
    assert float(gained.sel(january=2027)) == pytest.approx(0)
    assert 50 < float(gained.sel(january=2031)) < 61
