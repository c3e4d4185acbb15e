"""Tables of text as HTML that screen readers read well, and that scroll by keyboard on narrow screens.

Invariant: every cell is escaped; the only markup a cell can become is a link to its own web address, shown
as the name of the host.
"""

from __future__ import annotations

import re
from html import escape
from urllib.parse import urlsplit

import pandas as pd

from forecast.presentation import wording

_POUNDS = r"[-+]?£[\d,.]+(m|bn)?"
_COUNT = r"(over |under )?[-+]?\d[\d,.]*( %| points)?"
_NUMBER = re.compile(
    rf"({_COUNT}( \(.+\))?|{_POUNDS}( to {_POUNDS})?( \(.+\))?|not published|no places|no change|)"
)
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
.figures .number { text-align: right; font-variant-numeric: tabular-nums; }
.figures .number span { white-space: nowrap; }
.figures tbody .number { min-width: 4.5rem; }
.figures th[scope="row"] { min-width: 6.5rem; }
.figures .short { white-space: nowrap; }
.figures .long { min-width: 11rem; }
.figures a { color: #12436d; }
.figures .chance { text-align: center; white-space: nowrap; border: 1px solid #ffffff; padding: 0.375rem 0.5rem; }
</style>"""

_LEAD = (
    "font-size:1.375rem;line-height:1.45;font-weight:600;max-width:50rem;margin:0;border-left:5px solid #12436d;"
    "padding-left:1rem"
)

SHADES: tuple[tuple[float, str, str], ...] = (
    (0.2, "#F3F2F1", "#0b0c0c"), (0.5, "#D5DEE8", "#0b0c0c"), (0.8, "#6990B5", "#0b0c0c"), (1.01, "#12436D", "#ffffff"),
)  # fmt: skip
"""Chance below which a cell has a shade and a colour of text; every pair has a contrast above 4.5."""

SHORT, LONG = 12, 40
"""A column of cells no longer than ``SHORT`` characters never wraps; one beyond ``LONG`` gets more room."""


def html(table: pd.DataFrame, caption: str) -> str:
    """Return a table of text as HTML; rows are headed by the index, or by the first column if the index has no name.

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


def lead(sentence: str) -> str:
    """Return the main sentence of a page as HTML."""
    return f'<p style="{_LEAD}">{escape(sentence)}</p>'


def strip(chances: pd.DataFrame, caption: str) -> str:
    """Return chances of 0 to 1 as a table: shaded by size, each cell in per cent, "under 1 %" and "over 99 %" at the ends.

    Parameters
    ----------
    chances
        A row a thing, named by the index; a column a January.
    caption
        What the table holds.
    """
    head = "".join(f'<th scope="col" class="chance">{escape(str(c))}</th>' for c in chances.columns)
    body = "".join(
        f'<tr><th scope="row">{escape(str(name))}</th>{"".join(_chance(float(v)) for v in row)}</tr>'
        for name, row in zip(chances.index, chances.to_numpy(), strict=True)
    )
    return (
        f'{_STYLE}<div class="figures" role="region" tabindex="0" aria-label="{escape(caption)}"><table>'
        f"<caption><span>{escape(caption)}</span></caption><thead><tr>"
        f'<th scope="col">{escape(str(chances.index.name))}</th>{head}'
        f"</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _chance(value: float) -> str:
    shade, ink = next((s, i) for limit, s, i in SHADES if value < limit)
    return f'<td class="chance" style="background:{shade};color:{ink}">{wording.table_chance(value)}</td>'


def _row(cells: tuple[str, ...], classes: list[str]) -> str:
    first, *rest = (_cell(cell, "number" in c) for cell, c in zip(cells, classes, strict=True))
    tail = "".join(f"<td{c}>{cell}</td>" for cell, c in zip(rest, classes[1:], strict=True))
    return f'<tr><th scope="row">{first}</th>{tail}</tr>'


def _cell(text: str, is_number: bool) -> str:
    """Return a cell as HTML; a web address becomes a link named by its host, and a number may wrap only before its interval."""
    if _LINK.fullmatch(text):
        return f'<a href="{escape(text)}">{escape(urlsplit(text).netloc)}</a>'
    if is_number:
        figure, bracket, interval = escape(text).partition(" (")
        return f"<span>{figure}</span> <span>({interval}</span>" if bracket else f"<span>{figure}</span>"
    return escape(text)


def _class_of(cells: pd.Series) -> str:
    if all(_NUMBER.fullmatch(c) for c in cells) and cells.name != "January":
        return ' class="number"'
    longest = cells.str.len().max()
    if longest <= SHORT:
        return ' class="short"'
    return ' class="long"' if longest > LONG else ""
