"""A Word document: real headings, numbered captions, tables, pictures with alternative text, contents, and footers.

Invariants: every table and picture has a numbered caption that is a Word field, and words for people who cannot see it; no cell
holds a missing number; the same content and date give the same bytes, because the date is an argument and never the clock.

    paper = Paper(About(title=..., subject=..., author=..., authority=..., data_date=..., version=..., issued=date(2025, 6, 1)))
    paper.heading("Summary")
    paper.write(Path("paper.docx"))
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import docx
import pandas as pd
from docx.enum.section import WD_ORIENT
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_BREAK, WD_TAB_ALIGNMENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor
from docx.text.paragraph import Paragraph

from data.errors import OutputError
from forecast.core.atomic_files import write_one
from forecast.presentation.published_figures import why_averages

NAVY = "12436D"
"""Colour of headings: the Analysis Function's first."""

GREY = "3D3D3D"
"""Colour of captions and footers."""

PALE = "E8EDF2"
"""Shading of header rows and insets; black on it is read without trouble, also in print."""

FONT = "Arial"
"""A face that every office computer has, and that people with low vision read well."""

LANGUAGE = "en-GB"
WIDTH_CM = 17.0
"""Width of the text on A4 with margins of 2 cm."""

SHORT_TABLE = 6
"""Rows up to which a table is kept on one page."""

LAST_ROWS = 3
"""Rows at the end of a long table that are kept on one page."""

NUMBERED_LEVELS = 2
"""Levels of heading that are numbered and in the contents."""

ENDING = ".docx"

MISSING: frozenset[str] = frozenset({"nan", "NaN", "None", "<NA>", "NaT", "inf", "-inf"})
"""What a missing number looks like as text; no cell of a paper is one of these."""

_STILL = (1980, 1, 1, 0, 0, 0)
_SEQ: dict[str, str] = {"Table": "SEQ Table \\* ARABIC", "Figure": "SEQ Figure \\* ARABIC"}


@dataclass(frozen=True)
class About:
    """Title, author and other properties of a report, for its first page, footers and file properties.

    Parameters
    ----------
    title, subject
        Title and one line under it.
    author
        Who issues it.
    authority
        Name of the authority.
    data_date
        Date of the latest data, for example "January 2025".
    version
        Name and version of the product.
    issued
        Date on the paper.
    """

    title: str
    subject: str
    author: str
    authority: str
    data_date: str
    version: str
    issued: date


@dataclass(frozen=True)
class _Look:
    """Size, weight, colour and spacing of a paragraph style.

    Parameters
    ----------
    size
        Size of the letters, points.
    bold
        Whether they are bold.
    colour
        Their colour, as six hexadecimal digits; black where None.
    before, after
        Space above and below a paragraph, points.
    line
        Distance between lines, as a multiple of the usual one; the document's where None.
    indent
        Space to the left, centimetres; none where None.
    next_kept
        Whether a paragraph stays on the page of the next one.
    plain
        Whether borders of the template are taken away.
    """

    size: float
    bold: bool = False
    colour: str | None = None
    before: float = 0
    after: float = 0
    line: float | None = None
    indent: float | None = None
    next_kept: bool = False
    plain: bool = False


@dataclass(frozen=True)
class Picture:
    """A finished chart as PNG, with its caption and alternative text.

    Parameters
    ----------
    png
        The picture.
    title
        What it shows, as a finding; the caption.
    key
        How to read the marks.
    description
        What it shows, for people who cannot see it.
    width_cm
        Width on the page.
    """

    png: bytes
    title: str
    key: str
    description: str
    width_cm: float = WIDTH_CM


@dataclass(frozen=True)
class DocumentTable:
    """A table of text, with its caption.

    Parameters
    ----------
    frame
        Cells as they are printed.
    title
        The caption.
    words
        Columns that hold words and begin at the left; others end at the right. The first always holds words.
    widths
        Relative widths of the columns; equal where None.
    note
        A line under the table; nothing where empty.
    """

    frame: pd.DataFrame
    title: str
    words: tuple[str, ...] = ()
    widths: tuple[float, ...] | None = None
    note: str = ""


