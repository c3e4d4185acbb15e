"""An error in what a widget calls is shown like any other: in words, or with a reference, and never twice."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).resolve().parents[2]

PAGE = """
import streamlit as st
from data.errors import ScenarioError
from forecast.ui.frame.callbacks import callback, show_failed

@callback
def fails():
    raise {error}

show_failed()
st.button("Do it", on_click=fails)
st.button("Something else")
st.text("The page goes on")
"""


def page(error: str) -> AppTest:
    return AppTest.from_string(PAGE.replace("{error}", error)).run()


def test_bad_input_is_told_in_words_as_text() -> None:
    app = page('ScenarioError("![x](http://evil.example) cannot be used. Choose another.")')
    app.button[0].click().run()
    (shown,) = app.error
    assert "cannot be used. Choose another." in shown.value
    assert "![x](http" not in shown.value
    assert not app.exception
    assert app.text[0].value == "The page goes on"


def test_a_fault_of_ours_has_a_reference_that_the_log_has_too(caplog: pytest.LogCaptureFixture) -> None:
    app = page('KeyError("gone")')
    app.button[0].click().run()
    (shown,) = app.error
    reference = shown.value.rpartition("reference: ")[2].strip(".")
    assert len(reference) == 8
    assert reference in caplog.text
    assert "KeyError" in caplog.text
    assert "gone" not in shown.value
    assert not app.exception
    app.button[1].click().run()
    assert not app.error


def test_every_function_that_a_widget_calls_is_a_callback() -> None:
    bare = []
    for path in (ROOT / "forecast" / "ui").rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        decorated = {
            node.name
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef) and "callback" in map(ast.unparse, node.decorator_list)
        }
        for node in ast.walk(tree):
            for keyword in node.keywords if isinstance(node, ast.Call) else ():
                given = ast.unparse(keyword.value)
                if keyword.arg not in ("on_click", "on_change") or isinstance(keyword.value, ast.Constant):
                    continue
                if not (
                    given in decorated or given.startswith("callback(") or given in ("st.login", "st.logout")
                ):
                    bare.append(f"{path.relative_to(ROOT)}:{node.lineno}: {given}")
    assert not bare
