"""The preference order: where children without the specialist place they want go, step by step.

Invariant: every child who reaches the order ends somewhere, once. For each provision, phase and need the last step takes all who
reach it and has no limit of places.

Children left unplaced never take a place from a child who wants that provision (`forecast.places.allocation`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from data.errors import OptionError
from data.provisions import destinations
from data.vocabulary import AGES, NEED_CODES, PHASE_CODES, PHASE_OF_AGE, SPECIALIST_PROVISIONS
from forecast.core.arrays import Flags
from models.base import Array

DESTINATIONS: dict[str, str] = {d.code: d.label for d in destinations()}
"""Where children without the place they want can go: code to label. Specialist provisions end where their free places do."""

_GRID = (len(AGES), len(NEED_CODES))


@dataclass(frozen=True)
class PreferenceStep:
    """One step of the preference order: the share of the children who reach it and the destination it sends them to.

    Parameters
    ----------
    provision
        What the children wanted.
    destination
        Code in `DESTINATIONS`. A specialist provision takes no more than its free places that admit the child.
    share
        Share, above 0 and at most 1, of the children who reach the step. The others, and those for whom no place is free, go on
        to the next step.
    phases, needs
        Whom the step is for; empty means everyone.
    communities
        Only free places of units in these communities; empty means all units. For specialist provisions only.

    Raises
    ------
    OptionError
        A code is not known or the share is out of range.
    """

    provision: str
    destination: str
    share: float
    phases: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    communities: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        known: tuple[tuple[str, Sequence[str], Sequence[str]], ...] = (
            ("provision", (self.provision,), SPECIALIST_PROVISIONS),
            ("destination", (self.destination,), tuple(DESTINATIONS)),
            ("phases", self.phases, PHASE_CODES),
            ("needs", self.needs, NEED_CODES),
        )
        for name, given, allowed in known:
            for code in given:
                if code not in allowed:
                    raise OptionError(
                        f"The preference order has a step with {name} '{code}', which we do not know, so children could be sent "
                        f"nowhere. Use one of {', '.join(allowed)}."
                    )
        if not (math.isfinite(self.share) and 0 < self.share <= 1):
            raise OptionError(
                f"The step {self} has the share {self.share}. A share is above 0 and at most 1 (all who reach the step): enter "
                "0.25 for 25 %, or delete the step."
            )
        if self.destination == self.provision:
            raise OptionError(
                f"The step {self} sends children to the provision they found full. Name another destination."
            )
        if self.communities and not self.limited:
            raise OptionError(
                f"The step {self} names communities, but only specialist places stand in one. Leave the communities empty."
            )

    def __str__(self) -> str:
        return f"'{self.provision} to {self.destination}'"

    @property
    def limited(self) -> bool:
        """Whether the destination has a limited number of places."""
        return self.destination in SPECIALIST_PROVISIONS

    @property
    def fits(self) -> Flags:
        """The ages and needs that the step is for, dims ``(age, need)``."""
        ages = [not self.phases or phase in self.phases for phase in PHASE_OF_AGE]
        needs = [not self.needs or need in self.needs for need in NEED_CODES]
        return np.logical_and.outer(ages, needs)


@dataclass(frozen=True)
class Rules:
    """The preference order: where children without the place they want go, step by step.

    Every child ends somewhere, once: for each provision, phase and need the last step takes all who reach it (share 1) and has no
    limit of places.

    Raises
    ------
    OptionError
        Some children would reach the end without a destination, or a step can never be reached.
    """

    steps: tuple[PreferenceStep, ...]

    def __post_init__(self) -> None:
        reaching = {provision: np.ones(_GRID, dtype=bool) for provision in SPECIALIST_PROVISIONS}
        for step in self.steps:
            fits = step.fits
            if not (reaching[step.provision] & fits).any():
                raise OptionError(
                    f"The step {step} can never be reached: an earlier step takes everyone it is for. Move it up or delete it."
                )
            if step.share == 1 and not step.limited:
                reaching[step.provision] = reaching[step.provision] & ~fits
        for provision, left in reaching.items():
            if left.any():
                age, need = np.argwhere(left)[0]
                raise OptionError(
                    f"The preference order ends before everyone has a destination: {NEED_CODES[need]} at age {AGES[age]} "
                    f"({PHASE_OF_AGE[age]}) with no {provision} place, for one. Children would be lost. Add a last step "
                    "with share 1 whose places do not run out, for example to 'waiting' or 'neet'."
                )

    @property
    def destinations(self) -> tuple[str, ...]:
        """Destinations used, in the order of `DESTINATIONS`."""
        used = {step.destination for step in self.steps}
        return tuple(code for code in DESTINATIONS if code in used)

    def end_shares(self) -> Array:
        """Return the share of children sent to each destination if no specialist place is free.

        Dims ``(provision, destination, age, need)``; each child's shares over destinations add up to 1.
        """
        shares = np.zeros((len(SPECIALIST_PROVISIONS), len(self.destinations), *_GRID))
        reach = np.ones((len(SPECIALIST_PROVISIONS), *_GRID))
        for step in self.steps:
            if not step.limited:
                wanted = SPECIALIST_PROVISIONS.index(step.provision)
                taken = reach[wanted] * step.share * step.fits
                shares[wanted, self.destinations.index(step.destination)] += taken
                reach[wanted] -= taken
        return shares

    def share_draws(self, draws: int, rng: np.random.Generator, weight: float = 20.0) -> Array:
        """Return draws of the steps' uncertain shares for the allocation, dims ``(draw, step)``.

        Beta with the step's share as its mean, worth ``weight`` families asked (20 is a judgement: a share of 0.25 is between
        about 0.1 and 0.4 in 80 % of draws). Shares of 1 stay 1, so every child still ends somewhere.
        """
        share = np.array([step.share for step in self.steps])
        uncertain = share < 1
        drawn = np.ones((draws, len(share)))
        drawn[:, uncertain] = rng.beta(
            share[uncertain] * weight, (1 - share[uncertain]) * weight, (draws, int(uncertain.sum()))
        )
        return drawn


def default_rules() -> Rules:
    """Return the default preference order, used where no local one is given.

    Before 16: state special full, then a specialist base with a free place, a state special school in another authority, INMSS,
    EOTAS, waiting in mainstream. From 16: a further education college, a specialist post-16 institution with a free place, INMSS,
    EOTAS, not in education.

    Shares from EHC plans in England, January 2025, by provision and age (DfE, Education, health and care plans):

    - before 16, INMSS 29,009, EOTAS 7,085, awaiting or not in education 6,790: 0.68 of those who reach INMSS, then 0.51;
    - from 16, further education 70,720, specialist post-16 9,616, INMSS 4,992, EOTAS 10,088, not in education 22,235: 0.60, then
      0.20, 0.13 and 0.31.

    They describe plan holders there, not children turned away, and leave out those who wait unseen in mainstream schools: check
    them against the authority's own. Not published, so judgements: 0.25 of families accept a base, 0.10 of those left find a
    state special place elsewhere, 0.10 of those who find no base place go to INMSS.
    """
    before_16 = tuple(phase for phase in PHASE_CODES if phase != "post16")
    special = (
        ("specialist_base", 0.25),
        ("state_special_elsewhere", 0.10),
        ("inmss", 0.68),
        ("eotas", 0.51),
        ("waiting", 1.0),
    )
    base = (("inmss", 0.10), ("waiting", 1.0))
    later = (
        ("general_fe", 0.60),
        ("specialist_post16", 0.20),
        ("inmss", 0.13),
        ("eotas", 0.31),
        ("neet", 1.0),
    )
    steps = [PreferenceStep("state_special", to, share, before_16) for to, share in special]
    steps += [PreferenceStep("specialist_base", to, share, before_16) for to, share in base]
    steps += [PreferenceStep("specialist_post16", to, share, before_16) for to, share in base]
    for provision in SPECIALIST_PROVISIONS:
        steps += [PreferenceStep(provision, to, share, ("post16",)) for to, share in later if to != provision]
    return Rules(tuple(steps))