class Paper:
    """A Word document being written, from its first page to its last.

    Parameters
    ----------
    about
        What it says of itself.
    """

    def __init__(self, about: About) -> None:
        self.about = about
        self._document = docx.Document()
        self._counts = {"Table": 0, "Figure": 0}
        self._headings: list[tuple[int, str, str]] = []
        self._numbers = [0] * NUMBERED_LEVELS
        self._contents: Paragraph | None = None
        self._page()
        self._styles()
        self._heading_numbers()
        self._properties()
        self._footer()

    def title(self, lines: Sequence[tuple[str, str]]) -> None:
        """Write the block at the top of the first page: title, subtitle, and lines of a name and its value."""
        self._document.add_paragraph(self.about.title, style="Title")
        self._document.add_paragraph(self.about.subject, style="Subtitle")
        for name, says in lines:
            paragraph = self._document.add_paragraph(style="Facts")
            paragraph.add_run(f"{name}: ").bold = True
            paragraph.add_run(says)

    def contents(self) -> None:
        """Reserve space for the table of contents, a Word field that is filled when the file is written."""
        self._document.add_paragraph("Contents", style="Contents Heading")
        self._contents = self._document.add_paragraph(style="toc 1")

    def heading(self, text: str, level: int = 1) -> None:
        """Write a numbered heading of level 1 or 2."""
        if not 1 <= level <= NUMBERED_LEVELS:
            raise ValueError(f"Headings are of level 1 to {NUMBERED_LEVELS}, not {level}.")
        self._numbers[level - 1] += 1
        self._numbers[level:] = [0] * (NUMBERED_LEVELS - level)
        number = ".".join(str(n) for n in self._numbers[:level])
        bookmark = f"_Toc{len(self._headings) + 1:06d}"
        paragraph = self._document.add_paragraph(text, style=f"Heading {level}")
        _bookmark(paragraph, bookmark, len(self._headings) + 1)
        self._headings.append((level, f"{number}  {text}", bookmark))

    def paragraph(self, text: str, lead: str = "", style: str = "Normal") -> None:
        """Write a paragraph; ``lead`` comes first, in bold."""
        paragraph = self._document.add_paragraph(style=style)
        if lead:
            paragraph.add_run(f"{lead} ").bold = True
        paragraph.add_run(text)

    def inset(self, text: str, lead: str = "") -> None:
        """Write a highlighted paragraph, such as a recommendation."""
        self.paragraph(text, lead, style="Inset")

    def bullets(self, lines: Sequence[str | tuple[str, str]]) -> None:
        """Write a bulleted list; an item of two parts has the first in bold."""
        for line in lines:
            lead, text = line if isinstance(line, tuple) else ("", line)
            self.paragraph(text, lead, style="List Bullet")

    def table(self, table: DocumentTable) -> str:
        """Write a table under its caption and return its name, such as "Table 3".

        Raises
        ------
        ValueError
            It has no rows, or a cell is missing or not text.
        """
        frame = table.frame
        _check(frame, table.title)
        name = self._caption("Table", table.title)
        grid = self._document.add_table(rows=1 + len(frame), cols=len(frame.columns))
        grid.alignment = WD_TABLE_ALIGNMENT.LEFT
        grid.autofit = False
        _ruled(grid, f"{name}: {table.title}", str(frame.columns[0]))
        shares = table.widths or (1.0,) * len(frame.columns)
        widths = [Cm(WIDTH_CM * share / sum(shares)) for share in shares]
        for column, width in zip(grid.columns, widths, strict=True):
            column.width = width
        left = {str(frame.columns[0]), *table.words}
        # A row kept with the next: a short table is not torn, a header, a last row and a note are never alone.
        last = len(frame)
        kept = {0, *(range(1, last) if last <= SHORT_TABLE else range(last - LAST_ROWS + 1, last))}
        # A note that tells of averages says why in its own words.
        why = "" if "verage" in table.note else why_averages(frame)
        note = " ".join(part for part in (table.note, why) if part)
        kept |= {last} if note else set()
        lines = [tuple(str(c) for c in frame.columns), *frame.itertuples(index=False, name=None)]
        for number, (row, line) in enumerate(zip(grid.rows, lines, strict=True)):
            _row(row, repeated=number == 0)
            for cell, width, column, text in zip(row.cells, widths, frame.columns, line, strict=True):
                cell.width = width
                paragraph = cell.paragraphs[0]
                paragraph.style = "Table Head" if number == 0 else "Table Text"
                paragraph.add_run(text)
                if str(column) not in left:
                    paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
                paragraph.paragraph_format.keep_with_next = number in kept
                if number == 0:
                    _shade(cell._tc.get_or_add_tcPr())
        self._document.add_paragraph(note, style="Key")
        return name

    def picture(self, picture: Picture) -> str:
        """Write a picture under its caption, with its key below, and return its name, such as "Figure 2"."""
        name = self._caption("Figure", picture.title)
        holder = self._document.add_paragraph(style="Picture")
        shape = holder.add_run().add_picture(io.BytesIO(picture.png), width=Cm(picture.width_cm))
        properties = shape._inline.docPr
        properties.set("descr", picture.description)
        properties.set("title", f"{name}: {picture.title}")
        properties.set("name", name)
        self._document.add_paragraph(picture.key, style="Key")
        return name

    def page_break(self) -> None:
        """Start a new page."""
        self._document.add_paragraph().add_run().add_break(WD_BREAK.PAGE)

    def as_bytes(self) -> bytes:
        """Return the content of the file."""
        if self._contents is not None:
            self._fill_contents(self._contents)
            self._contents = None
        raw = io.BytesIO()
        self._document.save(raw)
        return _still(raw.getvalue())

    def write(self, path: Path) -> Path:
        """Write the file, whole or not at all.

        Raises
        ------
        OutputError
            It cannot be written there, or the name does not end as a Word file does.
        """
        check_name(path)
        done = self.as_bytes()

        def to(part: Path) -> None:
            part.write_bytes(done)

        return write_one(path, to)

    def _page(self) -> None:
        section = self._document.sections[0]
        section.orientation = WD_ORIENT.PORTRAIT
        section.page_width, section.page_height = Cm(21.0), Cm(29.7)
        section.left_margin = section.right_margin = Cm((21.0 - WIDTH_CM) / 2)
        section.top_margin = section.bottom_margin = Cm(2.0)
        section.footer_distance = Cm(0.9)

    def _styles(self) -> None:
        styles = self._document.styles
        for language in styles.element.iter(qn("w:lang")):
            language.set(qn("w:val"), LANGUAGE)
        normal = self._style("Normal", _Look(size=11, after=6, line=1.1))
        fonts = normal.element.get_or_add_rPr()
        language = OxmlElement("w:lang")
        language.set(qn("w:val"), LANGUAGE)
        fonts.append(language)
        self._style("Title", _Look(size=26, bold=True, colour=NAVY, after=4, line=1.0, plain=True))
        subtitle = self._style("Subtitle", _Look(size=14, colour=GREY, after=12, line=1.0))
        for spread in subtitle.element.findall(f".//{qn('w:rPr')}/{qn('w:spacing')}"):
            spread.getparent().remove(spread)
        self._style("Heading 1", _Look(size=17, bold=True, colour=NAVY, before=18, after=6, next_kept=True))
        self._style("Heading 2", _Look(size=13.5, bold=True, colour=NAVY, before=12, after=4, next_kept=True))
        self._style("Caption", _Look(size=10.5, bold=True, colour=GREY, before=10, after=4, next_kept=True))
        self._style("List Bullet", _Look(size=11, after=3, line=1.1))
        self._style("Footer", _Look(size=8.5, colour=GREY, after=0))
        self._style("Facts", _Look(size=11, after=2))
        self._style(
            "Contents Heading", _Look(size=14, bold=True, colour=NAVY, before=14, after=4, next_kept=True)
        )
        self._style("toc 1", _Look(size=11, after=2))
        self._style("toc 2", _Look(size=10.5, after=1, indent=0.8))
        self._style("Key", _Look(size=9.5, colour=GREY, before=3, after=10))
        self._style("Picture", _Look(size=11, after=2, next_kept=True))
        self._style("Table Head", _Look(size=9.5, bold=True, before=2, after=2))
        self._style("Table Text", _Look(size=9.5, before=2, after=2))
        inset = self._style("Inset", _Look(size=11, before=4, after=8, line=1.1, indent=0.3))
        shape = inset.element.get_or_add_pPr()
        borders = OxmlElement("w:pBdr")
        bar = OxmlElement("w:left")
        for key, value in (("val", "single"), ("sz", "36"), ("space", "8"), ("color", NAVY)):
            bar.set(qn(f"w:{key}"), value)
        borders.append(bar)
        shape.insert_element_before(borders, "w:shd", "w:spacing", "w:ind", "w:jc", "w:rPr")
        _shade(shape, before=("w:spacing", "w:ind", "w:jc", "w:rPr"))

    def _style(self, name: str, look: _Look) -> Any:
        """Return a paragraph style with our font, and the size and spacing of ``look``; create it if needed."""
        styles = self._document.styles
        style: Any = (
            styles[name]
            if name in [s.name for s in styles]
            else styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        )
        style.font.name, style.font.size, style.font.bold, style.font.italic = (
            FONT,
            Pt(look.size),
            look.bold,
            False,
        )
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for face in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
            fonts.attrib.pop(qn(f"w:{face}"), None)
        for face in ("eastAsia", "cs"):
            fonts.set(qn(f"w:{face}"), FONT)
        if name != "Normal" and style.base_style is None:
            style.base_style = styles["Normal"]
        style.font.color.rgb = RGBColor.from_string(look.colour or "000000")
        form = style.paragraph_format
        form.space_before, form.space_after = Pt(look.before), Pt(look.after)
        form.keep_with_next = look.next_kept
        if look.line is not None:
            form.line_spacing = look.line
        if look.indent is not None:
            form.left_indent = Cm(look.indent)
        if look.plain:
            for border in style.element.findall(f".//{qn('w:pBdr')}"):
                border.getparent().remove(border)
        return style

    def _heading_numbers(self) -> None:
        """Set up heading numbers counted by Word, so that sections added by hand are numbered too."""
        numbering = self._document.part.numbering_part.element
        number = 1 + max((int(n.get(qn("w:numId"))) for n in numbering.findall(qn("w:num"))), default=0)
        kind = 1 + max(
            (int(n.get(qn("w:abstractNumId"))) for n in numbering.findall(qn("w:abstractNum"))), default=0
        )
        scheme = _element("w:abstractNum", abstractNumId=kind)
        scheme.append(_element("w:multiLevelType", val="multilevel"))
        for level in range(NUMBERED_LEVELS):
            one = _element("w:lvl", ilvl=level)
            one.append(_element("w:start", val=1))
            one.append(_element("w:numFmt", val="decimal"))
            one.append(_element("w:pStyle", val=f"Heading{level + 1}"))
            one.append(_element("w:suff", val="tab"))
            one.append(_element("w:lvlText", val=".".join(f"%{n + 1}" for n in range(level + 1))))
            one.append(_element("w:lvlJc", val="left"))
            place = OxmlElement("w:pPr")
            place.append(_element("w:ind", left=567 + 142 * level, hanging=567 + 142 * level))
            one.append(place)
            scheme.append(one)
        first = numbering.find(qn("w:num"))
        if first is None:
            numbering.append(scheme)
        else:
            first.addprevious(scheme)
        used = _element("w:num", numId=number)
        used.append(_element("w:abstractNumId", val=kind))
        numbering.append(used)
        for level in range(NUMBERED_LEVELS):
            shape = self._document.styles[f"Heading {level + 1}"].element.get_or_add_pPr()
            properties = shape.get_or_add_numPr()
            properties.get_or_add_ilvl().set(qn("w:val"), str(level))
            properties.get_or_add_numId().set(qn("w:val"), str(number))

    def _properties(self) -> None:
        about, core = self.about, self._document.core_properties
        moment = datetime(about.issued.year, about.issued.month, about.issued.day, tzinfo=UTC)
        core.title, core.subject, core.author = about.title, about.subject, about.author
        core.last_modified_by, core.comments = about.author, "A forecast, not an outturn."
        core.language, core.keywords, core.category = LANGUAGE, "SEND; specialist places; capital", "Report"
        core.created = core.modified = core.last_printed = moment
        core.revision = 1

    def _footer(self) -> None:
        paragraph = self._document.sections[0].footer.paragraphs[0]
        paragraph.paragraph_format.tab_stops.clear_all()
        paragraph.paragraph_format.tab_stops.add_tab_stop(Cm(WIDTH_CM), alignment=WD_TAB_ALIGNMENT.RIGHT)
        about = self.about
        paragraph.add_run(
            f"{about.authority} | data to {about.data_date} | {about.version} | a forecast, not an outturn\tPage "
        )
        _field(paragraph, "PAGE", "1")
        paragraph.add_run(" of ")
        _field(paragraph, "NUMPAGES", "1")

    def _caption(self, kind: str, title: str) -> str:
        self._counts[kind] += 1
        paragraph = self._document.add_paragraph(style="Caption")
        paragraph.add_run(f"{kind} ")
        _field(paragraph, _SEQ[kind], str(self._counts[kind]))
        paragraph.add_run(f": {title}")
        return f"{kind} {self._counts[kind]}"

    def _fill_contents(self, first: Paragraph) -> None:
        """Fill the table of contents with a link for each heading; Word adds page numbers when it updates the field."""
        lines = [first]
        for _ in self._headings[1:]:
            after = OxmlElement("w:p")
            lines[-1]._p.addnext(after)
            lines.append(Paragraph(after, first._parent))
        _begin_field(first, f'TOC \\o "1-{NUMBERED_LEVELS}" \\h \\z \\u')
        for line, (level, text, bookmark) in zip(lines, self._headings, strict=True):
            line.style = f"toc {level}"
            link = _element("w:hyperlink", anchor=bookmark, history=1)
            run = line.add_run(text)
            link.append(run._r)
            line._p.append(link)
        _end_field(lines[-1])


