"""Sheets of numbers as an Excel workbook, written straight as the parts of the file: some ten times faster than a cell at a time.

What can be written is what tables of a run need: text and numbers, formats, bold heads, frozen panes, filters, widths, and pages
that print on their width. There is no way to write a formula, a link or a merged cell.

Invariants: the same sheets give the same bytes (parts carry no time). Text cannot start a formula, because it is written as text
and guarded as in CSV files (`data.council_files.formulas.guarded`). Characters that XML forbids are left out. Names of sheets
are unique and of at most 31 characters, as Excel asks.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from data.council_files.formulas import guarded

Value = str | float | None
"""Text, a number, or a blank cell; not-a-number is blank too."""

PLAIN, BOLD, BOLD_RIGHT, WRAPPED = "", "bold", "bold right", "wrapped"
"""Styles of text; any other style is the format of a number."""

LONGEST_NAME = 31
"""Characters of the name of a sheet."""

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_WRONG_NAME = re.compile(r"[\\/*?:\[\]]")
_FIRST_FORMAT = 164
"""Formats from this number on are a workbook's own."""

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row of cells.

    Parameters
    ----------
    texts, text_style
        The cells on the left, and their style.
    numbers, number_style
        The cells to the right of them, and their style: a format such as ``#,##0``, or a style of text.
    """

    texts: Sequence[str]
    text_style: str = PLAIN
    numbers: Sequence[Value] = ()
    number_style: str = PLAIN


@dataclass(frozen=True)
class XlsxSheet:
    """A sheet.

    Parameters
    ----------
    name
        Shown on its tab.
    rows
        Its rows, from the first.
    widths
        Of its columns, in characters.
    head
        Row of the names of columns, which has filters and below which the rows scroll; 0 for none.
    names
        Columns that stay where they are when a reader scrolls to the right.

    Raises
    ------
    ValueError
        Excel would not open a sheet of that name.
    """

    name: str
    rows: Sequence[SheetRow]
    widths: Sequence[float]
    head: int = 0
    names: int = 0

    def __post_init__(self) -> None:
        if not 0 < len(self.name) <= LONGEST_NAME or _WRONG_NAME.search(self.name):
            raise ValueError(
                f"'{self.name}' cannot name a sheet. Use 1 to {LONGEST_NAME} characters, and none of \\ / * ? : [ ]."
            )


def xlsx_bytes(sheets: Sequence[XlsxSheet]) -> bytes:
    """Return sheets as a workbook.

    Raises
    ------
    ValueError
        Two sheets have one name, or there is none.
    """
    lower = [sheet.name.lower() for sheet in sheets]
    if len(set(lower)) != len(lower) or not lower:
        raise ValueError(
            f"A workbook needs sheets of different names, but these are {[s.name for s in sheets]}."
        )
    styles: dict[str, int] = {PLAIN: 0, BOLD: 1, BOLD_RIGHT: 2, WRAPPED: 3}
    parts = {
        f"xl/worksheets/sheet{number}.xml": _sheet(sheet, styles)
        for number, sheet in enumerate(sheets, start=1)
    }
    # Formats are known only once every sheet is written.
    parts = {
        "[Content_Types].xml": _content_types(len(sheets)),
        "_rels/.rels": _relations([(f"{_OFFICE}/officeDocument", "xl/workbook.xml")]),
        "xl/workbook.xml": _workbook(sheets),
        "xl/_rels/workbook.xml.rels": _relations(
            [
                *((f"{_OFFICE}/worksheet", f"worksheets/sheet{n}.xml") for n in range(1, len(sheets) + 1)),
                (f"{_OFFICE}/styles", "styles.xml"),
            ]
        ),
        "xl/styles.xml": _styles(list(styles)[4:]),
        **parts,
    }
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as packed:
        for name, text in parts.items():
            # The first moment that a zip file can hold, so that bytes depend on nothing but the sheets.
            packed.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), text.encode(), zipfile.ZIP_DEFLATED)
    return raw.getvalue()


def column_letters(number: int) -> str:
    """Return the letters of a column: "A" for 1, "AA" for 27."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _sheet(sheet: XlsxSheet, styles: dict[str, int]) -> str:
    wide = max((len(row.texts) + len(row.numbers) for row in sheet.rows), default=1)
    letters = [column_letters(number) for number in range(1, wide + 1)]
    widths = "".join(
        f'<col min="{n}" max="{n}" width="{width:g}" customWidth="1"/>'
        for n, width in enumerate(sheet.widths, start=1)
    )
    panes = ""
    if sheet.head:
        corner = f"{column_letters(sheet.names + 1)}{sheet.head + 1}"
        across = f' xSplit="{sheet.names}"' if sheet.names else ""
        pane = "bottomRight" if sheet.names else "bottomLeft"
        panes = (
            f'<pane{across} ySplit="{sheet.head}" topLeftCell="{corner}" activePane="{pane}" state="frozen"/>'
        )
    body = "".join(
        f'<row r="{number}">{"".join(_cells(row, number, letters, styles))}</row>'
        for number, row in enumerate(sheet.rows, start=1)
    )
    filters = f'<autoFilter ref="{_filtered(sheet)}"/>' if sheet.head else ""
    return (
        f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>'
        f'<sheetViews><sheetView workbookViewId="0">{panes}</sheetView></sheetViews>'
        f'<sheetFormatPr defaultRowHeight="15"/><cols>{widths}</cols><sheetData>{body}</sheetData>{filters}'
        '<pageMargins left="0.5" right="0.5" top="0.6" bottom="0.6" header="0.3" footer="0.3"/>'
        '<pageSetup paperSize="9" orientation="landscape" fitToHeight="0"/></worksheet>'
    )


