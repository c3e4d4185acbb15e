"""Versions of the council's own files (registers, unit costs, schemes, counts), on this computer, in one folder an authority.

Invariants: a version, once kept, is never changed; `FileStore.delete` alone removes one, leaves who did and when, and its number
is never given to another; versions are numbered from 1; a version appears whole or not at all; of two people who edit the same
version, the second is told and nothing of either is lost; nobody keeps or deletes a file whose role does not allow it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from data.areas import by_code
from data.drafts import write_in_place
from data.errors import (
    CapitalError,
    ConflictError,
    CountError,
    OutputError,
    PlannerError,
    PriceError,
    RegisterError,
)
from data.made_with import UNWRITTEN, MadeWith
from data.sign_in.people import Person, Right, require

_NUMBER = re.compile(r"\d{4}", re.ASCII)


@dataclass(frozen=True, slots=True)
class KeptFile:
    """One version of an authority's file.

    Parameters
    ----------
    la_code, version
        Whose it is, and its number from 1.
    path
        Where it is; a file that the command line reads too.
    when
        When it was kept.
    who
        Who kept it; blank where that was not written down.
    made_with
        The release and models in use when it was kept.
    """

    la_code: int
    version: int
    path: Path
    when: datetime
    who: str = ""
    made_with: MadeWith = UNWRITTEN

    @property
    def description(self) -> str:
        """Description of the version: its number, the release it was kept on, when and by whom."""
        by = f" by {self.who}" if self.who else ""
        release = f"January {self.made_with.latest_january}{'' if self.made_with.january else ' or earlier'}"
        return f"Version {self.version} ({release}), kept {self.when:%d %B %Y, %H:%M} UTC{by}"


@dataclass(frozen=True, slots=True)
class FileStore:
    """A folder in which the versions of one kind of file are stored.

    Parameters
    ----------
    variable
        Environment variable that says where.
    default
        Where nothing is said: under the current folder, beside the store of scenarios.
    what
        One file, for people.
    lost
        What could not be done without a version that is not there.
    error
        Of a version that is not there.
    right
        What somebody needs to keep one, or to delete one.
    suffix
        Ending of the names of its files.
    """

    variable: str
    default: Path
    what: str
    lost: str
    error: type[PlannerError]
    right: Right
    suffix: str = ".csv"

    def folder_of(self, la_code: int) -> Path:
        """Return the folder of an authority's versions, whether or not it exists.

        Raises
        ------
        OutputError
            Another kind of file is kept there too.
        """
        for other in (REGISTERS, UNIT_COSTS, CANDIDATES, COUNTS):
            # The files of one kind would be read as those of another.
            if other is not self and other.root == self.root:
                raise OutputError(
                    f"{self.variable} and {other.variable} both name the folder {self.root}, so one kind would be taken for "
                    "the other. Set each to a folder of its own and start again."
                )
        return self.root / by_code(la_code).slug

    @property
    def root(self) -> Path:
        """The folder that holds every authority's folder."""
        return Path(os.environ.get(self.variable) or self.default)

    def versions(self, la_code: int) -> tuple[KeptFile, ...]:
        """Return every stored version of an authority's file, oldest first."""
        folder = self.folder_of(la_code)
        versions = []
        for path in sorted(folder.glob(f"*{self.suffix}")) if folder.is_dir() else []:
            if _NUMBER.fullmatch(path.stem):
                when = datetime.fromtimestamp(path.stat().st_mtime, UTC)
                versions.append(KeptFile(la_code, int(path.stem), path, when, _who(path), _made_with(path)))
        return tuple(versions)

    def latest(self, la_code: int) -> int:
        """Return the number of an authority's latest version; 0 if there is none."""
        every = self.versions(la_code)
        return every[-1].version if every else 0

    def find(self, la_code: int, version: int) -> KeptFile:
        """Return an authority's version with a given number.

        Raises
        ------
        PlannerError
            There is none of that number; of the kind ``error``.
        """
        every = self.versions(la_code)
        for kept in every:
            if kept.version == version:
                return kept
        deleted = _noted(self._deleted_path(la_code, version))
        if deleted:
            raise self.error(
                f"Version {version} of {by_code(la_code).name}'s own {self.what} was deleted ({deleted}), so {self.lost}. "
                "Choose another version."
            )
        available = f"versions 1 to {every[-1].version}" if every else "no version"
        raise self.error(
            f"There is no version {version} of {by_code(la_code).name}'s own {self.what} on this computer, which holds "
            f"{available}, so {self.lost}. Choose another {self.what}, or ask who sent the link for the file."
        )

    def keep(
        self,
        who: Person,
        la_code: int,
        after: int,
        write: Callable[[Path], object],
        made_with: MadeWith = UNWRITTEN,
    ) -> KeptFile:
        """Store a file as the version after the one it was edited from.

        Parameters
        ----------
        who
            Who keeps it.
        la_code
            Whose it is.
        after
            The latest version when the editing began; 0 where there was none.
        write
            Writes the file, whole, to the path it is given, which ends in ``suffix``.
        made_with
            The release and models in use; pages always say it.

        Raises
        ------
        NotAllowedError
            Their role does not allow it.
        ConflictError
            Somebody kept a version since.
        OutputError
            The folder cannot be written to.
        """
        require(who, self.right)
        folder = self.folder_of(la_code)
        number = after + 1
        while self._deleted_path(la_code, number).exists():
            number += 1
        path = folder / f"{number:04d}{self.suffix}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_in_place(path, write, new=True)
            # After the version is there: a name that could not be written must not lose what it is of.
            with suppress(OSError):
                write_in_place(
                    _keeper_path(path), lambda draft: draft.write_text(who.signature, encoding="utf-8")
                )
                if made_with.text:
                    write_in_place(
                        _made_with_path(path),
                        lambda draft: draft.write_text(made_with.text, encoding="utf-8"),
                    )
        except FileExistsError:
            raise ConflictError(
                f"Version {number} of {by_code(la_code).name}'s {self.what} was kept by somebody else while you edited, so "
                "yours was not kept and theirs was not changed. Download your edits, open the latest version, and make them "
                "again there."
            ) from None
        except OSError as error:
            raise OutputError(
                f"The {self.what} cannot be kept in {folder} ({error.strerror or error}). Nothing was changed. Download your "
                f"edits, and set {self.variable} to a folder you may write to."
            ) from None
        return self.find(la_code, number)

    def delete(self, who: Person, la_code: int, version: int) -> None:
        """Delete one version; its number, who deleted it and when stay.

        Raises
        ------
        NotAllowedError
            Their role does not allow it.
        PlannerError
            There is no such version; of the kind ``error``.
        OutputError
            The folder cannot be written to.
        """
        require(who, self.right)
        kept = self.find(la_code, version)
        note = f"{datetime.now(UTC):%d %B %Y, %H:%M} UTC by {who.signature}"
        try:
            # First the note: a number without a file and without a note could be given to another version.
            write_in_place(
                self._deleted_path(la_code, version), lambda draft: draft.write_text(note, encoding="utf-8")
            )
            kept.path.unlink()
            for beside in (_keeper_path(kept.path), _made_with_path(kept.path)):
                beside.unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(
                f"Version {version} of {by_code(la_code).name}'s own {self.what} cannot be deleted from {kept.path.parent} "
                f"({error.strerror or error}). Close it in other programs and check that you may write there."
            ) from None

    def _deleted_path(self, la_code: int, version: int) -> Path:
        """Return the path of the small file that records who deleted a version."""
        return self.folder_of(la_code) / f"{version:04d}.deleted.txt"


