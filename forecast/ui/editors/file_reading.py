"""A file that was put in on a page, read with the person's help: what its columns mean, and which fixes are accepted.

Invariant: nothing is read from a table that is not in the template before its columns are confirmed, and no fix is made that was
not accepted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from data.council_files.column_mapping import ColumnMapping, MappingLine, check_mapping, remember
from data.council_files.column_proposals import Proposal
from data.council_files.corrected_copy import copy_name, typed_fix
from data.council_files.council_table import CheckedFile
from data.council_files.problems import Problem, report, without_answered
from data.errors import PlannerError
from data.formatting import listed, quoted
from forecast.ui.components import elements, uploads
from forecast.ui.components.uploads import CorrectedFile
from forecast.ui.frame.shell import say
from forecast.ui.frame.text import bullets, literal
from forecast.ui.views import council_files
from forecast.ui.views.council_files import FILE_KINDS, FileLook

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

TYPED = "Or type what it should be"
"""Column in which a person types a fix of their own."""

READ_FIRST = 40
"""Sentences on how a file was read that are shown."""


def read_with_help(file: UploadedFile, kind_code: str, la_code: int) -> FileLook | None:
    """Return what was read from a file; None while something must be confirmed or mended, which is shown.

    Parameters
    ----------
    file
        What was put in.
    kind_code
        Code of `forecast.ui.views.council_files.FILE_KINDS`.
    la_code
        Whose it should be.
    """
    confirmed = f"mapping-{kind_code}-{la_code}-{file.file_id}"
    mended = f"mended-{kind_code}-{la_code}-{file.file_id}"
    given: UploadedFile | CorrectedFile = st.session_state.get(mended, file)
    mapping: ColumnMapping | None = None if given is not file else st.session_state.get(confirmed)
    key = f"read-{kind_code}-{la_code}-{_shortened(mapping)}"
    look = uploads.read_once(key, given, council_files.look_at, kind_code, la_code, mapping)
    if look is None:
        return None
    if look.proposal is not None:
        _confirm(look.proposal, la_code, confirmed)
        return None
    if look.checked is not None:
        _mend(given, look.checked, mended)
        return None
    if given is not file:
        say("Read with the fixes that you accepted. The file that you put in was not changed.")
    if look.remarks:
        with st.expander("How it was read", expanded=len(look.remarks) <= 6):
            say(bullets(look.remarks[:READ_FIRST]))
    return look


def _shortened(mapping: ColumnMapping | None) -> str:
    """Return what tells mappings apart in the name of what was read; a file of several sheets is confirmed sheet by sheet."""
    if mapping is None:
        return "without"
    return hashlib.sha256(repr(mapping.lines).encode()).hexdigest()[:12]


def _confirm(proposal: Proposal, la_code: int, key: str) -> None:
    """Show what the columns would be read as, to be corrected and confirmed."""
    kind = FILE_KINDS[proposal.kind_code]
    say(
        literal(
            f"{quoted(proposal.where)} is not in the template. This is what we would read its columns as, with three cells "
            f"of each. "
            "Correct the column Ours where it is wrong and answer every question mark; 'aside' keeps a column without "
            "reading it. "
            "Nothing is read until you say that it is right."
        )
    )
    frame = pd.DataFrame(
        {
            "Theirs": [one.theirs for one in proposal.mapping.lines],
            "Ours": [one.ours for one in proposal.mapping.lines],
            "For example": [one.samples for one in proposal.mapping.lines],
            "Note": [one.note for one in proposal.mapping.lines],
        },
        dtype="str",
    )
    edited = st.data_editor(
        frame,
        key=f"table-{key}-{kind.code}",
        hide_index=True,
        disabled=["Theirs", "For example", "Note"],
        alt=f"Columns of {proposal.where} and what they mean, {len(frame)} rows.",
    )
    say(literal(f"Ours may be {listed(kind.targets)}, or aside."))
    if not st.button(
        "These columns are right: read the file", type="primary", key=f"confirm-{key}-{kind.code}"
    ):
        return
    lines = tuple(
        MappingLine(
            one.line, one.theirs, str(ours if ours is not None else "").strip(), one.samples, one.note
        )
        for one, ours in zip(proposal.mapping.lines, edited["Ours"], strict=True)
    )
    mapping = ColumnMapping(lines)
    try:
        mapping = check_mapping(mapping, kind, proposal.names, proposal.where)
        remember(mapping, kind, la_code, proposal.names)
    except PlannerError as error:
        st.error(literal(str(error)))
        return
    st.session_state[key] = mapping
    st.rerun()


def _mend(given: UploadedFile | CorrectedFile, checked: Mapping[str, CheckedFile], key: str) -> None:
    """Show the problems of a file row by row, each with a fix to accept, and read it again with what is accepted."""
    name = given.name
    by_kind = sorted(
        ((code, p) for code, table in checked.items() for p in without_answered(table.problems)),
        key=lambda one: one[1].row,
    )
    problems = [p for _, p in by_kind]
    st.error(literal(report(name, problems, "nothing was read from it")).replace("\n", "\n\n"))
    frame = pd.DataFrame(
        {
            "Accept": [False] * len(problems),
            "Leave row out": [False] * len(problems),
            "Row": [f"{p.sheet}:{p.row}" if p.sheet else f"{p.row}" for p in problems],
            "Column": [p.column for p in problems],
            "Write": [p.fix_in_words or "nothing proposed" for p in problems],
            TYPED: [""] * len(problems),
            "Problem": [p.text for p in problems],
        }
    )
    every = st.checkbox("Accept every proposed fix", key=f"every-{key}")
    edited = st.data_editor(
        frame,
        key=f"fixes-{key}",
        hide_index=True,
        disabled=["Row", "Column", "Write", "Problem"],
        alt=f"Problems of {name} with what would mend each, {len(frame)} rows.",
    )
    try:
        accepted = [
            typed_fix(name, FILE_KINDS[code], checked[code].table, p, cell) if cell else p
            for (code, p), yes, typed in zip(by_kind, edited["Accept"], edited[TYPED], strict=True)
            if (cell := _cell(typed)) or (p.fix and (yes or every))
        ]
    except PlannerError as error:
        st.error(literal(str(error)))
        return
    without = [
        f"{p.sheet}:{p.row}" if p.sheet else f"{p.row}"
        for p, yes in zip(problems, edited["Leave row out"], strict=True)
        if yes
    ]
    if not accepted and not without:
        say(
            "Accept fixes here, type what a cell should be, or correct the file and put it in again. A row that is left out is "
            "not counted."
        )
        return
    # In the process with limits that reads files: the other sheets of a workbook are copied.
    content = uploads.read_once(
        f"copy-{key}-{_chosen(accepted, without)}",
        given,
        council_files.corrected_copy,
        checked,
        accepted,
        without,
    )
    if content is None:
        return
    copy = copy_name(name)
    elements.download(
        f"Download a corrected copy ({'Excel' if copy.endswith('.xlsx') else 'CSV'})", content, copy
    )
    if st.button("Read it with these fixes", type="primary", key=f"mend-{key}"):
        st.session_state[key] = CorrectedFile(copy, content)
        st.rerun()


def _cell(typed: object) -> str:
    """Return what a person typed in a table; blank where a cell was emptied."""
    return typed.strip() if isinstance(typed, str) else ""


def _chosen(accepted: Sequence[Problem], without: Sequence[str]) -> str:
    """Return what tells choices of fixes apart."""
    return hashlib.sha256(repr((accepted, without)).encode()).hexdigest()[:12]
