"""Layouts of releases as data: what each of our names is called in one release, read from a file a release.

A layout file (``data/ingest/sen2_layouts/2025.toml``) names the release's zip, the columns that say when and where, and for each
file of the zip its columns, topics and labels. `Layout.read` returns a file with our names in their place; nothing else of the
ingest knows how a release spells anything.

Rules
-----
``every_column_is_known``
    A column has one of our names or is listed as left out; a missing or unknown one is an error that says how to add it.
``every_label_is_known``
    So is every label of a topic that is read. The case of letters does not count: ``age 10`` and ``Age 10`` stand in one file of
    2026. A label whose code is "" repeats other rows and is left out.
``every_topic_is_there``
    A topic that is read has rows in the file; one that is called otherwise in this release would be lost without a word.
``period_of_a_file``
    ``january``: "2022" is January 2022 and academic year "202425" is January 2025. ``year``: the calendar year of a flow.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from data.errors import SourceError
from data.ingest.reading import Release
from data.ingest.transcription import FOLDER, TOPICS, transcription

_NUMBERS = re.compile(r"\{(\d+)\.\.(\d+)\}")


@dataclass(frozen=True, slots=True)
class CellSource:
    """The place of cells in a release, for messages: the file, and the published column of each of our names."""

    file: str
    columns: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ColumnDifference:
    """How the columns of a file differ from those a layout knows: our name of the file, its path in the zip, and columns."""

    name: str
    member: str
    missing: tuple[str, ...]
    unknown: tuple[str, ...]

    def words(self) -> str:
        """Return the difference in words."""
        parts = [f"column(s) missing: {', '.join(self.missing)}"] if self.missing else []
        parts += [f"column(s) unknown: {', '.join(self.unknown)}"] if self.unknown else []
        return "; ".join(parts)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AreaColumns(_Strict):
    """The columns of every file that say when and where."""

    period: str
    level: str
    la_code: str
    region_code: str
    left_out: tuple[str, ...] = ()

    @property
    def published(self) -> dict[str, str]:
        """Our name to published column."""
        return {
            "period": self.period,
            "level": self.level,
            "la_code": self.la_code,
            "region_code": self.region_code,
        }

    @property
    def ours(self) -> dict[str, str]:
        """Published column to our name."""
        return {self.level: "level", self.la_code: "la_code", self.region_code: "region_code"}


class FileLayout(_Strict):
    """One file of a release.

    Parameters
    ----------
    member
        Its path in the zip.
    period
        What its rows are counted at; see rule ``period_of_a_file``.
    columns
        Our name to published column.
    left_out
        Columns that are known and not read.
    may_lack
        Columns, by our name, that the release need not have: their cells are then ``z``, not applicable.
    topics
        Our name of a topic to its published name, or to the names it may have; empty for a file with one table.
    labels
        Topic or value column to the table of its labels.
    """

    member: str
    period: Literal["january", "year"]
    columns: dict[str, str]
    left_out: tuple[str, ...] = ()
    may_lack: tuple[str, ...] = ()
    topics: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    labels: dict[str, str] = Field(default_factory=dict)

    @field_validator("topics", mode="before")
    @classmethod
    def _names(cls, topics: object) -> object:
        """Let one name stand without brackets."""
        if not isinstance(topics, dict):
            return topics
        return {ours: [names] if isinstance(names, str) else names for ours, names in topics.items()}


class Layout(_Strict):
    """The layout of one release: where it is, and what everything in it is called.

    Parameters
    ----------
    release
        Reporting year of the release.
    file
        Path of its zip, or of a folder of its files, in the folder of releases.
    area
        Columns that say when and where.
    labels
        Tables of labels: published text to our code.
    files
        Our name of a file to its layout.
    first_january, first_year
        First periods that are read; those before are as an older release has them.
    markers
        Symbols that stand where a number would and that we call otherwise.
    """

    release: str
    file: str
    area: AreaColumns
    labels: dict[str, dict[str, str]]
    files: dict[str, FileLayout]
    first_january: int = 0
    first_year: int = 0
    markers: dict[str, str] = Field(default_factory=dict)

    def read(self, release: Release, name: str) -> pd.DataFrame:
        """Return a file of the release with our names, cells as published, and the row of the file as index.

        Columns are ``level``, ``la_code`` (text), ``region_code``, ``january`` or ``year``, then ``topic`` and ``label`` if the
        file has topics, and its values. Rows of topics that are not read, and of labels left out, are not returned.

        Raises
        ------
        SourceError
            The release has no such file, or a column, period or label that the layout does not know.
        """
        here = self.files[name]
        where = self.source(name).file
        raw, is_whole = self._raw(release, name)
        self._check_columns(raw, name, where)
        values = {published: ours for ours, published in here.columns.items()}
        frame = raw.rename(columns={**self.area.ours, **values})
        frame = frame.assign(**{ours: "z" for ours in here.may_lack if ours not in frame.columns})
        frame = frame.assign(**{here.period: self.years(raw[self.area.period], where)})
        kept = [*self.area.ours.values(), here.period, *here.columns]
        if here.topics:
            names = {one.lower(): ours for ours, published in here.topics.items() for one in published}
            topic = frame[TOPICS[0]].str.strip().str.lower().map(names)
            if is_whole:
                self._check_topics(topic, frame[TOPICS[0]], name, where)
            frame = frame.assign(topic=topic, label=frame[TOPICS[1]]).loc[topic.notna()]
            kept = [*kept[:4], "topic", "label", *here.columns]
        first = self.first_january if here.period == "january" else self.first_year
        frame = frame.loc[frame[here.period] >= first]
        for column, table in here.labels.items():
            frame = self._coded(frame, here, column, table, where)
        for column in set(here.columns) - set(here.labels):
            frame[column] = frame[column].replace(self.markers)
        return frame[kept]

    def empty(self, name: str) -> pd.DataFrame:
        """Return a file as `read` does, without a row: what a release that is not at hand has to say."""
        here = self.files[name]
        kept = [
            *self.area.ours.values(),
            here.period,
            *(("topic", "label") if here.topics else ()),
            *here.columns,
        ]
        return pd.DataFrame(columns=kept, dtype="str").astype({here.period: "int64"})

    def differences(self, release: Release) -> tuple[ColumnDifference, ...]:
        """Return the files of a release whose columns are not those the layout knows, whole zips only.

        Raises
        ------
        SourceError
            The zip is not whole, or lacks a file.
        """
        both = ((name, self._difference(self._raw(release, name)[0], name)) for name in self.files)
        return tuple(difference for _, difference in both if difference is not None)

    def codes(self, table: str) -> set[str]:
        """Return our codes of a table of labels."""
        return set(_expanded(self.labels[table]).values()) - {""}

    def source(self, name: str) -> CellSource:
        """Return where the cells of a file stand in the release, for messages."""
        here = self.files[name]
        return CellSource(f"{self.file}{':' if self._is_zip else '/'}{here.member}", here.columns)

    @property
    def _is_zip(self) -> bool:
        return self.file.endswith(".zip")

    def has(self, release: Release, name: str) -> bool:
        """Return whether a file is at hand: all of a zip, or the parts of it that were written down."""
        if (release.root / self.file).exists():
            return True
        written = transcription(self.release)
        return written is not None and written.is_there(release) and self.files[name].member in written.files

    def _raw(self, release: Release, name: str) -> tuple[pd.DataFrame, bool]:
        """Return a file as text cells, and whether it is the whole file."""
        member = self.files[name].member
        if self._is_zip:
            written = transcription(self.release)
            if written is None or (release.root / self.file).exists() or not written.is_there(release):
                return release.csv(self.file, member=member), True
            return written.read(release, member, self.area.published, self._value_columns(member)), False
        path = f"{self.file}/{member}"
        raw = release.parquet(path).astype("str") if path.endswith(".parquet") else release.csv(path)
        return raw, True

    def _value_columns(self, member: str) -> list[str]:
        """Return the published value columns of a member, read or left out."""
        files = [one for one in self.files.values() if one.member == member]
        return [column for one in files for column in (*one.columns.values(), *one.left_out)]

    def _check_topics(self, topics: pd.Series, published: pd.Series, name: str, where: str) -> None:
        """Raise an error if a topic that is read has no row (rule ``every_topic_is_there``)."""
        missing = [names[0] for ours, names in self.files[name].topics.items() if not topics.eq(ours).any()]
        if missing:
            raise SourceError(
                f"{where}, column '{TOPICS[0]}': no row is about {_quoted(missing)}; there are {_quoted(published)}. "
                "Its plans would be lost, so nothing was built. In "
                f"{self._at(f'files.{name}')} say what the topic is called in this release."
            )

    def _check_columns(self, raw: pd.DataFrame, name: str, where: str) -> None:
        """Raise an error unless the columns of a file are those the layout knows (rule ``every_column_is_known``)."""
        difference = self._difference(raw, name)
        if difference is None:
            return
        raise SourceError(
            f"{where}: {difference.words()}. The layout of this release is not the one we know, so nothing was built. Compare it "
            f"with the release's data guidance, and in {self._at(f'files.{name}')} give a column our name under columns, or list "
            "it under left_out."
        )

    def _difference(self, raw: pd.DataFrame, name: str) -> ColumnDifference | None:
        """Return how the columns of a file differ from those the layout knows (rule ``every_column_is_known``)."""
        here = self.files[name]
        where_and_when = {self.area.period, *self.area.ours, *(TOPICS if here.topics else ())}
        known = where_and_when | {*self.area.left_out, *self._value_columns(here.member)}
        optional = {here.columns[ours] for ours in here.may_lack}
        needed = where_and_when | set(here.columns.values()) - optional
        missing = tuple(sorted(needed - set(raw.columns)))
        unknown = tuple(str(c) for c in raw.columns if c not in known)
        return ColumnDifference(name, here.member, missing, unknown) if missing or unknown else None

    def years(self, cells: pd.Series, where: str) -> pd.Series:
        """Return the years of cells that say when (rule ``period_of_a_file``)."""
        bad = ~cells.str.fullmatch(r"\d{4}|\d{6}")
        if bad.any():
            raise SourceError(
                f"{where}, column '{self.area.period}', row {int(cells.index[bad][0]) + 2}: '{cells[bad].iloc[0]}' is neither a "
                "year (2025) nor an academic year (202425), so its figures would be in no year and nothing was built. Restore "
                "the published file."
            )
        return cells.where(cells.str.len() == 4, cells.str.slice(0, 2) + cells.str.slice(4, 6)).astype(
            "int64"
        )

    def _coded(
        self, frame: pd.DataFrame, here: FileLayout, column: str, table: str, where: str
    ) -> pd.DataFrame:
        """Return a file with the labels of a topic, or of a column, as our codes (rule ``every_label_is_known``)."""
        source = "label" if here.topics else column
        of_topic = frame["topic"].eq(column) if here.topics else pd.Series(True, index=frame.index)
        spelled = frame[source].str.strip().str.lower()
        codes = {text.lower(): code for text, code in _expanded(self.labels[table]).items()}
        unknown = of_topic & ~spelled.isin(list(codes))
        if unknown.any():
            row = frame.index[unknown][0]
            published = TOPICS[1] if here.topics else here.columns[column]
            raise SourceError(
                f"{where}, column '{published}', row {int(row) + 2}: label(s) we do not know: "
                f"{_quoted(frame.loc[unknown, source])}. Their plans would be "
                f"lost, so nothing was built. Give each a code in {self._at(f'labels.{table}')}."
            )
        coded = frame.assign(**{source: spelled.map(codes).where(of_topic, frame[source])})
        return coded.loc[~(of_topic & coded[source].eq(""))]

    def _at(self, section: str) -> str:
        return f"[{section}] of data/ingest/sen2_layouts/{self.release}.toml"


def _quoted(texts: Iterable[str]) -> str:
    """Return texts between quotes, each once, in order."""
    return ", ".join(sorted({f"'{text}'" for text in texts}))


def _expanded(labels: Mapping[str, str]) -> dict[str, str]:
    """Return labels with ``{3..25}`` written out; ``{}`` in the code stands for the number."""
    written: dict[str, str] = {}
    for text, code in labels.items():
        span = _NUMBERS.search(text)
        if span is None:
            written[text] = code
            continue
        for number in range(int(span[1]), int(span[2]) + 1):
            written[text.replace(span[0], str(number))] = code.replace("{}", str(number))
    return written


@cache
def layout(release: str) -> Layout:
    """Return the layout of a release by its reporting year.

    Raises
    ------
    SourceError
        There is no such layout file, or it cannot be used.
    """
    path = FOLDER / f"{release}.toml"
    if not path.is_file():
        raise SourceError(
            f"There is no layout of the SEN2 release of {release}; there are those of {', '.join(known_years())}. Copy the "
            "newest "
            "in data/ingest/sen2_layouts and change what that release calls otherwise."
        )
    return read_layout(path)


def known_years() -> list[str]:
    """Return the reporting years of which there is a layout, oldest first."""
    return sorted(path.stem for path in FOLDER.glob("2*.toml") if path.stem.isdigit())


def read_layout(path: Path) -> Layout:
    """Return the layout that a file describes.

    Raises
    ------
    SourceError
        There is no such file, or it cannot be used.
    """
    try:
        return Layout.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise SourceError(
            f"The layout {path} cannot be read ({error.strerror or error}). Nothing was built. Give the path of a layout file."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, ValidationError) as error:
        raise SourceError(
            f"{path} cannot be used as a layout: {error}. Nothing was built. Correct it."
        ) from None


@dataclass(kw_only=True)
class OneRelease(Release):
    """One release by itself, in one layout: tables built from it hold what it says and nothing of other releases.

    Parameters
    ----------
    layout
        What everything in it is called.
    """

    layout: Layout = field()
