"""The council's own unit costs and schemes on a page: choose a version, download it for correction, and upload a new one.

Invariants: nothing is kept before it was checked and its difference shown; of two who put in a file at once the second is told.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from data.council_files.kept_files import FileStore
from data.errors import PlannerError
from forecast.runs.made_with import made_now
from forecast.ui.components import elements
from forecast.ui.editors import file_reading
from forecast.ui.frame import controls, signing
from forecast.ui.frame.choices import SHIPPED, Choices
from forecast.ui.frame.shell import keep_button, note_kept, say, say_kept
from forecast.ui.frame.text import literal
from forecast.ui.views import council_files
from forecast.ui.views.council_files import FileRead

BOM = "\ufeff"
"""Begins files that spreadsheets open, so that they show pound signs."""


@dataclass(frozen=True)
class KeptFileEditor:
    """The editor of one kind of file.

    Parameters
    ----------
    parameter
        Name of the choice in the address.
    file_store
        Where versions are kept.
    label
        One file, for people, such as "Unit costs".
    ours
        What is used where the council has put in none.
    key, named
        As in `forecast.ui.views.council_files.changes`.
    """

    parameter: str
    file_store: FileStore
    label: str
    ours: str
    key: Sequence[str]
    named: Callable[[pd.Series], str]


def picker(editor: KeptFileEditor, choices: Choices, used: int) -> None:
    """Show which version is used, and a menu to choose another."""
    say_kept(editor.label)
    versions = editor.file_store.versions(choices.area.la_code)
    if not versions and used == SHIPPED:
        say(f"{editor.ours}: the council has not put in its own on this computer.")
        return
    labels = {str(SHIPPED): "What comes with the planner"} | {
        str(k.version): k.description for k in reversed(versions)
    }
    controls.version(editor.parameter, labels, str(used))


def upload(
    editor: KeptFileEditor,
    choices: Choices,
    in_use: pd.DataFrame,
    kind_code: str,
) -> None:
    """Read an uploaded file, show every problem or what would change, and store it as a new version.

    Parameters
    ----------
    editor
        The kind of file.
    choices
        Whose.
    in_use
        What is used now, cells as text.
    kind_code
        Code of `forecast.ui.views.council_files.FILE_KINDS`.
    """
    code = choices.area.la_code
    file = st.file_uploader(
        f"{editor.label} of {choices.area.name} (CSV or Excel)",
        type=["csv", "xlsx"],
        key=f"upload-{editor.parameter}-{code}",
    )
    if file is None:
        return
    # The version that was the latest when this file was first put in: later ones are a conflict.
    start = f"upload-{editor.parameter}-{code}-{file.file_id}"
    after = st.session_state.setdefault(start, editor.file_store.latest(code))
    look = file_reading.read_with_help(file, kind_code, code)
    if look is None:
        return
    new: FileRead = look.content
    differences = council_files.changes(in_use, new.rows, editor.key, editor.named)
    if differences.empty:
        say("It can be used, and says the same as what is in use, so there is nothing to keep.")
        return
    st.warning("Not kept yet: these changes are lost if you close the window.")
    elements.table(differences, "What would change")
    if keep_button(editor.file_store.right, f"keep-{start}"):
        try:
            kept = editor.file_store.keep(
                signing.person(),
                code,
                after,
                lambda path: path.write_bytes((BOM + new.text).encode("utf-8")),
                made_now(),
            )
        except PlannerError as error:
            st.error(literal(str(error)))
            return
        st.session_state.pop(start, None)
        note_kept(f"{editor.label}: kept as version {kept.version}, which every page uses from now on.")
        controls.choose(editor.parameter, None)
        st.rerun()
