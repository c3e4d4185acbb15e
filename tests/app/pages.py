"""Pages of the app in this process: opened at an address as a browser would, and read as one text.

A page is made once: the address and the page are both there before the first run, so no test makes the first page on its way to
another.
"""

from __future__ import annotations

from html import unescape
from pathlib import Path

from streamlit.testing.v1 import AppTest

from forecast.ui.frame.choices import Choices, read
from forecast.ui.frame.registry import PAGES

APP = Path(__file__).resolve().parents[2] / "app.py"
REDBRIDGE, KENT, SCILLY = "E09000026", "E10000016", "E06000053"
"""Codes of areas as an address has them."""

FILES = {entry.path: entry.file for entry in PAGES}
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
