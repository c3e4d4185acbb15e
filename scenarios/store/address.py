"""The address of a store: a file on this computer, or a PostgreSQL database shared by a team.

An address is checked before anything is opened, so a wrong one changes nothing. No message repeats a password.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from data.errors import StoreError

VARIABLE = "SENDPLAN_STORE"
"""Environment variable that says where the store is."""

DEFAULT = Path("out") / "scenarios.sqlite"
"""The store where nothing is said, under the current folder."""

SQLITE_START = b"SQLite format 3\x00"
"""First bytes of every SQLite file (sqlite.org/fileformat.html, section 1.3)."""

SHARES: frozenset[str] = frozenset(
    {
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "fuse.sshfs",
        "afs",
        "ceph",
        "fuse.glusterfs",
        "davfs",
        "fuse.davfs2",
    }
)
"""Kinds of file system that are network shares, where a write-ahead log is not safe (sqlite.org/wal.html)."""

MOUNTS = Path("/proc/self/mounts")
"""The file systems of this computer; absent outside Linux."""

POSTGRES = ("postgresql+psycopg", "postgresql", "postgres")
"""Ways to write that a web address is a PostgreSQL database; all are opened with psycopg 3."""


@dataclass(frozen=True)
class Address:
    """The address of one store, whether or not it exists yet.

    Parameters
    ----------
    url
        For SQLAlchemy; may hold a password.
    shown
        For messages; holds none.
    """

    url: URL
    shown: str

    @property
    def is_file(self) -> bool:
        """Whether the store is a file."""
        return self.url.get_backend_name() == "sqlite"


def address_of(where: str | Path | None) -> Address:
    """Return the address of a store from text, an environment variable or the default.

    Parameters
    ----------
    where
        A file; or ``postgresql+psycopg://user@server/database`` for a team; or nothing: then the environment variable
        SENDPLAN_STORE, and without it ``out/scenarios.sqlite`` under the current folder.

    Raises
    ------
    StoreError
        It is neither a file that may be a store nor the address of a PostgreSQL database.
    """
    text = where if where is not None else os.environ.get(VARIABLE) or DEFAULT
    if isinstance(text, str) and "://" in text:
        return _from_url(text)
    return _from_path(Path(text))


def _from_url(text: str) -> Address:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        # The text is not repeated: where it cannot be read, a password in it cannot be found either.
        raise StoreError(
            f"The address of the scenario store cannot be read. Give a file, or an address such as "
            f"postgresql+psycopg://name@server/database, with --store or in {VARIABLE}."
        ) from None
    if url.drivername == "sqlite" and url.database and url.database != ":memory:":
        return _from_path(Path(url.database))
    if url.drivername not in POSTGRES:
        raise StoreError(
            f"'{url.drivername}://' cannot hold a scenario store: it is a file or a PostgreSQL database. Give a file, or "
            f"an address such as postgresql+psycopg://name@server/database, with --store or in {VARIABLE}."
        )
    url = url.set(drivername=POSTGRES[0])
    # A password may also stand after the '?', so that part is not shown.
    return Address(url, url.set(query={}).render_as_string(hide_password=True))


def _from_path(path: Path) -> Address:
    try:
        path = path.expanduser().resolve()
        is_folder = path.is_dir()
        start = _start(path) if path.exists() and not is_folder else b""
    except (OSError, ValueError, RuntimeError) as error:
        raise unusable(str(path), error) from None
    if is_folder:
        raise StoreError(
            f"The scenario store {path} is a folder. Give a file in it, such as {path / DEFAULT.name}, "
            f"with --store or in {VARIABLE}."
        )
    # An empty file is how SQLite itself begins one.
    if start and start != SQLITE_START:
        raise StoreError(
            f"{path} is not a scenario store: it is some other kind of file, or its beginning is damaged. It was not "
            f"changed. Give another file with --store or in {VARIABLE}, or put back a copy of the store."
        )
    kind = filesystem_of(path, _mounts())
    if kind in SHARES or str(path).startswith("\\\\"):
        raise StoreError(
            f"The scenario store {path} would be on a network share ({kind or 'UNC path'}), where two people saving at "
            "once can damage it. Nothing was changed. Keep it on this computer's own disk; for a team use a PostgreSQL "
            f"database: --store postgresql+psycopg://name@server/database, or {VARIABLE}."
        )
    return Address(URL.create("sqlite", database=str(path)), str(path))


def _start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(len(SQLITE_START))


def make_folder(address: Address) -> None:
    """Create the folder of a store that is a file.

    Raises
    ------
    StoreError
        It cannot be made.
    """
    try:
        Path(str(address.url.database)).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unusable(address.shown, error) from None


def unusable(shown: str, error: Exception) -> StoreError:
    """Return the error for a file that cannot be created or opened."""
    why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return StoreError(
        f"The scenario store {shown} cannot be opened or made ({why}). Nothing was changed. Choose a file in a folder "
        f"you may write to, with --store or in {VARIABLE}, or ask for permission to write there."
    )


def filesystem_of(path: Path, mounts: str) -> str | None:
    r"""Return the kind of file system that a path is on, by its longest mount point; None if not known.

    Parameters
    ----------
    path
        Absolute.
    mounts
        Text of `MOUNTS`: device, mount point (spaces as ``\040``), kind, options.
    """
    best: tuple[int, str] | None = None
    for line in mounts.splitlines():
        fields = line.split()
        if len(fields) < 3:
            continue
        point = Path(fields[1].replace("\\040", " "))
        # A later mount on the same point hides an earlier one.
        if path.is_relative_to(point) and (best is None or len(point.parts) >= best[0]):
            best = (len(point.parts), fields[2])
    return best[1] if best else None


def _mounts() -> str:
    try:
        return MOUNTS.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
