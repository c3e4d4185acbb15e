"""Reading of files that people put in, each in a child process that may take `SECONDS` and `MEMORY` and no more.

Invariants: whatever a file holds, `FileReader.read` returns or raises within the limit; the process that asks never parses the
file itself and never holds more of it than its bytes and what was read; one person has one file read at a time; at most
`AT_ONCE` children exist, and each ends with the process that started it, after a file it could not read, and when idle.

A child stays for the next file, because starting one takes a second or two.
"""

from __future__ import annotations

import multiprocessing
import os
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any, TypeVar

from data.errors import BusyError, PlannerError, UploadError
from data.formatting import quoted
from forecast.core.parallel import set_up_process
from forecast.jobs import memory_limit

SECONDS = 30.0
"""Most seconds that reading a file may take."""

MEMORY = 1_000_000_000
"""Most bytes of memory that the process which reads a file may have (1 GB)."""

AT_ONCE = 2
"""Most files that are read at the same time, for all people together."""

IDLE = 600.0
"""Seconds after which a child without work ends."""

_LONGEST_NAME = 80

T = TypeVar("T")


@dataclass
class _Child:
    process: SpawnProcess
    pipe: Connection
    used: float


class FileReader:
    """Reads files in child processes with limits.

    Parameters
    ----------
    seconds, memory, at_once
        As `SECONDS`, `MEMORY` and `AT_ONCE`.
    """

    def __init__(self, seconds: float = SECONDS, memory: int = MEMORY, at_once: int = AT_ONCE) -> None:
        self.seconds = seconds
        self.memory = memory
        self._turn = threading.Semaphore(at_once)
        self._lock = threading.Lock()
        self._reading: set[str] = set()
        self._idle: list[_Child] = []
        self._spawn = multiprocessing.get_context("spawn")

    def read(self, whose: str, content: bytes, name: str, read: Callable[..., T], *arguments: object) -> T:
        """Return what a function reads from a file.

        Parameters
        ----------
        whose
            Who put the file in; anything that tells people apart.
        content, name
            The file, and what messages call it.
        read
            Function at the top of a module that takes the path of the file and the arguments; picklable, and so is its result.
        arguments
            Further arguments of the function.

        Raises
        ------
        BusyError
            Another file of theirs is being read, or too many of others' are. The same file may be put in again.
        UploadError
            Reading it took too long or too much memory.
        PlannerError
            Any that the function raises.
        """
        with self._own_turn(whose, name), tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / _safe_name(name)
            path.write_bytes(content)
            child = self._take()
            keep = False
            try:
                kind, result, keep = self._ask(child, path.name, (read, path, arguments))
            finally:
                self._give_back(child, keep)
        if kind == "done":
            read_value: T = result
            return read_value
        if kind == "refused":
            raise result
        raise RuntimeError(f"a file that was put in could not be read\n{result}")

    @contextmanager
    def _own_turn(self, whose: str, name: str) -> Iterator[None]:
        """Wait for a turn, as the only file of a person."""
        with self._lock:
            if whose in self._reading:
                raise BusyError(
                    f"{quoted(name)} was not read, because another file of yours is being read. Wait until that is done, then "
                    "put this one in again."
                )
            self._reading.add(whose)
        try:
            if not self._turn.acquire(timeout=self.seconds):
                raise BusyError(
                    f"{quoted(name)} was not read, because files of other people are being read. Put it in again in a minute."
                )
            try:
                yield
            finally:
                self._turn.release()
        finally:
            with self._lock:
                self._reading.discard(whose)

    def _take(self) -> _Child:
        """Return an idle child, or start one."""
        while True:
            with self._lock:
                child = self._idle.pop() if self._idle else None
            if child is None:
                break
            # Long before it ends by itself, so that it does not end while it is asked.
            if child.process.is_alive() and time.monotonic() - child.used < IDLE / 2:
                return child
            _end(child)
        ours, theirs = self._spawn.Pipe()
        process = self._spawn.Process(
            target=_serve, args=(theirs, self.memory), name="reader of files", daemon=True
        )
        process.start()
        theirs.close()
        return _Child(process, ours, time.monotonic())

    def _ask(self, child: _Child, name: str, work: tuple[Any, ...]) -> tuple[str, Any, bool]:
        """Return the kind of a child's answer, the answer, and whether the child stays for another file."""
        try:
            child.pipe.send(work)
            if child.pipe.poll(self.seconds):
                kind, result, stays = child.pipe.recv()
                return kind, result, stays
            why = f"took more than {self.seconds:g} seconds to read"
        except (EOFError, OSError):
            child.process.join(5)
            if child.process.exitcode == memory_limit.EXIT_CODE:
                why = f"needs more than {self.memory / 1e9:g} GB of memory to read"
            else:
                why = f"stopped the program that reads it (exit code {child.process.exitcode})"
        again = "Copy the rows into the template and try again."
        return "refused", UploadError(f"{quoted(name)} {why}, so nothing was read from it. {again}"), False

    def _give_back(self, child: _Child, keep: bool) -> None:
        if not keep:
            _end(child)
            return
        child.used = time.monotonic()
        with self._lock:
            self._idle.append(child)

    def close(self) -> None:
        """End the children without work."""
        with self._lock:
            idle, self._idle = self._idle, []
        for child in idle:
            _end(child)


def _end(child: _Child) -> None:
    child.pipe.close()
    child.process.kill()
    child.process.join()


def _safe_name(name: str) -> str:
    """Return the name of a file as one that every system takes, with its ending."""
    kept = "".join(c if c.isprintable() and c not in '\\/:*?"<>|' else "_" for c in Path(name).name)
    path = Path(kept.strip(" .") or "file")
    return path.stem[: _LONGEST_NAME - len(path.suffix[:10])] + path.suffix[:10]


def _serve(pipe: Connection, memory: int) -> None:
    """Read one file after another, as asked, until nothing was asked for `IDLE` seconds."""
    # Another memory pool of Arrow sets aside a gigabyte at once.
    os.environ["ARROW_DEFAULT_MEMORY_POOL"] = "system"
    set_up_process()
    memory_limit.limit_memory(memory)
    stays = True
    try:
        while stays and pipe.poll(IDLE):
            kind, result = _answer(*pipe.recv())
            stays = kind != "failed" and memory_limit.memory_used() < memory / 2
            pipe.send((kind, result, stays))
    except (EOFError, BrokenPipeError):
        return
    except MemoryError:
        # Nothing more can be relied on, not even a message.
        os._exit(memory_limit.EXIT_CODE)


def _answer(read: Callable[..., object], path: Path, arguments: tuple[object, ...]) -> tuple[str, object]:
    """Return the kind of answer to what was asked, and the answer."""
    try:
        return "done", read(path, *arguments)
    except PlannerError as error:
        return "refused", error
    except MemoryError:
        raise
    except Exception:
        return "failed", traceback.format_exc()
