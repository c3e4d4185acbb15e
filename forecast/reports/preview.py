"""A Word document as blocks that a page can show: headings, text, tables and pictures, in order.

Invariant: words and figures are those of the file; only its layout is left out.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import docx
import pandas as pd
from docx.oxml.ns import qn
from docx.table import Table
from docx.text.paragraph import Paragraph

CAPTIONS: tuple[str, ...] = ("Caption",)
"""Styles of captions, which name the table or picture they stand by."""


@dataclass(frozen=True)
class Heading:
    """A heading; ``level`` 1 is the first below the title."""

    text: str
    level: int


@dataclass(frozen=True)
class Text:
    """A paragraph; ``item`` is True in a list."""

    text: str
    item: bool = False


@dataclass(frozen=True)
class Grid:
    """A table of text with its caption."""

    frame: pd.DataFrame
    caption: str


@dataclass(frozen=True)
class Image:
    """A picture (PNG) with its description."""

    content: bytes
    alt: str


Block = Heading | Text | Grid | Image
"""A part of a preview."""


def of_word(content: bytes) -> tuple[Block, ...]:
    """Return the blocks of a Word document, without its table of contents."""
    blocks: list[Block] = []
    caption = ""
    for part in docx.Document(io.BytesIO(content)).iter_inner_content():
        if isinstance(part, Table):
            blocks.append(Grid(_frame(part), caption or "Table"))
            caption = ""
            continue
        blocks += _pictures(part)
        style = part.style.name if part.style is not None and part.style.name else ""
        text = part.text.strip()
        if not text or style.upper().startswith("TOC"):
            continue
        if style in CAPTIONS:
            caption = text
        elif style.startswith("Heading "):
            blocks.append(Heading(text, int(style.removeprefix("Heading "))))
        elif text == "Contents":
            continue
        elif style == "Title":
            blocks.append(Heading(text, 1))
        else:
            blocks.append(Text(text, "List" in style))
    return tuple(blocks)


def _frame(table: Table) -> pd.DataFrame:
    head, *rows = ([cell.text.strip() for cell in row.cells] for row in table.rows)
    return pd.DataFrame(rows, columns=head)


def _pictures(part: Paragraph) -> list[Block]:
    pictures: list[Block] = []
    for drawing in part._p.iter(qn("w:drawing")):
        alt = next((p.get("descr") or "" for p in drawing.iter(qn("wp:docPr"))), "")
        for blip in drawing.iter(qn("a:blip")):
            pictures.append(Image(part.part.related_parts[str(blip.get(qn("r:embed")))].blob, alt))
    return pictures
