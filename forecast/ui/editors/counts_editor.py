"""The council's own counts on a page: the version used, a template, an upload, what it would move, and deletion.

Invariants: nothing is kept before it was checked and what it would move was shown; of two who put in a file at once the second is
told; a version is deleted only after it was said which.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from data.council_files.kept_files import COUNTS
from data.counts import kept_counts
from data.counts.counts_file import what_is_in, write_counts, write_template
from data.counts.own_counts import OwnCounts
from data.errors import PlannerError
from forecast.presentation import own_count
from forecast.runs.made_with import made_now
from forecast.ui.components import elements, results
from forecast.ui.editors import file_reading
from forecast.ui.frame import controls, signing
from forecast.ui.frame.choices import SHIPPED, Choices
from forecast.ui.frame.shell import keep_button, note_kept, say, say_kept
from forecast.ui.frame.text import bullets, literal
from forecast.ui.views import council_files

KIND = "Own count"
"""What is kept, for people."""


def show(choices: Choices) -> None:
    """Show the version of counts in use, files to fill in, an upload, and a way to delete a version."""
    _picker(choices)
    _templates(choices)
    _upload(choices)
    _delete(choices)


def _picker(choices: Choices) -> None:
    say_kept(KIND)
    versions = COUNTS.versions(choices.area.la_code)
    used = results.version_of(COUNTS, choices, choices.counts)
    if not versions and used == SHIPPED:
        say("No count is used: the council has not put one in on this computer.")
        return
    labels = {str(SHIPPED): "The forecast without a count"} | {
        str(k.version): k.description for k in reversed(versions)
    }
    controls.version("counts", labels, str(used))


def _templates(choices: Choices) -> None:
    area, used = choices.area, results.counts_used(choices).counts
    with st.container(horizontal=True):
        elements.download(
            "File to fill in (Excel)",
            lambda: _written(lambda path: write_template(area.la_code, path), ".xlsx"),
            f"counts-{area.slug}.xlsx",
        )
        elements.download(
            "The same for plans alone (CSV)",
            lambda: _written(lambda path: write_template(area.la_code, path), ".csv"),
            f"counts-{area.slug}.csv",
        )
        if used is not None:
            elements.download(
                "The count in use (Excel)",
                lambda: _written(lambda path: write_counts(used, path), ".xlsx"),
                f"counts-{area.slug}-in-use.xlsx",
            )


def _written(write: Callable[[Path], object], suffix: str) -> bytes:
    """Return what a function writes to a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"counts{suffix}"
        write(path)
        return path.read_bytes()


def _upload(choices: Choices) -> None:
    code, name = choices.area.la_code, choices.area.name
    file = st.file_uploader(
        f"Own count of {name} (Excel, or CSV for plans alone)",
        type=["xlsx", "csv"],
        key=f"upload-counts-{code}",
    )
    if file is None:
        return
    # The version that was the latest when this file was first put in: later ones are a conflict.
    start = f"upload-counts-{code}-{file.file_id}"
    after = st.session_state.setdefault(start, COUNTS.latest(code))
    look = file_reading.read_with_help(file, council_files.COUNTS_FILE, code)
    if look is None:
        return
    new: OwnCounts = look.content
    say(bullets(tuple(what_is_in(new))))
    if kept_counts.fingerprint(new) == results.counts_used(choices).fingerprint:
        say("It can be used, and says the same as what is in use, so there is nothing to keep.")
        return
    _offer(choices, new, after, start)


def _offer(choices: Choices, new: OwnCounts, after: int, start: str) -> None:
    """Show what counts would move, and store them if the button is pressed; counts far from the forecast are confirmed first."""
    with st.spinner("Forecasting with the count"):
        tried = results.CountsUsed(new, kept_counts.fingerprint(new))
        outcome = results.baseline_with(choices, tried).outcome
    assert outcome.own_count is not None  # it was made with a count
    doubts = own_count.doubts(outcome.own_count)
    st.warning("Not kept yet: this is what the count would move. It is lost if you close the window.")
    say(bullets(tuple(s for s in own_count.sentences(outcome) if s not in doubts)))
    for doubt in doubts:
        st.warning(literal(doubt))
    if doubts and not st.checkbox("I have checked the count, and it is right", key=f"sure-{start}"):
        return
    if keep_button(COUNTS.right, f"keep-{start}"):
        try:
            kept = kept_counts.keep(signing.person(), new, choices.area.la_code, after, made_now())
        except PlannerError as error:
            st.error(literal(str(error)))
            return
        st.session_state.pop(start, None)
        note_kept(f"{KIND}: kept as version {kept.version}, which every page uses from now on.")
        controls.choose("counts", None)
        st.rerun()


def _delete(choices: Choices) -> None:
    """Show a button that deletes the version in use, with a box to tick first."""
    code = choices.area.la_code
    used = results.version_of(COUNTS, choices, choices.counts)
    if used == SHIPPED or signing.why_not(COUNTS.right):
        return
    with st.expander(f"Delete version {used}"):
        say("Its figures are deleted from this computer for good; its number, who deleted it and when stay.")
        ticked = st.checkbox(f"Yes, delete version {used}", key=f"delete-sure-{code}-{used}")
        if st.button("Delete it", key=f"delete-{code}-{used}", disabled=not ticked):
            try:
                COUNTS.delete(signing.person(), code, used)
            except PlannerError as error:
                st.error(literal(str(error)))
                return
            note_kept(f"{KIND}: version {used} was deleted.")
            controls.choose("counts", None)
            st.rerun()
