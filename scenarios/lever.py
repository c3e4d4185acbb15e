"""What all levers share: who asks for effects, why and how sure one is of them, and what a dated change looks like.

Invariant: a lever is a value. Its effects are a pure function of itself and of `LeverContext`; it reads no file and holds no
figure of an authority.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, Self

from pydantic import model_validator

from data.errors import ScenarioError
from scenarios.effects import Array, Change, Effects, Flags, Frame, How
from scenarios.sampling import Scale
from scenarios.terms import (
    Anywhere,
    Dates,
    Line,
    Lines,
    Size,
    Slug,
    Strict,
    Text,
    When,
    area_name,
    checked,
    drawn,
    ends,
)
from scenarios.wording import amount, joined, more_or_fewer, per_cent

Status = Literal["agreed", "proposed", "assumption"]
"""How firm a lever is: decided, proposed by somebody, or only assumed."""

SCALES: dict[How, Scale] = {"set": "share", "multiply": "factor", "add": "difference"}
"""Scale of the size of a change of a share or chance, by how it changes it."""


@dataclass(frozen=True)
class LeverContext:
    """Who asks for the effects of a lever, and the two figures of the authority that some levers need.

    Parameters
    ----------
    frame
        Authority, origin, Januaries and draws.
    seed
        Of the run, 0 or more.
    issued_in_twenty_weeks
        Share of new plans issued within 20 weeks at the origin, 0 to 1; None where it is not known.
    residents_11_15
        Residents aged 11 to 15 at the origin; None where it is not known.
    """

    frame: Frame
    seed: int
    issued_in_twenty_weeks: float | None = None
    residents_11_15: float | None = None


class LeverBase(Strict):
    """One thing that might change."""

    id: Slug | None = None
    """Name within the scenario; left out: the kind. The same id has the same luck in every scenario."""
    why: Line
    """Reason for the lever and its size, in a sentence."""
    evidence: Lines = ()
    """Links or titles of sources."""
    owner: Text = ""
    """Who answers for it."""
    status: Status = "assumption"
    """Agreed, proposed or an assumption."""

    kind: str
    """What it changes."""

    TITLE: ClassVar[str]
    """What the lever changes, as the start of a sentence."""

    @property
    def name(self) -> str:
        """The id, or the kind where there is none."""
        return self.id or self.kind

    @property
    def reach(self) -> Anywhere:
        """Whom it reaches."""
        return Anywhere()

    @property
    def times(self) -> tuple[Dates, ...]:
        """When it acts; several for a lever of several parts."""
        return ()

    def reaches(self, la_code: int) -> bool:
        """Return True where it is for an authority."""
        return not self.reach.areas or la_code in self.reach.codes

    def effects(self, asked: LeverContext) -> Effects:
        """Return what the lever does for those who ask; nothing in an authority it is not for, or after the last January.

        Raises
        ------
        ScenarioError
            It starts before the figures end, or needs a figure that is not known.
        """
        if not self.reaches(asked.frame.la_code):
            return Effects()
        self.refuse_the_past(asked.frame)
        return self.acting(asked) if self.acts(asked.frame) else Effects()

    def refuse_the_past(self, frame: Frame) -> None:
        """Raise a ScenarioError where the lever would change a year that is already in the figures."""
        past = [dates.first for dates in self.times if dates.first < frame.origin]
        if past:
            raise ScenarioError(
                f"Lever '{self.name}' starts in {min(past)}, but the figures of {area_name(frame.la_code)} run to January "
                f"{frame.origin}, which already hold what happened in {frame.origin - 1}. A lever cannot change them. "
                f"Write {frame.origin} or later."
            )

    def acts(self, frame: Frame) -> bool:
        """Return True where it acts in one of the Januaries asked for."""
        return any(dates.weights(frame).any() for dates in self.times)

    def acting(self, asked: LeverContext) -> Effects:
        """Return what the lever does, once it is known to act."""
        raise NotImplementedError

    def notes(self, asked: LeverContext) -> tuple[str, ...]:
        """Return what a reader of the result should know, one sentence each."""
        if not self.reaches(asked.frame.la_code):
            return (f"Lever '{self.name}' does nothing here: it is for {joined(self.reach.areas)}.",)
        if not self.acts(asked.frame):
            last = asked.frame.januaries[-1] if asked.frame.years else asked.frame.origin
            return (
                f"Lever '{self.name}' does nothing in this run: it acts "
                f"{' and '.join(dates.words() for dates in self.times)}, after the last January asked for ({last}).",
            )
        return ()

    def sentence(self) -> str:
        """Return what the lever does as one plain sentence."""
        reach, when = self.reach.words(), "; ".join(dates.words() for dates in self.times)
        about = f"{self.TITLE} ({reach})" if reach else self.TITLE
        return f"{about}: {', '.join(part for part in (self.sized(), when) if part)}."

    def sized(self) -> str:
        """Return how much it changes, in words."""
        raise NotImplementedError


class Dated(LeverBase):
    """A lever with one time and one size."""

    when: When
    """When it acts."""
    change: Size
    """How much: a number, or an 80 % interval that is drawn."""

    @property
    def times(self) -> tuple[Dates, ...]:
        """When it acts."""
        return (self.when,)

    @property
    def manner(self) -> How:
        """How the quantity changes."""
        return "multiply"

    @property
    def scale(self) -> Scale:
        """What the size is."""
        return SCALES[self.manner]

    @model_validator(mode="after")
    def _in_bounds(self) -> Self:
        checked(self.change, self.scale, "change")
        return self

    def size(self, asked: LeverContext) -> Array:
        """Return the size in every draw, dims ``(draw,)``."""
        return drawn(self.change, self.scale, self.name, asked.seed, asked.frame.draws)

    def changing(self, asked: LeverContext, who: Flags, reasons: tuple[str, ...] = ()) -> Change:
        """Return the change of those reached."""
        return Change(self.manner, self.size(asked), self.when.weights(asked.frame), who, reasons)

    def sized(self) -> str:
        """Return how much it changes, in words."""
        return size_in_words(self.change, self.manner, self.scale)


def size_in_words(change: Size, how: How, scale: Scale) -> str:
    """Return a change in words: '10 % to 30 % more (80 % interval)'."""
    low, high = ends(change)
    sure = "" if low == high else " (80 % interval)"
    if scale == "factor":
        return f"{more_or_fewer(low, high)}{sure}"
    number = per_cent if scale == "share" else amount
    span = number(low) if low == high else f"{number(low)} to {number(high)}"
    return f"{'set to' if how == 'set' else 'plus'} {span}{sure}"
