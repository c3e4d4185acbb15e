"""A folder of results written before: its record and figures, whichever release wrote it.

Invariant: nothing in the folder is changed; a figure is that of the folder's own tables.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from data.errors import OptionError
from data.made_with import SHORT, MadeWith
from data.vocabulary import ALL
from forecast.core import defaults
from forecast.presentation import summary
from scenarios import reading
from scenarios.scenario import Scenario

FILES: tuple[str, ...] = ("run.json", "plans.parquet", "shortfall.parquet", "flows.parquet")
"""Files of a folder of results that are read."""

SCENARIO = "scenario.yaml"
"""The scenario that was run, in a folder of ``sendplan scenario run``."""


class _RecordPart(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class RecordedArguments(_RecordPart):
    """The options of a run."""

    years: int = Field(ge=1, le=defaults.MOST_YEARS)
    capacity: str | None = None
    scenario: str | None = None


class RecordedArea(_RecordPart):
    """The authority of a run."""

    la_code: int


class RecordedRegister(_RecordPart):
    """The register of a run."""

    sha256: str


class RecordedCount(_RecordPart):
    """The council's own count of a run."""

    day: date = Field(alias="date")
    plans: int


class RunRecord(_RecordPart):
    """What ``run.json`` says, as far as it takes to run the same again."""

    arguments: RecordedArguments
    area: RecordedArea
    model: str
    origin: int = Field(ge=2010, le=2060)
    seed: int = Field(ge=0)
    draws: int = Field(ge=defaults.LEAST_DRAWS, le=defaults.MOST_DRAWS)
    capacity_register: RecordedRegister
    fit: str = ""
    own_count: RecordedCount | None = None

    @property
    def made_with(self) -> MadeWith:
        """The release and models it was made with; the models are not written down in folders of January 2025."""
        return MadeWith(self.origin, self.fit[:SHORT])


@dataclass(frozen=True, eq=False)
class EarlierResult:
    """A folder of results.

    Parameters
    ----------
    record
        What it was made from.
    figures
        As `figures_of`.
    scenario
        The scenario that was run, flat; None for a forecast.
    """

    record: RunRecord
    figures: pd.DataFrame
    scenario: Scenario | None


def read(folder: Path) -> EarlierResult:
    """Read a folder that ``sendplan forecast --out`` or ``sendplan scenario run`` wrote.

    Raises
    ------
    OptionError
        A file is missing or cannot be read.
    ScenarioError
        The scenario in it is not one that can be run.
    """
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise OptionError(
            f"{folder} does not hold {missing[0]}, so it is not a folder of results. Give one that 'sendplan forecast' or "
            "'sendplan scenario run' wrote."
        )
    record = _record(folder / FILES[0])
    path = folder / SCENARIO
    if record.arguments.scenario is not None and not path.is_file():
        raise OptionError(
            f"{folder} holds results of the scenario '{record.arguments.scenario}', but not {SCENARIO}, so it cannot be run "
            "again. Give the folder as it was written."
        )
    try:
        plans, shortfall, flows = (pd.read_parquet(folder / name) for name in FILES[1:])
        figures = figures_of(plans, shortfall, flows)
    except (OSError, ValueError, KeyError) as error:
        raise OptionError(
            f"The tables in {folder} cannot be read ({error}). Give the folder as it was written."
        ) from None
    scenario = None if record.arguments.scenario is None else reading.resolve(reading.read(path))
    return EarlierResult(record, figures, scenario)


def _record(path: Path) -> RunRecord:
    try:
        values: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return RunRecord.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise OptionError(
            f"{path} does not say how to run the same again: {where or 'it'}: {first['msg']}. Give the folder as it was written."
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise OptionError(f"{path} cannot be read ({error}). Give the folder as it was written.") from None


def figures_of(plans: pd.DataFrame, shortfall: pd.DataFrame, flows: pd.DataFrame) -> pd.DataFrame:
    """Return one figure for each January (index) and measure (column, codes of `forecast.presentation.compare.MEASURES`).

    Plans and children who want a place are middle values, all else is a mean, as the tables have them.

    Parameters
    ----------
    plans, shortfall, flows
        As in the files of these names.
    """
    cells = summary.all_needs(shortfall)
    places = cells[(cells["phase"] == ALL) & (cells["provision"] == ALL)].set_index("year")
    whole = flows[(flows["age_band"] == ALL) & (flows["reason"] == ALL)]
    # A year's flows lead to the January after it.
    moved = {name: whole[whole["flow"] == name].set_index("year")["mean"] for name in ("joiners", "leavers")}
    return pd.DataFrame(
        {
            "plans": summary.interval(plans)["q50"],
            **{name: series.set_axis(series.index + 1) for name, series in moved.items()},
            "specialist_wanted": places["wanted_q50"],
            "shortfall": places["shortfall_mean"],
            "p_shortfall": places["p_shortfall"],
        }
    ).rename_axis("january")
