"""Levers on plans: requests, refusals, assessments, timeliness, need mix, and plans that end.

Invariant: each lever only states a change of one quantity of `scenarios.effects.Effects`; how the quantity makes plans is the
business of the forecast.
"""

from __future__ import annotations

from typing import ClassVar, Literal, Self

import numpy as np
from pydantic import Field, field_validator, model_validator

from data.formatting import quoted
from data.vocabulary import AGES, NEED_CODES, PROVISIONS
from scenarios.effects import Change, Effects, How, Review, everyone
from scenarios.lever import Dated, LeverContext
from scenarios.terms import YEARS, Ages, Anywhere, OfNeeds, People, Provisions
from scenarios.wording import joined, lowered, suggestion

REASONS: dict[str, str] = {
    "deceased": "died",
    "disengaged": "no longer takes part",
    "employment": "went into employment",
    "higher_education": "went to higher education",
    "max_age": "reached the oldest age",
    "moved_outside_england": "moved outside England",
    "needs_met": "needs met without a plan",
    "not_recorded": "reason not recorded",
    "other": "other reason",
}
"""Why a plan ends, as published; a transfer to another authority is not an end."""

TODAY_UNKNOWN = 0.5
"""Share of plans issued within 20 weeks where it is not known; the order of England's figure, an assumption."""

STATUTORY_WEEKS = 20.0
"""Weeks from a request to the plan (SEND Regulations 2014, regulation 13)."""

PHASE_ENDS: tuple[int, ...] = (6, 10, 15, 18)
"""Ages at 31 August in the last year of a phase: Years 2, 6, 11 and 14 (white paper of February 2026, as reported)."""


class Requests(Dated):
    """Requests for an assessment, as a factor."""

    kind: Literal["requests"] = "requests"
    who: People = People()
    """Whose requests."""
    TITLE: ClassVar[str] = "Requests for an assessment"

    @property
    def reach(self) -> People:
        """The authorities, ages and needs it reaches."""
        return self.who

    def active_effects(self, context: LeverContext) -> Effects:
        """Return the change of requests."""
        return Effects(requests=(self.make_change(context, self.who.mask()),))


class Refusal(Dated):
    """Share of requests refused, 0 to 1."""

    kind: Literal["refusal"] = "refusal"
    who: People = People()
    """Whose requests."""
    how: How = "set"
    """Set the share, multiply it, or add to it."""
    TITLE: ClassVar[str] = "Share of requests refused"

    @property
    def reach(self) -> People:
        """The authorities, ages and needs it reaches."""
        return self.who

    @property
    def manner(self) -> How:
        """How the share changes: set, multiplied or added to."""
        return self.how

    def active_effects(self, context: LeverContext) -> Effects:
        """Return the change of the share refused."""
        return Effects(refusal=(self.make_change(context, self.who.mask()),))


class PlanShare(Dated):
    """Share of assessments that end in a plan, 0 to 1."""

    kind: Literal["plan_share"] = "plan_share"
    who: People = People()
    """Whose assessments."""
    how: How = "set"
    """Set the share, multiply it, or add to it."""
    TITLE: ClassVar[str] = "Share of assessments that end in a plan"

    @property
    def reach(self) -> People:
        """The authorities, ages and needs it reaches."""
        return self.who

    @property
    def manner(self) -> How:
        """How the share changes: set, multiplied or added to."""
        return self.how

    def active_effects(self, context: LeverContext) -> Effects:
        """Return the change of the share that ends in a plan."""
        return Effects(plan_share=(self.make_change(context, self.who.mask()),))


class Timeliness(Dated):
    """Share of new plans issued within 20 weeks, which clears the backlog of assessments.

    With today's share s, the target t and ``weeks_late`` d, assessments end (t - s) d weeks sooner on average. Of those that
    run into the next calendar year, that is those of the last 20 weeks' requests of a year, the share min(1, (t - s) d / 20)
    ends in the year of the request instead. A target below today's share changes nothing.
    """

    kind: Literal["timeliness"] = "timeliness"
    who: Anywhere = Anywhere()
    """In which authorities."""
    weeks_late: float = Field(default=15.0, ge=0, le=200)
    """How late the overdue plans are on average, in weeks beyond 20: a judgement, since it is not published."""
    TITLE: ClassVar[str] = "Plans issued within 20 weeks"

    @property
    def reach(self) -> Anywhere:
        """The authorities it is for."""
        return self.who

    @property
    def manner(self) -> How:
        """How the share changes: it is set."""
        return "set"

    def active_effects(self, context: LeverContext) -> Effects:
        """Return the change in the share of assessments that end in the year of the request instead of the next."""
        today = TODAY_UNKNOWN if context.issued_in_twenty_weeks is None else context.issued_in_twenty_weeks
        weeks = np.maximum(self.size(context) - today, 0.0) * self.weeks_late
        share = np.minimum(weeks / STATUTORY_WEEKS, 1.0)
        return Effects(sooner=(Change("set", share, self.when.weights(context.frame), everyone()),))

    def notes(self, context: LeverContext) -> tuple[str, ...]:
        """Return notes for the reader of the result."""
        notes = super().notes(context)
        if notes:
            return notes
        if context.issued_in_twenty_weeks is None:
            return (
                f"Lever '{self.name}': today's share of plans issued within 20 weeks is not known here, so "
                f"{TODAY_UNKNOWN:.0%} was assumed.",
            )
        if context.issued_in_twenty_weeks >= np.median(self.size(context)):
            return (
                f"Lever '{self.name}' changes little: {context.issued_in_twenty_weeks:.0%} of plans are issued within 20 weeks "
                "today, which is the target already.",
            )
        return ()