def check_name(path: Path) -> None:
    """Raise an `OutputError` unless the file name ends like a Word document's and no folder has it."""
    if path.suffix.lower() != ENDING or path.is_dir():
        raise OutputError(
            f"The report cannot be written to {path}: it is a Word document, and its name must end in {ENDING}. "
            "Nothing was written. Give a file, for example --out "
            f"{path.with_suffix(ENDING) if path.name else 'paper.docx'}."
        )


def _check(frame: pd.DataFrame, title: str) -> None:
    if frame.empty:
        raise ValueError(f"The table '{title}' has no rows. Say so in words instead.")
    wrong = [
        f"{column}: {cell!r}"
        for column in frame.columns
        for cell in frame[column]
        if not isinstance(cell, str) or not cell.strip() or cell.strip() in MISSING
    ]
    if wrong:
        raise ValueError(
            f"The table '{title}' has cells that are missing or not text: {'; '.join(wrong[:5])}."
        )


def _element(tag: str, **values: Any) -> Any:
    element = OxmlElement(tag)
    for name, value in values.items():
        element.set(qn(f"w:{name}"), str(value))
    return element


def _begin_field(paragraph: Paragraph, code: str) -> None:
    for kind in ("begin", None, "separate"):
        run = paragraph.add_run()
        if kind is None:
            instruction = OxmlElement("w:instrText")
            instruction.set(qn("xml:space"), "preserve")
            instruction.text = f" {code} "
            run._r.append(instruction)
        else:
            run._r.append(_element("w:fldChar", fldCharType=kind))


