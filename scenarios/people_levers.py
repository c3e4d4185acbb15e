"""Levers on the number of residents: births, projections and migration, and new homes.

Equation of new homes: homes built in calendar year y bring (homes built x children per home) people, spread evenly over the
single ages of each phase, who are there at the mid-year y, as joiners of January y + 1 are counted, and are a year older at
every mid-year after. Children born there later are not added: they are in the births of the projection.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field, StrictInt, model_validator

from data.vocabulary import AGES, PHASES
from scenarios.effects import Array, Arrivals, Change, Effects, Frame
from scenarios.lever import Dated, LeverBase, LeverContext, size_in_words
from scenarios.terms import Anywhere, Dates, Line, OfAges, Size, Strict, When, check_bounds, draw_size
from scenarios.wording import amount, joined

Tenure = Literal["social", "affordable", "market"]
"""Social rent, intermediate or affordable, and market homes."""


class Yields(Strict):
    """Children and young people per home, by phase."""

    early_years: float = Field(default=0.0, ge=0, le=5)
    """Aged 0 to 3."""
    primary: float = Field(default=0.0, ge=0, le=5)
    """Aged 4 to 10."""
    secondary: float = Field(default=0.0, ge=0, le=5)
    """Aged 11 to 15."""
    post16: float = Field(default=0.0, ge=0, le=5)
    """Aged 16 to 25."""


YIELDS: dict[Tenure, Yields] = {
    "social": Yields(early_years=0.25, primary=0.35, secondary=0.25, post16=0.25),
    "affordable": Yields(early_years=0.15, primary=0.10, secondary=0.06, post16=0.10),
    "market": Yields(early_years=0.12, primary=0.10, secondary=0.06, post16=0.10),
}
"""Children per home where a site gives none, for a usual mix of bedrooms.

