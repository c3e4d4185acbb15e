"""``check`` of a table of the council's own: a mapping is written first, then fixes are accepted, then it is used."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from data.errors import CapitalError, OptionError, RegisterError
from data.registers.register_file import read_register
from forecast.cli import app

TABLE = """School,Type of provision,Designation,Year groups,Number of places,Opening date,Status
Elm Primary,SEN Unit,Autism,R-Y6,12,September 2024,Open
Oak School,Community special school,SLD/PMLD,Y7-Y11,190,2022,Current
"""


def sendplan(*arguments: str) -> str:
    """Return what a command prints; errors of input are raised, as `main` expects."""
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False, standalone_mode=False)
    return " ".join(result.output.split())


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


def test_a_table_is_mapped_mended_and_used(here: Path) -> None:
    table = here / "ours.csv"
    table.write_text(TABLE, "utf-8")
    with pytest.raises(RegisterError, match=r"What we would read is in .*ours\.csv\.mapping\.csv"):
        sendplan("capacity", "check", "ours.csv", "--area", "Redbridge")
    mapping = here / "ours.csv.mapping.csv"
    assert "column,Designation,needs" in mapping.read_text("utf-8-sig")
    before = os.stat(mapping).st_mtime_ns
    with pytest.raises(RegisterError, match="There is a mapping already"):
        sendplan("capacity", "check", "ours.csv", "--area", "Redbridge")
    assert os.stat(mapping).st_mtime_ns == before, "answers are never written over"
    check = ("capacity", "check", "ours.csv", "--area", "Redbridge", "--mapping", mapping.name)
    with pytest.raises(
        RegisterError, match=r"Row 3.*could be 2021/22 or 2022/23.*Proposed: from_academic_year 2022/23"
    ):
        sendplan(*check)
    with pytest.raises(RegisterError):
        sendplan(*check, "--fix")
    copy = here / "ours.corrected.csv"
    assert read_register(copy, 317).rows["from_academic_year"].tolist() == ["2024/25", "2022/23"]
    assert table.read_text("utf-8") == TABLE
    with pytest.raises(OptionError, match="exists"):
        sendplan(*check, "--fix")
    copy.unlink()
    with pytest.raises(RegisterError):
        sendplan(*check, "--fix", "--leave-out", "3")
    assert read_register(copy, 317).rows["setting"].tolist() == ["Elm Primary"]
    table.write_text(TABLE.replace(",2022,", ",2022/23,"), "utf-8")
    assert "The mapping is remembered" in sendplan(*check)
    assert "2 rows" in sendplan("capacity", "check", "ours.csv", "--area", "Redbridge")


def test_schemes_are_checked(here: Path) -> None:
    programme = here / "programme.csv"
    programme.write_text(
        "Project,Type,Additional places,Ages,Need,Completion,Total cost\n"
        "Oak ARP,Resourced provision,12,4-11,ASD,September 2027,£1.2m\n",
        "utf-8",
    )
    with pytest.raises(CapitalError, match=r"1 question\(s\), marked \?"):
        sendplan("schemes", "check", "Redbridge", "programme.csv")
    mapping = here / "programme.csv.mapping.csv"
    mapping.write_text(
        mapping.read_text("utf-8-sig").replace("value,price_year,?", "value,price_year,2025-26"), "utf-8"
    )
    output = sendplan("schemes", "check", "Redbridge", "programme.csv", "--mapping", mapping.name)
    assert "programme.csv can be used: 1 schemes, 12 places" in output
    assert "'£1.2m' was read as 1,200,000" in output
