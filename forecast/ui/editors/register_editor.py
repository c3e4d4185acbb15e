"""The register of places on a page: choose a version, edit it in a grid, and upload a file.

Invariants: nothing is kept before it was checked and its difference shown; edits that are not kept yet are said to be so, survive
a visit to another page, and can be downloaded, usable or not; of two who edit at once the second is told.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from data.council_files.kept_files import REGISTERS
from data.errors import PlannerError
from data.registers import kept_registers
from data.registers.differences import diff
from data.registers.register import BASES, CONFIDENCES, LOCATIONS, PHASINGS, STATUSES, Register
from data.registers.register_file import to_csv
from data.vocabulary import PROVISION_CODES
from forecast.runs.made_with import made_now
from forecast.ui.components import elements, results
from forecast.ui.editors import file_reading
from forecast.ui.frame import controls, signing
from forecast.ui.frame.choices import SHIPPED, Choices
from forecast.ui.frame.shell import keep_button, note_kept, say, say_kept
from forecast.ui.frame.text import literal
from forecast.ui.views import register_draft

SHOWN: tuple[str, ...] = (
    "setting", "provision", "needs", "age_low", "age_high", "from_academic_year", "to_academic_year", "places", "located",
    "status",    "basis", "confidence", "source", "note",
)  # fmt: skip
"""Columns of the grid; the others keep their cells."""

LISTS: dict[str, tuple[str, ...]] = {
    "provision": PROVISION_CODES, "located": LOCATIONS, "status": STATUSES, "basis": BASES, "confidence": CONFIDENCES,
    "phasing": PHASINGS,
}  # fmt: skip
"""Columns whose cells are chosen from a list."""


KIND = "Register of places"
"""What is kept, for people."""


def picker(choices: Choices) -> None:
    """Show which register is used, and a menu to choose another version."""
    say_kept(KIND)
    versions = kept_registers.versions(choices.area.la_code)
    used = results.version_of(REGISTERS, choices, choices.register)
    if not versions and used == SHIPPED:
        say(
            "The register that comes with the planner is used: the council has not put in its own on this computer."
        )
        return
    labels = {str(SHIPPED): "The one that comes with the planner"} | {
        str(k.version): k.description for k in reversed(versions)
    }
    controls.version("register", labels, str(used))


def edit(choices: Choices) -> None:
    """Show the register in use as a grid, the differences, and a button that stores it as a new version."""
    code = choices.area.la_code
    register = results.register_of(choices)
    print_of = kept_registers.fingerprint(register)
    grid, draft, start = f"grid-{code}-{print_of}", f"draft-{code}-{print_of}", f"start-{code}-{print_of}"
    state = st.session_state
    # The grid adds its edits to what it was given, so that must not change while it is on the page.
    if grid not in state or start not in state:
        versions = kept_registers.versions(code)
        state[start] = (
            state.get(draft, register_draft.editable(register)),
            versions[-1].version if versions else 0,
        )
    given, after = state[start]
    if draft in state:
        say("Edits from before you left this page are in the grid again.")
    edited = st.data_editor(
        given,
        num_rows="dynamic",
        column_order=SHOWN,
        column_config=_columns(),
        key=grid,
        alt=f"Register of places of {choices.area.name}, {len(given)} rows. The same can be edited as a file on the page Data.",
    )
    content = register_draft.written(edited)
    if content == register_draft.written(register_draft.editable(register)):
        state.pop(draft, None)
        say("Nothing is changed yet. Every change is checked as you type; nothing is kept until you say so.")
        return
    state[draft] = edited
    try:
        new = register_draft.checked(content, "your edits.csv", code)
    except PlannerError as error:
        st.error(literal(str(error)).replace("\n", "\n\n"))
        say(
            "Your edits are still in the grid. They are lost if you close the window before they are kept or downloaded."
        )
        elements.download(
            "Download your edits as they are (CSV)", content, f"capacity-{choices.area.slug}-draft.csv"
        )
        return
    _offer(choices, register, new, after, draft, start)
    elements.download("Download your edits (CSV)", content, f"capacity-{choices.area.slug}-draft.csv")


def upload(choices: Choices) -> None:
    """Read an uploaded register, show every problem or the differences, and store it as a new version."""
    code = choices.area.la_code
    file = st.file_uploader(
        f"Register of places of {choices.area.name} (CSV or Excel)",
        type=["csv", "xlsx"],
        key=f"upload-{code}",
    )
    if file is None:
        return
    versions = kept_registers.versions(code)
    # The version that was the latest when this file was first put in: later ones are a conflict.
    start = f"upload-start-{code}-{file.file_id}"
    after = st.session_state.setdefault(start, versions[-1].version if versions else 0)
    look = file_reading.read_with_help(file, "register", code)
    if look is None:
        return
    new: Register = look.content
    for warning in new.warnings:
        st.warning(literal(warning))
    _offer(choices, results.register_of(choices), new, after, None, start)


def _offer(choices: Choices, old: Register, new: Register, after: int, draft: str | None, start: str) -> None:
    """Show the differences, and store the register if the button is pressed."""
    difference = diff(old, new)
    if difference.empty:
        say("It can be used, and holds the same rows as the register in use, so there is nothing to keep.")
        return
    st.warning("Not kept yet: these changes are lost if you close the window.")
    say(literal(difference.sentence()))
    elements.table(register_draft.changes(difference), "What would change")
    if keep_button(REGISTERS.right, f"keep-{start}"):
        try:
            kept = kept_registers.keep(signing.person(), new, choices.area.la_code, after, made_now())
        except PlannerError as error:
            st.error(literal(str(error)))
            return
        for key in (draft, start):
            if key is not None:
                st.session_state.pop(key, None)
        note_kept(f"{KIND}: kept as version {kept.version}, which every page uses from now on.")
        controls.choose("register", None)
        st.rerun()


def template(choices: Choices) -> None:
    """Show a button that downloads the register in use for editing."""
    content = to_csv(results.register_of(choices)).encode("utf-8-sig")
    elements.download("Register of places in use (CSV)", content, f"capacity-{choices.area.slug}.csv")


def _columns() -> dict[str, Any]:
    """Return the editor settings of each column of the grid."""
    text = st.column_config.TextColumn
    columns: dict[str, Any] = {c: text(c, width="small") for c in SHOWN}
    columns |= {c: st.column_config.SelectboxColumn(c, options=list(codes)) for c, codes in LISTS.items()}
    return columns | {
        "setting": text("setting", width="medium", pinned=True),
        "source": text("source", width="medium"),
    }
