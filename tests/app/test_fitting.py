"""Fitting again from a page: what the work reports, keeps and says, and that pages notice a new fit."""

from __future__ import annotations

import os
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from data.errors import NotAllowedError
from data.sign_in.people import Person, Role, this_computer
from forecast.demand import stored_fit
from forecast.ui.background import fit_job
from forecast.ui.components import results
from forecast.ui.frame.choices import read

Steps = list[tuple[int, int, str]]


@pytest.fixture
def fit_made(monkeypatch: pytest.MonkeyPatch) -> tuple[Callable[[bool], str], list[object]]:
    """Return a caller of the job whose fit passes or not, and what was kept."""
    kept: list[object] = []
    monkeypatch.setattr(stored_fit, "write", kept.append)

    def run(passes: bool) -> str:
        made = SimpleNamespace(
            passed=passes,
            seconds=12.0,
            diagnostics={"growth": SimpleNamespace(passed=passes), "moves": SimpleNamespace(passed=True)},
        )

        def make(on_step: Callable[[str], None], *, side_by_side: bool) -> object:
            assert not side_by_side, "a process of the worker may have no children"
            on_step("growth")
            on_step("age bands")
            return made

        monkeypatch.setattr(stored_fit, "make", make)
        steps: Steps = []
        said = fit_job.fit_again(
            lambda done, total, says: steps.append((done, total, says)), "key", this_computer("Jo")
        )
        assert steps == [
            (0, stored_fit.steps(), "Fitting growth"),
            (1, stored_fit.steps(), "Fitting age bands"),
        ]
        assert kept[-1] is made
        return said

    return run, kept


def test_a_fit_that_passes_is_kept_and_said(fit_made: tuple[Callable[[bool], str], list[object]]) -> None:
    assert fit_made[0](True) == "Passed in 12 seconds. Every page uses it from now on."


def test_a_fit_that_fails_names_what_failed(fit_made: tuple[Callable[[bool], str], list[object]]) -> None:
    said = fit_made[0](False)
    assert said.startswith("FAILED: growth did not pass.")
    assert "moves" not in said


@pytest.mark.parametrize("role", [r for r in Role if r is not Role.ADMIN])
def test_only_an_admin_may_fit_again(role: Role, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_fit, "make", lambda *_, **__: pytest.fail("it was fitted"))
    with pytest.raises(NotAllowedError, match="may not fit the models again"):
        fit_job.fit_again(lambda *_: None, "key", Person("Pat", "pat@council.gov.uk", role))


def test_pages_notice_that_the_fit_was_written_again(monkeypatch: pytest.MonkeyPatch) -> None:
    choices = read({})[0]
    register = results.register_used(choices).fingerprint
    before = results.key_of(choices, register)
    assert before.fit == os.stat(stored_fit.FOLDER / stored_fit.MANIFEST).st_mtime_ns
    monkeypatch.setattr(stored_fit, "stamp", lambda: before.fit + 1)
    assert results.key_of(choices, register) != before
