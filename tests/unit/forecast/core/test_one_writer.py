"""Tables leave the planner by one writer, so that no cell of any is run as a formula."""

from __future__ import annotations

import ast
from pathlib import Path

import pandas as pd

from forecast.core.table_files import csv_bytes, write_csv

ROOT = Path(__file__).resolve().parents[4]

WRITERS = {
    "forecast/core/table_files.py": "the writer",
    "forecast/validation/audit.py": "numbers only, in a file of the repository",
    "data/ingest/laid_over.py": "the list of origins, beside the published tables",
    "forecast/validation/track_record.py": "numbers only, in a file of the repository",
    "forecast/validation/earlier_forecasts.py": "numbers only, in a file of the repository",
    "forecast/validation/summary_files.py": "numbers only, in a file of the repository",
    "data/ingest/build.py": "hashes and names of releases, in a file of the repository",
}
"""Files that may write CSV, and why."""

FILLED_IN = {
    "data/capital/candidate_file.py",
    "data/council_files/column_mapping.py",
    "data/council_files/corrected_copy.py",
    "data/counts/counts_file.py",
    "data/prices/ledger.py",
    "data/registers/register_file.py",
    "forecast/places/preference_file.py",
    "forecast/ui/views/register_draft.py",
}
"""Files that people fill in, which are read again and so guard cells with what takes the guard off."""


def calls(path: Path) -> list[ast.expr]:
    """Return what a file calls."""
    return [
        node.func
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    ]


def writes_frames(path: Path) -> bool:
    """Return whether a file calls a method that writes a frame; functions of those names are our own."""
    return any(isinstance(one, ast.Attribute) and one.attr in ("to_csv", "to_excel") for one in calls(path))


def writes_rows(path: Path) -> bool:
    return any(ast.unparse(one) in ("csv.writer", "csv.DictWriter") for one in calls(path))


def sources() -> dict[str, Path]:
    return {
        path.relative_to(ROOT).as_posix(): path
        for package in ("data", "models", "scenarios", "forecast")
        for path in (ROOT / package).rglob("*.py")
    }


def test_no_other_file_writes_tables_as_csv_or_excel() -> None:
    assert {name for name, path in sources().items() if writes_frames(path)} == WRITERS.keys()
    assert {name for name, path in sources().items() if writes_rows(path)} == FILLED_IN


def test_a_source_that_is_a_formula_is_written_as_text(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "source": ['=HYPERLINK("http://x.example","a")', "+cmd|' /C calc'!A0", "Ledger"],
            "price": [-1.5, 2.0, 3.0],
        }
    )
    path = tmp_path / "prices.csv"
    write_csv(frame, path)
    assert path.read_bytes() == csv_bytes(frame)
    again = pd.read_csv(path)
    assert again["source"].tolist() == [
        '\'=HYPERLINK("http://x.example","a")',
        "'+cmd|' /C calc'!A0",
        "Ledger",
    ]
    assert again["price"].tolist() == [-1.5, 2.0, 3.0]
