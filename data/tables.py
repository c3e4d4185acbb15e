"""Published tables: the list of all of them, and the one way to read them.

Invariant: a table passed its schema when it was built, and is read only if its bytes are those that were built: the hash of
each is beside them in ``SHA256SUMS``. Readers trust the schema and ``sendplan data check`` proves it again, so reading a table
does not load the schemas, nor naming one pandas.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from data import switching
from data.errors import TableError

if TYPE_CHECKING:
    import pandas as pd

    from data.schemas.base import Table

DATA_DIR = Path(__file__).parent
PUBLISHED = DATA_DIR / "published"
"""Where the built tables live."""

HASHES = "SHA256SUMS"
"""File beside the published tables with the hash of each, in the form that ``sha256sum -c`` reads."""

REFERENCE = DATA_DIR / "reference"
"""Small hand-kept files: area history, capacity registers."""

SOURCES = DATA_DIR / "SOURCES.csv"
"""One row per published table and input file: publisher, release, date, licence, sha256, build version."""


def table(name: str) -> Table:
    """Return the description of a published table: its name, meaning and schema.

    Raises
    ------
    TableError
        No table has that name.
    """
    from data.schemas import TABLES

    try:
        return TABLES[name]
    except KeyError:
        raise TableError(
            f"There is no published table called '{name}'. Known: {', '.join(TABLES)}."
        ) from None


def settle() -> None:
    """Finish a switch to another release that was cut off (`data.switching`); every reader of tables begins with this.

    Raises
    ------
    TableError
        It cannot be finished.
    """
    switching.settle(DATA_DIR.parent)


def check_release() -> None:
    """Raise an error if the tables have moved on to another release since this process first read one.

    What is in memory would be of one release and what is read now of another.

    Raises
    ------
    TableError
        They have.
    """
    if _release_of(PUBLISHED) != _release_at_first(PUBLISHED):
        raise TableError(
            f"The tables in {PUBLISHED} were brought up to date while this was running, and figures of two releases would "
            "be mixed. Nothing is lost: run the command again, or start the planner again."
        )


def _release_of(folder: Path) -> str:
    path = folder / HASHES
    return hash_of(path.read_bytes()) if path.is_file() else ""


@cache
def _release_at_first(folder: Path) -> str:
    return _release_of(folder)


def path_of(name: str) -> Path:
    """Return the path of a published table's file.

    Raises
    ------
    TableError
        The name is unknown or the file is not there.
    """
    settle()
    path = PUBLISHED / f"{name}.parquet"
    if not path.exists():
        table(name)  # says so where there is no table of that name
        raise TableError(
            f"The published table '{name}' is not in {PUBLISHED}. Forecasts cannot be made without it. "
            "Restore the file from the repository, or rebuild it with 'sendplan data build --from DIR'."
        )
    return path


def published_hashes(folder: Path | None = None) -> dict[str, str]:
    """Return the hash of every table as it was built, by file name; of the shipped tables if no folder is named.

    Raises
    ------
    TableError
        The list of hashes is missing or cannot be read.
    """
    path = (folder or PUBLISHED) / HASHES
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        lines = []
    rows = [re.fullmatch(r"([0-9a-f]{64}) [ *]([\w.-]+)", line) for line in lines]
    if not rows or None in rows:
        raise TableError(
            f"{path}, which says what the published tables should be, is missing or damaged, so an altered table could go "
            "unnoticed and none is used. Restore the file from the repository, or rebuild the tables with "
            "'sendplan data build --from DIR'."
        )
    return {row[2]: row[1] for row in rows if row}


def write_hashes(folder: Path, path: Path) -> None:
    """Write the hashes of all tables in a folder to a file, as `published_hashes` reads them."""
    lines = [f"{hash_of(p.read_bytes())}  {p.name}\n" for p in sorted(folder.glob("*.parquet"))]
    path.write_text("".join(lines), encoding="ascii", newline="\n")


def hash_of(content: bytes) -> str:
    """Return the sha256 of some bytes."""
    return hashlib.sha256(content).hexdigest()


def content_of(name: str) -> BytesIO:
    """Return the bytes of a published table, checked to be those that were built.

    Raises
    ------
    TableError
        The name is unknown, the file is not there or cannot be read, or it is not the one that was built; or the tables were
        brought up to date since the first was read.
    """
    path = path_of(name)
    check_release()
    try:
        content = path.read_bytes()
    except OSError as error:
        raise TableError(
            f"The published table '{name}' cannot be read from {path} ({error.strerror or error}), and forecasts cannot be made "
            "without it. Ask for permission to read the file, or restore it from the repository."
        ) from None
    if hash_of(content) != published_hashes().get(path.name):
        raise TableError(
            f"The published table '{name}' in {path} is not the one that was built: it was altered or cut short, or comes from "
            "another version. Figures would not be what they say, so it is not used. Restore the file from the repository, or "
            "rebuild the tables with 'sendplan data build --from DIR'; 'sendplan doctor' looks at all of them."
        )
    return BytesIO(content)


@cache
def _read(name: str) -> pd.DataFrame:
    import pandas as pd

    return pd.read_parquet(content_of(name))


def read(name: str) -> pd.DataFrame:
    """Return a new copy of a published table, with the columns of its schema."""
    return _read(name).copy()


@cache
def newest_january() -> int:
    """Return the newest January with published plans."""
    return int(read("plans_total")["january"].max())


@cache
def _read_reference(name: str) -> pd.DataFrame:
    import pandas as pd

    path = REFERENCE / f"{name}.csv"
    if not path.exists():
        raise TableError(
            f"The reference file '{path.name}' is not in {path.parent}, and what reads it cannot go on without it. Restore it "
            "from the repository."
        )
    return pd.read_csv(path)


def read_reference(name: str) -> pd.DataFrame:
    """Return a new copy of a hand-kept reference table, such as `area_history`."""
    return _read_reference(name).copy()


@cache
def _read_checked_reference(name: str) -> pd.DataFrame:
    # Imported here: most runs read no file with a schema, and pandera is slow to import.
    import pandas as pd
    from pandera.errors import SchemaErrors

    from data.schemas.reference import REFERENCE_TABLES

    schema = REFERENCE_TABLES[name].schema
    try:
        return schema.validate(_read_reference(name), lazy=True)
    except SchemaErrors as error:
        case = error.failure_cases.iloc[0]
        row = "" if pd.isna(case["index"]) else f" row {int(case['index']) + 2}"
        column = "" if pd.isna(case["column"]) else f" column '{case['column']}'"
        raise TableError(
            f"The reference file '{name}.csv',{row}{column}: {case['failure_case']!r} breaks the rule '{case['check']}'. "
            f"Forecasts would rest on it, so it is not used. Correct the file in {REFERENCE} (row 1 is the header)."
        ) from None


def read_checked_reference(name: str) -> pd.DataFrame:
    """Return a hand-kept reference file that has a schema in `data.schemas.reference`, such as `councils/finance`.

    Raises
    ------
    TableError
        The file is missing or breaks its schema; the message says in which row.
    """
    return _read_checked_reference(name).copy()
