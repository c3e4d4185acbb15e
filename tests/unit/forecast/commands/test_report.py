"""``sendplan report capital``: a paper from the command line, whole or not at all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import docx
import pytest

from data.capital.candidate_file import shipped, write_template
from tests.command_line import sendplan

RUN = [
    "--draws",
    "100",
    "--years",
    "6",
    "--date",
    "2025-07-01",
    "--scenario",
    "baseline",
    "--scenario",
    "low-births",
]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    folder = tmp_path_factory.mktemp("paper")
    held = shipped(317)
    assert held is not None
    write_template(held.rows[:3], folder / "schemes.csv")
    out = folder / "out" / "paper.docx"
    words = ["Redbridge", *RUN, "--candidates", str(folder / "schemes.csv"), "--out", str(out)]
    # A process of its own, as a person starts one; the refusals below are asked in this process.
    done = subprocess.run(
        [sys.executable, "-m", "forecast.cli", "report", "capital", *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, out


def test_the_paper_opens_and_says_what_the_terminal_says(written: tuple[str, Path]) -> None:
    said, out = written
    paper = docx.Document(str(out))
    (inset,) = [p.text for p in paper.paragraphs if p.style and p.style.name == "Inset"]
    assert inset.removeprefix("Recommendation. ") in said
    assert [p.name for p in out.parent.iterdir()] == ["paper.docx"]


def test_the_paper_says_how_it_was_made_without_folders(written: tuple[str, Path]) -> None:
    _, out = written
    (grid,) = [t for t in docx.Document(str(out)).tables if t.rows[1].cells[0].text == "Command"]
    assert grid.rows[1].cells[1].text == (
        "sendplan report capital Redbridge --scenario baseline --scenario low-births --candidates schemes.csv "
        "--years 6 --draws 100 --date 2025-07-01 --out paper.docx"
    )
    assert str(out.parent) not in "\n".join(c.text for r in grid.rows for c in r.cells)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["Redbridge", "--out", "paper.pdf"], "must end in .docx"),
        (["Redbridge", "--out", "paper.docx", "--date", "1 July"], "Write it as 2025-07-01"),
        (["all", "--out", "paper.docx"], "A paper is of one authority"),
        (["Redbridge", "--out", "paper.docx", "--p-sufficient", "80"], "Write a share from 0 to 1"),
        (
            ["Redbridge", "--out", "paper.docx", "--scenario", "low-births", "--scenario", "low-births"],
            "is named twice",
        ),
        (["Redbridge", "--out", "paper.docx", "--candidates", "absent.csv"], "absent.csv"),
        (
            ["Redbridge", "--out", "paper.docx", "--author", "Jo\x07"],
            "--author 'Jo ' holds the character U+0007",
        ),
    ],
    ids=["ending", "date", "all", "chance", "twice", "absent", "author"],
)
def test_bad_input_is_said_and_nothing_is_written(
    words: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, told = sendplan("report", "capital", *words)
    assert code == 2
    assert says in " ".join(told.split())
    assert "Traceback" not in told
    assert list(tmp_path.iterdir()) == []
