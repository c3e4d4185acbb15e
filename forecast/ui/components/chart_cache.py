"""A cache of charts: equal frames and words give the same chart, for every reader.

Building a chart and checking it against Vega-Lite's schema takes 40 to 100 ms, most of what a page takes; knowing it again takes
one. Invariant: a figure that is shared is never changed.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import ParamSpec, TypeVar

import geopandas as gpd
import pandas as pd
import streamlit as st

P = ParamSpec("P")
F = TypeVar("F")

MOST = 200
"""Figures kept in memory of each kind of chart, some 100 kB each; a map is 1 MB."""


def once(make: Callable[P, F]) -> Callable[P, F]:
    """Return a function that makes a figure once for equal arguments, and returns the same figure afterwards."""
    kept = st.cache_resource(
        max_entries=MOST,
        show_spinner=False,
        hash_funcs={pd.DataFrame: _of_frame, gpd.GeoDataFrame: _of_shapes},
    )
    cached: Callable[P, F] = kept(make)
    return cached


def _of_frame(frame: pd.DataFrame) -> str:
    """Return a hash of a frame; for the few rows of a chart it takes a tenth of the time of hashing each column."""
    cells = [frame.iloc[:, i].tolist() for i in range(frame.shape[1])]
    types = [str(t) for t in frame.dtypes]
    return sha256(repr((list(frame.columns), types, frame.index.tolist(), cells)).encode()).hexdigest()


def _of_shapes(frame: gpd.GeoDataFrame) -> str:
    """Return a hash of outlines and their attributes."""
    attributes = _of_frame(pd.DataFrame(frame.drop(columns=frame.geometry.name)))
    digest = sha256(f"{attributes} {frame.crs}".encode())
    for outline in frame.geometry.to_wkb():
        digest.update(outline)
    return digest.hexdigest()
