"""docs/schema.md is the public contract, so it must say what the code enforces."""

from __future__ import annotations

from data import tables
from data.schemas import TABLES
from data.schemas.page import markdown
from forecast.core.quantile_table import COLUMNS
from forecast.presentation.summary import SHORTFALL_COLUMNS

PAGE = tables.DATA_DIR.parent / "docs" / "schema.md"


def test_the_page_is_what_make_docs_writes() -> None:
    assert PAGE.read_text(encoding="utf-8") == markdown(), "run 'make docs'"


def test_the_page_names_every_column_of_the_files_a_run_writes() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for column in (*COLUMNS, *SHORTFALL_COLUMNS):
        assert f"| {column} |" in page or f"{column}," in page or f", {column}" in page, column


def test_every_published_file_is_a_known_table_and_the_other_way_round() -> None:
    files = {p.stem for p in tables.PUBLISHED.glob("*.parquet")}
    assert files == set(TABLES)
    assert sum(p.stat().st_size for p in tables.PUBLISHED.glob("*.parquet")) <= 25_000_000
