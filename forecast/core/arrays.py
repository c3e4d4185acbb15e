"""Types of plain numpy arrays, for code that works without named dimensions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
"""Numbers: children, places or pounds."""

Flags = npt.NDArray[np.bool_]
"""Yes or no."""

Indices = npt.NDArray[np.intp]
"""Positions in another array."""
