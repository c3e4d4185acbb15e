"""`PlacementFlows`: plans by age and provision at two Januaries, and new and ended plans by provision between them.

Invariant: only authorities that returned placements by age at both Januaries, in returns that are not out of line, are held, so
every array is complete. Ages are those of stocks; joiners stand at the age they have in the second January.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

NEW_YEARS = 3
"""Calendar years of new plans by provision that are added up: one year of a small authority says little."""


@dataclass(frozen=True)
class PlacementFlows:
    """Stocks by age and provision at two Januaries, and the flows between them.

    Parameters
    ----------
    areas
        DfE numbers.
    january
        The second January.
    before, after
        Plans, dims ``(area, age, provision)``, provisions `PROVISION_CODES`.
    joiners
        New plans of the year between by age at ``january``, dims ``(area, age)``.
    leavers
        Plans ended in the year between other than by a move to another authority, by age at the January before, dims
        ``(area, age)``; the oldest published row is spread over its ages as plans are.
    new
        New plans of the latest `NEW_YEARS` calendar years published, dims ``(area, provision)``.
    ended
        England's ended plans of the year between, moves to other authorities left out, dims ``(provision,)``.
    """

    areas: tuple[int, ...]
    january: int
    before: Array
    after: Array
    joiners: Array
    leavers: Array
    new: Array
    ended: Array
