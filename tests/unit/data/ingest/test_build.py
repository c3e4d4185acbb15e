"""The build: all or nothing, traced to its inputs, the same bytes every time."""

from __future__ import annotations

import hashlib

import pandas as pd
import pytest

from data import tables
from data.errors import OutputError, SourceError, TableError
from data.ingest import build, finance
from data.schemas import TABLES

LINES = "s251_line,fbit_field,meaning,phase_split\n1.0.2,PlaceFunding,Places,yes\n"
BUILDERS = {"s251_line_map": finance.s251_line_map}


@pytest.fixture
def source(tmp_path):
    """Return a folder of one tiny release with its list."""
    folder = tmp_path / "releases"
    (folder / "finance").mkdir(parents=True)
    (folder / finance.LINE_MAP).write_text(LINES, encoding="utf-8")
    listing(folder, hashlib.sha256(LINES.encode()).hexdigest())
    return folder


def listing(folder, digest):
    (folder / "SOURCES.csv").write_text(
        "path,publisher,publication,release_date,licence,sha256\n"
        f'{finance.LINE_MAP},DfE,"S251, lines",2026,OGL v3.0,{digest}\n',
        encoding="utf-8",
    )


def test_a_table_and_its_origin_are_written(source, tmp_path):
    report = build.build(source, tmp_path / "out" / "published", builders=BUILDERS)
    frame = pd.read_parquet(tmp_path / "out" / "published" / "s251_line_map.parquet")
    assert frame["s251_line"].tolist() == ["1.0.2"]
    origin = pd.read_csv(tmp_path / "out" / "SOURCES.csv", dtype="str").iloc[0]
    assert origin["input"] == finance.LINE_MAP
    assert origin["release"] == "S251, lines"
    assert origin["sha256"] == hashlib.sha256(LINES.encode()).hexdigest()
    assert origin["rows"] == "1"
    assert report.tables[0].inputs == (finance.LINE_MAP,)
    assert report.bytes == (tmp_path / "out" / "published" / "s251_line_map.parquet").stat().st_size


def test_same_releases_give_the_same_bytes(source, tmp_path):
    for name in ("a", "b"):
        build.build(source, tmp_path / name / "published", builders=BUILDERS)
    files = ("published/s251_line_map.parquet", "SOURCES.csv")
    for file in files:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_progress_is_told_before_each_table(source, tmp_path):
    seen = []
    build.build(source, tmp_path / "out" / "p", lambda *told: seen.append(told), builders=BUILDERS)
    assert seen == [("s251_line_map", 1, 1)]


def test_another_file_than_the_listed_one_is_an_error(source, tmp_path):
    listing(source, "0" * 64)
    with pytest.raises(SourceError, match=r"s251_high_needs_line_map\.csv is not the file"):
        build.build(source, tmp_path / "out" / "published", builders=BUILDERS)


def test_an_unlisted_input_is_an_error(source, tmp_path):
    (source / "SOURCES.csv").write_text(
        "path,publisher,publication,release_date,licence,sha256\n", encoding="utf-8"
    )
    with pytest.raises(SourceError, match="does not list"):
        build.build(source, tmp_path / "out" / "published", builders=BUILDERS)


def test_a_list_without_hashes_is_an_error(source):
    (source / "SOURCES.csv").write_text("path,publisher\n", encoding="utf-8")
    with pytest.raises(SourceError, match="no column publication"):
        build.read_origins(source)


def test_nothing_changes_when_a_later_table_fails(source, tmp_path):
    published = tmp_path / "out" / "published"
    build.build(source, published, builders=BUILDERS)
    before = {p.name: p.read_bytes() for p in published.iterdir()}
    listed = (tmp_path / "out" / "SOURCES.csv").read_bytes()
    broken = {
        "s251_line_map": lambda release: finance.s251_line_map(release).assign(meaning="changed"),
        "lsrp_tables": lambda release: finance.lsrp_tables(release),
    }
    with pytest.raises(SourceError, match="lsrp"):
        build.build(source, published, builders=broken)
    assert {p.name: p.read_bytes() for p in published.iterdir()} == before
    assert (tmp_path / "out" / "SOURCES.csv").read_bytes() == listed
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"published", "SOURCES.csv"}


def test_a_broken_table_names_table_column_row_and_value(source, tmp_path):
    broken = {"s251_line_map": lambda release: finance.s251_line_map(release).assign(meaning=[None])}
    with pytest.raises(TableError, match=r"'s251_line_map', column 'meaning', row 0"):
        build.build(source, tmp_path / "out" / "published", builders=broken)
    assert not list((tmp_path / "out" / "published").iterdir())


def test_a_duplicate_key_is_reported():
    frame = pd.DataFrame({"la_code": [317, 317], "rank": [1, 1], "neighbour_la_code": [310, 312]})
    with pytest.raises(TableError, match="statistical_neighbours"):
        build.validated(TABLES["statistical_neighbours"], frame)


def test_an_unwritable_destination_is_an_output_error(source, tmp_path):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(OutputError, match="cannot be written"):
        build.build(source, tmp_path / "file" / "published", builders=BUILDERS)


def test_every_table_has_a_builder_and_every_builder_a_table():
    assert list(build.all_builders()) == list(TABLES)


def test_every_release_file_is_used_or_left_out_for_a_reason(releases):
    origins = set(build.read_origins(releases))
    listed = pd.read_csv(build.PUBLISHED.parent / build.LISTING, dtype="str")
    used = set(listed["input"])
    assert used | set(build.NOT_INGESTED) == origins
    assert not used & set(build.NOT_INGESTED)


def test_shipped_hashes_are_those_of_the_releases(releases):
    listed = pd.read_csv(build.PUBLISHED.parent / build.LISTING, dtype="str")
    origins = build.read_origins(releases)
    assert [origins[path].sha256 for path in listed["input"]] == listed["sha256"].tolist()


def test_a_release_older_than_the_one_in_use_is_refused_unless_asked_for(source, tmp_path):
    published = tmp_path / "out" / "published"
    shipped = tables.read("plans_total")
    build.build(source, published, builders={"plans_total": lambda _: shipped})
    before = (published / "plans_total.parquet").read_bytes()
    older = {"plans_total": lambda _: shipped.loc[shipped["january"] < 2026].reset_index(drop=True)}
    with pytest.raises(
        SourceError, match=r"'plans_total' would end at 2025, .* ends at 2026.*nothing was changed.*--older"
    ):
        build.build(source, published, builders=older)
    assert (published / "plans_total.parquet").read_bytes() == before
    build.build(source, published, builders=older, older=True)
    assert pd.read_parquet(published / "plans_total.parquet")["january"].max() == 2025
