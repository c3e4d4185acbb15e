"""Files that people put in on a page: each is read once, in a process with limits, and its problems are shown in place.

Invariant: running the page again reads nothing again; a file that took too long is not tried a second time.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, TypeVar

import streamlit as st

from data.errors import BusyError, PlannerError
from forecast.ui.frame import signing
from forecast.ui.frame.text import literal

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

    from forecast.jobs.file_reader import FileReader

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class CorrectedFile:
    """A file with fixes that a person accepted, to be read as one that was put in."""

    name: str
    content: bytes

    @property
    def file_id(self) -> str:
        """What tells it apart from other files."""
        return hashlib.sha256(self.content).hexdigest()

    def getvalue(self) -> bytes:
        """Return what it holds."""
        return self.content


@cache
def file_reader() -> FileReader:
    """Return the reader of files, shared by all people."""
    from forecast.jobs.file_reader import FileReader

    return FileReader()


def read_once(
    key: str, file: UploadedFile | CorrectedFile, read: Callable[..., T], *arguments: object
) -> T | None:
    """Return what a function reads from a file that was put in; None after showing why nothing can be read.

    Parameters
    ----------
    key
        Where the session remembers what was read: one file for each uploader.
    file
        What was put in.
    read, arguments
        As for `forecast.jobs.file_reader.FileReader.read`.
    """
    known = st.session_state.get(key)
    if known is None or known[0] != file.file_id:
        known = (file.file_id, *_outcome(file, read, arguments))
        if not isinstance(known[2], BusyError):
            st.session_state[key] = known
    _, content, error = known
    if error is not None:
        # A problem a line: Markdown needs a blank line between them.
        st.error(literal(str(error)).replace("\n", "\n\n"))
    read_content: T | None = content
    return read_content


def _outcome(
    file: UploadedFile | CorrectedFile, read: Callable[..., T], arguments: tuple[object, ...]
) -> tuple[T | None, PlannerError | None]:
    """Return what was read from a file and None, or None and why nothing was."""
    try:
        with st.spinner("Reading the file"):
            return file_reader().read(_whose(), file.getvalue(), file.name, read, *arguments), None
    except PlannerError as error:
        return None, error


def _whose() -> str:
    """Return what tells people apart: their address, or their session where nobody signs in."""
    return signing.person().email or str(st.session_state.setdefault("reads-files", secrets.token_hex(8)))
