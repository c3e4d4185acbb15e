"""A Word paper: headings, captions, alt text, tables, footers, and a file that is whole and always the same."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from pathlib import Path

import docx
import pandas as pd
import pytest
from docx.oxml.ns import qn

from data.errors import OutputError
from forecast.reports import charts
from forecast.reports.document import LANGUAGE, About, DocumentTable, Paper

ABOUT = About(
    "Places in Anytown",
    "A test",
    "An officer",
    "Anytown",
    "January 2025",
    "SEND Place Planner 0.0.0",
    date(2025, 6, 2),
)
FRAME = pd.DataFrame({"Phase": ["Primary", "Secondary"], "Places": ["12", "1,340"]})


def paper() -> Paper:
    one = Paper(ABOUT)
    one.title([("Decision", "Agree")])
    one.contents()
    one.heading("Summary")
    one.paragraph("All is well.", "In short.")
    one.heading("More", 2)
    assert one.table(DocumentTable(FRAME, "Places by phase", note="A note.")) == "Table 1"
    assert one.picture(picture()) == "Figure 1"
    one.heading("End")
    return one


def picture() -> charts.Picture:
    lines = (
        charts.Line("Wanted", (1.0, 2.0), (0.5, 1.5), (2.0, 3.0)),
        charts.Line("Places", (1.0, 1.0), steps=True),
    )
    return charts.over_years(
        [charts.ChartPanel("All", ("2026", "2027"), lines)],
        unit="Children",
        along="January",
        title="More are wanted",
        key=charts.BAND_KEY,
        description="Wanted rises from 1 to 2.",
    )


def opened(one: Paper) -> docx.document.Document:
    return docx.Document(io.BytesIO(one.as_bytes()))


def fields(element: docx.oxml.xmlchemy.BaseOxmlElement) -> list[str]:
    return [str(i.text).strip() for i in element.iter(qn("w:instrText"))]


def test_headings_are_real_and_numbered_by_word() -> None:
    found = opened(paper())
    told = [
        (p.style.name, p.text)
        for p in found.paragraphs
        if p.style and str(p.style.name).startswith("Heading")
    ]
    assert told == [("Heading 1", "Summary"), ("Heading 2", "More"), ("Heading 1", "End")]
    for level in (1, 2):
        numbered = found.styles[f"Heading {level}"].element.pPr.numPr
        assert numbered.ilvl.val == level - 1


def test_contents_are_a_field_already_filled_with_links_to_the_headings() -> None:
    found = opened(paper())
    assert any(f.startswith("TOC ") for f in fields(found.element))
    links = list(found.element.iter(qn("w:hyperlink")))
    assert ["".join(t.text or "" for t in x.iter(qn("w:t"))) for x in links] == [
        "1  Summary",
        "1.1  More",
        "2  End",
    ]
    marks = {b.get(qn("w:name")) for b in found.element.iter(qn("w:bookmarkStart"))}
    assert {x.get(qn("w:anchor")) for x in links} <= marks


def test_captions_are_word_fields_and_read_as_numbers() -> None:
    captions = [p for p in opened(paper()).paragraphs if p.style and p.style.name == "Caption"]
    assert [p.text for p in captions] == ["Table 1: Places by phase", "Figure 1: More are wanted"]
    assert [fields(p._p) for p in captions] == [["SEQ Table \\* ARABIC"], ["SEQ Figure \\* ARABIC"]]


def test_a_header_row_is_repeated_and_no_row_is_split() -> None:
    (grid,) = opened(paper()).tables
    heads = [r._tr.trPr.find(qn("w:tblHeader")) is not None for r in grid.rows]
    assert heads == [True, False, False]
    assert all(r._tr.trPr.find(qn("w:cantSplit")) is not None for r in grid.rows)
    assert grid._tbl.tblPr.find(qn("w:tblCaption")).get(qn("w:val")) == "Table 1: Places by phase"


def test_a_picture_says_what_it_shows() -> None:
    (shape,) = opened(paper()).inline_shapes
    assert shape._inline.docPr.get("descr") == "Wanted rises from 1 to 2."


def test_the_page_is_a4_in_british_english_with_page_numbers() -> None:
    found = opened(paper())
    section = found.sections[0]
    assert (round(section.page_width.cm, 1), round(section.page_height.cm, 1)) == (21.0, 29.7)
    footer = section.footer.paragraphs[0]
    assert fields(footer._p) == ["PAGE", "NUMPAGES"]
    assert "Anytown | data to January 2025 | SEND Place Planner 0.0.0" in footer.text
    assert {x.get(qn("w:val")) for x in found.styles.element.iter(qn("w:lang"))} == {LANGUAGE}


def test_properties_come_from_what_is_given_and_not_from_the_clock() -> None:
    core = opened(paper()).core_properties
    assert (core.title, core.author, core.language) == ("Places in Anytown", "An officer", LANGUAGE)
    assert core.created == core.modified
    assert core.created is not None
    assert core.created.date() == date(2025, 6, 2)


def test_the_same_content_is_the_same_file() -> None:
    first, second = paper().as_bytes(), paper().as_bytes()
    assert first == second
    with zipfile.ZipFile(io.BytesIO(first)) as held:
        assert {i.date_time for i in held.infolist()} == {(1980, 1, 1, 0, 0, 0)}


@pytest.mark.parametrize("cell", ["nan", "", " ", "None", "inf"])
def test_a_missing_number_never_reaches_a_page(cell: str) -> None:
    with pytest.raises(ValueError, match="missing or not text"):
        Paper(ABOUT).table(DocumentTable(pd.DataFrame({"A": ["x"], "B": [cell]}), "Broken"))


def test_a_number_must_be_put_in_words_first() -> None:
    with pytest.raises(ValueError, match="not text"):
        Paper(ABOUT).table(DocumentTable(pd.DataFrame({"A": [1.25]}), "Broken"))


def test_an_empty_table_is_refused() -> None:
    with pytest.raises(ValueError, match="no rows"):
        Paper(ABOUT).table(DocumentTable(FRAME.head(0), "Empty"))


@pytest.mark.parametrize("name", ["paper.pdf", "paper", "folder.docx"])
def test_a_name_that_is_no_word_document_is_refused_and_nothing_is_written(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.docx").mkdir()
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(OutputError, match=r"\.docx"):
        paper().write(tmp_path / name)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_file_is_written_whole_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = paper().write(tmp_path / "sub" / "paper.docx")
    assert [p.name for p in path.parent.iterdir()] == ["paper.docx"]
    assert docx.Document(str(path)).paragraphs[0].text == "Places in Anytown"


def test_a_file_that_cannot_be_written_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "paper.docx"
    path.write_bytes(b"old")

    def full(self: Path, data: bytes) -> int:
        with self.open("wb") as part:
            part.write(data[:10])
        raise OSError("disk full")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError):
        paper().write(path)
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["paper.docx"]
