"""The key of each stored model: a hash of the tables and modules its fit is made from, and of nothing else.

Invariant: a model's key changes when, and only when, a table that is read for its fit changes, or a module that its fit runs
through: its own, those that read its tables, and what these import of this project. So a price, or a model that has nothing to do
with it, never asks for a fit. Tables are declared below, once for each module that reads them; a test records what is really
read. Modules are followed from imports (`forecast.core.sources`).
"""

from __future__ import annotations

from dataclasses import dataclass

from forecast.core.sources import Sources
from models import band_shares, cohort, growth, latent_demand, moves, provision_totals

TOTALS = "totals"
"""Name of the ensemble's tabulated totals as a stored model."""


@dataclass(frozen=True)
class Reader:
    """A module that reads tables for a fit, with the tables it reads.

    Parameters
    ----------
    module
        Its name.
    published
        Tables of ``data/published`` that it reads itself.
    reference
        Files of ``data/reference`` that it reads itself.
    """

    module: str
    published: tuple[str, ...]
    reference: tuple[str, ...] = ()


PANELS = Reader(
    "data.panels.history_tables",
    (
        "areas", "assessments", "ceased_plans", "ceased_plans_age", "new_plans", "new_plans_age", "new_plans_age_band",
        "plans_age", "plans_age_band", "plans_placement", "plans_total", "population", "population_first_published", "requests",
        "timeliness",
    ),
    ("area_history",),
)  # fmt: skip
COMPOSITIONS = Reader(
    "data.panels.composition_tables",
    (
        "areas", "ceased_plans", "ceased_plans_age", "new_plans_age", "new_plans_age_need", "new_plans_need", "plans_age",
        "plans_age_need", "plans_age_placement", "plans_placement", "plans_placement_need",
    ),
)  # fmt: skip
PLACEMENT_FLOWS = Reader(
    "data.panels.placement_flow_tables",
    ("ceased_plans_placement", "new_plans_placement", "plans_age_placement"),
)
SPECIALIST_USES = Reader(
    "data.panels.specialist_use_tables",
    ("plans_placement_need", "plans_total", "special_pupils_import_export"),
)


@dataclass(frozen=True)
class StoredModel:
    """A model of the stored fit, with the file, the modules and the tables behind it.

    Parameters
    ----------
    name
        Its name.
    file
        File of its fit.
    module
        Module that fits it.
    readers
        Modules that read what it is fitted to.
    """

    name: str
    file: str
    module: str
    readers: tuple[Reader, ...]

    @property
    def sources(self) -> Sources:
        """What it is made from: the tables it is fitted to, and its module and those that read them."""
        published = {f"data/published/{name}.parquet" for r in self.readers for name in r.published}
        reference = {f"data/reference/{name}.csv" for r in self.readers for name in r.reference}
        return Sources(tuple(sorted(published | reference)), (self.module, *(r.module for r in self.readers)))


MODELS: dict[str, StoredModel] = {
    model.name: model
    for model in (
        StoredModel(TOTALS, "totals.nc", "forecast.demand.ensemble_members", (PANELS,)),
        StoredModel(growth.NAME, "growth.nc", growth.__name__, (PANELS,)),
        StoredModel(band_shares.NAME, "band_shares.nc", band_shares.__name__, (PANELS,)),
        StoredModel(cohort.NAME, "cohort.nc", cohort.__name__, (PANELS, COMPOSITIONS)),
        StoredModel(provision_totals.NAME, "provision_totals.nc", provision_totals.__name__, (PANELS,)),
        StoredModel(moves.NAME, "moves.nc", moves.__name__, (PANELS, COMPOSITIONS, PLACEMENT_FLOWS)),
        StoredModel(
            latent_demand.NAME, "latent_demand.nc", latent_demand.__name__, (COMPOSITIONS, SPECIALIST_USES)
        ),
    )
}
"""Every model of the stored fit, by name. Totals are stacked on growth, so what makes growth stale makes them stale."""

NAMES: tuple[str, ...] = tuple(MODELS)