A judgement, of the order of the GLA population yield calculator: replace it by your own yields. Social homes bring two to four
times the children of market homes, and number of bedrooms matters as much as tenure.
"""


class Births(Dated):
    """People born from a year on, as a factor.

    ``when`` is the year of birth, counted to the middle of the year: people of age a in January j were born in j - 1 - a.
    """

    kind: Literal["births"] = "births"
    who: Anywhere = Anywhere()
    """In which authorities."""
    TITLE: ClassVar[str] = "Births"

    @property
    def reach(self) -> Anywhere:
        """The authorities it is for."""
        return self.who

    def birth_weights(self, frame: Frame) -> dict[tuple[int, int], float]:
        """Return, by January and age, the weight at which births are changed (0 to 1), for weights above 0."""
        cells = {(j, a): self.when.weight_in(j - 1 - a) for j in frame.januaries for a in AGES}
        return {cell: weight for cell, weight in cells.items() if weight > 0}

    def acts(self, frame: Frame) -> bool:
        """Return whether somebody born in its years is counted in any January of the forecast."""
        return bool(self.birth_weights(frame))

    def is_over(self, frame: Frame) -> bool:
        """Return whether everybody born in its years is too old to be counted."""
        return super().is_over(frame) and not self.acts(frame)

    def active_effects(self, context: LeverContext) -> Effects:
        """Return the changes of residents, one for each January and weight."""
        size, born, changes = self.size(context), self.birth_weights(context.frame), []
        for january in context.frame.januaries:
            for weight in sorted({w for (j, _), w in born.items() if j == january}):
                ages = [a for (j, a), w in born.items() if j == january and w == weight]
                at = np.where(np.array(context.frame.januaries) == january, weight, 0.0)
                changes.append(Change("multiply", size, at, OfAges(ages=ages).mask()))
        return Effects(residents=tuple(changes))

    def notes(self, context: LeverContext) -> tuple[str, ...]:
        """Return notes for the reader of the result."""
        notes = super().notes(context)
        if (
            not self.reaches(context.frame.la_code)
            or not notes
            or self.when.first > context.frame.januaries[-1] - 1
        ):
            return notes
        return (
            f"Lever '{self.name}' does nothing in this run: those born {self.when.words()} reach age {AGES[0]}, the youngest "
            f"counted, after January {context.frame.januaries[-1]}.",
        )


class Population(Dated):
    """Residents of some ages, as a factor: another projection, or a wave of migration while it lasts."""

    kind: Literal["population"] = "population"
    who: OfAges = OfAges()
    """Which residents."""
    TITLE: ClassVar[str] = "Residents"

    @property
    def reach(self) -> OfAges:
        """The authorities and ages it reaches."""
        return self.who

    def active_effects(self, context: LeverContext) -> Effects:
        """Return the change of residents."""
        return Effects(residents=(self.make_change(context, self.who.mask()),))


class Site(Strict):
    """Homes to be built in one place."""

    name: Line
    """Name of the site."""
    homes: StrictInt = Field(ge=1, le=100_000)
    """Homes planned in all."""
    built: When
    """Years in which they are finished, in equal parts: 2027..2031."""
    tenure: Tenure
    """Who lives there; decides the children per home where none are given."""
    yields: Yields | None = None
    """Children per home by phase, where you know better."""

    @model_validator(mode="after")
    def _finished(self) -> Site:
        if self.built.ramp > 1:
            raise ValueError(
                "a site is built in equal parts, so ramp means nothing here. Write built: 2027..2031."
            )
        return self

    @property
    def years(self) -> tuple[int, ...]:
        """Calendar years in which homes are finished; a bare year is that year alone."""
        return tuple(range(self.built.first, (self.built.until or self.built.first) + 1))

    def people(self) -> Array:
        """Return residents by single age 0 to 25 when all homes are finished and newly occupied, if built as planned."""
        per_home = self.yields or YIELDS[self.tenure]
        people = np.zeros(AGES[-1] + 1)
        for phase in PHASES:
            ages = slice(phase.low, phase.high + 1)
            people[ages] = self.homes * getattr(per_home, phase.code) / len(people[ages])
        return people


class Housing(LeverBase):
    """New homes and the children who come with them, beyond the population projection."""

    kind: Literal["housing"] = "housing"
    who: Anywhere = Anywhere()
    """In which authorities."""
    sites: Annotated[tuple[Site, ...], Field(min_length=1, max_length=200)]
    """Sites."""
    change: Size = 1.0
    """Homes built over homes planned."""
    with_plan: Size = 1.0
    """How likely newcomers are to bring a plan, over residents of their age."""
    TITLE: ClassVar[str] = "New homes"

    @model_validator(mode="after")
    def _in_bounds(self) -> Housing:
        check_bounds(self.change, "factor", "change")
        check_bounds(self.with_plan, "factor", "with_plan")
        return self

    @property
    def reach(self) -> Anywhere:
        """The authorities where homes are built."""
        return self.who

    @property
    def times(self) -> tuple[Dates, ...]:
        """The years in which sites are built."""
        return tuple(site.built for site in self.sites)

    def acts(self, frame: Frame) -> bool:
        """Return whether homes are finished in a year of the forecast."""
        return any(january - 1 in site.years for site in self.sites for january in frame.januaries)

    def is_over(self, frame: Frame) -> bool:
        """Return whether all homes are finished already."""
        return all(year < frame.origin for site in self.sites for year in site.years)

    def active_effects(self, context: LeverContext) -> Effects:
        """Return the people who move in, by draw, January and age."""
        built = draw_size(self.change, "factor", self.name, context.seed, context.frame.draws)
        bring = draw_size(
            self.with_plan, "factor", f"{self.name}/with_plan", context.seed, context.frame.draws
        )
        there = np.zeros((context.frame.years, AGES[-1] + 1))
        new = np.zeros_like(there)
        for j, january in enumerate(context.frame.januaries):
            for site in self.sites:
                if january - 1 in site.years:
                    new[j] += site.people() / len(site.years)
            there[j] = new[j]
            if j:
                there[j, 1:] += there[j - 1, :-1]
        counted = slice(AGES[0], None)
        arrivals = Arrivals(
            people=built[:, None, None] * there[None, :, counted],
            new=built[:, None, None] * new[None, :, counted],
            with_plan=bring,
        )
        return Effects(arrivals=(arrivals,))

    def size_text(self) -> str:
        """Return the number of homes in words."""
        sites = joined([f"{amount(s.homes)} {s.tenure} homes at {s.name}" for s in self.sites])
        return (
            f"{sites}, built as planned"
            if self.change == 1
            else (f"{sites}, number built: {size_in_words(self.change, 'multiply', 'factor')}")
        )