def _cells(row: SheetRow, number: int, letters: Sequence[str], styles: dict[str, int]) -> Iterable[str]:
    style = _style(row.text_style, styles)
    for letter, text in zip(letters, row.texts, strict=False):
        if text:
            yield _text(letter, number, style, text)
    style = _style(row.number_style, styles)
    for letter, value in zip(letters[len(row.texts) :], row.numbers, strict=False):
        if isinstance(value, str):
            yield _text(letter, number, style, value)
        # Not-a-number is the one number that is not itself.
        elif value is not None and value == value:
            yield f'<c r="{letter}{number}"{style}><v>{value!r}</v></c>'


def _style(style: str, styles: dict[str, int]) -> str:
    number = styles.setdefault(style, len(styles))
    return f' s="{number}"' if number else ""


def _text(letter: str, number: int, style: str, text: str) -> str:
    written = escape(guarded(_FORBIDDEN.sub("", text)))
    return f'<c r="{letter}{number}"{style} t="inlineStr"><is><t xml:space="preserve">{written}</t></is></c>'


def _filtered(sheet: XlsxSheet) -> str:
    head = sheet.rows[sheet.head - 1]
    return f"A{sheet.head}:{column_letters(len(head.texts) + len(head.numbers))}{len(sheet.rows)}"


def _workbook(sheets: Sequence[XlsxSheet]) -> str:
    listed = "".join(
        f'<sheet name={quoteattr(sheet.name)} sheetId="{n}" r:id="rId{n}"/>'
        for n, sheet in enumerate(sheets, start=1)
    )
    names = ""
    for n, sheet in enumerate(sheets):
        if sheet.head:
            tab = escape("'" + sheet.name.replace("'", "''") + "'")
            corner, end = (re.sub(r"([A-Z]+)(\d+)", r"$\1$\2", cell) for cell in _filtered(sheet).split(":"))
            names += (
                f'<definedName name="_xlnm._FilterDatabase" localSheetId="{n}" hidden="1">{tab}!{corner}:{end}</definedName>'
                f'<definedName name="_xlnm.Print_Titles" localSheetId="{n}">{tab}!${sheet.head}:${sheet.head}</definedName>'
            )
    defined = f"<definedNames>{names}</definedNames>" if names else ""
    return (
        f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{listed}</sheets>{defined}</workbook>'
    )


def _styles(formats: Sequence[str]) -> str:
    own = "".join(
        f'<numFmt numFmtId="{_FIRST_FORMAT + n}" formatCode={quoteattr(one)}/>'
        for n, one in enumerate(formats)
    )
    numbers = "".join(
        f'<xf numFmtId="{_FIRST_FORMAT + n}" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
        for n in range(len(formats))
    )
    text = '<xf numFmtId="0" fontId="{}" fillId="0" borderId="0" xfId="0"{}'
    listed = f'<numFmts count="{len(formats)}">{own}</numFmts>' if formats else ""
    return (
        f'{_HEAD}<styleSheet xmlns="{_MAIN}">{listed}'
        '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
        '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
        '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>'
        '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
        f'<cellXfs count="{4 + len(formats)}">{text.format(0, "/>")}'
        + text.format(1, ' applyFont="1"/>')
        + text.format(1, ' applyFont="1" applyAlignment="1"><alignment horizontal="right"/></xf>')
        + text.format(0, ' applyAlignment="1"><alignment vertical="top" wrapText="1"/></xf>')
        + f'{numbers}</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
    )


def _content_types(sheets: int) -> str:
    listed = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_TYPE}.worksheet+xml"/>'
        for n in range(1, sheets + 1)
    )
    return (
        f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>{listed}</Types>'
    )


def _relations(targets: Iterable[tuple[str, str]]) -> str:
    listed = "".join(
        f'<Relationship Id="rId{n}" Type="{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(targets, start=1)
    )
    return f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{listed}</Relationships>'
