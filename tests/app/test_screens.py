"""The pictures of the documentation: every page has one at both widths, small enough to load anywhere (``make screens``)."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from forecast.ui.frame.registry import PAGES, PageEntry

SCREENS = Path(__file__).resolve().parents[2] / "docs" / "screens"
WIDTHS = (1280, 320)
MOST_BYTES = 300_000


@pytest.mark.parametrize("entry", PAGES, ids=lambda e: e.title)
@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_has_a_small_picture(entry: PageEntry, width: int) -> None:
    path = SCREENS / f"{entry.title.lower()}-{width}.png"
    assert path.stat().st_size < MOST_BYTES
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        assert picture.width == width
        assert picture.height > width


def test_no_picture_is_of_a_page_that_is_gone() -> None:
    wanted = {f"{e.title.lower()}-{width}.png" for e in PAGES for width in WIDTHS}
    assert {p.name for p in SCREENS.iterdir()} == wanted
