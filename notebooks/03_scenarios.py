# %% [markdown]
# # Scenarios: what if
#
# A scenario is a list of levers: what changes, by how much, for whom and from when. The road from plans to places is
# walked again on the baseline's random numbers, so what differs is what the levers did. From the empty scenario, which is
# the baseline, to one lever alone, three scenarios side by side, what each lever contributed, whose uncertainty matters,
# how many places a goal takes, and what an interval does not hold. Runs in a minute at a few draws: read shapes here, and
# take figures from `sendplan`.

# %%
import altair as alt
import numpy as np
import pandas as pd

from data import areas
from forecast.core.outcome import Outcome
from forecast.presentation import compare, seek
from forecast.runs import scenario_run
from forecast.runs.baseline import shared_inputs
from scenarios import levers, reading
from scenarios.sampling import draw_uniforms, quantile
from scenarios.terms import ends

DRAWS, YEARS = 100, 10
base = shared_inputs().baseline(areas.resolve("Redbridge")[0], years=YEARS, draws=DRAWS)
library = reading.library()
januaries = base.outcome.plans.future["january"].to_numpy().astype(int)
last = int(januaries[-1])
before = {name: draws.copy() for name, draws in compare.measured(base.outcome).items()}
COLOURS = {
    "baseline": "#505a5f", "pre-reform-surge": "#d4351c", "inclusion-bases": "#00703c", "reform-2030": "#1d70b8",
    "reform-2030-early": "#f47738", "reform-2030-late": "#4c2c92",
}  # fmt: skip


def bands(draws: np.ndarray, **named: str) -> pd.DataFrame:
    """One row a January: the middle and the ends of 80 % of draws."""
    low, middle, high = np.quantile(draws, (0.1, 0.5, 0.9), axis=0)
    return pd.DataFrame({"january": januaries, "low": low, "middle": middle, "high": high}).assign(**named)


def fan(told: pd.DataFrame, by: str, title: str, unit: str) -> alt.LayerChart:
    """Middle and 80 % interval by January, a colour for each of what the column ``by`` names."""
    names = list(dict.fromkeys(told[by]))
    scale = (
        alt.Scale(domain=names, range=[COLOURS[n] for n in names])
        if set(names) <= set(COLOURS)
        else alt.Undefined
    )
    colour = alt.Color(f"{by}:N", sort=None, title=None, scale=scale, legend=alt.Legend(symbolOpacity=1))
    chart = alt.Chart(told).encode(x=alt.X("january:O", title="January"), color=colour)
    area = chart.mark_area(opacity=0.2).encode(y=alt.Y("low:Q", title=unit), y2="high:Q")
    return (area + chart.mark_line().encode(y="middle:Q")).properties(title=title, width=420, height=240)


# %% [markdown]
# ## Nothing changes
#
# The scenario without levers is the baseline: not nearly, but the very same objects. A station of the road that no lever
# reaches is not walked again, so nothing can differ by rounding or by luck.

# %%
nothing = scenario_run.rerun(base, library["baseline"])
assert nothing.plans is base.outcome.plans
assert nothing.placements is base.outcome.placements
assert nothing.shortfall is base.outcome.shortfall
for scenario in library.values():
    flat = reading.resolve(scenario)
    print(f"{flat.id:22} {len(flat.levers)} levers  {flat.title}")

# %% [markdown]
# ## One lever alone
#
# Requests rise before the reform and fall back. Its size is an 80 % interval, drawn once for each future: 1 future in 10
# below the low end, 1 in 10 above the high end. The luck belongs to the lever's name, so the same lever in another
# scenario, or with another interval, is lucky or unlucky in the same futures.

# %%
surge = library["pre-reform-surge"]
(lever,) = surge.levers
print(levers.describe(lever))
low, high = ends(lever.change)
sizes = quantile(low, high, "factor", draw_uniforms(lever.name, base.outcome.seed, DRAWS))
print(f"drawn: {(sizes < low).mean():.0%} of futures below {low}, {(sizes > high).mean():.0%} above {high}")
surged = scenario_run.rerun(base, surge)
flows = {"requests": "Requests", "new_plans": "New plans"}
by_year = []
for measure, label in flows.items():
    now, then = (
        o.plans.process[measure].sum("age").transpose("draw", "year").to_numpy()
        for o in (surged, base.outcome)
    )
    by_year.append(bands(now - then, measure=label))
by_year.append(bands(compare.measured(surged)["plans"] - before["plans"], measure="Plans held"))
surge_told = pd.concat(by_year)
surge_chart = fan(
    surge_told,
    "measure",
    "A surge ends, the plans it brought stay",
    "More than in the baseline, 80 % interval",
)
print(
    surge_told.pivot_table(index="january", columns="measure", values="middle", sort=False)
    .round(0)
    .to_string()
)

