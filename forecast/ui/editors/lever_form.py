"""The form of one lever: a widget for each field of its model.

Invariant: a widget's value is set from the lever in every run, before it is shown; what a person changes goes to `Change`, which
says what becomes of it. So Back, a link and a refresh win over what was typed before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from data import areas
from forecast.presentation import wording
from forecast.ui.frame.callbacks import callback
from forecast.ui.frame.choices import origin
from forecast.ui.views import lever_fields
from forecast.ui.views.lever_fields import Control, Path, SizeUnit, Values

Change = Callable[[Callable[[Values], None]], None]
"""Takes what to do to the lever under work."""

OFFERED = 20
"""Years that are offered after the first forecast one; others that a lever has are offered too."""

ONWARDS = "From then on"
BLANK = "As usual"


def form(lever: Mapping[str, Any], name: str, settings: Sequence[str], change: Change) -> None:
    """Show the form of a lever.

    Parameters
    ----------
    lever
        The lever as plain values.
    name
        Of its place in the session: widgets of two levers must not share one.
    settings
        Settings of the register, to choose from.
    change
        What becomes of a change.
    """
    controls = lever_fields.controls(lever)
    for control in (c for c in controls if c.part == "what"):
        _shown(control, lever, name, settings, change)
    if lever["kind"] == "housing" and st.button("Add another site", key=f"{name}-site"):
        change(lever_fields.add_site)
        st.rerun()
    for part, title in (("who", "Whom it reaches"), ("delivery", "How sure it is to be built"), ("why", "")):
        of_part = [c for c in controls if c.part == part]
        if not of_part:
            continue
        with st.expander(_summary(title, of_part, lever)) if title else st.container():
            for control in of_part:
                _shown(control, lever, name, settings, change)


def _summary(title: str, controls: Sequence[Control], lever: Mapping[str, Any]) -> str:
    chosen = sum(lever_fields.value_at(lever, c.path) is not None for c in controls)
    return f"{title}: {'as usual' if not chosen else f'{chosen} chosen'}" if title != "Whom it reaches" else (
        f"{title}: {'everyone' if not chosen else f'chosen by {chosen} of {len(controls)}'}"
    )  # fmt: skip


def _shown(
    control: Control, lever: Mapping[str, Any], name: str, settings: Sequence[str], change: Change
) -> None:
    key = f"{name}-{'-'.join(str(p) for p in control.path)}"
    value = lever_fields.value_at(lever, control.path)
    value = control.default if value is None else value
    if control.takes == "size":
        _size(control, value, key, change, lever_fields.unit_of(lever, str(control.path[-1])))
    elif control.takes == "names":
        _names(control, value, key, change, settings)
    elif control.takes == "setting":
        _setting(control, value, key, change, settings)
    elif control.takes == "either":
        _either(control, lever, f"{key}-either", change)
    else:
        _SHOWN[control.takes](control, value, key, change)


@callback
def _follow(key: str, path: Path, change: Change, read: Callable[[Any], Any]) -> None:
    value = read(st.session_state[key])
    change(lambda lever: lever_fields.put(lever, path, value))


@callback
def _follow_option(key: str, path: Path, change: Change) -> None:
    value = st.session_state[key]
    change(lambda lever: lever_fields.choose(lever, path, value or None))


def _same(value: Any) -> Any:
    return value


def _size(control: Control, value: Any, key: str, change: Change, unit: SizeUnit) -> None:
    ranged = isinstance(value, dict)
    between = f"{key}-range"
    st.session_state[between] = ranged
    ends = (("low", "from"), ("high", "to")) if ranged else (("", ""),)
    columns = st.columns(2) if ranged else [st.container()]
    for (end, word), column in zip(ends, columns, strict=True):
        size = value.get(end) if ranged else value
        path = (*control.path, end) if end else control.path
        at = f"{key}-{end or 'one'}"
        st.session_state[at] = None if size is None else float(unit.typed(size))
        column.number_input(
            f"{control.label}{f', {word}' if word else ''}",
            value=None,
            step=float(unit.step),
            format="%.10g",
            key=at,
            help=control.help or None,
            on_change=_follow,
            args=(at, path, change, lambda typed: None if typed is None else unit.size(typed)),
        )
    st.checkbox(
        f"{control.label.partition(':')[0]} is a range that holds {wording.MOST_OUTCOMES}",
        key=between,
        on_change=_follow_range,
        args=(between, control.path, change, unit),
    )


@callback
def _follow_range(key: str, path: Path, change: Change, unit: SizeUnit) -> None:
    ranged = st.session_state[key]

    def turn(lever: Values) -> None:
        size = lever_fields.value_at(lever, path)
        if ranged:
            middle = unit.start if size is None else size
            typed = unit.typed(middle)
            room = max(abs(typed) / 2, unit.step)
            ends = (
                unit.size(max(typed - room, unit.typed(0)) if middle >= 0 else typed - room),
                unit.size(typed + room),
            )
            lever_fields.put(lever, path, {"low": min(ends), "high": max(ends)})
        else:
            middle = (size["low"] + size["high"]) / 2
            lever_fields.put(lever, path, unit.size(unit.typed(middle)))

    change(turn)


def _dates(control: Control, value: Any, key: str, change: Change) -> None:
    dates = _spelt(value)
    years = sorted(
        {*range(origin(), origin() + OFFERED + 1), *(y for y in (dates.get("from"), dates.get("until")) if y)}
    )
    ramped = control.path[0] not in ("sites",)
    columns = st.columns(3 if ramped else 2)
    first, until, ramp = f"{key}-from", f"{key}-until", f"{key}-ramp"
    st.session_state[first] = dates.get("from")
    st.session_state[until] = dates.get("until") or ONWARDS
    columns[0].selectbox(
        control.label, years if control.needed or dates else [None, *years], key=first, help=control.help or None,
        format_func=lambda y: "When the register says" if y is None else str(y),
        on_change=_follow_dates, args=(first, "from", control.path, change),
    )  # fmt: skip
    columns[1].selectbox(
        "Until", [ONWARDS, *years], key=until, format_func=str,
        on_change=_follow_dates, args=(until, "until", control.path, change),
    )  # fmt: skip
    if ramped:
        st.session_state[ramp] = dates.get("ramp", 1)
        columns[2].number_input(
            "Years to full effect", min_value=1, max_value=30, step=1, key=ramp,
            help="1 is at once; 3 has a third in the first year.",
            on_change=_follow_dates, args=(ramp, "ramp", control.path, change),
        )  # fmt: skip


@callback
def _follow_dates(key: str, which: str, path: Path, change: Change) -> None:
    value = st.session_state[key]

    def turn(lever: Values) -> None:
        dates = _spelt(lever_fields.value_at(lever, path))
        if value in (None, ONWARDS) or (which == "ramp" and value == 1):
            dates.pop(which, None)
        else:
            dates[which] = value
        lever_fields.put(lever, path, dates or None)

    change(turn)


def _spelt(value: Any) -> dict[str, int]:
    """Return a time as years: those given of from, until and ramp."""
    if isinstance(value, dict):
        return {k: v for k, v in value.items() if v is not None}
    if isinstance(value, str):
        first, _, last = value.partition("..")
        return {"from": int(first)} | ({"until": int(last)} if last else {})
    return {} if value is None else {"from": int(value)}


def _number(control: Control, value: Any, key: str, change: Change) -> None:
    whole = control.takes == "whole"
    st.session_state[key] = None if value is None else (int(value) if whole else float(value))
    st.number_input(
        control.label, value=None, step=1 if whole else 1.0, format="%d" if whole else "%.6g", key=key,
        help=control.help or None, on_change=_follow, args=(key, control.path, change, _same),
    )  # fmt: skip


def _option(control: Control, value: Any, key: str, change: Change) -> None:
    codes = list(control.options)
    if not control.needed and control.default is None:
        codes = ["", *codes]
    st.session_state[key] = value if value in codes else codes[0]
    st.selectbox(
        control.label, codes, format_func=lambda c: control.options.get(c, BLANK), key=key, help=control.help or None,
        on_change=_follow_option, args=(key, control.path, change),
    )  # fmt: skip


def _options(control: Control, value: Any, key: str, change: Change) -> None:
    st.session_state[key] = [v for v in value or [] if v in control.options]
    st.multiselect(
        control.label, list(control.options), format_func=lambda c: control.options[c], key=key, placeholder="All",
        help=control.help or None, on_change=_follow, args=(key, control.path, change, list),
    )  # fmt: skip


def _names(control: Control, value: Any, key: str, change: Change, settings: Sequence[str]) -> None:
    offered = [a.name for a in areas.current()] if control.path[-1] == "areas" else list(settings)
    names = [value] if isinstance(value, str) else list(value or [])
    st.session_state[key] = names
    st.multiselect(
        control.label, list(dict.fromkeys([*offered, *names])), key=key, placeholder="All", help=control.help or None,
        on_change=_follow, args=(key, control.path, change, list),
    )  # fmt: skip


def _setting(control: Control, value: Any, key: str, change: Change, settings: Sequence[str]) -> None:
    st.session_state[key] = value
    st.selectbox(
        control.label, list(dict.fromkeys([*settings, *([value] if value else [])])), key=key, accept_new_options=True,
        help=control.help or None, on_change=_follow, args=(key, control.path, change, _same),
    )  # fmt: skip


def _ages(control: Control, value: Any, key: str, change: Change) -> None:
    run = control.path == ("ages",)
    st.session_state[key] = lever_fields.ages_text(value)
    st.text_input(
        control.label, key=key, placeholder="11-15" if run else "All", help=control.help or None, on_change=_follow,
        args=(key, control.path, change, lambda text: lever_fields.parse_ages(text, run=run)),
    )  # fmt: skip


def _line(control: Control, value: Any, key: str, change: Change) -> None:
    st.session_state[key] = "" if value is None else str(value)
    widget = st.text_area if control.takes == "text" else st.text_input
    widget(
        control.label, key=key, help=control.help or None, on_change=_follow, args=(key, control.path, change, _same)
    )  # fmt: skip


def _lines(control: Control, value: Any, key: str, change: Change) -> None:
    st.session_state[key] = "\n".join([value] if isinstance(value, str) else value or [])
    st.text_area(
        control.label, key=key, help=control.help or None, on_change=_follow,
        args=(key, control.path, change, lambda text: [line for line in text.splitlines() if line.strip()]),
    )  # fmt: skip


def _either(control: Control, lever: Mapping[str, Any], key: str, change: Change) -> None:
    st.session_state[key] = next((n for n in control.options if n in lever), next(iter(control.options)))
    st.selectbox(
        control.label, list(control.options), format_func=lambda c: control.options[c], key=key,
        on_change=_follow_either, args=(key, change),
    )  # fmt: skip


@callback
def _follow_either(key: str, change: Change) -> None:
    name = st.session_state[key]
    change(lambda lever: lever_fields.give_as(lever, name))


_SHOWN: dict[str, Callable[[Control, Any, str, Change], None]] = {
    "dates": _dates, "number": _number, "whole": _number, "option": _option, "options": _options, "ages": _ages,
    "line": _line, "text": _line, "lines": _lines,
}  # fmt: skip
"""Widgets that need nothing but the value."""
