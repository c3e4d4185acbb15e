"""The files of one run: plans, shortfall, a summary and the record of its inputs."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property, partial
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from data import tables
from data.citations import SEN2
from data.registers.register_file import to_csv
from forecast.core import defaults
from forecast.core.atomic_files import Writer, write_all
from forecast.core.outcome import Outcome
from forecast.core.table_files import write_text
from forecast.demand import stored_fit
from forecast.presentation import futures, joining, own_count, own_record, summary, top_lines, words
from forecast.presentation.futures import Futures
from forecast.presentation.published_figures import FIGURES, PublishedRun, why_averages
from forecast.presentation.run_figures import RunFigures

if TYPE_CHECKING:
    from scenarios.store import RunFacts

PRODUCT = "send-place-planner"

LIBRARIES: tuple[str, ...] = ("numpy", "pandas", "scipy", "xarray", "pyarrow", "pymc", "statsmodels")
"""Libraries whose version a run records, where they are installed; a forecast from the stored fit needs no sampler."""

USED_TABLES: tuple[str, ...] = (
    "areas", "plans_total", "plans_age_band", "plans_age", "plans_age_need", "plans_age_placement",
    "plans_placement_need", "new_plans_age_need", "ceased_plans_age", "population", "requests", "assessments", "new_plans",
    "timeliness", "new_plans_age", "new_plans_age_band", "population_first_published", "specialist_establishments",
    "funded_places", "special_pupils_import_export", "plans_placement", "new_plans_placement", "ceased_plans_placement",
    "work_based_placements",
)  # fmt: skip
"""Published tables a forecast reads."""

MONEY_TABLES: tuple[str, ...] = (
    "dsg_allocations", "dsg_balance_pct", "dsg_deductions", "funded_places", "hnb_components", "implied_unit_costs",
    "place_funding_rules", "s251_high_needs_2021_22",
)  # fmt: skip
"""Published tables that pounds rest on besides those of a forecast."""

MONEY_REFERENCE: tuple[str, ...] = (
    "councils/finance", "finance/place_rates", "provisions/provisions", "provisions/destinations",
)  # fmt: skip
"""Hand-kept files that pounds rest on, under ``data/reference``, besides the price book and the funding policy."""


IN_SUMMARY: tuple[str, ...] = (
    "plans", "joiners", "places", "specialist_wanted", "placed", "shortfall", "p_shortfall", "empty",
)  # fmt: skip
"""Figures of ``summary.md``."""


@dataclass(frozen=True, eq=False)
class RunTables:
    """The tables of one run, each built once, when it is first asked for; nobody may change them.

    Parameters
    ----------
    outcome
        The run.
    reform_chance
        Chance of the reform that the reader set, 0 to 1.
    today
        The day the tables are made, on which the age of the forecast depends; the first day it can have been made where None.
    """

    outcome: Outcome
    reform_chance: float = defaults.REFORM_CHANCE
    today: date | None = None

    @cached_property
    def plans(self) -> pd.DataFrame:
        """``plans.parquet``."""
        return summary.plans_long(self.outcome)

    @cached_property
    def shortfall(self) -> pd.DataFrame:
        """``shortfall.parquet``."""
        return summary.shortfall_long(self.outcome)

    @cached_property
    def flows(self) -> pd.DataFrame:
        """``flows.parquet``."""
        return summary.flows_long(self.outcome)

    @cached_property
    def process(self) -> pd.DataFrame:
        """``process.parquet``."""
        return summary.process_long(self.outcome)

    @cached_property
    def figures(self) -> RunFigures:
        """The published figures of the run."""
        return RunFigures.of(self.outcome)

    @cached_property
    def bands(self) -> pd.DataFrame:
        """Plans by age band in words."""
        return words.bands_table(self.outcome, self.plans)

    @cached_property
    def needs(self) -> tuple[pd.DataFrame, ...]:
        """Plans by primary need in words, in parts narrow enough to print."""
        return tuple(words.needs_tables(self.outcome, self.plans))

    @cached_property
    def headline(self) -> str:
        """The run in a sentence."""
        return words.headline(self.outcome, self.plans, self.shortfall)

    @cached_property
    def futures(self) -> Futures:
        """The three futures, and the reform beside them."""
        return Futures.of(self.outcome, self.reform_chance)

    @cached_property
    def joining(self) -> pd.DataFrame:
        """Joining rate and lifetime chance of a plan in words."""
        return joining.Joining.of(self.outcome.plans).table()

    @cached_property
    def own_record(self) -> tuple[str, ...]:
        """Sentences on own growth and the growth forecast."""
        return tuple(own_record.sentences(self.outcome))

    @cached_property
    def top_lines(self) -> tuple[str, ...]:
        """Sentences that stand first: an old forecast, the council's own count."""
        today = self.today or date(self.outcome.plans.origin, 1, 1)
        return tuple(top_lines.top_lines(self.outcome, today))

    @cached_property
    def run_out_lines(self) -> tuple[str, ...]:
        """One sentence for each phase and provision, soonest to run out first."""
        return tuple(words.run_out_lines(self.shortfall))

    @cached_property
    def estimates(self) -> tuple[str, ...]:
        """Sentences on what is estimated and not known."""
        return tuple(words.estimates(self.outcome))


