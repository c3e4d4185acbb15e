"""What is published: the newest release of each source, beside what is in use.

Invariant: looking changes nothing, and a source that cannot be asked is said to be so, with what to do instead.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from data.checks import last_january
from data.errors import PlannerError, UpdateError
from data.ingest.release_sources import IndexFields, ReleaseSource, ReleaseSources
from forecast.updating.download import ExpectedFile, Fetcher, NoNetworkError

_YEAR = re.compile(r"(20\d\d)(?:\D(?:20)?(\d\d)(?!\d))?")


@dataclass(frozen=True)
class NewestRelease:
    """The newest release of a source.

    Parameters
    ----------
    source
        Which source.
    year
        Year it is of: the reporting year, or that in which its academic year ends.
    published
        When it was published, as the index says it.
    address
        Where it can be fetched.
    expected
        What the file should be.
    """

    source: ReleaseSource
    year: int
    published: str
    address: str
    expected: ExpectedFile


@dataclass(frozen=True)
class InUse:
    """The EHC plan release behind the tables: its January, the hashes of its files, and when it was published."""

    january: int
    sha256: frozenset[str]
    published: str

    @classmethod
    def of(cls, sources: Path) -> InUse:
        """Return what a list of origins (``SOURCES.csv``) says is in use.

        Raises
        ------
        UpdateError
            It names no EHC plan release.
        """
        try:
            listing = pd.read_csv(sources, dtype="str", keep_default_na=False)
            rows = listing.loc[listing["table"] == "plans_total"]
            january = last_january(rows)
            newest = rows.loc[rows["release"].str.contains(f"reporting year {january}", regex=False)]
        except (OSError, ValueError, KeyError):
            january, newest = 0, pd.DataFrame()
        if not january:
            raise UpdateError(
                f"{sources} does not say which EHC plan release the tables are from, so nothing can be newer than it and "
                "nothing was changed. Restore the file from the repository."
            )
        return cls(january, frozenset(newest["sha256"]), str(newest["date"].iloc[0]))

    def words(self) -> str:
        """Return in words what is in use."""
        return f"January {self.january} (release: {self.published})"


@dataclass(frozen=True)
class LookedFor:
    """The outcome of looking for the newest release of a source: the release, or why there is none."""

    source: ReleaseSource
    newest: NewestRelease | None
    why_not: str = ""

    def words(self, in_use: InUse) -> str:
        """Return in words what is newer than what is in use."""
        source, newest = self.source, self.newest
        if newest is None:
            return self.why_not
        published = f", published {newest.published}" if newest.published else ""
        if not source.reader:
            return f"the newest is of {newest.year}{published}; no command builds tables from it (see {source.page})."
        if newest.year > in_use.january:
            return f"NEWER: January {newest.year}{published}. Run 'sendplan data update' to use it."
        return f"January {newest.year}{published} is the newest, and in use is January {in_use.january}."


def look(sources: ReleaseSources, fetcher: Fetcher) -> tuple[LookedFor, ...]:
    """Return the newest release of every source, each asked once; a fault of one stops no other.

    Raises
    ------
    NoNetworkError
        No server can be reached.
    """
    outcomes: list[LookedFor] = []
    for source in sources.sources:
        if not source.can_be_asked:
            outcomes.append(
                LookedFor(
                    source, None, f"there is no address to ask for its newest release; look at {source.page}."
                )
            )
            continue
        try:
            outcomes.append(LookedFor(source, newest_of(source, fetcher)))
        except NoNetworkError:
            raise
        except PlannerError as error:
            outcomes.append(LookedFor(source, None, f"could not be asked. {error}"))
    return tuple(outcomes)


def newest_of(source: ReleaseSource, fetcher: Fetcher) -> NewestRelease:
    """Return the newest release of a source, as its index says.

    Raises
    ------
    UpdateError
        The source has no index that is known, it cannot be reached, or it does not say what it should.
    """
    if not source.can_be_asked or source.fields is None:
        raise UpdateError(
            f"The address of the newest release of '{source.title}' is not in the configuration of sources. Nothing was changed. "
            f"Download the release by hand from {source.page} and run 'sendplan data update --from FILE'."
        )
    address = source.index.format(publication=source.publication)
    answer = fetcher.answer(address)
    fields = {name: _field(answer, getattr(source.fields, name)) for name in IndexFields.model_fields}
    year = _year(fields["year"])
    if not fields["id"] or not year:
        raise UpdateError(
            f"{address} does not say which release is the newest (fields '{source.fields.id}' and '{source.fields.year}'), "
            "so it may have changed. Nothing was changed here. Correct [sources.fields] in the configuration of sources, "
            f"or download the release by hand from {source.page} and run 'sendplan data update --from FILE'."
        )
    try:
        download = source.download.format(publication=source.publication, **fields)
    except (KeyError, IndexError, ValueError):
        raise UpdateError(
            f"The address '{source.download}' of '{source.title}' in the configuration of sources has a name in braces that "
            f"is none of {', '.join(['publication', *fields])}. Nothing was changed. Correct it."
        ) from None
    size = fields["bytes"]
    return NewestRelease(
        source,
        year,
        fields["published"][:10],
        download,
        ExpectedFile(fields["sha256"] or None, int(size) if size.isdigit() else None),
    )


def _field(answer: object, path: str) -> str:
    """Return a field of an answer as text; blank where it has none."""
    for name in path.split(".") if path else ():
        answer = answer.get(name) if isinstance(answer, Mapping) else None
    return "" if answer is None or not path or isinstance(answer, Mapping | list) else str(answer)


def _year(text: str) -> int:
    """Return the year of a release: 2027 of "2027", 2025 of "2024/25" and of "202425"; 0 where there is none."""
    if whole := re.fullmatch(r"(20)\d\d(\d\d)", text.strip()):
        return int(whole[1] + whole[2])
    match = _YEAR.search(text)
    if match is None:
        return 0
    return int(match[1][:2] + match[2]) if match[2] else int(match[1])