# %% [markdown]
# What happens in calendar year y is counted in January y + 1. Requests rise in 2026; new plans follow, part of them a
# year later, because requests of the last months of a year become plans in the next. Plans go on after the surge and end
# slowly, as other plans do. No backlog builds up and the same share of requests is refused: a lever says what it says and
# nothing else.
#
# ## Three scenarios side by side

# %%
names = ("pre-reform-surge", "inclusion-bases", "reform-2030")
outcomes: dict[str, Outcome] = {"baseline": nothing, "pre-reform-surge": surged}
outcomes |= {name: scenario_run.rerun(base, library[name]) for name in names if name not in outcomes}
table = compare.compared(outcomes)
for january in (2030, last):
    print(f"\nJanuary {january}")
    print(compare.side_by_side(table, january).to_string(index=False))
print("\nFirst January with a shortfall of specialist places")
print(compare.first_shortfall_text(outcomes).to_string(index=False))
draws = {name: compare.measured(outcome) for name, outcome in outcomes.items()}
plans_told = pd.concat(bands(draws[name]["plans"], scenario=name) for name in outcomes)
plans_chart = fan(
    plans_told, "scenario", "EHC plans in Redbridge, four scenarios", "EHC plans, 80 % interval"
)

# %% [markdown]
# That at least one child is short is as good as certain here, in every scenario and every January: what differs is how many.
#
# The fans overlap, which seems to say that nobody can tell the scenarios apart. That is the wrong comparison: whatever
# makes plans grow in a future, it does so in every scenario. The difference is taken future by future, and is much surer
# than the fans.

# %%
difference = {
    name: {m: draws[name][m] - draws["baseline"][m] for m in ("plans", "shortfall")} for name in names
}
difference_chart = alt.vconcat(
    *(
        fan(
            pd.concat(bands(difference[name][measure], scenario=name) for name in names),
            "scenario",
            compare.MEASURES[measure],
            "Difference from the baseline",
        )
        for measure in ("plans", "shortfall")
    )
)
shuffled = np.random.default_rng(1).permutation(DRAWS)
for name in names:
    paired = difference[name]["plans"][:, -1]
    unpaired = draws[name]["plans"][shuffled, -1] - draws["baseline"]["plans"][:, -1]
    widths = [float(np.subtract(*np.quantile(values, (0.9, 0.1)))) for values in (paired, unpaired)]
    print(
        f"{name}: 80 % of differences in plans, January {last}, span {widths[0]:,.0f} with the same luck, "
        f"{widths[1]:,.0f} with separate luck"
    )

# %% [markdown]
# ## What each lever contributed
#
# Every lever is also run alone. The bars are those effects, and a last one for what levers do together beyond what each
# does alone: children sent to new bases are short of a place where the bases do not open, and bases without children
# stand empty. The bars add up in every future.

# %%
asked = {"reform-2030": "plans", "inclusion-bases": "shortfall"}
falls = {}
for name, measure in asked.items():
    falls[name] = compare.waterfall(
        measure, last, base.outcome, scenario_run.run_each_alone(base, library[name]), outcomes[name]
    )
    print(f"\n{name}: {compare.MEASURES[measure]}, January {last}")
    print(compare.waterfall_text(falls[name]).to_string(index=False))


def steps(found: compare.Waterfall) -> pd.DataFrame:
    """The bars of a waterfall as changes from the baseline: each begins where the one before ended."""
    told = found.table().iloc[1:].reset_index(drop=True)
    whole = told["bar"] == "scenario"
    told["to"] = told["mean"].where(~whole, 0.0).cumsum()
    told["from"] = np.where(whole, 0.0, told["to"] - told["mean"])
    told["is"] = np.where(whole, "all together", np.where(told["mean"] < 0, "fewer", "more"))
    return told.replace({"bar": {"scenario": "all together"}})


waterfall_chart = alt.vconcat(
    *(
        alt.Chart(steps(found), title=f"{name}, January {last}", width=420)
        .mark_bar()
        .encode(
            y=alt.Y("bar:N", sort=None, title=None),
            x=alt.X("from:Q", title=f"{compare.MEASURES[found.measure]}: change from the baseline, mean"), x2="to:Q",
            color=alt.Color("is:N", title=None, scale=alt.Scale(
                domain=["more", "fewer", "all together"], range=["#f47738", "#1d70b8", "#505a5f"])),
        )
        for name, found in falls.items()
    )
)  # fmt: skip
for found in falls.values():
    assert np.isclose(steps(found)["to"].iloc[-1], found.scenario.mean() - found.baseline.mean(), atol=1e-6)

# %% [markdown]
# ## Whose uncertainty matters
#
# Each lever at the low and at the high end of its interval, all else as drawn. A wide bar is a lever about which it is
# worth finding out more before deciding; a narrow one may stay a guess.

