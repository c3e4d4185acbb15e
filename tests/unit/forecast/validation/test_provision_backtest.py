"""The back-test of kinds: cells, benchmarks and the page, with nothing later than the origin in sight."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.panels.history import History
from data.vocabulary import ALL
from forecast.validation import provision_backtest, track_record
from forecast.validation.provision_backtest import (
    Backtest,
    backtest,
    by_era,
    latest_shares,
    published_kinds,
    ratio,
    summary,
)
from models.baselines import BASELINES
from models.inference import Sampling
from models.provision_totals import KIND_CODES, KINDS, REST, ProvisionTotals
from tests.command_line import printed, sendplan
from tests.histories import corrupted_after
from tests.provision_worlds import GOOD

RULE = next(m for m in BASELINES if m.name == "national_growth")
ORIGINS = (2020, 2021, 2024)


@pytest.fixture(scope="module")
def brief(brief_provision: ProvisionTotals) -> ProvisionTotals:
    return replace(brief_provision, sampling=Sampling(draws=60, tune=120, chains=1, target_accept=0.8))


@pytest.fixture(scope="module")
def found(synthetic: History, brief: ProvisionTotals) -> Backtest:
    return backtest(synthetic, RULE, brief, ORIGINS, draws=60)


def test_every_published_kind_of_every_target_is_a_cell(found: Backtest, synthetic: History) -> None:
    cells = found.cells
    targets = {origin: len(range(origin + 1, min(origin + 5, 2025) + 1)) for origin in ORIGINS}
    assert len(cells) == len(synthetic.areas) * 5 * sum(targets.values())
    assert set(cells["kind"]) == {*KIND_CODES, REST}
    assert not cells.isna().any().any()
    one = cells[(cells["la_code"] == 301) & (cells["kind"] == "post16") & (cells["target"] == 2024)]
    placed = synthetic.placements.sel(area=301, january=2024, provision=list(KINDS["post16"]))
    np.testing.assert_allclose(one["actual"], float(placed.sum()))
    assert set(found.diagnostics) == set(ORIGINS)


def test_eras_are_about_the_change_to_person_level_returns(found: Backtest) -> None:
    cells = found.cells
    era = cells.set_index(["origin", "target"])["era"].groupby(level=[0, 1]).first()
    assert era[(2020, 2022)] == "before"
    assert era[(2020, 2023)] == "crossing"
    assert era[(2024, 2025)] == "after"


def test_latest_shares_are_of_the_last_usable_return_and_add_to_one(synthetic: History) -> None:
    placed = synthetic.placements.copy(deep=True)
    placed.loc[{"area": 301, "january": [2024, 2025]}] = np.nan
    gap = replace(synthetic, placements=placed)
    shares = latest_shares(gap)
    np.testing.assert_allclose(shares.sum("kind"), 1.0)
    kinds = published_kinds(synthetic).sel(area=301, january=2023)
    np.testing.assert_allclose(shares.sel(area=301), kinds / kinds.sum())
    assert published_kinds(gap).sel(area=301, january=2025).isnull().all()


def test_the_benchmark_is_the_latest_share_of_the_same_totals(found: Backtest, synthetic: History) -> None:
    """Recomputed by hand for one cell."""
    past = synthetic.until(2021)
    draws = RULE.fit(past, rng=np.random.default_rng([0, 2021])).forecast(range(2022, 2026))
    total = draws.draws(60, np.random.default_rng([0, 2021, 1])).sel(series=ALL, area=305, january=2023)
    share = latest_shares(past).sel(area=305, kind="inmss")
    levels = np.arange(1, 40) / 40
    quantile = np.quantile(total * share, levels)
    cells = found.cells
    row = (cells["origin"] == 2021) & (cells["la_code"] == 305) & (cells["kind"] == "inmss")
    cell = cells[row & (cells["target"] == 2023)].iloc[0]
    miss = float(cell["actual"]) - quantile
    expected = 2 * np.where(miss >= 0, levels * miss, (levels - 1) * miss).mean()
    assert cell["crps_latest"] == pytest.approx(expected)


def test_a_ratio_to_itself_is_one_and_an_authority_is_one_observation() -> None:
    cells = pd.DataFrame(
        {"la_code": [1, 1, 2, 2], "crps": [1.0, 2.0, 3.0, 4.0], "crps_latest": [2.0, 4.0, 6.0, 8.0]}
    )
    assert ratio(cells.assign(crps_latest=cells["crps"])) == (1.0, 0.0)
    assert ratio(cells) == (0.5, 0.0)
    twice = pd.concat([cells, cells])
    uneven = twice.assign(crps=twice["crps"] * np.where(twice["la_code"] == 1, 1.0, 2.0))
    assert ratio(uneven)[1] == pytest.approx(ratio(uneven.drop_duplicates())[1])
    assert all(np.isnan(ratio(cells[:0])))


def test_forecasts_are_identical_when_the_future_is_corrupted(
    found: Backtest, synthetic: History, brief: ProvisionTotals
) -> None:
    forgetful = replace(brief, memory=brief.memory.with_compiled())
    spoilt = backtest(corrupted_after(synthetic, 2024), RULE, forgetful, [2024], draws=60).cells
    clean = found.cells[found.cells["origin"] == 2024].reset_index(drop=True)
    np.testing.assert_array_equal(clean["median"], spoilt["median"])
    np.testing.assert_array_equal(clean["width_80"], spoilt["width_80"])
    assert not np.array_equal(clean["actual"], spoilt["actual"])


def test_summaries_hold_every_kind_and_all_four_together(found: Backtest) -> None:
    scores = summary(found.cells)
    assert scores["kind"].unique().tolist() == ["all kinds", *KIND_CODES, REST]
    whole = scores[(scores["horizon"] == "all")].set_index("kind")
    assert whole.loc["all kinds", "cells"] == whole.loc[list(KIND_CODES), "cells"].sum()
    assert set(by_era(found.cells)["era"]) == {"before", "crossing", "after"}
    assert np.isfinite(scores.select_dtypes("number")).all().all()


def test_the_page_has_every_table_and_is_written_whole(found: Backtest, tmp_path: Path) -> None:
    page = provision_backtest.write_record(found, tmp_path / "places.md")
    text = page.read_text(encoding="utf-8")
    for said in (
        "By kind and years ahead",
        "About the 2023 break",
        "falls short",
        "specialist_base",
        "itemised only from 2023",
    ):
        assert said in text
    assert "nan" not in text
    assert [p.name for p in tmp_path.iterdir()] == ["places.md"]


def test_only_a_full_run_that_passed_is_the_record(found: Backtest) -> None:
    assert not provision_backtest.is_complete(found)
    full = Backtest(found.cells, dict.fromkeys(provision_backtest.ORIGINS, GOOD))
    assert provision_backtest.is_complete(full)
    bad = dict(full.diagnostics) | {2020: replace(GOOD, divergences=1)}
    assert not provision_backtest.is_complete(Backtest(found.cells, bad))
    assert provision_backtest.PAGE != track_record.PAGE, "a refresh of one page must not lose the other"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--origins", "1999"], "Origin 1999 is out of range"),
        (["--origins", "2026"], "no later January to score"),
        (["--out", "."], "is a folder"),
    ],
)
def test_bad_input_is_refused_before_the_work(
    words: list[str],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    out = [] if "--out" in words else ["--out", "places.parquet"]
    code, _, told = sendplan("backtest-places", *words, *out)
    assert (code, told.strip().count("\n")) == (2, 0)
    assert says in told
    assert not list(tmp_path.iterdir())


def test_the_command_prints_the_table_and_writes_the_cells(
    found: Backtest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = provision_backtest.PAGE.read_bytes() if provision_backtest.PAGE.is_file() else b""
    told: list[object] = []

    def instead(history: History, *_: object, **options: object) -> Backtest:
        told.append(options["seed"])
        return found

    monkeypatch.setattr(provision_backtest, "backtest", instead)
    out = tmp_path / "new" / "places.parquet"
    said = printed("backtest-places", "--origins", "2020", "2021", "--seed", "3", "--out", str(out))
    assert told == [3]
    assert len(pd.read_parquet(out)) == len(found.cells)
    assert "all kinds" in said
    assert "left as it is" in said
    assert (provision_backtest.PAGE.read_bytes() if provision_backtest.PAGE.is_file() else b"") == page


def test_an_origin_without_a_later_january_is_left_out(synthetic: History, brief: ProvisionTotals) -> None:
    said: list[str] = []
    last = backtest(synthetic, RULE, brief, [2024, 2025], draws=20, on_step=said.append)
    assert set(last.diagnostics) == {2024}
    assert said == ["totals from January 2024", "kinds of provision from January 2024"]
