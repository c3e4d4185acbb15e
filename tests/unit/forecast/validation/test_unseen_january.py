"""A January that was forecast before it was published: what is scored, said and kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.errors import SourceError
from data.panels import history_tables
from data.panels.history import History
from data.vocabulary import ALL
from forecast.core.quantile_table import COLUMNS as LONG
from forecast.core.quantile_table import PROBABILITIES
from forecast.validation import track_record, unseen_january
from forecast.validation.backtest import BENCHMARK
from models.headline import HEADLINE

REDBRIDGE, KENT, CITY = 317, 886, 201


@pytest.fixture(scope="module")
def history() -> History:
    """Return what was published before January 2026."""
    return history_tables.load("current").until(2025)


def forecast_of(history: History, medians: dict[int, float], model: str, spread: float) -> pd.DataFrame:
    """Return quantiles on a straight line through a median: from (1 - spread) to (1 + spread) of it."""
    levels = np.asarray(PROBABILITIES)
    rows = [
        (
            model,
            code,
            history.origin,
            history.origin + 1,
            ALL,
            ALL,
            level,
            median * (1 + 2 * spread * (level - 0.5)),
        )
        for code, median in medians.items()
        for level in levels
    ]
    return pd.DataFrame(rows, columns=list(LONG))


@pytest.fixture(scope="module")
def scores(history: History) -> pd.DataFrame:
    made = pd.concat(
        [
            forecast_of(history, {REDBRIDGE: 3_800, KENT: 20_000, CITY: 30}, HEADLINE, 0.1),
            forecast_of(history, {REDBRIDGE: 3_600, KENT: 22_000, CITY: 30}, BENCHMARK, 0.1),
        ]
    )
    actual = pd.Series({REDBRIDGE: 3_830.0, KENT: 22_500.0, CITY: 26.0, 999: 1.0})
    return unseen_january.score(made, history, actual)


def test_every_authority_with_both_januaries_is_scored_and_the_smallest_are_left_out(
    history: History, scores: pd.DataFrame
) -> None:
    assert list(scores.columns) == list(unseen_january.COLUMNS)
    assert set(scores["la_code"]) == {REDBRIDGE, KENT}
    own = scores[scores["model"] == HEADLINE].set_index("la_code")
    assert own.loc[REDBRIDGE, "before"] == 3_391
    assert own["in_80"].to_dict() == {REDBRIDGE: True, KENT: False}
    assert own.loc[REDBRIDGE, "low_95"] == pytest.approx(3_800 * 0.905)
    assert own.loc[REDBRIDGE, "ape"] == pytest.approx(30 / 3_830)


def test_what_is_said_is_what_was_scored(scores: pd.DataFrame) -> None:
    said = " ".join(unseen_january.sentences(scores, HEADLINE))
    own = scores[scores["model"] == HEADLINE]
    assert (
        "January 2026: made from tables and a fit that end at January 2025, and scored on the 2 authorities"
        in said
    )
    assert f"missed totals by {100 * own['ape'].mean():.2f} %" in said
    assert "80 % intervals held 50.0 %" in said


def test_a_january_scored_again_takes_the_place_of_the_first_time(scores: pd.DataFrame) -> None:
    none = unseen_january.read_scores(Path("nowhere.csv"))
    once = unseen_january.together(none, scores)
    assert unseen_january.together(once, scores).equals(once)
    later = scores.assign(target=2027, origin=2026)
    assert unseen_january.together(once, later)["target"].value_counts().to_dict() == {2026: 4, 2027: 4}


def test_only_its_section_of_the_record_changes(scores: pd.DataFrame, tmp_path: Path) -> None:
    page, table = tmp_path / "page.md", tmp_path / "table.csv"
    page.write_text("# Track record\n\nBefore.\n\n## Age bands\n\nAfter.\n", encoding="utf-8")
    track_record.write_unseen(scores, page, table)
    first = page.read_text(encoding="utf-8")
    track_record.write_unseen(scores, page, table)
    assert page.read_text(encoding="utf-8") == first
    assert first.startswith("# Track record\n\nBefore.\n\n## Januaries that were forecast before")
    assert first.endswith("\n\n## Age bands\n\nAfter.\n")
    assert len(pd.read_csv(table)) == len(scores)


def test_the_record_says_what_the_shipped_table_holds() -> None:
    kept = unseen_january.read_scores()
    assert set(kept["target"]) == {2026}
    assert kept["la_code"].nunique() == 149
    assert unseen_january.markdown(kept, HEADLINE) in track_record.PAGE.read_text(encoding="utf-8")


def test_outcomes_are_the_totals_of_the_release(releases: Path) -> None:
    actual = unseen_january.outcomes(releases, 2026)
    assert actual.sum() == 716_838
    assert actual[REDBRIDGE] == 3_830
    kept = unseen_january.read_scores().drop_duplicates("la_code").set_index("la_code")["actual"]
    assert (actual.reindex(kept.index) == kept).all()


def test_a_folder_without_the_release_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"does not hold .*plans_2026\.zip.*Put the release there"):
        unseen_january.outcomes(tmp_path, 2026)
