"""Parts of pages: figures with their source, charts with their table, and terms with their meaning.

Invariant: a chart is never alone: its finding stands above it, its key, table, download and source below; everything a mouse can
find by pointing is also in text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd
import streamlit as st

from forecast.core.table_files import csv_bytes
from forecast.presentation.glossary import TERMS, meaning
from forecast.presentation.published_figures import why_averages
from forecast.ui.components import tables
from forecast.ui.components.charts.figure import Figure
from forecast.ui.frame.shell import say
from forecast.ui.frame.text import bullets, literal
from forecast.ui.views.common import Measure, Source

PER_ROW = 4
"""Figures side by side on a wide screen; fewer on a narrow one."""

MOST_DRAWINGS = 1_000
"""Finished charts kept in memory, some 20 kB each; a map is 1 MB."""


def headline(sentence: str, how_to_read: str) -> None:
    """Show the main sentence of a page, and how to read its ranges."""
    st.html(tables.lead(sentence))
    say(literal(how_to_read))


def measures(figures: Sequence[Measure]) -> None:
    """Show figures side by side, each with interval, trend and a link to its source."""
    for column, one in zip(st.columns(PER_ROW), figures, strict=False):
        with column.container(border=True):
            st.metric(literal(one.label), one.value, help=meaning(*one.terms))
            st.markdown(f"{literal(one.interval)}  \n{literal(one.trend)}")
    with st.expander("Where these figures come from"):
        say(bullets(tuple(f"{m.label}: {source_text(m.source)}" for m in figures)))


def source_text(source: Source) -> str:
    """Return the source of a figure as one paragraph."""
    estimated = f" Estimated: {source.estimated}" if source.estimated else ""
    return (
        f"Unit: {source.unit}. Date: {source.dates}. {source.interval}. Source: {source.source}.{estimated}"
    )


def chart(
    figure: Figure, shown: pd.DataFrame, caption: str, source: Source, data: pd.DataFrame, file: str
) -> None:
    """Show a chart with its title above, and key, table, download and source below.

    Parameters
    ----------
    figure
        From one of `forecast.ui.components.charts`.
    shown
        The same figures as finished text.
    caption
        What the table holds.
    source
        Where the figures come from.
    data, file
        The figures as numbers, and the name of the file they download as.
    """
    st.subheader(literal(figure.title), anchor=False)
    _drawing(figure.name, figure)
    say(literal(figure.key))
    with st.expander(f"Table, download and source: {literal(caption)}"):
        table(shown, caption)
        download("Download these figures (CSV)", csv_bytes(data), file)
        say(literal(source_text(source)))


@st.cache_data(max_entries=MOST_DRAWINGS, show_spinner=False)
def _drawing(name: str, _figure: Figure) -> None:
    """Show a chart; a repeated call sends the same chart without making it again."""
    # The chart's own description becomes its accessible name.
    st.altair_chart(_figure.chart)


def table(frame: pd.DataFrame, caption: str) -> None:
    """Show a table of text and why a column of it holds averages, or a sentence that it is empty."""
    if len(frame):
        st.html(tables.html(frame, caption))
        if why := why_averages(frame):
            say(why)
    else:
        say(f"{literal(caption)}: none.")


def strip(chances: pd.DataFrame, caption: str) -> None:
    """Show chances of 0 to 1 as a table of shaded cells that state the chance in words."""
    st.html(tables.strip(chances, caption))


def download(label: str, content: bytes | Callable[[], bytes], file: str) -> None:
    """Show a button that downloads a file without running the page again; a function is called when the file is requested."""
    st.download_button(label, content, file_name=file, on_click="ignore", key=f"download-{label}-{file}")


def estimated(lines: Sequence[str]) -> None:
    """Show sentences on what is estimated and not known."""
    say(bullets(tuple(lines)))


def words(*terms: str) -> None:
    """Show the meaning of terms used on the page, in an expander."""
    with st.expander("Words on this page"):
        say("\n".join(f"- **{literal(t)}**: {literal(TERMS[t])}" for t in terms))
