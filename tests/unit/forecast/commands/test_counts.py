"""``sendplan counts`` and ``--own-count``, as typed at the command line."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from docx import Document
from typer.testing import CliRunner

from data.council_files.kept_files import COUNTS
from data.counts.counts_file import write_counts
from data.counts.own_counts import OwnCounts, PlansCount
from data.errors import CountError, OptionError
from forecast.cli import app
from tests.command_line import printed

REDBRIDGE = 317
FEW = ("--draws", "100", "--years", "5")
MOVES = "Redbridge's own count of 4,310 plans on 30 September 2026 moves January 2027 from"


def sendplan(*arguments: str) -> str:
    """Return what a command prints; errors of input are raised, as `main` expects."""
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False, standalone_mode=False)
    return " ".join(result.output.split())


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(COUNTS.variable, str(tmp_path / "kept"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.xlsx"
    plans = PlansCount(day=date(2026, 9, 30), total=4310)
    write_counts(OwnCounts(la_code=REDBRIDGE, plans=plans), path)
    return path


def test_a_template_is_a_workbook_or_csv_and_is_not_replaced_unasked(tmp_path: Path) -> None:
    for suffix in ("xlsx", "csv"):
        path = tmp_path / f"c.{suffix}"
        assert f"Fill in {path}" in sendplan("counts", "template", "Redbridge", "--out", str(path))
        with pytest.raises(OptionError, match="was left alone"):
            sendplan("counts", "template", "Redbridge", "--out", str(path))
    with pytest.raises(OptionError, match="Counts are one authority's"):
        sendplan("counts", "template", "all", "--out", str(tmp_path / "all.xlsx"))


def test_check_says_what_a_file_holds_and_would_move(file: Path) -> None:
    output = sendplan("counts", "check", "Redbridge", str(file))
    assert "mine.xlsx: the counts of Redbridge can be used." in output
    assert "4,310 EHC plans on 30 September 2026." in output
    assert MOVES in output
    with pytest.raises(CountError, match="'317' is Redbridge, but the count was given for Kent"):
        sendplan("counts", "check", "Kent", str(file))


def test_versions_are_kept_listed_and_deleted(file: Path) -> None:
    assert "No counts of Redbridge are kept" in sendplan("counts", "versions", "Redbridge")
    assert "Kept: Version 1" in sendplan("counts", "keep", "Redbridge", str(file), "--who", "Jo")
    listed = sendplan("counts", "versions", "Redbridge")
    assert "4,310" in listed
    assert "by Jo" in listed
    assert "Deleted: version 1" in sendplan("counts", "delete", "Redbridge", "1", "--who", "Jo")
    with pytest.raises(CountError, match="was deleted"):
        sendplan("counts", "delete", "Redbridge", "1")
    assert "Version 2" in sendplan("counts", "keep", "Redbridge", str(file))


def test_a_count_far_from_the_forecast_is_kept_once_it_was_checked(tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    write_counts(OwnCounts(la_code=REDBRIDGE, plans=PlansCount(day=date(2026, 9, 30), total=700)), path)
    with pytest.raises(OptionError, match=r"odd.csv was not kept\. Check the count: 700 plans are far fewer"):
        sendplan("counts", "keep", "Redbridge", str(path))
    assert COUNTS.versions(REDBRIDGE) == ()
    assert "Kept: Version 1" in sendplan("counts", "keep", "Redbridge", str(path), "--checked")


def test_a_forecast_says_and_records_what_a_count_moves(file: Path, tmp_path: Path) -> None:
    output = " ".join(
        printed("forecast", "Redbridge", "--own-count", str(file), "--out", str(tmp_path / "o"), *FEW).split()
    )
    assert output.index(MOVES) < output.index("Redbridge had 3,830")
    assert MOVES in (tmp_path / "o" / "summary.md").read_text("utf-8")
    facts = json.loads((tmp_path / "o" / "run.json").read_text("utf-8"))
    assert facts["arguments"]["own_count"] == "mine.xlsx"
    assert facts["own_count"]["plans"] == 4310
    moved = facts["own_count"]["moved"]["2027"]
    assert moved["with"][1] > moved["without"][1]
    with pytest.raises(OptionError, match="holds one authority's plans but 'all' was asked for"):
        sendplan("forecast", "all", "--own-count", str(file))


@pytest.mark.parametrize(
    "command",
    [
        ("explain", "Redbridge"),
        ("places", "Redbridge"),
        ("money", "Redbridge"),
        ("scenario", "run", "low-births", "Redbridge", "--no-record"),
        ("scenario", "compare", "Redbridge", "baseline", "low-births", "--no-record"),
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_every_command_that_forecasts_takes_a_count_and_says_so(
    command: tuple[str, ...], file: Path, tmp_path: Path
) -> None:
    out = [] if command[0] == "explain" or command[1] == "compare" else ["--out", str(tmp_path / "o")]
    output = " ".join(printed(*command, "--own-count", str(file), *FEW, *out).split())
    assert MOVES in output


def test_the_capital_paper_says_what_a_count_moves(file: Path, tmp_path: Path) -> None:
    paper = tmp_path / "paper.docx"
    printed(
        "report", "capital", "Redbridge", "--out", str(paper), "--own-count", str(file), "--date", "2026-11-30",
        "--draws", "100",
    )  # fmt: skip
    document = Document(str(paper))
    assert MOVES in "\n".join(p.text for p in document.paragraphs)
    cells = [c.text for table in document.tables for row in table.rows for c in row.cells]
    assert any("--own-count mine.xlsx" in text for text in cells)


def test_a_saved_result_made_with_a_count_says_that_now_is_without(file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "o"
    printed("forecast", "Redbridge", "--own-count", str(file), "--out", str(folder), *FEW)
    without = " ".join(printed("then-and-now", str(folder)).split())
    assert "Then used the council's own count of 4,310 plans on 30 September 2026; now does not" in without
    with_it = " ".join(printed("then-and-now", str(folder), "--own-count", str(file)).split())
    assert MOVES in with_it
    assert "now does not" not in with_it
