"""Rows of a release that were written down by hand, as files in the layout of its zip.

A release may be at hand as a folder of rows that somebody read from its pages before the zip itself is. A list
(``data/ingest/sen2_layouts/2026-transcription.toml``) says which part of the folder holds which topic of which file of the zip;
`read` puts them together as the zip would have them, so one layout reads both.

Rules
-----
``not_written_down``
    A column that a part lacks exists in the release but not here: its cells are ``x``.
``two_parts_of_a_row``
    Where two parts hold the same row, each gives the columns it has, and what both have must agree.
``england_alone``
    Flows with whole rows of England and of one authority give England's only: a rate that one authority has and no other would
    be read as a difference between them. Stocks give both: what is known of one authority's children is its own.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from data.errors import SourceError
from data.ingest.reading import Release

FOLDER = Path(__file__).with_name("sen2_layouts")
"""Where layout files and lists of what was written down are."""

TOPICS = ("breakdown_topic", "breakdown")
"""Columns that say which topic a row belongs to, and which label of it, in files that hold several tables."""

MISSING = "x"
"""Cell of a column that was not written down (rule ``not_written_down``)."""

NATIONAL, LOCAL = "National", "Local authority"
"""What the releases call England and an authority among the levels."""


class WrittenPart(BaseModel):
    """A file of the folder: one topic of one file of the zip.

    Parameters
    ----------
    part
        Its name.
    period, topic
        What the release prints in those columns.
    code
        Column with the number of the authority, 0 for England.
    label
        Column with the label of the topic; a part without one has the topic itself as its label.
    england
        Whether only England's rows are taken (rule ``england_alone``).
    total_label, total_topic
        Label of the row that is the total, and its topic, where the part has one; it is taken for England only.
    others
        Beginning of labels that belong to another topic, and that topic.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    part: str
    period: str
    topic: str
    code: str = "old_la_code"
    label: str = "breakdown"
    england: bool = False
    total_label: str | None = None
    total_topic: str | None = None
    others: dict[str, str] = Field(default_factory=dict)


class Transcription(BaseModel):
    """The parts of a folder, by file of the zip they belong to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: str
    files: dict[str, tuple[WrittenPart, ...]]

    def is_there(self, release: Release) -> bool:
        """Return whether the folder is among the releases."""
        return (release.root / self.folder).is_dir()

    def read(
        self, release: Release, member: str, area: Mapping[str, str], columns: Sequence[str]
    ) -> pd.DataFrame:
        """Return a file as the zip would have it: text cells under the names of the release.

        Parameters
        ----------
        member
            Path of the file in the zip.
        area
            What the release calls ``period``, ``level``, ``la_code`` and ``region_code``.
        columns
            Every value column that the release has.

        Raises
        ------
        SourceError
            A part is not in the folder, or two parts differ.
        """
        parts = [self._rows(release, part, area) for part in self.files[member]]
        keys = [*area.values(), *TOPICS]
        rows = pd.concat(parts, ignore_index=True).reindex(columns=[*keys, *columns])
        return self._merged(rows.astype("object"), keys, member).fillna(MISSING).astype("str")

    def _merged(self, rows: pd.DataFrame, keys: list[str], member: str) -> pd.DataFrame:
        """Return one row for each key: two parts may hold different columns of one row (rule ``two_parts_of_a_row``)."""
        twice = rows.duplicated(keys, keep=False)
        together = rows.loc[twice].groupby(keys, sort=False)
        figures = together.nunique().max(axis=1)
        if (figures > 1).any():
            first = [str(part) for part in figures.sort_values().index[-1]]
            raise SourceError(
                f"Two files of {self.folder} have different figures for the same row of {member} ({', '.join(first)}). "
                "One of them is wrong and nobody could say which, so nothing was built. Read the row again in the release."
            )
        once = together.first().reset_index()
        return pd.concat([rows.loc[~twice], once], ignore_index=True)

    def _rows(self, release: Release, part: WrittenPart, area: Mapping[str, str]) -> pd.DataFrame:
        raw = release.csv(f"{self.folder}/{part.part}")
        rows = raw.loc[raw[part.code] == "0"] if part.england else raw
        rows = rows.rename(columns={part.code: area["la_code"], part.label: TOPICS[1]})
        if TOPICS[1] not in rows.columns:
            rows = rows.assign(**{TOPICS[1]: part.topic})
        national = raw.loc[rows.index, part.code] == "0"
        if part.total_topic is not None:
            total = rows[TOPICS[1]] == part.total_label
            # The totals of authorities are in a part of their own.
            rows, national = rows.loc[national | ~total], national.loc[national | ~total]
        topic = pd.Series(part.topic, index=rows.index)
        if part.total_topic is not None:
            topic = topic.mask(rows[TOPICS[1]] == part.total_label, part.total_topic)
        for beginning, other in part.others.items():
            topic = topic.mask(rows[TOPICS[1]].str.startswith(beginning), other)
        where = {
            area["period"]: part.period,
            area["level"]: national.map({True: NATIONAL, False: LOCAL}),
            area["region_code"]: "",
        }
        return rows.assign(**where, **{TOPICS[0]: topic})


@cache
def transcription(release: str) -> Transcription | None:
    """Return the list of what was written down of a release; None if nothing was."""
    path = FOLDER / f"{release}-transcription.toml"
    if not path.is_file():
        return None
    return Transcription.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