def _keeper_path(path: Path) -> Path:
    """Return the path of the small file beside a version that records who kept it."""
    return path.with_suffix(".by.txt")


def _made_with_path(path: Path) -> Path:
    """Return the path of the small file beside a version that records the release and models it was kept on."""
    return path.with_suffix(".made.txt")


def _who(path: Path) -> str:
    return _noted(_keeper_path(path))


def _made_with(path: Path) -> MadeWith:
    return MadeWith.of_text(_noted(_made_with_path(path)))


def _noted(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""


REGISTERS = FileStore(
    "SENDPLAN_REGISTERS",
    Path("out") / "registers",
    "register",
    "places could not be counted with it",
    RegisterError,
    Right.KEEP_REGISTERS,
)
"""Registers of places."""

UNIT_COSTS = FileStore(
    "SENDPLAN_UNIT_COSTS",
    Path("out") / "unit-costs",
    "list of unit costs",
    "pounds could not be worked out with it",
    PriceError,
    Right.KEEP_UNIT_COSTS,
)
"""Ledgers of prices (`data.prices.ledger`)."""

CANDIDATES = FileStore(
    "SENDPLAN_CANDIDATES",
    Path("out") / "candidates",
    "list of schemes",
    "schemes could not be appraised with it",
    CapitalError,
    Right.KEEP_SCHEMES,
)
"""Candidate schemes (`data.capital.candidate_file`)."""

COUNTS = FileStore(
    "SENDPLAN_COUNTS",
    Path("out") / "counts",
    "file of counts",
    "the forecast could not be made with it",
    CountError,
    Right.KEEP_COUNTS,
    ".xlsx",
)
"""The council's own counts of plans, of children waiting or not in school, and of staff (`data.counts`)."""
