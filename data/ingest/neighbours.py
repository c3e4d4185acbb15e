"""Statistical neighbours: for each authority the ten most similar ones, from the published wide file.

Invariant: every current authority in the file has exactly ten neighbours, ranked 1 to 10, never itself.

Rules
-----
``blank_eleventh_row``
    The file ends in a row without names; it is dropped, and a name in it would be an error.
``dorset_is_new``
    "Dorset" here is the present unitary (838): the file lists only authorities of 2023 or later.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from data.errors import SourceError
from data.ingest.areas import current_names, resolve_names
from data.ingest.reading import Release

WIDE = "neighbours/statistical_neighbours_wide.csv"

NEIGHBOURS = 10
"""Names in each column."""


def without_blank_row(wide: pd.DataFrame) -> pd.DataFrame:
    """Return the ten rows of names (rule ``blank_eleventh_row``)."""
    names, rest = wide.iloc[:NEIGHBOURS], wide.iloc[NEIGHBOURS:]
    if (names == "").any(axis=None) or (rest != "").any(axis=None):
        raise SourceError(
            f"{WIDE} should hold {NEIGHBOURS} names for each authority and a blank last row, and does not. "
            "Ranks would be wrong, so nothing was built. Compare it with the published file."
        )
    return names


def statistical_neighbours(release: Release) -> pd.DataFrame:
    """Return the ten neighbours of each authority, closest first."""
    known = current_names(release)
    wide = without_blank_row(release.csv(WIDE))
    long = (
        wide.assign(rank=range(1, NEIGHBOURS + 1))
        .melt(id_vars="rank", var_name="authority", value_name="neighbour")
        .astype({"rank": "int64"})
    )
    frame = pd.DataFrame(
        {
            "la_code": resolve_names(long["authority"], known, WIDE),
            "rank": long["rank"],
            "neighbour_la_code": resolve_names(long["neighbour"], known, WIDE),
        }
    )
    return frame.sort_values(["la_code", "rank"], ignore_index=True)


BUILDERS: dict[str, Callable[[Release], pd.DataFrame]] = {"statistical_neighbours": statistical_neighbours}