def write(run: RunTables, folder: Path, arguments: Mapping[str, Any]) -> list[Path]:
    """Write the files of a run into a folder, all or none.

    Raises
    ------
    OutputError
        The folder cannot be written to.
    """
    page = markdown(run)
    record = json.dumps(provenance(run.outcome, arguments), indent=2, ensure_ascii=False) + "\n"
    writers: dict[str, Writer] = {
        "plans.parquet": lambda path: run.plans.to_parquet(path, index=False),
        "shortfall.parquet": lambda path: run.shortfall.to_parquet(path, index=False),
        "flows.parquet": lambda path: run.flows.to_parquet(path, index=False),
        "process.parquet": lambda path: run.process.to_parquet(path, index=False),
        "summary.md": partial(write_text, page),
        "run.json": partial(write_text, record),
    }
    return write_all(folder, writers)


def provenance(outcome: Outcome, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record of a run: arguments, seed, versions and input hashes, without a time, so that runs can be compared."""
    return {
        "product": PRODUCT,
        "arguments": dict(arguments),
        "area": {
            "la_code": outcome.area.la_code,
            "gss_code": outcome.area.gss_code,
            "name": outcome.area.name,
        },
        "model": outcome.plans.model,
        "origin": outcome.plans.origin,
        "fit": stored_fit.key(),
        "seed": outcome.seed,
        "draws": int(outcome.plans.future.sizes["draw"]),
        "versions": {PRODUCT: version(PRODUCT), "python": platform.python_version()}
        | {name: version(name) for name in LIBRARIES if find_spec(name)},
        "inputs": record_inputs(USED_TABLES)
        | {"reference/area_history": _hash(tables.REFERENCE / "area_history.csv")}
        | {f"fitted/{name}": _hash(stored_fit.FOLDER / name) for name in stored_fit.FILES},
        "capacity_register": {
            "origin": outcome.register.origin,
            "sha256": hashlib.sha256(to_csv(outcome.register).encode()).hexdigest(),
        },
        "own_count": own_count.record(outcome),
        "statement": "A forecast, not an outturn.",
    }


def record_money_inputs() -> dict[str, str]:
    """Return hashes of the tables behind prices and income, published and hand-kept, by name, as in `provenance`."""
    kept = {f"reference/{name}": _hash(tables.REFERENCE / f"{name}.csv") for name in MONEY_REFERENCE}
    return record_inputs(MONEY_TABLES) | kept


def record_inputs(names: Iterable[str]) -> dict[str, str]:
    """Return hashes of published tables, by name, as in `provenance`."""
    return {f"published/{name}": _hash(tables.path_of(name)) for name in names}


def run_facts(outcome: Outcome, scenario: str, key: str, saved: int | None) -> RunFacts:
    """Return the facts of a scenario's run for the history: its inputs and versions.

    Parameters
    ----------
    outcome
        The run.
    scenario, key
        Id and hash of the scenario.
    saved
        Number of the kept version with that hash; None for a scenario run as a file or the library has it.
    """
    # Imported when needed: a forecast that nobody keeps should not wait for a database to load.
    from scenarios.store import RunFacts

    published = "".join(_hash(tables.path_of(name)) for name in USED_TABLES)
    return RunFacts(
        scenario_id=scenario,
        version=saved,
        scenario_key=key,
        data_hash=hashlib.sha256(published.encode()).hexdigest(),
        model_hash=stored_fit.key(),
        seed=outcome.seed,
        draws=int(outcome.plans.future.sizes["draw"]),
        years=int(outcome.plans.future.sizes["january"]),
        la_code=outcome.area.la_code,
        app_version=version(PRODUCT),
        release_january=outcome.plans.origin,
    )


def arguments_only(arguments: Mapping[str, Any]) -> str:
    """Return the record of a run over many authorities as JSON."""
    return json.dumps({"product": PRODUCT, "arguments": dict(arguments)}, indent=2, ensure_ascii=False) + "\n"


def markdown(run: RunTables) -> str:
    """Return the summary page in Markdown."""
    outcome, shortfall = run.outcome, run.shortfall
    area = outcome.area
    lines = [
        f"# {area.name}: EHC plans and specialist places"
        + (f" ({outcome.scenario})" if outcome.scenario else ""),
        "",
        *[line for sentence in run.top_lines for line in (sentence, "")],
        run.headline,
        "",
        words.how_to_read(outcome),
        "",
        *[line for sentence in run.own_record for line in (sentence, "")],
        "## Three futures of joining",
        "",
        *[f"- {line}" for line in futures.lines(run.futures)],
        "",
        f"{futures.how_tagged(run.futures)} {futures.judgement(run.futures)}".strip(),
        "",
        markdown_table(futures.table(run.futures)),
        "",
        markdown_table(run.joining),
        "",
        joining.NOTE,
        "",
        "## Figures",
        "",
        markdown_table(figures_table(run.figures)),
        "",
        "## When places run out",
        "",
        *[f"- {line}" for line in run.run_out_lines],
        "",
        words.PLACES_NOTE,
        "",
        f"## EHC plans by age, January {outcome.plans.known_january} (published) and forecast",
        "",
        markdown_table(run.bands),
        "",
        "## EHC plans by primary need",
        "",
    ]
    for part in run.needs:
        lines += [markdown_table(part), ""]
    lines += [
        words.need_key() + ".",
        "",
        "## Specialist places against demand",
        "",
        markdown_table(words.places_table(outcome, shortfall), index=False),
        "",
        "## Estimated rather than known",
        "",
        *[f"- {line}" for line in run.estimates],
        "",
        "## Sources",
        "",
        f"{SEN2}; DSG allocations (funded places); Get Information About Schools. Capacity register: {outcome.register.origin}. "
        "Open Government Licence v3.0. Hashes of every input are in run.json.",
        "",
        f"{PublishedRun.of(outcome).line}. Model '{outcome.plans.model}', {PRODUCT} {version(PRODUCT)}. A forecast, not an "
        "outturn.",
        "",
    ]
    return "\n".join(lines)


def figures_table(figures: RunFigures) -> pd.DataFrame:
    """Return the published figures of a run as text, one row for each January, with their ranges."""
    codes = [code for code in IN_SUMMARY if figures.has(code)]
    januaries = figures.januaries
    return pd.DataFrame(
        {FIGURES[code].label: [figures.at(code, j).with_range for j in januaries] for code in codes},
        index=pd.Index(januaries, name="January"),
    )


def markdown_table(frame: pd.DataFrame, *, index: bool = True) -> str:
    """Return a table in Markdown, and below it why a column holds averages."""
    shown = frame.reset_index() if index else frame
    head = "| " + " | ".join(map(str, shown.columns)) + " |"
    rule = "|" + "---|" * len(shown.columns)
    body = ["| " + " | ".join(map(str, row)) + " |" for row in shown.itertuples(index=False)]
    why = why_averages(shown)
    return "\n".join([head, rule, *body, *(["", why] if why else [])])


@cache
def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
