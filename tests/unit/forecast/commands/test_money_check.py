"""``sendplan money-check``: it prints every part, writes four whole files, and refuses what it cannot do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from data.errors import AreaError
from forecast.validation import deficit_hindcast, finance_validation
from tests.command_line import printed, sendplan


def test_it_writes_what_it_prints(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    whole, hindcast = finance_validation.check_lines, deficit_hindcast.hindcast
    few = [317, 301, 302, 303]

    def hindcast_of_few(la_code: int, *given: Any, **named: Any) -> deficit_hindcast.Hindcast:
        if la_code not in few:
            raise AreaError(f"{la_code} is left out of this test")
        return hindcast(la_code, *given, **named)

    monkeypatch.setattr(finance_validation, "check_lines", lambda on_step: whole(few, on_step))
    monkeypatch.setattr(deficit_hindcast, "hindcast", hindcast_of_few)
    told = printed("money-check", "--out", str(tmp_path), "--draws", "100")
    for words in ("own figures hidden: Redbridge", "What the intervals held", "In-year balances of 2021-22"):
        assert words in told
    tables = {p.stem: pd.read_parquet(p) for p in tmp_path.glob("*.parquet")}
    assert set(tables) == {"lines", "scores", "balances", "balance_scores"}
    assert set(tables["lines"]["la_code"]) == set(few)
    assert set(tables["balances"]["known"]) == set(deficit_hindcast.KNOWN)


def test_too_few_draws_are_refused(tmp_path: Path) -> None:
    code, _, said = sendplan("money-check", "--out", str(tmp_path), "--draws", "0")
    assert code == 2
    assert "draws" in said
    assert not list(tmp_path.iterdir())
