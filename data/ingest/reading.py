"""Strict readers of official releases: a changed layout stops the build with a message that says where.

Rules kept here because every series shares them:

``strict_columns``
    The columns a module names must be exactly those in the file: a missing or unknown column is an error.
``known_markers``
    A cell is a number or one of the published symbols in `data.vocabulary.MARKERS`; anything else is an error
    naming file, column and row. A symbol becomes a null value and is kept in the ``marker`` column.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from data.errors import SourceError
from data.vocabulary import MARKERS


@dataclass(frozen=True, slots=True)
class Origin:
    """The source of a table: one row of ``data/SOURCES.csv``."""

    publisher: str
    release: str
    date: str
    licence: str
    input: str
    sha256: str


@dataclass
class Release:
    """A folder of official releases, read file by file.

    Remembers every file it opened, so that a built table can name its inputs and their hashes, and what it read.

    Parameters
    ----------
    root
        The folder given to ``sendplan data build --from``; holds ``SOURCES.csv`` and the files it lists.
    """

    root: Path
    opened: list[str] = field(default_factory=list)
    _read: dict[tuple[str, str | None, str, bool], pd.DataFrame] = field(default_factory=dict)

    def path(self, relative: str) -> Path:
        """Return the path of one file of the release, or raise an error if it is missing."""
        path = self.root / relative
        if not path.is_file():
            raise SourceError(
                f"'{relative}' is not in {self.root}. The build needs every file it knows, so nothing was written. "
                "Put the file there, or point --from at the folder that holds the releases."
            )
        if relative not in self.opened:
            self.opened.append(relative)
        return path

    def csv(
        self,
        relative: str,
        *,
        member: str | None = None,
        columns: Sequence[str] | None = None,
        encoding: str = "utf-8-sig",
        header: bool = True,
    ) -> pd.DataFrame:
        """Return a CSV file, or one ``member`` of a zip, as text cells exactly as published.

        ``columns`` are all the columns the caller expects; see rule ``strict_columns``.
        """
        path = self.path(relative)
        where = relative if member is None else f"{relative}:{member}"
        key = (relative, member, encoding, header)
        if key not in self._read:
            self._read[key] = self._text(path, member, where, encoding, header=header)
        # A copy is made only of what a caller changes.
        frame = self._read[key].copy(deep=False)
        if columns is not None:
            strict_columns(frame, columns, where)
        return frame

    def _text(
        self, path: Path, member: str | None, where: str, encoding: str, *, header: bool
    ) -> pd.DataFrame:
        raw = path.read_bytes() if member is None else self._member(path, member)
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError as error:
            raise SourceError(
                f"{where} is not {encoding} text (byte {error.start}). Names would be garbled, so the build stopped. "
                "Save the file as UTF-8 or restore the published one."
            ) from None
        return pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False, header=0 if header else None)

    def parquet(self, relative: str, *, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return a parquet file with the columns the caller expects."""
        frame = pd.read_parquet(self.path(relative))
        if columns is not None:
            strict_columns(frame, columns, relative)
        return frame

    @staticmethod
    def _member(path: Path, member: str) -> bytes:
        try:
            archive = zipfile.ZipFile(path)
        except zipfile.BadZipFile:
            raise SourceError(
                f"{path.name} is not a whole zip file, so nothing was built. Download it again, and put it in the place of "
                "this one."
            ) from None
        with archive:
            try:
                return archive.read(member)
            except zipfile.BadZipFile:
                raise SourceError(
                    f"{path.name}: '{member}' in it is damaged, so nothing was built. Download the zip again, and put it in the "
                    "place of this one."
                ) from None
            except KeyError:
                members = ", ".join(sorted(archive.namelist()))
                raise SourceError(
                    f"{path.name} has no file '{member}'; it holds {members}. The release may have been renamed: "
                    "check it and change the name in data/ingest."
                ) from None


def strict_columns(frame: pd.DataFrame, expected: Sequence[str], where: str) -> None:
    """Raise `SourceError` unless the frame has exactly the ``expected`` columns (any order)."""
    missing = [c for c in expected if c not in frame.columns]
    unknown = [c for c in frame.columns if c not in expected]
    if missing or unknown:
        parts = []
        if missing:
            parts.append(f"column(s) missing: {', '.join(map(str, missing))}")
        if unknown:
            parts.append(f"column(s) unknown: {', '.join(map(str, unknown))}")
        raise SourceError(
            f"{where}: {'; '.join(parts)}. The layout of this release is not the one we know, so nothing was built. "
            "Compare it with the release's data guidance and change its module in data/ingest."
        )


def numbers(values: pd.Series, where: str, *, whole: bool = False) -> tuple[pd.Series, pd.Series]:
    """Return a column of published text as numbers, and separately the symbols published in place of numbers.

    Parameters
    ----------
    values
        Text cells, as published; the name is the column name and the index the row in the file (0 first).
    where
        File name for messages.
    whole
        True for counts: result is ``Int64`` and decimals are an error; otherwise ``float64``.

    Raises
    ------
    SourceError
        A cell is neither a number nor a published symbol.
    """
    cells = values.astype("str").str.strip().str.replace(",", "", regex=False)
    marker = cells.where(cells.isin(list(MARKERS)))
    number = pd.to_numeric(cells.where(marker.isna()), errors="coerce")
    bad = number.isna() & marker.isna()
    if whole:
        bad |= number.notna() & (number % 1 != 0)
    if bad.any():
        row = values.index[int(bad.to_numpy().argmax())]
        raise SourceError(
            f"{where}, column '{values.name}', row {int(row) + 2}: '{values.loc[row]}' is neither a "
            f"{'whole number' if whole else 'number'} nor a symbol we know ({' '.join(MARKERS)}). "
            "A guess could move children, so nothing was built. Correct the file, or teach data/vocabulary.py the symbol."
        )
    return (number.round().astype("Int64") if whole else number.astype("float64")), marker


def sha256(path: Path) -> str:
    """Return the sha256 of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
