"""A SEN2 release as one file: whether it is whole, of which publication and January it is, and which layout reads it.

Invariants: a file is opened only if every part of it is as it was packed, and only in a layout that knows all of its columns. A
release of a year without a layout of its own is read in the newest one that fits; what it says of every year is then read.
"""

from __future__ import annotations

import zipfile
from calendar import month_name
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from data.errors import SourceError
from data.ingest.layout import Layout, OneRelease, known_years, layout, read_layout
from data.ingest.reading import Release, sha256
from data.ingest.transcription import FOLDER

CASELOAD = "caseload"
"""Our name of the file that tells a release's January; layouts without it are not of a whole release."""

MOST_UNPACKED = 4_000_000_000
"""Most bytes of a release's files together, unpacked; that of 2025 has 0.1 billion."""


@dataclass(frozen=True)
class ReleaseFile:
    """A release that can be read.

    Parameters
    ----------
    path
        Its zip.
    layout
        What everything in it is called.
    fits
        Reporting year of the layout file that knows its columns, or "given".
    january
        The latest January in it.
    sha256
        Hash of its bytes.
    dated
        Day of the latest file in it, in words.
    """

    path: Path
    layout: Layout
    fits: str
    january: int
    sha256: str
    dated: str

    @property
    def release(self) -> OneRelease:
        """The release by itself, for builders of tables."""
        return OneRelease(self.path.parent, layout=self.layout)


def open_release(path: Path, title: str, layout_file: Path | None = None) -> ReleaseFile:
    """Return a release, checked to be whole and of this publication.

    Parameters
    ----------
    path
        Its zip; the name ends in ``.zip``.
    title
        What the publication is called, for messages.
    layout_file
        Layout to read it in; else the one of its year, else the newest that fits.

    Raises
    ------
    SourceError
        It is not a whole zip, not of this publication, or no layout knows all of its columns.
    """
    members = _whole(path)
    given = None if layout_file is None else read_layout(layout_file)
    candidates = [given] if given is not None else _person_level()
    named = [one.model_copy(update={"file": path.name}) for one in candidates]
    here = [one for one in named if one.files[CASELOAD].member in members]
    if not here:
        raise SourceError(
            f"{path} is not a release of '{title}': it has no file '{named[0].files[CASELOAD].member}'; it holds "
            f"{_some(sorted(members))}. Nothing was changed. Download 'all data' of a release from the publication's own page."
        )
    january = _january(path, here[0])
    here.sort(key=lambda one: one.release != str(january))
    problems = []
    for one in here:
        if not (problem := _problem(path, one, members)):
            fits = one.release if given is None else "given"
            return ReleaseFile(path, _of_year(one, january, given), fits, january, sha256(path), _dated(path))
        problems.append(problem)
    how = (
        f"Correct it and run the command again with --layout {layout_file}."
        if layout_file is not None
        else f"Copy {FOLDER / f'{here[0].release}.toml'} to a file of your own; for each file named here, under [files.NAME], "
        "give a new column our name under columns or list it under left_out, and take out what is gone (may_lack lets a "
        "column be absent). Then run the command again with --layout FILE."
    )
    raise SourceError(
        f"{path}, with January {january}, is not in a layout that we know. Beside that of {here[0].release}: {problems[0]}. "
        f"Figures could be read as what they are not, so nothing was changed. The release's data guidance says what its columns "
        f"mean. {how}"
    )


def _whole(path: Path) -> set[str]:
    """Return the names of the files in a zip, each checked to be as it was packed."""
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > MOST_UNPACKED:
                raise SourceError(
                    f"{path} would unpack to more than {MOST_UNPACKED / 1e9:.0f} GB, which no release does, so it was not "
                    "read and nothing was changed. Download the release again from the publication's own page."
                )
            damaged = archive.testzip()
            names = set(archive.namelist())
    except (zipfile.BadZipFile, EOFError, NotImplementedError):
        damaged, names = "the list of its files", set()
    except OSError as error:
        raise SourceError(
            f"{path} cannot be read ({error.strerror or error}), so nothing was changed. Give the path of a release's zip with "
            "--from."
        ) from None
    if damaged is not None:
        raise SourceError(
            f"{path} is not a whole zip file ({damaged} is damaged or cut short), so nothing was changed. Download it again."
        )
    return names


def _dated(path: Path) -> str:
    """Return the day of the latest file in a zip, in words."""
    with zipfile.ZipFile(path) as archive:
        year, month, day = max(member.date_time[:3] for member in archive.infolist())
    return f"{day} {month_name[month]} {year}"


def _person_level() -> list[Layout]:
    """Return the layouts of whole releases that we know, newest first."""
    return [one for year in reversed(known_years()) if CASELOAD in (one := layout(year)).files]


def _january(path: Path, one: Layout) -> int:
    """Return the latest January that a release has rows of."""
    raw = Release(path.parent).csv(path.name, member=one.files[CASELOAD].member)
    where = one.source(CASELOAD).file
    if one.area.period not in raw.columns or raw.empty:
        raise SourceError(
            f"{where} has no rows with a column '{one.area.period}', so it cannot be told which January the release is of "
            "and nothing was changed. Download it again; if that column has another name, say so under [area] in a layout "
            "file of your own and give it with --layout FILE."
        )
    return int(one.years(raw[one.area.period], where).max())


def _problem(path: Path, one: Layout, members: set[str]) -> str:
    """Return in words why a layout does not read a release; blank if it does."""
    absent = sorted({file.member for file in one.files.values()} - members)
    if absent:
        return f"there is no file {_some(absent)}"
    differences = one.differences(Release(path.parent))
    return "; ".join(f"file '{each.member}' ([files.{each.name}]): {each.words()}" for each in differences)


def _of_year(one: Layout, january: int, given: Layout | None) -> Layout:
    """Return a layout as that of a January; where it is another year's, all years in the release are read."""
    if one.release == str(january) or given is not None:
        return one.model_copy(update={"release": str(january)})
    return one.model_copy(update={"release": str(january), "first_january": 0, "first_year": 0})


def _some(names: Sequence[str], most: int = 8) -> str:
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(f"'{name}'" for name in names[:most]) + rest
