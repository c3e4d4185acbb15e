"""Pages of the app in this process: opened at an address as a browser would, and read as one text.

A page is made once: the address and the page are both there before the first run, so no test makes the first page on its way to
another.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import unescape
from pathlib import Path

from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from forecast.jobs.worker import Job, Progress, State
from forecast.ui.frame.choices import Choices, read
from forecast.ui.frame.registry import PAGES

APP = Path(__file__).resolve().parents[2] / "forecast" / "ui" / "frame" / "planner.py"
REDBRIDGE, KENT, SCILLY = "E09000026", "E10000016", "E06000053"
"""Codes of areas as an address has them."""

KEEP = "Keep as a new version and use it"
"""Label of the button that keeps a file that was put in."""

FILES = {entry.path: entry.script for entry in PAGES}
"""The script of each page, by its address."""


def open_page(
    page: str = "",
    area: str = REDBRIDGE,
    user: dict[str, object] | None = None,
    secrets: dict[str, object] | None = None,
    **address: str,
) -> AppTest:
    """Return a page of the app after its first run.

    Parameters
    ----------
    page
        Its address; "" for the first page.
    area
        Choice of the address: an authority.
    user, secrets
        Who is signed in, and the settings of sign-in; neither where None.
    address
        Other choices of the address.
    """
    app = AppTest.from_file(str(APP), default_timeout=120)
    if user is not None:
        app.user = user
    if secrets is not None:
        app.secrets = secrets
    if page:
        app.switch_page(FILES[page])
    for name, value in ({"area": area} | address).items():
        app.query_params[name] = value
    return app.run()


def choice_of(app: AppTest, name: str) -> str | None:
    """Return one choice of the address of a page; None where it is not in the address."""
    value = app.query_params.get(name)
    return value[0] if isinstance(value, list) else value


def choices_of(area: str = REDBRIDGE, **address: str) -> Choices:
    """Return the choices of an address."""
    return read({"area": area} | address)[0]


def text(app: AppTest) -> str:
    """Return all text and tables of a page; a figure and its interval are one run of text, as they are read."""
    said = "\n".join([*(m.value for m in app.markdown), *(h.proto.body for h in app.get("html"))])
    return unescape(said.replace("<span>", "").replace("</span>", ""))


def put_in(app: AppTest, content: str | bytes, name: str = "mine.csv") -> AppTest:
    """Return a page after a file was put in."""
    given = content.encode() if isinstance(content, str) else content
    return app.file_uploader[0].upload(name, given).run()


def keep_buttons(app: AppTest) -> list[Button]:
    """Return the buttons of a page that would keep something."""
    return [b for b in app.button if b.label.startswith("Keep")]


def keep_button(app: AppTest) -> Button:
    """Return the button that keeps the file put in, the only one that would keep something."""
    (button,) = keep_buttons(app)
    assert button.label == KEEP
    return button


class Finished:
    """A worker that has finished every job it has a result for, and notes what it was asked."""

    def __init__(self, results_of: Mapping[Job, object]) -> None:
        self.results_of = results_of
        self.asked: dict[Job, tuple[object, ...]] = {}

    def find(self, job: Job, *arguments: object) -> Job | None:
        """Return the job as its own ticket, where there is a result."""
        self.asked[job] = arguments
        return job if job in self.results_of else None

    def progress(self, ticket: Job) -> Progress:
        """Return that it is done."""
        return Progress(State.DONE, 1, 1, "Writing", 3.0)

    def result(self, ticket: Job) -> object:
        """Return what was made."""
        return self.results_of[ticket]
