"""The command line in this process: what it prints, says is wrong and ends with, as a terminal would show them."""

from __future__ import annotations

import sys
from io import StringIO
from typing import NamedTuple

import pytest

from forecast import cli


class Ended(NamedTuple):
    """How a command ended: exit code, output and errors."""

    code: int
    out: str
    err: str


def sendplan(*arguments: str) -> Ended:
    """Run ``sendplan`` with these arguments and return how it ended."""
    out, err = StringIO(), StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["sendplan", *arguments])
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        try:
            cli.main()
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
    return Ended(code, out.getvalue(), err.getvalue())


def printed(*arguments: str) -> str:
    """Return what ``sendplan`` prints for these arguments, which it must accept."""
    ended = sendplan(*arguments)
    assert ended.code == 0, ended.out + ended.err
    return ended.out
