"""Long-running work on a page: a button that starts it, its progress with a stop button, and its result as a download.

Invariant: the page never waits for the work; only the part that shows progress is run again while it goes on.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from data.errors import OptionError
from forecast.jobs.worker import Job, Progress, State
from forecast.ui.components import elements, results
from forecast.ui.frame.shell import say
from forecast.ui.frame.text import literal

EVERY = 2.0
"""Seconds between looks at work that is under way."""


def long_work(name: str, label: str, job: Job, arguments: tuple[Any, ...], file: str) -> None:
    """Show a job whose result is a file: its button, progress and download.

    Parameters
    ----------
    name
        Of its place in the session; no two on a page alike.
    label
        Of the button that starts it.
    job, arguments
        As for `forecast.jobs.worker.Worker.submit`; the result is the content of a file.
    file
        Name of the download.
    """
    result = awaited(name, label, job, arguments)
    if result is not None:
        elements.download("Download the result", result, file)


def awaited(name: str, label: str, job: Job, arguments: tuple[Any, ...]) -> Any:
    """Show a job whose result the page needs, and return the result; None until it is done.

    Work is known by what it was asked, not by who asked: the same address opened again shows the same result while the worker
    remembers it, and work on other arguments is never taken for the answer to these.

    Parameters
    ----------
    name, label, job, arguments
        As for `long_work`.
    """
    worker = results.worker()
    ticket = worker.find(job, *arguments)
    progress = _progress(ticket)
    if ticket is not None and progress is not None and not progress.ended:
        st.fragment(_watched, run_every=EVERY)(name, ticket)
        return None
    if ticket is not None and progress is not None and progress.state is State.DONE:
        say(f"Done in {progress.seconds:,.0f} seconds.")
        return worker.result(ticket)
    if progress is not None:
        st.warning(literal(f"{label}: {progress.says}"))
    if st.button(label, key=f"start-{name}", type="primary"):
        worker.submit(job, *arguments)
        st.rerun()
    return None


def _progress(ticket: str | None) -> Progress | None:
    """Return the progress of a job; None if there is none, or if the planner was restarted since."""
    if ticket is None:
        return None
    try:
        return results.worker().progress(ticket)
    except OptionError:
        return None


def _watched(name: str, ticket: str) -> None:
    progress = results.worker().progress(ticket)
    if progress.ended:
        st.rerun()
    share = progress.done / progress.total if progress.total else 0.0
    count = f"{progress.done} of {progress.total}: " if progress.total else ""
    waits = "Waiting for other work to end" if progress.state is State.WAITING else f"{count}{progress.says}"
    st.progress(share, text=literal(waits))
    if st.button("Stop", key=f"stop-{name}"):
        results.worker().cancel(ticket)