class Joiners(Dated):
    """New plans per resident (incidence), as a factor."""

    kind: Literal["joiners"] = "joiners"
    who: People = People()
    """Whose new plans."""
    TITLE: ClassVar[str] = "New plans per resident"

    @property
    def reach(self) -> People:
        """The authorities, ages and needs it reaches."""
        return self.who

    def active_effects(self, context: LeverContext) -> Effects:
        """Return the change of new plans per resident."""
        return Effects(joiner_rate=(self.make_change(context, self.who.mask()),))


class NeedMix(Dated):
    """Weight of some needs among new plans, as a factor: the mix changes, the number of new plans does not."""

    kind: Literal["need_mix"] = "need_mix"
    who: People
    """Which needs weigh more or less."""
    TITLE: ClassVar[str] = "Weight among new plans, whose number stays the same"

    @property
    def reach(self) -> People:
        """The authorities, ages and needs it reaches."""
        return self.who

    @field_validator("who")
    @classmethod
    def _some_needs(cls, who: People) -> People:
        if not who.needs or len(who.needs) == len(NEED_CODES):
            raise ValueError(
                "all needs are selected, so the mix stays as it is and the lever reaches nothing. Name some needs, such as "
                "needs: [SEMH]."
            )
        return who

    def active_effects(self, context: LeverContext) -> Effects:
        """Return the change of the weights of needs."""
        return Effects(joiner_need=(self.make_change(context, self.who.mask()),))


class Leavers(Dated):
    """Yearly chance that a plan ends; ages are those in the January before."""

    kind: Literal["leavers"] = "leavers"
    who: People = People()
    """Whose plans; ages are those in the January before they end."""
    how: How = "multiply"
    """Multiply the chance, set it, or add to it."""
    reasons: tuple[str, ...] = Field(default=(), max_length=len(REASONS))
    """Reasons whose leavers change; left out: all."""
    TITLE: ClassVar[str] = "Yearly chance that a plan ends"

    @property
    def reach(self) -> People:
        """The authorities, ages and needs it reaches."""
        return self.who

    @property
    def manner(self) -> How:
        """How the chance changes: set, multiplied or added to."""
        return self.how

    @field_validator("reasons")
    @classmethod
    def _known(cls, reasons: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [r for r in reasons if r not in REASONS]
        if unknown:
            raise ValueError(f"{quoted(unknown[0])} is not a reason. {suggestion(unknown[0], REASONS)}")
        return tuple(r for r in REASONS if r in reasons)

    def active_effects(self, context: LeverContext) -> Effects:
        """Return the change of the chance that a plan ends."""
        return Effects(leaver_hazard=(self.make_change(context, self.who.mask(), self.reasons),))

    def size_text(self) -> str:
        """Return the size of the change in words."""
        named = joined([REASONS[r] for r in self.reasons], "or")
        return f"{super().size_text()}{f' (those who: {named})' if named else ''}"


class Reassessment(Dated):
    """Plans reassessed at the end of a phase: the share that ends there, beyond those that end anyway.

    A pupil reassessed in the last year of a phase holds no plan from the September after. ``when`` is the year of that
    September, and the plan is no longer counted in the January after it.
    """

    kind: Literal["reassessment"] = "reassessment"
    who: OfNeeds = OfNeeds()
    """Whose plans, by need."""
    ends: Ages = PHASE_ENDS
    """Ages at 31 August in the last year of a phase; the default is Years 2, 6, 11 and 14."""
    protects: Provisions = ()
    """Provisions whose pupils keep their plan; left out: none."""
    protects_held_in: int | None = Field(default=None, ge=YEARS[0], le=YEARS[1])
    """January in which the place must have been held, such as 2030 for autumn 2029; left out: any holder is protected."""
    TITLE: ClassVar[str] = "Plans that end when reassessed at the end of a phase"

    @property
    def reach(self) -> OfNeeds:
        """The authorities and needs it reaches."""
        return self.who

    @property
    def manner(self) -> How:
        """How the share changes: it is set."""
        return "set"

    @model_validator(mode="after")
    def _someone(self) -> Self:
        if not self.ends:
            raise ValueError(
                "ends names no age, so the lever reaches nobody. Leave it out for the ends of all phases."
            )
        if self.protects_held_in is not None and not self.protects:
            raise ValueError(
                "protects_held_in is given, but protects names no provision, so nobody is protected. Add "
                "protects: state_special, or delete protects_held_in."
            )
        return self

    def active_effects(self, context: LeverContext) -> Effects:
        """Return the review of plans at the end of the phase."""
        leaving, needing = np.isin(AGES, self.ends), np.isin(NEED_CODES, self.who.needs or NEED_CODES)
        review = Review(
            share=self.size(context),
            weight=self.when.weights(context.frame),
            who=leaving[:, None] & needing[None, :],
            protected=self.protects,
            protected_from=self.protects_held_in,
        )
        return Effects(reviews=(review,))

    def size_text(self) -> str:
        """Return the size of the change in words."""
        at = f"at ages {joined([str(a) for a in self.ends])}"
        kept = joined([lowered(PROVISIONS[p]) for p in self.protects])
        since = "" if self.protects_held_in is None else f" held in January {self.protects_held_in}"
        return f"{super().size_text().removeprefix('set to ')} {at}{f', places kept: {kept}{since}' if kept else ''}"
