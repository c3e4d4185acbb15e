"""Compilation of functions to machine code that releases the interpreter lock, so that parts of the draws run side by side.

numba keeps the code on disk and makes it anew when *the file of a function* changes, not when another does. So whatever a
compiled function calls that is compiled too, and its constants, must be in its own file. The code kept is found by the function's
name and line: whoever renames the class of an argument moves the function by a line, or kept code cannot be read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from numba import njit

Body = TypeVar("Body", bound=Callable[..., object])


def compiled(body: Body) -> Body:
    """Return a function that is compiled when first called; the machine code is cached on disk if possible."""
    try:
        return cast(Body, njit(cache=True, nogil=True, error_model="numpy")(body))
    except RuntimeError:  # neither this folder nor the user's own can be written
        return cast(Body, njit(nogil=True, error_model="numpy")(body))
