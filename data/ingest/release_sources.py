"""Where releases are published: addresses, names and limits, read from a configuration file and never written in code.

The shipped file is ``data/reference/release_sources.toml``; a council behind a proxy, or a test, points at one of its own. What
is not known of a source stands there as "", and the messages say so.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from data.errors import SourceError
from data.tables import REFERENCE

FILE = REFERENCE / "release_sources.toml"
"""The shipped configuration."""

VARIABLE = "SENDPLAN_SOURCES"
"""Environment variable that names another configuration."""


class _Configured(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Fetching(_Configured):
    """Limits of fetching: how long to wait, how often to try, how much to take.

    Parameters
    ----------
    connect_seconds, read_seconds
        Longest wait for a connection, and for the next bytes.
    tries
        Most tries of one address.
    first_wait_seconds
        Wait before the second try; each further one is twice as long.
    most_megabytes
        Largest file taken.
    """

    connect_seconds: float = Field(gt=0, le=600)
    read_seconds: float = Field(gt=0, le=3600)
    tries: int = Field(ge=1, le=20)
    first_wait_seconds: float = Field(ge=0, le=60)
    most_megabytes: float = Field(gt=0, le=10_000)

    @property
    def most_bytes(self) -> int:
        """Largest file taken, in bytes."""
        return int(self.most_megabytes * 1_000_000)


class IndexFields(_Configured):
    """Names of fields in the answer of an index, a dot between levels.

    Parameters
    ----------
    id
        What the download's address has in the place of ``{id}``.
    year
        The year of the release: its first four digits, or where it is an academic year the second.
    published
        When it was published.
    sha256, bytes
        Hash and size of the download; "" where the index has none.
    """

    id: str
    year: str
    published: str
    sha256: str = ""
    bytes: str = ""


class ReleaseSource(_Configured):
    """One publication: who publishes it and where, what it holds, and whether tables can be built from it.

    Parameters
    ----------
    name
        Our name.
    title, publisher, licence
        As ``SOURCES.csv`` has them.
    publication
        Its name on the publisher's site.
    page
        The page for people, with the download.
    index
        Address of what says which release is the newest; "" if there is none that is known.
    download
        Address of a release; "" if it is not known.
    fields
        How the answer of the index is read.
    holds
        What a release is.
    feeds
        Published tables made from it, where `reader` does not say so.
    reader
        What builds tables from it; "" if no command does and a new release is work for a developer.
    """

    name: str = Field(pattern=r"^[a-z0-9_]+$")
    title: str
    publisher: str
    licence: str
    publication: str
    page: str
    index: str
    download: str
    holds: str
    fields: IndexFields | None = None
    feeds: tuple[str, ...] = ()
    reader: Literal["sen2", ""] = ""

    @property
    def can_be_asked(self) -> bool:
        """Whether its newest release can be asked for."""
        return bool(self.index) and self.fields is not None


class ReleaseSources(_Configured):
    """Every source of releases, and how they are fetched."""

    fetching: Fetching
    sources: tuple[ReleaseSource, ...]

    def readable(self) -> ReleaseSource:
        """Return the source that tables can be built from.

        Raises
        ------
        SourceError
            The configuration names none.
        """
        for source in self.sources:
            if source.reader:
                return source
        raise SourceError(
            "The configuration of sources names none with 'reader', so there is nothing to update from. Give one 'reader = "
            f'"sen2"\', as {FILE} has it.'
        )


def read_sources(path: Path | None = None) -> ReleaseSources:
    """Return the configuration of sources: that of a file, else that which `VARIABLE` names, else the shipped one.

    Raises
    ------
    SourceError
        The file cannot be read or used.
    """
    chosen = path or Path(os.environ.get(VARIABLE) or FILE)
    try:
        return ReleaseSources.model_validate(tomllib.loads(chosen.read_text(encoding="utf-8")))
    except OSError as error:
        raise SourceError(
            f"The configuration of sources {chosen} cannot be read ({error.strerror or error}), so no release can be looked for. "
            f"Give its path with --sources or in {VARIABLE}, or leave both out for the shipped one."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, ValidationError) as error:
        raise SourceError(
            f"The configuration of sources {chosen} cannot be used: {error}. Nothing was looked for. Correct it; {FILE} is an "
            "example."
        ) from None