# %%
point = seek.Point("plans", last)
widths = seek.tornado(point, scenario_run.run_at_ends(base, library["reform-2030"]), outcomes["reform-2030"])
print(seek.tornado_text(point, widths).to_string(index=False))
tornado_chart = (
    alt.Chart(widths, title=f"reform-2030: what each lever's interval means, January {last}", width=420)
    .mark_bar()
    .encode(
        y=alt.Y("lever:N", sort=None, title=None),
        x=alt.X("at_low:Q", title="EHC plans", scale=alt.Scale(zero=False)), x2="at_high:Q",
    )
)  # fmt: skip

# %% [markdown]
# ## How many places a goal takes
#
# A question asked backwards. One new special school, which admits every need at ages 4 to 15: with how many places is the
# expected number of children short of a state special place in January 2030 half of what it would be? It is certain to
# open and on time, because the question is about places and not about luck. Written as a planner would write it, in YAML.

# %%
school = reading.parse(
    """
    id: one-more-school
    title: One more special school
    levers:
      - kind: scheme
        id: new-school
        action: open
        setting: New special school
        provision: state_special
        ages: 4-15
        when: 2028
        places: 0
        chance_delivered: 100
        chance_on_time: 100
        why: To find out how many places halve the shortfall.
    """,
    "this notebook",
)
wish = seek.Point("shortfall", 2030, "state_special")
now = wish.centre(base.outcome)
goal = seek.Goal(wish, "at_most", round(now / 2))
tried: dict[float, float] = {}


def with_places(places: float) -> Outcome:
    """The outcome with so many places in the new school."""
    found = scenario_run.rerun(base, scenario_run.with_size(school, "new-school", places))
    tried[places] = wish.centre(found)
    return found


answer = seek.seek(with_places, goal, 0, 1_000, whole=True)
print(f"{goal.words()} (baseline: {wish.shown(now)}).")
print(answer.words(goal, "new-school"))
seek_told = pd.DataFrame({"places": list(tried), "short": list(tried.values())}).sort_values("places")
seek_chart = alt.Chart(
    seek_told, title="Each place seats a child, until nobody it admits is waiting"
).mark_line(point=True).encode(
    x=alt.X("places:Q", title="Places in the new school"),
    y=alt.Y("short:Q", title="Children short of a state special place, January 2030"),
) + alt.Chart(pd.DataFrame({"short": [goal.value]})).mark_rule(strokeDash=[4, 4]).encode(y="short:Q")

# %% [markdown]
# ## What an interval holds, and what it does not
#
# The interval of a difference holds two things: how uncertain the lever's size is said to be, and how uncertain the
# children are whom it meets. With the size held at its median only the second is left. The first is as good as the
# interval somebody wrote, and where a lever's status says "assumption", nobody has measured it. And no interval holds the
# rest: whether the law is passed, when, or whether people do what they are asked. Timing is one that can be tried: the
# same reform two years sooner and two years later.

# %%
held = scenario_run.with_size(surge, lever.name, float(np.sqrt(low * high)))
certain = compare.measured(scenario_run.rerun(base, held))["plans"] - before["plans"]
spread = {
    "plans, baseline": before["plans"],
    "difference, size drawn": draws["pre-reform-surge"]["plans"] - before["plans"],
    "difference, size held at its median": certain,
}
print(f"80 % interval of the surge, January {last}")
for name, values in spread.items():
    print(f"  {name}: {', '.join(f'{q:,.0f}' for q in np.quantile(values[:, -1], (0.1, 0.9)))}")
timing = ("reform-2030-early", "reform-2030", "reform-2030-late")
timed = {name: outcomes.get(name) or scenario_run.rerun(base, library[name]) for name in timing}
timing_told = pd.concat(
    bands(compare.measured(outcome)["plans"] - before["plans"], scenario=name)
    for name, outcome in timed.items()
)
timing_chart = fan(
    timing_told, "scenario", "The same reform at three dates", "Plans, difference from the baseline"
)
print(timing_told[timing_told["january"] == last].round(0).to_string(index=False))
firm = [one.status for scenario in library.values() if scenario.based_on is None for one in scenario.levers]
print("levers of the library:", ", ".join(f"{firm.count(s)} {s}" for s in sorted(set(firm))))

# %% [markdown]
# What the road does not do: build up a backlog or refuse more when requests surge, place children differently because a
# school opened, remember last January's overflow, or count what it costs. `docs/scenarios.md` lists it all.
#
# Everything adds up, in every future, and the baseline is as it was.

# %%
for name, outcome in {**outcomes, **timed}.items():
    parts = outcome.placements.future.sum("provision") - outcome.plans.future.sum("need")
    assert float(abs(parts).max()) < 1e-2, name
    over = outcome.shortfall.overflow.sum("destination") - outcome.shortfall.short
    assert float(abs(over).max()) < 1e-2, name
for found in falls.values():
    assert np.allclose(found.baseline + sum(found.bars.values()), found.scenario)
assert all(np.array_equal(before[name], values) for name, values in compare.measured(base.outcome).items())
assert (seek_told["short"].diff().dropna() <= 1e-6).all()
