"""Summaries of draws, made here and nowhere else: means, percentiles and chances over the draws of a forecast.

Equations, for the n draws x of one quantity; every result has the unit of the draws (children, places, pounds, years):

    mean         sum of x / n
    percentile   "linear": with x in order, the value at position p (n - 1), straight between its two neighbours
                 "inverted_cdf": the smallest x with at least a share p of the draws at or below it, so always one of the draws:
                 for Januaries, whole places, and draws that may be infinite
    chance       draws in which something happens / n, 0 to 1

Invariants: sums (over ages, needs, settings, lines of cost) are taken within each draw before they come here, because
percentiles of parts do not add up to those of the whole; means do. A draw that is not a number is refused, unless the caller
says what it stands for (`known`). The draws are not changed.

Where draws are an `xarray.DataArray`, the dimension ``draw`` is summarised and the others stay; where they are a plain array,
the caller names the axis of the draws. A test allows percentiles and medians outside this module only where they are part of a
method (a score, a test of a limit), and names each with its reason (tests/unit/forecast/presentation/test_describe.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, overload

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from data.errors import DrawsError

DRAW = "draw"
"""Name of the dimension that is summarised."""

INTERVAL: tuple[float, float, float] = (0.1, 0.5, 0.9)
"""Levels of the 80 % interval and its middle."""

Method = Literal["linear", "inverted_cdf"]
"""How a percentile is read between draws; see the module."""

Values = npt.NDArray[Any]


def column(level: float) -> str:
    """Return the name of a percentile in tables: ``q10`` for 0.1."""
    return f"q{100 * level:g}"


@overload
def describe(
    draws: xr.DataArray, levels: Sequence[float] = ..., *, axis: None = ..., method: Method = ...
) -> dict[str, xr.DataArray]: ...
@overload
def describe(
    draws: Values, levels: Sequence[float] = ..., *, axis: int | None = ..., method: Method = ...
) -> dict[str, Values]: ...
def describe(
    draws: xr.DataArray | Values,
    levels: Sequence[float] = INTERVAL,
    *,
    axis: int | None = None,
    method: Method = "linear",
) -> dict[str, Any]:
    """Return the mean and percentiles of draws by name: ``mean``, then ``q10``, ``q50``, ``q90`` or other levels.

    Parameters
    ----------
    draws
        Draws of one or many quantities, in any unit.
    levels
        Levels of the percentiles, 0 to 1.
    axis
        Axis of the draws of a plain array; may be left out where it has but one. Named draws have the dimension ``draw``.
    method
        See the module.

    Raises
    ------
    DrawsError
        A draw is not a number, there are no draws, or the axis of the draws is not known.
    """
    numbers = percentiles(draws, levels, axis=axis, method=method)
    return {"mean": mean(draws, axis=axis)} | {
        column(level): value for level, value in zip(levels, numbers, strict=True)
    }


def single(draws: xr.DataArray | Values, levels: Sequence[float] = INTERVAL) -> dict[str, float]:
    """Return the mean and percentiles of one quantity as plain numbers, by name.

    Parameters
    ----------
    draws, levels
        As in `describe`; draws have no other dimension.

    Raises
    ------
    DrawsError
        As `describe`, or draws have another dimension.
    """
    values = _alone(draws)
    numbers = {"mean": values.mean()} | {column(level): np.quantile(values, level) for level in levels}
    return {name: float(_numbers(np.asarray(value), values)) for name, value in numbers.items()}


@overload
def mean(draws: xr.DataArray, *, axis: int | None = ...) -> xr.DataArray: ...
@overload
def mean(draws: Values, *, axis: int | None = ...) -> Values: ...
def mean(draws: xr.DataArray | Values, *, axis: int | None = None) -> Any:
    """Return the mean over draws; arguments and errors as in `describe`."""
    values, at = _values(draws, axis)
    with np.errstate(invalid="ignore"):
        average = values.mean(axis=at)
    return _alike(draws, _numbers(average, values))


@overload
def percentiles(
    draws: xr.DataArray, levels: Sequence[float] = ..., *, axis: int | None = ..., method: Method = ...
) -> list[xr.DataArray]: ...
@overload
def percentiles(
    draws: Values, levels: Sequence[float] = ..., *, axis: int | None = ..., method: Method = ...
) -> list[Values]: ...
def percentiles(
    draws: xr.DataArray | Values,
    levels: Sequence[float] = INTERVAL,
    *,
    axis: int | None = None,
    method: Method = "linear",
) -> list[Any]:
    """Return the percentiles of draws, one for each level in their order; arguments and errors as in `describe`."""
    values, at = _values(draws, axis)
    quantiles = _numbers(np.quantile(values, tuple(levels), axis=at, method=method), values)
    return [_alike(draws, one) for one in quantiles]


@overload
def chance(happens: xr.DataArray, *, axis: int | None = ...) -> xr.DataArray: ...
@overload
def chance(happens: Values, *, axis: int | None = ...) -> Values: ...
def chance(happens: xr.DataArray | Values, *, axis: int | None = None) -> Any:
    """Return the share of draws in which something happens, 0 to 1.

    Parameters
    ----------
    happens
        True or False in every draw: a condition such as ``short >= ONE_CHILD``.
    axis
        As in `describe`.

    Raises
    ------
    DrawsError
        What is given is not true or false, there are no draws, or their axis is not known.
    """
    if happens.dtype != np.bool_:
        raise DrawsError(
            f"The chance of {happens.dtype} numbers was asked for. A chance is of something that happens in a draw or does not: "
            "give a condition, such as short >= 1."
        )
    return mean(happens, axis=axis)


def cells(
    draws: xr.DataArray, dims: Sequence[str], levels: Sequence[float] = INTERVAL, *, method: Method = "linear"
) -> pd.DataFrame:
    """Return the mean and percentiles of every cell as a table, one row for each cell.

    Parameters
    ----------
    draws
        Dims ``draw`` and those of the cells.
    dims
        Dims of the cells, in the order of the columns and of the rows.
    levels, method
        As in `describe`.

    Returns
    -------
    pd.DataFrame
        Columns ``dims``, ``mean`` and one a level, such as ``q10``.

    Raises
    ------
    DrawsError
        As `describe`.
    """
    ordered = draws.transpose(DRAW, *dims)
    index = pd.MultiIndex.from_product([ordered[d].to_numpy() for d in dims], names=list(dims))
    numbers = describe(ordered.to_numpy(), levels, axis=0, method=method)
    columns = {name: np.asarray(value, dtype=float).ravel() for name, value in numbers.items()}
    return pd.DataFrame(columns, index=index).reset_index()


def known(draws: xr.DataArray | Values, *, none: float | None = None) -> Values:
    """Return the draws of one quantity that are numbers, leaving out those in which it has no meaning.

    Parameters
    ----------
    draws
        Draws of one quantity; NaN where it has no meaning, such as a share of nobody.
    none
        What the quantity is where it has a meaning in no draw; None: no draws are returned.
    """
    values = _alone(draws)
    numbers = values[~np.isnan(values)]
    return np.array([none]) if none is not None and not len(numbers) else numbers


def _values(draws: xr.DataArray | Values, axis: int | None) -> tuple[Values, int]:
    """Return draws as a plain array, and the axis that holds them."""
    if isinstance(draws, xr.DataArray):
        if axis is not None or DRAW not in draws.dims:
            raise DrawsError(
                f"Draws with dims {draws.dims} cannot be summarised along {DRAW if axis is None else axis!r}. Give named draws "
                f"the dimension '{DRAW}', and no axis."
            )
        axis, draws = int(draws.get_axis_num(DRAW)), draws.to_numpy()
    elif axis is None:
        if draws.ndim != 1:
            raise DrawsError(
                f"Draws of shape {draws.shape} were given without the axis that holds them. Name it, as in axis=0, or choose one "
                "quantity."
            )
        axis = 0
    if not draws.shape[axis]:
        raise DrawsError("There are no draws, so they have no mean and no percentiles. Draw at least one.")
    return draws, axis


def _alone(draws: xr.DataArray | Values) -> Values:
    """Return the draws of one quantity as a plain array."""
    if draws.ndim != 1:
        raise DrawsError(
            f"Draws of one quantity were expected, but these have the shape {draws.shape}. Choose one cell, or sum within each "
            "draw."
        )
    return _values(draws, None)[0]


def _alike(draws: xr.DataArray | Values, numbers: Values) -> xr.DataArray | Values:
    """Return numbers with the dims and labels of their draws, if these have any."""
    return draws.isel({DRAW: 0}, drop=True).copy(data=numbers) if isinstance(draws, xr.DataArray) else numbers


def _numbers(summary: Values, draws: Values) -> Values:
    """Return a summary of draws, or raise an error if one of them is not a number."""
    if not np.isnan(summary).any():
        return summary
    wrong = int(np.isnan(draws).sum())
    raise DrawsError(
        f"{wrong:,} of {draws.size:,} draws are not numbers, so they have no mean and no percentiles. Correct what they came "
        "from, or take those that have a meaning with describe.known."
        if wrong
        else "Some draws are infinite, so they have no mean and nothing lies between them. Ask for percentiles of the kind "
        "inverted_cdf."
    )
