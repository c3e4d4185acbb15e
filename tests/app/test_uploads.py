"""A file that is put in is read once, and why it cannot be read is said in place."""

from __future__ import annotations

import pytest

from data.errors import BusyError, PlannerError, UploadError
from forecast.ui.components import uploads
from tests.app.pages import keep_buttons, open_page, put_in


class Refuses:
    """A reader of files that refuses every file, and counts them."""

    def __init__(self, error: PlannerError) -> None:
        self.error = error
        self.asked: list[str] = []

    def read(self, whose: str, content: bytes, name: str, *_: object) -> None:
        """Refuse a file."""
        self.asked.append(whose)
        raise self.error


@pytest.mark.parametrize("page", ["data", "money", "capital"])
def test_a_file_that_takes_too_long_is_refused_in_place_and_not_read_again(
    page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = Refuses(UploadError("'mine.csv' took more than 30 seconds to read."))
    monkeypatch.setattr(uploads, "file_reader", lambda: reader)
    app = put_in(open_page(page), "a,b")
    assert [e.value for e in app.error] == ["'mine.csv' took more than 30 seconds to read."]
    assert not keep_buttons(app)
    assert [e.value for e in app.run().error] == ["'mine.csv' took more than 30 seconds to read."]
    assert len(reader.asked) == 1
    put_in(app, "c,d")
    assert len(reader.asked) == 2


def test_a_file_that_had_to_wait_is_read_when_the_page_is_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = Refuses(BusyError("another file of yours is being read"))
    monkeypatch.setattr(uploads, "file_reader", lambda: reader)
    app = put_in(open_page("data"), "a,b").run()
    assert "another file of yours" in app.error[0].value
    assert len(reader.asked) == 2


def test_two_windows_are_two_readers_where_nobody_signs_in(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = Refuses(UploadError("no"))
    monkeypatch.setattr(uploads, "file_reader", lambda: reader)
    for _ in range(2):
        put_in(put_in(open_page("data"), "a,b"), "c,d")
    assert len(reader.asked) == 4
    assert len(set(reader.asked)) == 2
