"""The preference order as a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.errors import OptionError
from forecast.places.preference_file import read_order, write_order
from forecast.places.preference_order import default_rules


def test_written_and_read_again_it_is_the_same(tmp_path: Path) -> None:
    assert read_order(write_order(default_rules(), tmp_path / "order.csv")) == default_rules()


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("0.25", "a quarter", r"Row 2 .*'a quarter', which is not a number"),
        ("0.25", "25", r"Row 2 .*share 25"),
        ("inmss", "imnss", r"Row 4 .*'imnss', which we do not know"),
        ("provision,", "kind,", r"no column provision"),
        ("inmss", "inmss\x07", r"Row 4, column 'destination': holds the character U\+0007"),
        ("provision,", "," * 300 + "provision,", r"more than 200 columns"),
    ],
)
def test_what_is_wrong_is_named_with_its_row(tmp_path: Path, before: str, after: str, message: str) -> None:
    path = write_order(default_rules(), tmp_path / "order.csv")
    path.write_text(path.read_text(encoding="utf-8").replace(before, after, 1), encoding="utf-8")
    with pytest.raises(OptionError, match=message):
        read_order(path)


def test_an_order_that_loses_children_is_refused(tmp_path: Path) -> None:
    path = write_order(default_rules(), tmp_path / "order.csv")
    path.write_text("\n".join(path.read_text(encoding="utf-8").splitlines()[:3]), encoding="utf-8")
    with pytest.raises(OptionError, match=r"hildren would be lost"):
        read_order(path)


def test_a_file_that_is_not_there_is_explained(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="cannot be read"):
        read_order(tmp_path / "none.csv")
