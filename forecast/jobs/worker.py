"""Long-running jobs outside the page: each in its own process, with progress, cancellation and a final state.

Invariants: the one who asks never waits; a job ends as done, failed or cancelled, also where its process is killed; no more than
`Worker.at_once` processes run at a time, the others wait their turn; the same work asked for twice while it is under way is one
job; results are the last `KEPT` only.

A job is a function at the top of a module, ``job(report, *arguments) -> result``, that calls ``report(done, total, says)`` as it
goes; arguments and result must be picklable. It runs in a new process, so it shares nothing with the pages and can be stopped
at any point.
"""

from __future__ import annotations

import logging
import multiprocessing
import secrets
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any

from data.errors import OptionError, PlannerError
from forecast.core.left_out import message_for
from forecast.core.parallel import set_up_process

log = logging.getLogger(__name__)

KEPT = 8
"""Jobs that are remembered after they end; the oldest are forgotten with their results."""

GRACE = 5.0
"""Seconds a process that is told to stop may take before it is killed."""

Report = Callable[[int, int, str], None]
Job = Callable[..., Any]


class State(StrEnum):
    """The state of a job."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a job.

    Parameters
    ----------
    state
        Where it stands.
    done, total
        Steps; ``total`` is 0 before the first is reported.
    says
        What is being done, or why it failed, in plain words.
    seconds
        Since it began to run; to its end where it has ended.
    """

    state: State
    done: int = 0
    total: int = 0
    says: str = ""
    seconds: float = 0.0

    @property
    def ended(self) -> bool:
        """Whether the job has ended."""
        return self.state in (State.DONE, State.FAILED, State.CANCELLED)


@dataclass
class _Task:
    job: Job
    arguments: tuple[Any, ...]
    progress: Progress = Progress(State.WAITING)
    result: Any = None
    began: float | None = None
    process: SpawnProcess | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)


