"""Previews of Word documents: every word and figure of the file, in order."""

from __future__ import annotations

import io
import struct
import zlib

import docx
import pytest
from docx.document import Document
from docx.oxml.ns import qn

from forecast.reports.preview import Grid, Heading, Image, Text, of_word


def png() -> bytes:
    """Return a picture of one white dot."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\x00\xff")) + chunk(b"IEND", b"")
    )  # fmt: skip


def content(document: Document) -> bytes:
    """Return a document as the bytes of its file."""
    raw = io.BytesIO()
    document.save(raw)
    return raw.getvalue()


@pytest.fixture
def paper() -> Document:
    """Return a document with a part of every kind."""
    found = docx.Document()
    found.add_paragraph("Places in Redbridge", style="Title")
    found.add_paragraph("Contents")
    found.add_heading("Need", 1)
    found.add_paragraph("1,146 children would have no place.")
    found.add_paragraph("  ")
    found.add_heading("By phase", 2)
    found.add_paragraph("Primary first.", style="List Bullet")
    found.add_paragraph("Table 1: children", style="Caption")
    table = found.add_table(rows=2, cols=2)
    for cell, text in zip(table._cells, ("Phase", "Children", "Primary", "400"), strict=True):
        cell.text = text
    found.add_picture(io.BytesIO(png()))
    next(found.element.iter(qn("wp:docPr"))).set("descr", "Line chart of plans of Redbridge")
    return found


def test_every_part_is_shown_in_order(paper: Document) -> None:
    found = of_word(content(paper))
    assert [type(b) for b in found] == [Heading, Heading, Text, Heading, Text, Grid, Image]
    assert found[:5] == (
        Heading("Places in Redbridge", 1),
        Heading("Need", 1),
        Text("1,146 children would have no place."),
        Heading("By phase", 2),
        Text("Primary first.", item=True),
    )


def test_a_table_has_its_cells_and_the_caption_before_it(paper: Document) -> None:
    (grid,) = [b for b in of_word(content(paper)) if isinstance(b, Grid)]
    assert grid.caption == "Table 1: children"
    assert list(grid.frame.columns) == ["Phase", "Children"]
    assert grid.frame.to_numpy().tolist() == [["Primary", "400"]]


def test_a_table_without_a_caption_has_a_name(paper: Document) -> None:
    paper.add_table(rows=1, cols=1)._cells[0].text = "Only a head"
    last = of_word(content(paper))[-1]
    assert isinstance(last, Grid)
    assert (last.caption, len(last.frame)) == ("Table", 0)


def test_a_picture_has_its_bytes_and_says_what_it_shows(paper: Document) -> None:
    (image,) = [b for b in of_word(content(paper)) if isinstance(b, Image)]
    assert image.content == png()
    assert image.alt == "Line chart of plans of Redbridge"
