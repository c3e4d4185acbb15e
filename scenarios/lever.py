"""What all levers share: the context they act in, their reason and status, and the form of a dated change.

Invariant: a lever is a value. Its effects are a pure function of itself and of `LeverContext`; it reads no file and holds no
figure of an authority.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, Self

from pydantic import model_validator

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
    check_bounds,
    draw_size,
    ends,
)
from scenarios.wording import amount, joined, more_or_fewer, per_cent

Status = Literal["agreed", "proposed", "assumption"]
"""How firm a lever is: decided, proposed by somebody, or only assumed."""

SCALES: dict[How, Scale] = {"set": "share", "multiply": "factor", "add": "difference"}
"""Scale of the size of a change of a share or chance, by how it changes it."""


@dataclass(frozen=True)
class LeverContext:
    """The authority, years, draws and seed a lever acts in, and two figures of the authority that some levers need.

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
        """Id of the lever, or its kind if it has no id."""
        return self.id or self.kind

    @property
    def reach(self) -> Anywhere:
        """The authorities, and the people, settings or prices, that it reaches."""
        return Anywhere()

    @property
    def times(self) -> tuple[Dates, ...]:
        """The dates at which it acts, one for each part of the lever."""
        return ()

    def reaches(self, la_code: int) -> bool:
        """Return whether the lever applies to an authority."""
        return not self.reach.areas or la_code in self.reach.codes

    def effects(self, context: LeverContext) -> Effects:
        """Return the lever's effects; none in an authority it is not for, or if it acts in no January of the forecast.

        Years that are published already stay as they are: a lever that began before acts from the first January forecast, as
        `scenarios.earlier_dates` tells.

        Raises
        ------
        ScenarioError
            It needs a figure that is not known.
        """
        acting = self.reaches(context.frame.la_code) and self.acts(context.frame)
        return self.active_effects(context) if acting else Effects()

    def is_over(self, frame: Frame) -> bool:
        """Return whether all its years are published already, so that nothing is left to change."""
        return all(dates.until is not None and dates.until < frame.origin for dates in self.times)

    def acts(self, frame: Frame) -> bool:
        """Return whether the lever acts in any January of the forecast."""
        return any(dates.weights(frame).any() for dates in self.times)

    def active_effects(self, context: LeverContext) -> Effects:
        """Return the lever's effects, given that it acts in this authority and these years."""
        raise NotImplementedError

    def notes(self, context: LeverContext) -> tuple[str, ...]:
        """Return notes for the reader of the result, one sentence each."""
        if not self.reaches(context.frame.la_code):
            return (f"Lever '{self.name}' does nothing here: it is for {joined(self.reach.areas)}.",)
        if self.times and self.is_over(context.frame):
            return ()
        if not self.acts(context.frame):
            last = context.frame.januaries[-1] if context.frame.years else context.frame.origin
            return (
                f"Lever '{self.name}' does nothing in this run: it acts "
                f"{' and '.join(dates.words() for dates in self.times)}, after the last January asked for ({last}).",
            )
        return ()

    def sentence(self) -> str:
        """Return what the lever does as one plain sentence."""
        reach, when = self.reach.words(), "; ".join(dates.words() for dates in self.times)
        about = f"{self.TITLE} ({reach})" if reach else self.TITLE
        return f"{about}: {', '.join(part for part in (self.size_text(), when) if part)}."

    def size_text(self) -> str:
        """Return the size of the change in words."""
        raise NotImplementedError


class Dated(LeverBase):
    """A lever with one time and one size."""

    when: When
    """When it acts."""
    change: Size
    """How much: a number, or an 80 % interval that is drawn."""

    @property
    def times(self) -> tuple[Dates, ...]:
        """The dates at which it acts."""
        return (self.when,)

    @property
    def manner(self) -> How:
        """How the quantity changes: set, multiplied or added to."""
        return "multiply"

    @property
    def scale(self) -> Scale:
        """The scale of its size, such as a share or a factor."""
        return SCALES[self.manner]

    @model_validator(mode="after")
    def _in_bounds(self) -> Self:
        check_bounds(self.change, self.scale, "change")
        return self

    def size(self, context: LeverContext) -> Array:
        """Return the size in every draw, dims ``(draw,)``."""
        return draw_size(self.change, self.scale, self.name, context.seed, context.frame.draws)

    def make_change(self, context: LeverContext, who: Flags, reasons: tuple[str, ...] = ()) -> Change:
        """Return the change for the ages and needs reached."""
        return Change(self.manner, self.size(context), self.when.weights(context.frame), who, reasons)

    def size_text(self) -> str:
        """Return the size of the change in words."""
        return size_in_words(self.change, self.manner, self.scale)


def size_in_words(change: Size, how: How, scale: Scale) -> str:
    """Return the size of a change in words, such as '10 % to 30 % more (80 % interval)'."""
    low, high = ends(change)
    sure = "" if low == high else " (80 % interval)"
    if scale == "factor":
        return f"{more_or_fewer(low, high)}{sure}"
    number = per_cent if scale == "share" else amount
    span = number(low) if low == high else f"{number(low)} to {number(high)}"
    return f"{'set to' if how == 'set' else 'plus'} {span}{sure}"
