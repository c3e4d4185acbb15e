"""Time the choice of a capital programme: 20 candidates x 10 years x 100 draws, where children are scarce and schemes compete.

Target: under 60 seconds on 2 cores, with the gap stated. Made-up shortfalls; ages and needs of schemes overlap in many ways.
"""

from __future__ import annotations

import resource

import numpy as np

from benchmarks.capital_worlds import made, random_candidates, random_short
from benchmarks.yardstick import Yardstick
from forecast.capital.programme import choose
from forecast.capital.schemes import Programme, Sufficiency
from forecast.core.defaults import SEED

CANDIDATES, YEARS, DRAWS = 20, 10, 100
ASKS = {
    "no minimum": Sufficiency(minimum=0.0),
    "80 % sure of 70 % of autism places": Sufficiency(
        minimum=0.8, tolerance=0.3, phases=("primary", "secondary"), need_groups=("autism",)
    ),
    "out of reach": Sufficiency(minimum=0.8, tolerance=0.0),
}


def main() -> None:
    yardstick = Yardstick.measure()
    rng = np.random.default_rng(SEED)
    # Twice as many children as in the tests, so that about as many are short as there are places.
    short = 2 * random_short(rng, DRAWS, YEARS)
    one = made(random_candidates(rng, CANDIDATES), short, years_after=20)
    budget = float(one.cost.mean(axis=1).sum() / 3)
    print(
        f"{CANDIDATES} candidates, {YEARS} years, {DRAWS} draws, {sum(p.within.shape[2] for p in one.seats.parts)} unions"
    )
    for name, asked in ASKS.items():
        found = choose(one, asked, budget)
        yardstick.report(name, found.seconds)
        print(_said(found))
    print(f"{'largest memory':55s} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:8.2f} GB")


def _said(found: Programme) -> str:
    return (
        f"    {found.aim}: {len(found.choices)} schemes, gap {found.gap:.2%}, chance asked {found.sufficiency.minimum:.0%}, "
        f"reached {found.p_sufficient:.0%}"
    )


if __name__ == "__main__":
    main()
