"""``sendplan forecast`` and ``explain``: the three futures, the reform at a chance, own record, joining, and England."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from data import areas
from tests.command_line import printed, sendplan

FEW = ("--draws", "100", "--years", "6")


def test_the_forecast_names_the_futures_the_reform_and_its_own_record(tmp_path: Path) -> None:
    shown = printed("forecast", "Leeds", *FEW, "--reform-chance", "0.2", "--out", str(tmp_path))
    page = (tmp_path / "summary.md").read_text(encoding="utf-8")
    for text in (" ".join(shown.split()), page):
        assert "Three futures of joining" in text
        assert "You put that at 2 chances in 10." in text
        assert "If today's joining rates held" in text
        assert "plans grew by" in text
        assert "How such cases went" in text
        assert "Lifetime chance" in text
        assert "goes on much as in recent years" not in text
    assert (
        json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))["arguments"]["reform_chance"] == 0.2
    )


def test_a_chance_that_is_none_is_refused(tmp_path: Path) -> None:
    ended = sendplan("forecast", "Leeds", "--reform-chance", "20", "--out", str(tmp_path))
    assert ended.code != 0
    assert "--reform-chance 20 is not a chance" in ended.out + ended.err


def test_explain_gives_joining_by_year_in_place_of_a_share_of_residents() -> None:
    shown = printed("explain", "Redbridge", *FEW)
    assert "joining by year" in shown
    assert "Lifetime chance of a plan" in shown
    assert "plans grew by" in shown


def test_all_authorities_are_added_up_beside_published_forecasts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = areas.current()[:2]
    monkeypatch.setattr(areas, "current", lambda: two)
    shown = printed("forecast", "all", "--draws", "100", "--years", "3", "--out", str(tmp_path))
    assert "The authorities' forecasts add up to" in shown
    assert "CCN / Isos Partnership" in shown
