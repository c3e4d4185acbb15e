"""Results that several readers share, made read-only: nobody can change another's draws."""

from __future__ import annotations

from dataclasses import fields, is_dataclass

import numpy as np
import xarray as xr


def seal(holder: object) -> None:
    """Make every array inside a frozen dataclass read-only, in place."""
    if isinstance(holder, xr.Dataset):
        for name in holder.data_vars:
            seal(holder[name])
    elif isinstance(holder, xr.DataArray):
        values = holder.variable._data
        if isinstance(values, np.ndarray):
            values.flags.writeable = False
    elif isinstance(holder, np.ndarray):
        holder.flags.writeable = False
    elif is_dataclass(holder) and not isinstance(holder, type):
        for part in fields(holder):
            seal(getattr(holder, part.name))
