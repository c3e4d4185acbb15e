"""Tables of finished text as HTML: read well by screen readers, scrolled by keyboard on narrow screens.

Invariant: every cell is escaped; the only markup a cell can become is a link to its own web address, shown
as the name of the host.
"""

from __future__ import annotations

import re
from html import escape
from urllib.parse import urlsplit

import pandas as pd

_NUMBER = re.compile(r"(\d[\d,.]*( %)?( \(.+\))?|not published|no places|)")
_LINK = re.compile(r"https?://[^\s<>\"']+")

_STYLE = """<style>
.figures { overflow-x: auto; margin-bottom: 1rem; }
.figures table { border-collapse: collapse; font-size: 0.9375rem; line-height: 1.4; }
.figures caption { text-align: left; font-weight: 600; padding: 0 0 0.5rem; color: inherit; }
.figures caption span { display: inline-block; position: sticky; left: 0; max-width: calc(100vw - 5rem); }
.figures th, .figures td { text-align: left; vertical-align: top; padding: 0.375rem 0.875rem 0.375rem 0;
  border: 0; border-bottom: 1px solid #b1b4b6; font-weight: 400; }
.figures thead th { font-weight: 600; vertical-align: bottom; border-bottom: 2px solid #505a5f; }
.figures tbody th { font-weight: 600; }
.figures .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.figures .short { white-space: nowrap; }
.figures .long { min-width: 11rem; }
.figures a { color: #12436d; }
</style>"""

SHORT, LONG = 12, 40
"""A column of cells no longer than ``SHORT`` characters never wraps; one beyond ``LONG`` gets more room."""


def html(table: pd.DataFrame, caption: str) -> str:
    """Return a table of text as HTML; the index, or the first column where it has no name, heads the rows.

    Parameters
    ----------
    table
        Finished text; numbers are printed as they are.
    caption
        What the table holds; also the name of the region that scrolls.
    """
    shown = (table.reset_index() if table.index.name is not None else table).astype("str")
    classes = [_class_of(shown.iloc[:, i]) for i in range(shown.shape[1])]
    head = "".join(
        f'<th scope="col"{c}>{escape(str(name))}</th>' for name, c in zip(shown.columns, classes, strict=True)
    )
    body = "".join(_row(row, classes) for row in shown.itertuples(index=False, name=None))
    return (
        f'{_STYLE}<div class="figures" role="region" tabindex="0" aria-label="{escape(caption)}"><table>'
        f"<caption><span>{escape(caption)}</span></caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _row(cells: tuple[str, ...], classes: list[str]) -> str:
    first, *rest = (_cell(cell) for cell in cells)
    tail = "".join(f"<td{c}>{cell}</td>" for cell, c in zip(rest, classes[1:], strict=True))
    return f'<tr><th scope="row">{first}</th>{tail}</tr>'


def _cell(text: str) -> str:
    """Return a cell as HTML; a cell that is a web address becomes a link named by its host."""
    if _LINK.fullmatch(text):
        return f'<a href="{escape(text)}">{escape(urlsplit(text).netloc)}</a>'
    return escape(text)


def _class_of(cells: pd.Series) -> str:
    if all(_NUMBER.fullmatch(c) for c in cells) and cells.name != "January":
        return ' class="number"'
    longest = cells.str.len().max()
    if longest <= SHORT:
        return ' class="short"'
    return ' class="long"' if longest > LONG else ""