class Worker:
    """Runs jobs in separate processes.

    Parameters
    ----------
    at_once
        Most processes at a time.
    """

    def __init__(self, at_once: int = 1) -> None:
        self.at_once = at_once
        self._turn = threading.Semaphore(at_once)
        self._lock = threading.Lock()
        self._tasks: dict[str, _Task] = {}
        self._spawn = multiprocessing.get_context("spawn")

    def submit(self, job: Job, *arguments: Any) -> str:
        """Start a job, or join an equal one that is running, and return its ticket at once."""
        with self._lock:
            for ticket, task in self._tasks.items():
                if task.job is job and task.arguments == arguments and not task.progress.ended:
                    return ticket
            ticket, task = secrets.token_hex(8), _Task(job, arguments)
            self._tasks[ticket] = task
            ended = [t for t, known in self._tasks.items() if known.progress.ended]
            for old in ended[: max(0, len(ended) - KEPT)]:
                del self._tasks[old]
        threading.Thread(target=self._look_after, args=(task,), daemon=True, name=f"work-{ticket}").start()
        return ticket

    def find(self, job: Job, *arguments: Any) -> str | None:
        """Return the ticket of an equal job, running or ended; None if there is none."""
        with self._lock:
            for ticket, task in reversed(self._tasks.items()):
                if task.job is job and task.arguments == arguments:
                    return ticket
        return None

    def progress(self, ticket: str) -> Progress:
        """Return the progress of a job.

        Raises
        ------
        OptionError
            No job has that ticket, or it was forgotten.
        """
        task = self._find(ticket)
        progress = task.progress
        if progress.state is State.RUNNING and task.began is not None:
            return replace(progress, seconds=time.monotonic() - task.began)
        return progress

    def result(self, ticket: str) -> Any:
        """Return the result of a job that is done.

        Raises
        ------
        OptionError
            It is not done, or not known.
        """
        task = self._find(ticket)
        if task.progress.state is not State.DONE:
            raise OptionError(f"The work is {task.progress.state}, so it has no result. Start it again.")
        return task.result

    def cancel(self, ticket: str) -> None:
        """Stop a job that waits or runs; a job that has ended is not changed."""
        task = self._find(ticket)
        task.stop.set()
        process = task.process
        if process is not None and process.is_alive():
            process.terminate()

    def wait(self, ticket: str, seconds: float) -> Progress:
        """Wait until a job ends, or for a number of seconds, and return its progress; for tests and scripts, never for a page."""
        self._find(ticket).over.wait(seconds)
        return self.progress(ticket)

    def _find(self, ticket: str) -> _Task:
        with self._lock:
            if ticket not in self._tasks:
                raise OptionError(
                    "This work is not known any more: the planner was started again since. Start it again."
                )
            return self._tasks[ticket]

    def _look_after(self, task: _Task) -> None:
        """Wait for a turn, run the process and record its messages until it ends."""
        try:
            while not self._turn.acquire(timeout=0.1):
                if task.stop.is_set():
                    self._end(task, State.CANCELLED, "Cancelled before it began.")
                    return
            try:
                self._run(task)
            finally:
                self._turn.release()
        except Exception as error:
            log.exception("a job could not be looked after")
            self._end(task, State.FAILED, f"It could not be started ({error}). Try again.")
        finally:
            task.over.set()

    def _run(self, task: _Task) -> None:
        if task.stop.is_set():
            self._end(task, State.CANCELLED, "Cancelled before it began.")
            return
        ours, theirs = self._spawn.Pipe(duplex=False)
        # A daemon ends with this process, so nothing is left running.
        process = self._spawn.Process(target=_child, args=(theirs, task.job, task.arguments), daemon=True)
        task.began = time.monotonic()
        task.progress = Progress(State.RUNNING, says="Starting")
        process.start()
        task.process = process
        theirs.close()
        last = self._listen(task, ours)
        if task.stop.is_set():
            process.terminate()
        process.join(GRACE)
        if process.is_alive():
            process.kill()
            process.join()
        if last is not None and last[0] == "done":
            task.result = last[1]
            self._end(task, State.DONE, task.progress.says)
        elif task.stop.is_set():
            self._end(task, State.CANCELLED, "Cancelled.")
        elif last is not None:
            self._end(task, State.FAILED, str(last[1]))
        else:
            self._end(
                task, State.FAILED,
                f"It stopped without a word (exit code {process.exitcode}): the computer may be short of memory. Try again.",
            )  # fmt: skip

    def _listen(self, task: _Task, pipe: Connection) -> tuple[str, Any] | None:
        """Return the last message of a process; None if it ended without one."""
        with pipe:
            while not task.stop.is_set():
                try:
                    if not pipe.poll(0.1):
                        continue
                    kind, content = pipe.recv()
                except (EOFError, OSError):
                    return None
                if kind != "step":
                    return kind, content
                done, total, says = content
                task.progress = Progress(State.RUNNING, done, total, says)
        return None

    @staticmethod
    def _end(task: _Task, state: State, says: str) -> None:
        seconds = 0.0 if task.began is None else time.monotonic() - task.began
        task.progress = replace(task.progress, state=state, says=says, seconds=seconds)
        task.process = None


def _child(pipe: Connection, job: Job, arguments: tuple[Any, ...]) -> None:
    """Run a job in its own process; send its steps, then one final message."""
    set_up_process()

    def report(done: int, total: int, says: str) -> None:
        pipe.send(("step", (done, total, says)))

    try:
        last = ("done", job(report, *arguments))
    except PlannerError as error:
        last = ("failed", str(error))
    except Exception as error:
        missing = message_for(error) if isinstance(error, ImportError) else None
        reference = secrets.token_hex(4).upper()
        logging.getLogger(__name__).error("reference %s\n%s", reference, traceback.format_exc())
        last = ("failed", missing or f"Something went wrong that is not your doing. Reference {reference}.")
    pipe.send(last)
    pipe.close()
