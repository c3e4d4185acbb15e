"""The command line end to end: what it prints and writes, and how it refuses bad input."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data import checks, tables
from data.panels import history_tables
from data.registers import starting_register
from data.registers.register_file import to_csv
from data.schemas import TABLES
from forecast import cli
from forecast.core.quantile_table import COLUMNS, PROBABILITIES
from forecast.core.sources import Hashes, made_from
from forecast.demand import stored_fit
from forecast.demand.fit_key import MODELS
from forecast.presentation import explain
from forecast.presentation.summary import SHORTFALL_COLUMNS
from forecast.validation import track_record
from tests.command_line import printed, sendplan

MONEY_FREE_COLUMNS = 15


def test_values_in_a_row_are_spread() -> None:
    words = ["backtest", "--origins", "2021", "2022", "--horizon", "5", "--models", "a", "b", "--out", "f"]
    spread = [
        "backtest",
        "--origins",
        "2021",
        "--origins",
        "2022",
        "--horizon",
        "5",
        "--models",
        "a",
        "--models",
        "b",
    ]
    assert cli.spread_values(words) == [*spread, "--out", "f"]
    assert cli.spread_values(["forecast", "Kent", "--years", "5"]) == ["forecast", "Kent", "--years", "5"]


@pytest.fixture(scope="module")
def redbridge(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """Run the main job once for Redbridge; many tests read its output."""
    folder = tmp_path_factory.mktemp("redbridge")
    return printed("forecast", "Redbridge", "--out", str(folder)), folder


def test_main_job_answers_the_question(redbridge: tuple[str, Path]) -> None:
    said, _ = redbridge
    assert "Redbridge had 3,830 EHC plans in January 2026. By January 2031 we expect" in said
    for words in (
        "EHC plans by age",
        "EHC plans by primary need",
        "Specialist places against demand",
        "2036",
    ):
        assert words in said
    for words in ("When places run out", "chances in 10", "Estimated rather than known", "Post-16"):
        assert words in said


def test_main_job_writes_its_files_and_no_litter(redbridge: tuple[str, Path]) -> None:
    _, folder = redbridge
    assert sorted(p.name for p in folder.iterdir()) == [
        "flows.parquet",
        "plans.parquet",
        "process.parquet",
        "run.json",
        "shortfall.parquet",
        "summary.md",
    ]


def test_plans_file_is_the_contract_and_adds_up(redbridge: tuple[str, Path]) -> None:
    plans = pd.read_parquet(redbridge[1] / "plans.parquet")
    assert tuple(plans.columns) == COLUMNS
    assert set(plans["quantile"]) == set(PROBABILITIES)
    assert sorted(plans["target"].unique()) == list(range(2027, 2037))
    assert plans["la_code"].unique().tolist() == [317]
    assert len(plans) == 10 * 6 * 14 * 39
    assert (plans["value"] >= 0).all()


def test_shortfall_file_is_the_contract(redbridge: tuple[str, Path]) -> None:
    shortfall = pd.read_parquet(redbridge[1] / "shortfall.parquet")
    assert tuple(shortfall.columns) == SHORTFALL_COLUMNS
    assert len(SHORTFALL_COLUMNS) == MONEY_FREE_COLUMNS
    assert shortfall["p_shortfall"].between(0, 1).all()
    assert (shortfall["wanted_q10"] <= shortfall["wanted_q50"]).all()
    assert (shortfall["shortfall_mean"] >= 0).all()
    assert shortfall["phase"].unique().tolist() == ["All", "early_years", "primary", "secondary", "post16"]
    of_all, of_one = shortfall["need_group"] == "All", shortfall["need_group"] != "All"
    parts = (shortfall["phase"] != "All") & (shortfall["provision"] != "All")
    whole = shortfall[(shortfall["phase"] == "All") & (shortfall["provision"] == "All") & of_all]
    whole = whole.set_index("year")
    summed = shortfall[parts & of_all].groupby("year")[["places", "shortfall_mean"]].sum()
    np.testing.assert_allclose(summed, whole[["places", "shortfall_mean"]], rtol=1e-5)
    # Need groups share places, so only the children add up over them.
    by_need = shortfall[parts & of_one].groupby("year")["shortfall_mean"].sum()
    np.testing.assert_allclose(by_need, whole["shortfall_mean"], rtol=1e-5)


def test_run_record_names_every_input(redbridge: tuple[str, Path]) -> None:
    record = json.loads((redbridge[1] / "run.json").read_text())
    assert record["arguments"]["area"] == "Redbridge"
    assert record["seed"] == 20250101
    assert record["versions"]["send-place-planner"]
    assert len(record["inputs"]) > 10
    assert all(len(value) == 64 for value in record["inputs"].values())
    assert len(record["capacity_register"]["sha256"]) == 64


def test_summary_page_agrees_with_the_terminal(redbridge: tuple[str, Path]) -> None:
    said, folder = redbridge
    page = (folder / "summary.md").read_text()
    sentence = page.split("\n")[2]
    assert " ".join(sentence.split()) in " ".join(said.split())
    assert "Open Government Licence" in page


def test_same_seed_same_files_other_seed_others(
    redbridge: tuple[str, Path],
    tmp_path: Path,
) -> None:
    again, other = tmp_path / "again", tmp_path / "other"
    assert sendplan("forecast", "317", "--out", str(again))[0] == 0
    assert sendplan("forecast", "317", "--seed", "5", "--out", str(other))[0] == 0
    first = pd.read_parquet(redbridge[1] / "plans.parquet")
    pd.testing.assert_frame_equal(first, pd.read_parquet(again / "plans.parquet"))
    assert not first.equals(pd.read_parquet(other / "plans.parquet"))


@pytest.mark.parametrize(
    "area", ["Kent", "Newham", "Cambridgeshire", "Cumberland", "City of London", "E06000053"]
)
def test_other_authorities_work(area: str, tmp_path: Path) -> None:
    """A large one, two with missing returns, a new one and the two tiny ones."""
    code, said, told = sendplan("forecast", area, "--years", "3", "--out", str(tmp_path))
    assert (code, told) == (0, "")
    assert "EHC plans in January" in said
    plans = pd.read_parquet(tmp_path / "plans.parquet")
    assert np.isfinite(plans["value"]).all()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["forecast", "Redbrige"], "Did you mean Redbridge"),
        (["forecast", "Redbridge", "--years", "0"], "Choose a number from 1 to 15"),
        (["forecast", "Redbridge", "--years", "40"], "Choose a number from 1 to 15"),
        (["forecast", "Redbridge", "--draws", "3"], "out of range"),
        (["forecast", "Redbridge", "--seed", "-1"], "whole numbers from 0"),
        (["forecast", "Redbridge", "--model", "crystal_ball"], "There is no model called 'crystal_ball'"),
        (["forecast", "Redbridge", "--capacity", "no-such-file.csv"], "no-such-file.csv"),
        (["backtest", "--origins", "1999", "--out", "bt.parquet"], "Origin 1999 is out of range"),
        (["backtest", "--horizon", "0", "--out", "bt.parquet"], "out of range"),
        (["capacity", "template", "all"], "one authority"),
    ],
)
def test_bad_input_is_one_paragraph_and_exit_code_two(
    arguments: list[str],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, told = sendplan(*arguments)
    assert code == 2
    assert says in told
    assert "Traceback" not in told
    assert told.strip().count("\n") == 0
    assert list(tmp_path.rglob("*.parquet")) == []


def test_capacity_for_all_is_refused(tmp_path: Path) -> None:
    code, _, told = sendplan("forecast", "all", "--capacity", "x.csv", "--out", str(tmp_path))
    assert (code, "one authority's places" in told) == (2, True)


def test_unwritable_folder_is_refused_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    code, said, told = sendplan("forecast", "Redbridge", "--out", str(tmp_path / "file"))
    assert code == 2
    assert "cannot be written to" in told
    assert "EHC plans" not in said


def test_a_template_can_be_edited_and_used(tmp_path: Path) -> None:
    register = tmp_path / "mine.csv"
    assert sendplan("capacity", "template", "Redbridge", "--out", str(register))[0] == 0
    base, more = tmp_path / "base", tmp_path / "more"
    run = ["forecast", "Redbridge", "--years", "3", "--capacity", str(register), "--out"]
    assert sendplan(*run, str(base))[0] == 0
    rows = pd.read_csv(register, dtype=str, keep_default_na=False)
    new_rush_hall = rows["setting"].str.contains("New Rush Hall")
    assert new_rush_hall.any()
    rows.loc[new_rush_hall, "places"] = "200"
    rows.to_csv(register, index=False)
    assert sendplan(*run, str(more))[0] == 0
    before, after = (pd.read_parquet(f / "shortfall.parquet") for f in (base, more))
    # Draws are kept in single precision, and who is seated first among equals shifts by crumbs of a child (1 in 10,000).
    assert (after["shortfall_mean"] <= before["shortfall_mean"] * (1 + 1e-4) + 3e-3).all()
    assert after["shortfall_mean"].sum() < before["shortfall_mean"].sum()
    assert after["places"].sum() > before["places"].sum()


def test_a_template_never_overwrites_edits(tmp_path: Path) -> None:
    register = tmp_path / "mine.csv"
    register.write_text("my edits")
    code, _, told = sendplan("capacity", "template", "Kent", "--out", str(register))
    assert (code, register.read_text()) == (2, "my edits")
    assert "--force" in told


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda t: t.replace(",places,", ",plaices,"), "column(s) missing: places"),
        (lambda t: t.replace(",191,local,", ",-191,local,"), "column 'places'"),
        (lambda t: t.replace("state_special", "state_speciel", 1), "Did you mean 'state_special'"),
        (lambda t: t.replace("ASD;SLCN", "ASD;SLNC", 1), "Did you mean 'SLCN'"),
        (lambda t: t.replace("2023/24,2023/24,8,", "2022/23,2024/25,8,"), "overlap"),
        (lambda t: t.splitlines()[0] + "\n", "0 data rows"),
        (lambda t: "", "empty"),
        (lambda t: t.replace("School", "Sch\u00f3ol", 1).encode("cp1252"), "not UTF-8"),
    ],
    ids=["column", "negative", "provision", "need", "overlap", "no-rows", "empty", "encoding"],
)
def test_a_spoilt_register_is_refused_and_nothing_is_written(
    spoil: Callable[[str], str | bytes],
    says: str,
    tmp_path: Path,
) -> None:
    good = to_csv(starting_register.shipped(317))
    spoilt = spoil(good)
    assert spoilt != good
    path = tmp_path / "places.csv"
    path.write_bytes(spoilt if isinstance(spoilt, bytes) else spoilt.encode())
    out = tmp_path / "results"
    code, said, told = sendplan("forecast", "Redbridge", "--capacity", str(path), "--out", str(out))
    assert (code, said) == (2, "")
    assert says in told
    first, *others = told.strip().splitlines()
    assert first.startswith("sendplan: ")
    assert all(line.startswith(("Row ", "Correct the rows")) for line in others), (
        "a problem a line, and what to do"
    )
    assert not out.exists()


def test_data_check_prints_every_table_and_passes() -> None:
    code, said, _ = sendplan("data", "check")
    assert code == 0
    assert all(name in said for name in TABLES)
    assert "0 failed" in said


def test_data_check_fails_when_a_table_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for file in tables.PUBLISHED.glob("*.parquet"):
        if file.stem != "plans_total":
            (tmp_path / file.name).symlink_to(file)
    monkeypatch.setattr(checks, "check", partial(checks.check, tmp_path))
    code, said, _ = sendplan("data", "check")
    assert code == 1
    assert "FAILED plans_total" in said


def test_data_build_from_the_wrong_folder_is_refused(tmp_path: Path) -> None:
    before = {f.name: f.stat().st_mtime_ns for f in tables.PUBLISHED.iterdir()}
    code, _, told = sendplan("data", "build", "--from", str(tmp_path / "nowhere"))
    assert code == 2
    assert "nowhere" in told
    assert {f.name: f.stat().st_mtime_ns for f in tables.PUBLISHED.iterdir()} == before


def test_a_backtest_of_one_model_holds_that_model_and_is_set_against_the_benchmark(tmp_path: Path) -> None:
    out = tmp_path / "new" / "bt.parquet"
    page = track_record.PAGE.read_bytes()
    arguments = [
        "--origins",
        "2022",
        "2023",
        "--horizon",
        "1",
        "--models",
        "national_growth",
        "--out",
        str(out),
    ]
    code, said, _ = sendplan("backtest", *arguments)
    assert code == 0
    table = pd.read_parquet(out)
    assert tuple(table.columns) == COLUMNS
    assert table["model"].unique().tolist() == ["national_growth"]
    assert sorted(table["origin"].unique()) == [2022, 2023]
    row = next(line for line in said.splitlines() if "national_growth" in line and " all " in line)
    assert "nan" not in row
    assert track_record.PAGE.read_bytes() == page, "a partial run must not stand as the track record"


def test_explain_splits_growth_and_adds_up() -> None:
    code, said, _ = sendplan("explain", "Redbridge", "--to", "2029", "--draws", "100")
    assert code == 0
    assert "why plans change from January 2026 to January 2029" in said
    for label in explain.TERM_LABELS.values():
        assert label in said
    assert "Change in plans" in said


def test_explain_refuses_all_and_far_januaries() -> None:
    code, _, told = sendplan("explain", "all")
    assert code == 2
    assert "one authority" in told
    code, _, told = sendplan("explain", "Redbridge", "--to", "2050", "--draws", "100")
    assert code == 2
    assert "2027 to 2036" in told


def test_a_member_can_be_asked_for(tmp_path: Path) -> None:
    arguments = [
        "forecast",
        "Redbridge",
        "--years",
        "2",
        "--draws",
        "100",
        "--model",
        "bayes_growth",
        "--out",
        str(tmp_path),
    ]
    code, _, _ = sendplan(*arguments)
    assert code == 0
    assert pd.read_parquet(tmp_path / "plans.parquet")["model"].unique().tolist() == ["bayes_growth"]


def test_an_unknown_model_is_refused_with_the_list() -> None:
    code, _, told = sendplan("forecast", "Redbridge", "--model", "prophet")
    assert code == 2
    assert "no model called 'prophet'" in told
    assert "pipeline_ridge" in told


def test_fit_prints_diagnostics_and_fails_loudly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = stored_fit.load(history_tables.load("current"))
    pieces = {m.name: made_from(m.sources, Hashes()) for m in MODELS.values()}

    def make(on_step: object, seed: int, *, which: tuple[str, ...], folder: Path) -> stored_fit.Fit:
        return replace(stored, new={name: pieces[name] for name in which})

    monkeypatch.setattr(stored_fit, "make", make)
    code, said, _ = sendplan("fit", "--out", str(tmp_path))
    assert code == 0
    assert "bayes_growth passed: R-hat" in said
    assert "Weights of the members" in said
    broken = replace(
        stored, cohort=replace(stored.cohort, diagnostics=replace(stored.cohort.diagnostics, r_hat=1.2))
    )
    monkeypatch.setattr(
        stored_fit, "make", lambda *_, which, folder: replace(broken, new={"cohort": pieces["cohort"]})
    )
    code, said, _ = sendplan("fit", "--all", "--out", str(tmp_path))
    assert code == 1
    assert "cohort FAILED: R-hat 1.200" in said
    assert "will not be used" in said
    assert stored_fit.manifest(tmp_path)["status"] == "passed", "what was in use is unchanged"


def test_fit_fits_only_what_is_stale_and_says_which_and_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in stored_fit.FILES:
        shutil.copy(stored_fit.FOLDER / name, tmp_path / name)
    stored = stored_fit.load(history_tables.load("current"))
    monkeypatch.setattr(stored_fit, "make", lambda *_, **__: pytest.fail("it was fitted"))
    code, said, _ = sendplan("fit", "--out", str(tmp_path))
    assert (code, "none was fitted" in said, "--all" in said) == (0, True, True)
    about = json.loads((tmp_path / stored_fit.MANIFEST).read_text())
    now = about["models"]["band_shares"]["made_from"] | {"models/band_shares.py": "0" * 64}
    about["models"]["band_shares"]["made_from"] = now
    (tmp_path / stored_fit.MANIFEST).write_text(stored_fit.sealed(about))
    asked: list[tuple[str, ...]] = []

    def make(on_step: object, seed: int, *, which: tuple[str, ...], folder: Path) -> stored_fit.Fit:
        asked.append(which)
        model = MODELS["band_shares"]
        return replace(stored, new={model.name: made_from(model.sources, Hashes())})

    monkeypatch.setattr(stored_fit, "make", make)
    code, said, _ = sendplan("fit", "--out", str(tmp_path))
    assert (code, asked) == (0, [("band_shares",)])
    assert "To fit: band_shares (models/band_shares.py changed)." in said
    assert "Kept as they are: totals, bayes_growth, cohort" in said
    assert "band_shares passed: R-hat" in said
    assert "cohort passed" not in said
    assert "Weights of the members" not in said
    assert stored_fit.stale(tmp_path) == {}
