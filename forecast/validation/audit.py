"""Forecast against outturn: every earlier forecast, as it was kept, beside each return published since.

With N plans, J new plans, E plans that ended, moved or were corrected, R residents, J and E of the years from the origin 0 to the
January t, and `then` the mean of the kept forecast

    N_t = N_0 + J - E
    N_t - N_t then = (N_0 - N_0 then) + (J then (R / R then - 1)) + (J - J then R / R then) - (E - E then)
                      corrected start      more or fewer residents      joining                 ending

so an error splits into what each of the four adds (`Parts`); what the middle differs from the mean by is left as *rounding*.

Invariants: a kept forecast and an entry are never written again, and their bytes are those whose hashes were written with them;
nothing of a return that is published after a forecast was kept enters it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from data import tables
from data.errors import SourceError
from data.panels.history import History
from data.vocabulary import AGES, ALL, BAND_CODES, SMALLEST_AUTHORITIES
from forecast.core.atomic_files import Writer, write_all
from forecast.core.outcome import Outcome
from models.cohort_flow import exposure

FOLDER = tables.REFERENCE / "evidence" / "audit"
"""Kept forecasts and entries of the audit, each with what describes it."""

ABOUT = ".json"
"""Ends the name of the file beside another that describes it and holds its hash."""

JANUARIES = 5
"""Januaries after the origin of which a forecast is kept."""

LEVELS: dict[str, float] = {"p025": 0.025, "p10": 0.1, "p50": 0.5, "p90": 0.9, "p975": 0.975}
"""Columns of percentiles and their probabilities."""

PLANS, BANDS, PROVISIONS = "plans", "plans_by_age", "plans_by_provision"
NEW, ENDED, RESIDENTS = "new_plans", "ended", "residents"
MEASURES: tuple[str, ...] = (PLANS, BANDS, PROVISIONS, NEW)
"""Measures that are set against returns; the means of `ENDED` and `RESIDENTS` say why a total was missed."""

KEPT_COLUMNS: tuple[str, ...] = ("la_code", "measure", "item", "january", *LEVELS, "mean")
"""Columns of a kept forecast: ``item`` is an age band, a provision or `ALL`; flows are those of the year to the January."""

ENTRY_COLUMNS: tuple[str, ...] = ("la_code", "measure", "item", *LEVELS, "mean", "actual", "in_80", "in_95")
"""Columns of an entry: one forecast, one January."""


@dataclass(frozen=True)
class Kept:
    """Which forecast: the January it was made from, the version of the models, and the day it was kept.

    Parameters
    ----------
    origin
        The last January it had seen.
    version
        First characters of the hash of the tables and modules behind its fit.
    kept_on
        Date, ISO 8601.
    """

    origin: int
    version: str
    kept_on: str

    @property
    def stem(self) -> str:
        """Beginning of the names of its files."""
        return f"from_january_{self.origin}_{self.version}"


def tabulate(outcome: Outcome) -> pd.DataFrame:
    """Return what is kept of the forecast of one authority, columns `KEPT_COLUMNS`.

    Parameters
    ----------
    outcome
        Its baseline, `JANUARIES` or more ahead.
    """
    plans = outcome.plans
    future = plans.future.isel(january=slice(0, JANUARIES)).transpose("draw", "january", "age", "need")
    januaries = [int(january) for january in future["january"].to_numpy()]
    total = future.sum(("age", "need")).to_numpy()
    placed = outcome.placements.future.sel(january=januaries).sum("age")
    bands = plans.by_band().sel(january=januaries)
    new = plans.process["new_plans"].sum("age").transpose("draw", "year").to_numpy()[:, : len(januaries)]
    before = np.column_stack([np.full(len(total), float(plans.known.sum())), total[:, :-1]])
    residents = plans.residents.sel(january=januaries).sum("age").transpose("draw", "january")
    drawn: list[tuple[str, str, npt.NDArray[np.float64]]] = [
        (PLANS, ALL, total),
        *((BANDS, band, _drawn(bands, series=band)) for band in BAND_CODES),
        *((PROVISIONS, str(p), _drawn(placed, provision=p)) for p in placed["provision"].to_numpy()),
        (NEW, ALL, new),
        (ENDED, ALL, before + new - total),
        (RESIDENTS, ALL, residents.to_numpy()),
    ]
    return pd.DataFrame(
        [
            (
                outcome.area.la_code,
                measure,
                item,
                january,
                *np.quantile(values[:, k], list(LEVELS.values())),
                values[:, k].mean(),
            )
            for measure, item, values in drawn
            for k, january in enumerate(januaries)
        ],
        columns=list(KEPT_COLUMNS),
    )


def _drawn(values: xr.DataArray, **chosen: str) -> npt.NDArray[np.float64]:
    return np.asarray(values.sel(chosen).transpose("draw", "january").to_numpy(), dtype=np.float64)


def keep(rows: pd.DataFrame, kept: Kept, folder: Path = FOLDER) -> bool:
    """Write a forecast down; return False where the same version of the same January is there already, which is left as it is.

    Parameters
    ----------
    rows
        Rows of `tabulate` of every authority, one below the other.
    kept
        Which forecast they are of.
    folder
        Where kept forecasts are.

    Raises
    ------
    OutputError
        It could not be written; nothing has changed.
    """
    if any(known.stem == kept.stem for known in forecasts(folder)):
        return False
    table = rows.round(2).sort_values(["la_code", "measure", "item", "january"], ignore_index=True)[
        list(KEPT_COLUMNS)
    ]
    _add(
        folder,
        f"{kept.stem}.parquet",
        lambda path: table.to_parquet(path, index=False, compression="zstd"),
        asdict(kept),
    )
    return True


def forecasts(folder: Path = FOLDER) -> list[Kept]:
    """Return the forecasts that are kept, oldest origin first, then by the day they were kept."""
    described = [_about(path) for path in _written(folder) if path.suffix == ".parquet"]
    forecasts_kept = [Kept(int(d["origin"]), str(d["version"]), str(d["kept_on"])) for d in described]
    return sorted(forecasts_kept, key=lambda kept: (kept.origin, kept.kept_on, kept.version))


def read(kept: Kept, folder: Path = FOLDER) -> pd.DataFrame:
    """Return the rows of a kept forecast, columns `KEPT_COLUMNS`.

    Raises
    ------
    SourceError
        Its file is not the one that was written.
    """
    return pd.read_parquet(_unaltered(folder / f"{kept.stem}.parquet"))


def outturn(history: History, januaries: Sequence[int]) -> pd.DataFrame:
    """Return what returns say now, columns la_code, measure, item, january, actual; without what was not returned.

    Parameters
    ----------
    history
        Today's authorities, up to the newest January.
    januaries
        Januaries after the first of the history.
    """
    stock, placed = history.stock, history.placements
    new = history.flows["new_plans"]
    frames: list[pd.DataFrame] = []
    for january in januaries:
        people = exposure(history, [january - 1]).sel(age=list(AGES)).sum("age").isel(mid_year=0).to_series()
        plans = stock.sel(january=january)
        total, before = (
            plans.sel(series=ALL).to_series(),
            stock.sel(series=ALL, january=january - 1).to_series(),
        )
        joined = new.sel(year=january - 1).to_series()
        columns: dict[tuple[str, str], pd.Series] = {
            (PLANS, ALL): total,
            **{(BANDS, band): plans.sel(series=band).to_series() for band in BAND_CODES},
            **{
                (PROVISIONS, str(p)): placed.sel(provision=p, january=january).to_series()
                for p in placed["provision"].to_numpy()
            },
            (NEW, ALL): joined,
            (ENDED, ALL): before + joined - total,
            (RESIDENTS, ALL): people,
        }
        frames += [
            series.rename_axis("la_code")
            .rename("actual")
            .reset_index()
            .assign(measure=measure, item=item, january=january)
            for (measure, item), series in columns.items()
        ]
    return pd.concat(frames, ignore_index=True).dropna(subset="actual")


def compared(forecast: pd.DataFrame, returned: pd.DataFrame, january: int) -> pd.DataFrame:
    """Return an entry: one forecast of one January beside what was returned, columns `ENTRY_COLUMNS`.

    Flows and residents that say why a total was missed are in it as well; what was not returned is left out.

    Parameters
    ----------
    forecast
        Rows of a kept forecast.
    returned
        Result of `outturn`.
    january
        The January.
    """
    keys = ["la_code", "measure", "item", "january"]
    both = forecast[forecast["january"] == january].merge(returned, on=keys)
    inside = {name: both["actual"].between(both[low], both[high]) for name, low, high in _INTERVALS}
    return both.assign(**inside)[list(ENTRY_COLUMNS)].sort_values(
        ["la_code", "measure", "item"], ignore_index=True
    )


_INTERVALS = (("in_80", "p10", "p90"), ("in_95", "p025", "p975"))


def write_entries(history: History, written_on: str, folder: Path = FOLDER) -> list[Path]:
    """Write the entry of every kept forecast and published January that has none yet; return the files written.

    Parameters
    ----------
    history
        Today's authorities, up to the newest January.
    written_on
        Date, ISO 8601.
    folder
        Where kept forecasts and entries are.

    Raises
    ------
    SourceError
        A kept forecast is not the one that was written.
    OutputError
        One could not be written; those before it stay.
    """
    written = []
    for kept in forecasts(folder):
        for january in range(kept.origin + 1, min(history.origin, kept.origin + JANUARIES) + 1):
            name = _entry_name(kept, january)
            if (folder / (name + ABOUT)).exists():
                continue
            entry = compared(read(kept, folder), outturn(history, [january]), january)
            about = {**asdict(kept), "january": january, "written_on": written_on}
            written.append(_add(folder, name, partial(_write_csv, entry), about))
    return written


def _write_csv(entry: pd.DataFrame, path: Path) -> None:
    entry.to_csv(path, index=False, lineterminator="\n", float_format="%.2f")


def entries(folder: Path = FOLDER) -> list[tuple[Kept, int]]:
    """Return the entries there are: a kept forecast and the January it is set against, in order."""
    return [
        (kept, january)
        for kept in forecasts(folder)
        for january in range(kept.origin + 1, kept.origin + JANUARIES + 1)
        if (folder / (_entry_name(kept, january) + ABOUT)).exists()
    ]


def read_entry(kept: Kept, january: int, folder: Path = FOLDER) -> pd.DataFrame:
    """Return an entry, columns `ENTRY_COLUMNS`.

    Raises
    ------
    SourceError
        Its file is not the one that was written.
    """
    return pd.read_csv(_unaltered(folder / _entry_name(kept, january)), dtype={"item": str})


@dataclass(frozen=True)
class Parts:
    """What a total missed comes from, in plans; positive where it made more plans than the forecast.

    Parameters
    ----------
    corrected
        The January it was made from was corrected since.
    residents
        More or fewer residents than were expected then.
    joining
        More or fewer new plans than residents explain.
    ending
        Fewer or more plans that ended, moved to another authority or were corrected.
    rounding
        The middle of the forecast less its mean.
    """

    corrected: float
    residents: float
    joining: float
    ending: float
    rounding: float

    @property
    def total(self) -> float:
        """Return less middle."""
        return self.corrected + self.residents + self.joining + self.ending + self.rounding


def parts(forecast: pd.DataFrame, returned: pd.DataFrame, january: int) -> dict[int, Parts]:
    """Return what the error of every authority's total in a January comes from, by ``la_code``.

    Authorities of which a flow was not returned in some year are left out.

    Parameters
    ----------
    forecast
        Rows of a kept forecast.
    returned
        Result of `outturn` of every January from the origin's next to this one.
    january
        The January.
    """
    first = int(forecast["january"].min())
    then, now = _wide(forecast, "mean", first, january), _wide(returned, "actual", first, january)
    if not set(_FLOWS) <= set(now.columns):
        return {}
    years = january - first + 1
    now = now[list(_FLOWS)].dropna()
    whole = now.groupby(level="la_code")[PLANS].transform("size") == years
    now = now[whole]
    if now.empty:
        return {}
    then = then.reindex(now.index)
    start_then, start_now = (f[PLANS] - f[NEW] + f[ENDED] for f in (then, now))
    at_residents = then[NEW] * now[RESIDENTS] / then[RESIDENTS]
    middle = forecast[(forecast["measure"] == PLANS) & (forecast["january"] == january)].set_index("la_code")[
        "p50"
    ]
    each = pd.DataFrame(
        {
            "corrected": (start_now - start_then).xs(first, level="january"),
            "residents": _over_years(at_residents - then[NEW]),
            "joining": _over_years(now[NEW] - at_residents),
            "ending": _over_years(then[ENDED] - now[ENDED]),
            "rounding": then[PLANS].xs(january, level="january") - middle,
        }
    ).dropna()
    names = [field.name for field in fields(Parts)]
    return {
        int(code): Parts(*map(float, row))
        for code, row in zip(each.index, each[names].to_numpy(), strict=True)
    }


_FLOWS = (PLANS, NEW, ENDED, RESIDENTS)


def _over_years(flow: pd.Series) -> pd.Series:
    return flow.groupby(level="la_code").sum()


def together(each: Mapping[int, Parts]) -> Parts:
    """Return the sum of `parts` over authorities, City of London and Isles of Scilly left out."""
    chosen = [own for code, own in each.items() if code not in SMALLEST_AUTHORITIES]
    return Parts(*(sum(getattr(own, field.name) for own in chosen) for field in fields(Parts)))


def scores(entry: pd.DataFrame) -> pd.DataFrame:
    """Return how an entry did over authorities, a row a measure and item: areas, missed, too_low, in_80, in_95.

    ``missed`` is the sum of absolute errors over the sum returned, ``too_low`` the sum of errors over it. City of London and
    Isles of Scilly are left out, and so are items that nobody returned or expected.

    Parameters
    ----------
    entry
        Columns `ENTRY_COLUMNS`.
    """
    own = entry[~entry["la_code"].isin(SMALLEST_AUTHORITIES) & entry["measure"].isin(MEASURES)]
    own = own[(own["actual"] > 0) | (own["p50"] >= 1)]
    apart = own["actual"] - own["p50"]
    grouped = own.assign(apart=apart, size=apart.abs()).groupby(["measure", "item"], sort=False)
    rows = grouped.agg(
        areas=("actual", "size"), apart=("apart", "sum"), size=("size", "sum"), actual=("actual", "sum"),
        in_80=("in_80", "mean"), in_95=("in_95", "mean"),
    ).reset_index()  # fmt: skip
    rows["missed"], rows["too_low"] = rows["size"] / rows["actual"], rows["apart"] / rows["actual"]
    return rows[["measure", "item", "areas", "missed", "too_low", "in_80", "in_95"]]


def _wide(rows: pd.DataFrame, value: str, first: int, last: int) -> pd.DataFrame:
    """Return totals and flows of authorities by January, a column a measure."""
    own = rows[(rows["item"] == ALL) & rows["january"].between(first, last)]
    return own.pivot_table(index=["la_code", "january"], columns="measure", values=value)


def _entry_name(kept: Kept, january: int) -> str:
    return f"{kept.stem}_against_{january}.csv"


def altered(folder: Path = FOLDER) -> list[str]:
    """Return the names of files that are not as they were written, or are gone."""
    return [path.name for path in _written(folder) if _hash(path) != _about(path)["sha256"]]


def _written(folder: Path) -> list[Path]:
    return [about.with_suffix("") for about in sorted(folder.glob(f"*{ABOUT}"))]


def _about(path: Path) -> dict[str, str | int]:
    described: dict[str, str | int] = json.loads(
        path.with_name(path.name + ABOUT).read_text(encoding="utf-8")
    )
    return described


def _hash(path: Path) -> str:
    return tables.hash_of(path.read_bytes()) if path.exists() else ""


def _unaltered(path: Path) -> Path:
    if _hash(path) != _about(path)["sha256"]:
        raise SourceError(
            f"{path} is not as it was written, and an audit that was edited proves nothing. Restore it from the repository."
        )
    return path


def _add(folder: Path, name: str, writer: Writer, about: Mapping[str, str | int]) -> Path:
    """Write a new file and what describes it, which comes last: without that the file is not there."""

    def describe(path: Path) -> None:
        whole = {**about, "sha256": _hash(path.with_name(name))}
        path.write_text(json.dumps(whole, indent=2) + "\n", encoding="utf-8", newline="\n")

    return write_all(folder, {name: writer, name + ABOUT: describe})[0]
