"""Levers on provision and places: preferences, occupancy, imports and exports.

Invariant: children are counted where they live and places where they are located; an import takes a local place from residents,
an export is a place residents use elsewhere.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from data.formatting import quoted
from data.vocabulary import PROVISION_CODES, PROVISIONS
from scenarios.effects import FIRST_AGES, Effects, How, Moment, Move, PlaceChange
from scenarios.lever import Dated, LeverContext
from scenarios.sampling import Scale
from scenarios.terms import OfSettings, People
from scenarios.wording import joined, lowered, suggestion

MOMENTS: dict[Moment, str] = {
    "joining": "children with a new plan",
    "phase_transfer": "children who change phase",
    "any_year": "everyone there, in any year",
}
"""Which children a change of preference reaches."""


def _provision(value: object) -> object:
    code = str(value).strip().casefold()
    if code not in PROVISION_CODES:
        raise ValueError(
            f"{quoted(str(value))} is not a provision. {suggestion(str(value), PROVISION_CODES)}"
        )
    return code


Provision = Annotated[str, BeforeValidator(_provision), WithJsonSchema({"enum": list(PROVISION_CODES)})]
"""Code of one provision."""


class Placement(Dated):
    """Share of children who go to another provision than they would have."""

    kind: Literal["placement"] = "placement"
    who: People = People()
    """Which children."""
    source: Provision = Field(alias="from")
    """Provision they would have gone to."""
    target: Provision = Field(alias="to")
    """Provision they go to instead."""
    moment: Moment
    """When they may change: joining, phase_transfer or any_year."""
    TITLE: ClassVar[str] = "Where children are taught"

    @property
    def reach(self) -> People:
        """The authorities, ages and needs it reaches."""
        return self.who

    @property
    def manner(self) -> How:
        """How the share changes: it is set."""
        return "set"

    @model_validator(mode="after")
    def _somewhere_else(self) -> Self:
        if self.source == self.target:
            raise ValueError(
                f"to: from and to are both {self.source}, so nobody would move. Name two provisions."
            )
        if self.moment == "phase_transfer" and not set(self.who.chosen_ages) & set(FIRST_AGES):
            raise ValueError(
                f"moment: nobody of the ages named changes phase, so the lever reaches nobody. Children who have just "
                f"changed phase are {joined([str(a) for a in FIRST_AGES])}: add one of these ages or write moment: any_year."
            )
        return self

    def active_effects(self, context: LeverContext) -> Effects:
        """Return the move of children from one provision to another."""
        move = Move(
            self.source,
            self.target,
            self.size(context),
            self.when.weights(context.frame),
            self.who.mask(),
            self.moment,
        )
        return Effects(moves=(move,))

    def size_text(self) -> str:
        """Return the size of the change in words."""
        share = super().size_text().removeprefix("set to ")
        return (
            f"{share} of {MOMENTS[self.moment]} go to {lowered(PROVISIONS[self.target])} instead of "
            f"{lowered(PROVISIONS[self.source])}"
        )


class _OnPlaces(Dated):
    """A lever on places of the register."""

    who: OfSettings = OfSettings()
    """Which places."""
    LOCATED: ClassVar[Literal["local", "elsewhere"]]

    @property
    def reach(self) -> OfSettings:
        """The authorities, settings and provisions it reaches."""
        return self.who

    def active_effects(self, context: LeverContext) -> Effects:
        """Return the change of places."""
        change = PlaceChange(
            how=self.manner,
            size=self.signed_size(context),
            weight=self.when.weights(context.frame),
            settings=self.who.settings,
            provisions=self.who.provisions,
            located=self.LOCATED,
        )
        return Effects(places=(change,))

    def signed_size(self, context: LeverContext) -> np.typing.NDArray[np.float64]:
        """Return the size with the sign it has for places that residents may take."""
        return self.size(context)


class Occupancy(_OnPlaces):
    """Share of local places that can be used, as a factor on what the register says."""

    kind: Literal["occupancy"] = "occupancy"
    TITLE: ClassVar[str] = "Local places that can be used"
    LOCATED: ClassVar[Literal["local", "elsewhere"]] = "local"


class Imports(_OnPlaces):
    """Local places taken by other authorities' children, beyond those of the register; a negative number frees places."""

    kind: Literal["imports"] = "imports"
    TITLE: ClassVar[str] = "Local places taken by other authorities' children"
    LOCATED: ClassVar[Literal["local", "elsewhere"]] = "local"

    @property
    def manner(self) -> How:
        """How places change: they are added to those taken by others."""
        return "add"

    @property
    def scale(self) -> Scale:
        """The scale of its size: places, positive or negative."""
        return "amount"

    def signed_size(self, context: LeverContext) -> np.typing.NDArray[np.float64]:
        """Return the change in places left for residents: minus the change in places that others take."""
        return -self.size(context)


class Exports(_OnPlaces):
    """Places that residents use in other authorities' schools."""

    kind: Literal["exports"] = "exports"
    how: Literal["multiply", "add"] = "multiply"
    """Multiply the places, or add to them."""
    TITLE: ClassVar[str] = "Places used in other authorities"
    LOCATED: ClassVar[Literal["local", "elsewhere"]] = "elsewhere"

    @property
    def manner(self) -> How:
        """How the places change: set, multiplied or added to."""
        return self.how

    @property
    def scale(self) -> Scale:
        """The scale of its size."""
        return "factor" if self.how == "multiply" else "amount"
