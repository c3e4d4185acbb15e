"""``sendplan capacity``: template, check and diff, as typed at the command line."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from data.errors import OptionError, RegisterError
from data.registers import kept_registers
from data.registers.register_file import read_register
from data.sign_in.people import this_computer
from forecast.cli import app


def sendplan(*arguments: str) -> str:
    """Return what a command prints; errors of input are raised, as `main` expects."""
    result = CliRunner().invoke(app, ["capacity", *arguments], catch_exceptions=False, standalone_mode=False)
    return " ".join(result.output.split())


@pytest.fixture
def register(tmp_path: Path) -> Path:
    path = tmp_path / "mine.csv"
    sendplan("template", "Redbridge", "--out", str(path))
    return path


def test_a_template_is_csv_or_a_workbook(register: Path, tmp_path: Path) -> None:
    book = tmp_path / "mine.xlsx"
    assert f"Edit {book}" in sendplan("template", "Redbridge", "--out", str(book)).replace("\n", "")
    assert read_register(book, 317).rows.equals(read_register(register, 317).rows)


def test_check_says_whose_it_is_what_it_offers_and_what_looks_doubtful(register: Path) -> None:
    told = sendplan("check", str(register))
    assert "mine.csv: the register of Redbridge can be used. 46 rows." in told
    assert "2029/30" in told
    assert "Check: 'Little Heath School' has 195 places" in told


def test_check_refuses_another_authoritys_file_and_lists_problems(register: Path) -> None:
    with pytest.raises(RegisterError, match="looks like a register of Redbridge"):
        sendplan("check", str(register), "--area", "Kent")
    with pytest.raises(OptionError, match="one authority's"):
        sendplan("check", str(register), "--area", "all")
    text = register.read_text("utf-8-sig").replace("ASD;SLCN,4,10", "ADS;SLCN,10,4")
    register.write_text(text, "utf-8")
    with pytest.raises(
        RegisterError, match=r"(?s)8 problems.*Did you mean 'ASD'\?.*Swap or correct the ages"
    ):
        sendplan("check", str(register))


def test_diff_names_rows_cells_and_places(register: Path, tmp_path: Path) -> None:
    assert sendplan("diff", str(register), str(register)) == "The two registers hold the same rows."
    rows = pd.read_csv(register, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    rows.loc[rows["setting"] == "Seven Kings School ARP", ["places", "note"]] = ["20", "five more"]
    edited = tmp_path / "edited.csv"
    rows[rows["setting"] != "Woodbridge High School unit"].to_csv(edited, index=False)
    told = sendplan("diff", str(register), str(edited), "--area", "Redbridge")
    assert "1 row removed, 1 row changed. Counted places: -" in told
    assert "Removed: Woodbridge High School unit, ages 11 to 13, 10 places from 2023/24 (open)" in told
    assert "Changed: Seven Kings School ARP (row 30): places '15' -> '20'; note 'Open before" in told


def test_check_compares_with_the_register_in_use_and_says_which(
    register: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(kept_registers.VARIABLE, str(tmp_path / "kept"))
    shipped = sendplan("check", str(register))
    assert "Against the register that comes with the planner, which is in use: It says the same." in shipped
    more = tmp_path / "more.csv"
    rows = pd.read_csv(register, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    rows.loc[rows["setting"] == "Seven Kings School ARP", "places"] = "20"
    rows.to_csv(more, index=False)
    kept_registers.keep(this_computer("Jo"), read_register(more, 317), 317, 0)
    assert "Against the register in use (Version 1 (January" in sendplan("check", str(register))
    assert "by Jo): It says the same." in sendplan("check", str(more))