def _end_field(paragraph: Paragraph) -> None:
    paragraph.add_run()._r.append(_element("w:fldChar", fldCharType="end"))


def _field(paragraph: Paragraph, code: str, now: str) -> None:
    """Add a Word field with its current value."""
    _begin_field(paragraph, code)
    paragraph.add_run(now)
    _end_field(paragraph)


def _bookmark(paragraph: Paragraph, name: str, number: int) -> None:
    start = _element("w:bookmarkStart", id=number, name=name)
    paragraph._p.insert(1 if paragraph._p.pPr is not None else 0, start)
    paragraph._p.append(_element("w:bookmarkEnd", id=number))


def _shade(properties: Any, before: tuple[str, ...] = ()) -> None:
    shading = _element("w:shd", val="clear", color="auto", fill=PALE)
    if before:
        properties.insert_element_before(shading, *before)
    else:
        properties.append(shading)


def _ruled(grid: Any, title: str, first: str) -> None:
    """Give a table rules between rows, alternative text, and a header row that screen readers announce."""
    properties = grid._tbl.tblPr
    borders = OxmlElement("w:tblBorders")
    for side in ("top", "bottom", "insideH"):
        borders.append(_element(f"w:{side}", val="single", sz=4, space=0, color="8A9299"))
    room = OxmlElement("w:tblCellMar")
    for side in ("left", "right"):
        room.append(_element(f"w:{side}", w=70, type="dxa"))
    for tag in ("w:tblLook", "w:tblCellMar", "w:tblBorders"):
        for old in properties.findall(qn(tag)):
            properties.remove(old)
    # Word wants the parts in the order of its schema.
    properties.insert_element_before(borders, "w:shd", "w:tblLayout", "w:tblCellMar", "w:tblLook")
    for part in (
        room,
        _element(
            "w:tblLook", val="0020", firstRow=1, lastRow=0, firstColumn=0, lastColumn=0, noHBand=1, noVBand=1
        ),
        _element("w:tblCaption", val=title),
        _element(
            "w:tblDescription", val=f"The first row names the columns; each row begins with {first.lower()}."
        ),
    ):
        properties.append(part)


def _row(row: Any, *, repeated: bool) -> None:
    properties = row._tr.get_or_add_trPr()
    properties.append(OxmlElement("w:cantSplit"))
    if repeated:
        properties.append(OxmlElement("w:tblHeader"))


def _still(raw: bytes) -> bytes:
    """Return a zip file with every time in it set to the same one, so that equal content gives equal bytes."""
    done = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as given, zipfile.ZipFile(done, "w", zipfile.ZIP_DEFLATED) as taken:
        for item in given.infolist():
            entry = zipfile.ZipInfo(item.filename, date_time=_STILL)
            entry.compress_type = zipfile.ZIP_DEFLATED
            taken.writestr(entry, given.read(item.filename))
    return done.getvalue()
