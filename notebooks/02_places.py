# %% [markdown]
# # Places: who wants a specialist place, who finds one, and where the others go
#
# From where Redbridge's plan holders are taught today to the chance that places run out: moves between settings, places as
# they have filled, children turned away, the register, the matching, and how much the answer leans on what cannot be known.
# Runs in seconds: it reads the stored fit and samples nothing but priors.

# %%
from dataclasses import replace

import altair as alt
import numpy as np
import pandas as pd
import xarray as xr

from data import areas
from data.panels import composition_tables, history_tables, placement_flow_tables
from data.registers import starting_register
from data.vocabulary import ALL, NEED_GROUPS, PROVISIONS, SPECIALIST_PROVISIONS
from forecast.demand import stored_fit
from forecast.places.capacity import Demand, match
from forecast.places.preference_order import DESTINATIONS
from forecast.places.supply import supply
from forecast.presentation import place_tables, summary
from forecast.runs.baseline import ForecastInputs
from forecast.validation.provision_backtest import latest_shares, published_kinds
from models.latent_demand import Prior
from models.moves import GROUPS, STAGE_CODES, StageFlows, observations
from models.provision_totals import (
    DRIFTS,
    FOLLOWS,
    FOLLOWS_AGE,
    FOLLOWS_WIDTH,
    KIND_CODES,
    KIND_COUNT,
    NATIONAL,
    REVERTS,
    FittedProvision,
)

history = history_tables.load("current")
fit = stored_fit.load(history)
inputs = ForecastInputs.prepare()
redbridge = areas.by_code(317)
origin, draws = history.origin, 500
SHOWN = [origin + ahead for ahead in (1, 3, 5)]
outcome = inputs.baseline(redbridge, years=10, draws=draws).outcome
rng = np.random.default_rng(1)

# %% [markdown]
# ## Where children are taught now
#
# Half of Redbridge's plan holders are in mainstream schools, against four in ten in England. It uses state special schools,
# specialist bases and independent special schools less.

# %%
made_of = composition_tables.load()
held = made_of.age_provision.sum("age", skipna=False)
use = pd.DataFrame(
    {
        "redbridge": held.sel(area=317).to_series(),
        "england": held.where(held.notnull()).sum("area").to_series(),
    }
)
share = (100 * use / use.sum()).rename(index=PROVISIONS)
use_chart = (
    alt.Chart(
        share.reset_index(names="provision").melt("provision", var_name="of", value_name="share"),
        title=f"Where plan holders were taught, January {origin}",
    )
    .mark_bar()
    .encode(
        y=alt.Y("provision:N", sort=None, title=None), x=alt.X("share:Q", title="% of plans"), yOffset="of:N", color="of:N"
    )
)  # fmt: skip
print(share.round(1).to_string())

# %% [markdown]
# ## How children move
#
# Nobody publishes who moved where. Authorities differ in what they had and what they have a year later, and that tells it
# (docs/model.md). Grey is what the prior allowed, black what was learnt: the share of children in mainstream schools, and of
# those in state special schools, who are somewhere else a year later. Many move at a
# phase transfer, few in between.

# %%
flows = placement_flow_tables.load(history, made_of)
evidence = StageFlows.of(flows)
found = []
for at, stage in enumerate(STAGE_CODES):
    given = observations(evidence, at)
    logits = given["log_odds"] + given["width"] * rng.standard_normal((400, len(GROUPS), len(GROUPS)))
    chance = np.exp(logits - logits.max(axis=2, keepdims=True))
    prior = chance / chance.sum(axis=2, keepdims=True)
    for group in ("mainstream", "state_special"):
        row = GROUPS.index(group)
        learnt = fit.moves.posterior["moves"].sel(stage=stage, group=group, group_to=group).to_numpy()
        for belief, stays in (("prior", prior[:, row, row]), ("learnt", learnt)):
            low, middle, high = 100 * (1 - np.quantile(stays, [0.95, 0.5, 0.05]))
            found.append(
                {"stage": stage, "from": group, "belief": belief, "low": low, "middle": middle, "high": high}
            )
moved = pd.DataFrame(found)
moves_chart = (
    alt.Chart(moved)
    .mark_errorbar(ticks=True)
    .encode(
        y=alt.Y("stage:N", sort=None, title=None),
        x=alt.X("low:Q", title="% somewhere else a year later, 5th to 95th percentile"),
        x2="high:Q",
        yOffset="belief:N",
        color=alt.Color("belief:N", scale=alt.Scale(domain=["prior", "learnt"], range=["#b1b4b6", "black"])),
    )
    .properties(title="Children move at phase transfers")
    .facet(column="from:N")
)
print(moved[moved["belief"] == "learnt"].round(0).to_string(index=False))
after_16 = fit.moves.posterior["moves"].sel(stage="after_year_11").mean("draw").to_pandas()
print(
    (100 * after_16.loc[["mainstream", "specialist_base", "state_special", "inmss"]]).round(0).T.to_string()
)

# %% [markdown]
# ## Places as they have filled
#
# Filled specialist places follow plans only in part. A back-test that needs no sampling: put the priors of
# `provision_totals` in place of a posterior, start from January 2022, and give it the totals that came, so that only the
# split is on trial. The bar keeps the latest shares. (The priors' means were settled on changes up to 2022; full scores,
# with totals forecast too and parameters fitted at each origin, are in docs/track-record-places.md.)

# %%
series = history_tables.load("series")
past = series.until(2022)
count = 400


def normal(middle: np.ndarray | float, width: np.ndarray | float) -> np.ndarray:
    return rng.normal(middle, width, (count, KIND_COUNT))


priors = {
    "follows": normal(FOLLOWS, FOLLOWS_WIDTH),
    "drift": normal(0, DRIFTS),
    "national": np.exp(normal(np.log(NATIONAL), 0.4)),
    "momentum": normal(0, 0.15),
    "reverts": normal(REVERTS, 0.02),
    "undone": rng.beta(2, 4, (count, KIND_COUNT)),
    "size": np.exp(normal(0.2, 0.5)),
    "tail": np.exp(normal(np.log(4), 0.3)),
}
believed = xr.Dataset({name: (("draw", "kind"), values) for name, values in priors.items()})
believed["follows_age"] = "draw", rng.normal(FOLLOWS_AGE, 0.15, count)
unfitted = FittedProvision.of(past, believed, fit.provision.diagnostics)
came = series.stock.sel(january=range(2023, series.origin + 1))
whole = came.notnull().all(("series", "january")) & series.pooled
came = came.sel(area=came["area"][whole.to_numpy()])
told = unfitted.kinds(came.expand_dims(draw=count), rng)
actual = published_kinds(series).sel(area=came["area"], january=came["january"])
shares_held = latest_shares(past).sel(area=came["area"]) * came.sel(series=ALL)
low, middle, high = (told.quantile(q, "draw") for q in (0.1, 0.5, 0.9))
known = actual.notnull()
back = pd.DataFrame(
    {
        "priors: missed by, %": 100 * abs(middle - actual).where(known).sum(("area", "january")).to_series(),
        "shares held: missed by, %": 100 * abs(shares_held - actual).where(known).sum(("area", "january")).to_series(),
    }
).div(actual.sum(("area", "january")).to_series(), axis=0)  # fmt: skip
inside = ((low <= actual) & (actual <= high)).where(known)
back["80 % interval held, %"] = 100 * inside.mean(("area", "january")).to_series()
print(back.loc[[*KIND_CODES, "rest"]].round(1).to_string())

# %% [markdown]
# ## Filled, observed, latent
#
# Three readings of state special places in Redbridge. *Filled*: if places go on being added as they were. *Observed*: if
# children move and choose as today. *Latent*: with those thought to be turned away today. The first is not demand, and
# the distance between the first two is what planning is about.

# %%
readings = {
    "filled": outcome.placements.future.sel(provision="state_special").sum("age"),
    "observed": outcome.shortfall.observed.sel(provision="state_special").sum(("phase", "need_group")),
    "latent": outcome.shortfall.latent.sel(provision="state_special").sum(("phase", "need_group")),
}
fans = pd.concat(
    values.quantile([0.1, 0.5, 0.9], "draw")
    .transpose("january", "quantile")
    .to_pandas()
    .set_axis(["low", "middle", "high"], axis=1)
    .assign(reading=name)
    for name, values in readings.items()
).reset_index()
fan = alt.Chart(fans).encode(x=alt.X("january:O", title="January"), color="reading:N")
reading_chart = (
    fan.mark_area(opacity=0.25).encode(y=alt.Y("low:Q", title="Children, 80 % interval"), y2="high:Q")
    + fan.mark_line().encode(y="middle:Q")
).properties(title="Redbridge, state special schools: filled is not wanted")
print(fans[fans["january"].isin([origin + 1, origin + 5, origin + 10])].round(0).to_string(index=False))

# %% [markdown]
# ## Turned away today
#
# Rationing by need group, and why it is a range and not a measurement: the data speak about the product of those turned
# away and the part of them whom overflow shows. That part keeps its prior (mean 0.7), and with it goes the size.

# %%
latent = fit.latent
specialist = latent.tables.placed.sel(provision=["state_special", "specialist_base"]).sum(
    ("phase", "provision")
)
away = (specialist * np.expm1(latent.rationing.astype(float))).transpose("draw", "area", "need_group")
by_need = pd.DataFrame(
    {
        "filled": specialist.sum("area").to_series(),
        "turned away": away.sum("area").mean("draw").to_series(),
        "Redbridge, filled": specialist.sel(area=317, drop=True).to_series(),
        "Redbridge, turned away": away.sel(area=317, drop=True).mean("draw").to_series(),
    }
).rename(index={g.code: g.label for g in NEED_GROUPS})
print(by_need.round(0).to_string())
england = away.sum(("area", "need_group")).to_numpy()
own = away.sel(area=317).sum("need_group").to_numpy()
shown = latent.shown.to_numpy().astype(float)
firm = Prior().shown * Prior().firmness
believed_shown = rng.beta(firm, Prior().firmness - firm, 4000)
for name, values, unit in (("England", england, 1), ("Redbridge", own, 1), ("shown, %", shown, 100),
                           ("shown beforehand, %", believed_shown, 100)):  # fmt: skip
    print(
        f"{name}: {unit * values.mean():,.0f} ({', '.join(f'{unit * q:,.0f}' for q in np.quantile(values, [0.05, 0.95]))})"
    )
identified = pd.DataFrame({"shown": shown, "turned_away": england, "product": shown * england})
shown_chart = (
    alt.Chart(identified, title="The less overflow shows, the more must have been turned away")
    .mark_point(opacity=0.5)
    .encode(
        x=alt.X("shown:Q", title="Part of those turned away whom overflow shows"),
        y=alt.Y("turned_away:Q", title="Turned away in England"),
    )
)

# %% [markdown]
# ## The register, and how schemes slip
#
# Places in draws: an agreed scheme of low confidence opens in three of four draws, and half of those are late. A register
# that counts proposals shows more places and no more certainty.

# %%
register = starting_register.shipped(317)
januaries = list(range(origin, origin + 11))
offered = []
for name, statuses in (
    ("open and agreed", ("open", "agreed")),
    ("with proposals", ("open", "agreed", "proposed")),
):
    drawn = supply(register, januaries, draws, np.random.default_rng(2), statuses=statuses)
    kinds = np.array([u.provision for u in drawn.units])
    for provision in SPECIALIST_PROVISIONS:
        places = drawn.places.isel(unit=np.flatnonzero(kinds == provision)).sum("unit")
        told_places = places.quantile([0.1, 0.9], "draw").transpose("january", "quantile").to_pandas()
        offered.append(
            told_places.set_axis(["low", "high"], axis=1).assign(
                mean=places.mean("draw").to_series(), provision=provision, counted=name
            )
        )
supplied = pd.concat(offered).reset_index()
supply_chart = (
    alt.Chart(supplied, title="Places expected, and their 10th to 90th percentile, with slippage")
    .mark_errorbar(ticks=True)
    .encode(
        x=alt.X("january:O", title="January"), y=alt.Y("low:Q", title="Places"), y2="high:Q", color="counted:N", row="provision:N"
    )
)  # fmt: skip
print(
    supplied[supplied["january"].isin([origin, *SHOWN])]
    .pivot_table(index=["provision", "counted"], columns="january", values="mean", sort=False)
    .round(0)
    .to_string()
)

# %% [markdown]
# ## Matching children to places, and the chance of a shortfall
#
# In every draw and January children meet the units that admit their age and need. Which cells bind first, when each is
# first short, and how many places would make it four to one that nobody is.

# %%
shortfall = summary.shortfall_long(outcome)
print(place_tables.binding(shortfall).head(8).round(2).to_string(index=False))
cells = shortfall[
    (shortfall["provision"] == "state_special")
    & (shortfall["phase"] != ALL)
    & (shortfall["need_group"] != ALL)
]
chance_chart = (
    alt.Chart(cells[cells["year"].isin(SHOWN)], title="Chance of a shortfall, state special schools")
    .mark_rect()
    .encode(
        x=alt.X("year:O", title="January"), y=alt.Y("need_group:N", title=None),
        color=alt.Color("p_shortfall:Q", title="Chance"), column=alt.Column("phase:N", sort=None),
    )
)  # fmt: skip
first = place_tables.first_years(outcome)
first = first[(first["provision"] == "specialist_post16") & (first["need_group"] == ALL)]
first = first[(first["phase"] == "post16") & (first["chance"] >= 0.01)]
print("First January short of specialist post-16 places (0: none)")
print(first[["january", "chance"]].round(2).to_string(index=False))
to_add = place_tables.places_to_add(outcome)
to_add = to_add[(to_add["need_group"] == ALL) & (to_add["places_to_add"] > 0)]
to_add = to_add.pivot_table(index=["phase", "provision"], columns="year", values="places_to_add", sort=False)
print(to_add[SHOWN].fillna(0).astype(int).to_string())

# %% [markdown]
# Places stand free while children are short: at New Rush Hall, which is for social, emotional and mental health, and in bases
# whose ages or needs are not those of the children waiting. A total of places would hide it. Part of it is what is
# not published: New Rush Hall had 74 pupils on its 80 places in January 2024, and how many live in Redbridge is not known.

# %%
settings = place_tables.settings_long(outcome)
settings = settings[settings["year"] == origin + 1].sort_values("free_mean", ascending=False)
print(
    settings[["setting", "places", "filled_mean", "free_mean", "p_full"]]
    .round(1)
    .head(8)
    .to_string(index=False)
)

# %% [markdown]
# ## Where the others go
#
# The preference order is an assumption that can be edited; its shares are England's, and uncertain in every draw. Each child
# is counted once, and afresh each January: a child who went to an independent school still wants the state place.

# %%
overflow = place_tables.overflow_long(outcome)
overflow = overflow[(overflow[["phase", "need_group", "provision"]] == ALL).all(axis=1)]
overflow_chart = (
    alt.Chart(
        overflow.replace({"destination": DESTINATIONS}),
        title="Children without the place they want, mean of draws",
    )
    .mark_area()
    .encode(x=alt.X("year:O", title="January"), y=alt.Y("mean:Q", title="Children"), color="destination:N")
)
print(
    overflow[overflow["year"] == SHOWN[-1]][["destination", "mean", "q10", "q90"]]
    .round(0)
    .to_string(index=False)
)
caused = place_tables.causes(outcome, ("inmss", "eotas"))
print(caused[caused["year"] == SHOWN[-1]].head(6).round(1).to_string(index=False))

# %% [markdown]
# ## How much rests on what cannot be known
#
# The same children and the same luck in the register, with observed demand, halfway, and latent demand, and with proposals
# counted. Expected children short of a state special place:

# %%
turned_away = latent.of_area(317, draws, np.random.default_rng(3))
usual = Demand()
cases = {
    "observed (0)": replace(usual, blend=0.0),
    "halfway (0.5)": replace(usual, blend=0.5),
    "latent (1)": usual,
    "latent, proposals counted": replace(usual, statuses=("open", "agreed", "proposed")),
}
short = {}
for name, demand in cases.items():
    matched = match(outcome.placements, register, turned_away, origin, np.random.default_rng(4), demand)
    in_all = matched.short.sel(provision="state_special").sum(("phase", "need_group"))
    short[name] = in_all.mean("draw").to_series()
sensitivity = pd.DataFrame(short)
blend_chart = (
    alt.Chart(
        sensitivity.reset_index().melt("january", var_name="case", value_name="short"),
        title="Growth in demand outweighs what latent demand adds",
    )
    .mark_line()
    .encode(x=alt.X("january:O", title="January"), y=alt.Y("short:Q", title="Children short"), color="case:N")
)
print(sensitivity.loc[[*SHOWN, origin + 10]].round(0).to_string())

# %% [markdown]
# Everything adds up, in every draw.

# %%
now = outcome.shortfall
plans = outcome.plans.future.sum("need")
assert float(abs(outcome.placements.future.sum("provision") - plans).max()) < 1e-2
assert float(abs(now.overflow.sum("destination") - now.short).max()) < 1e-2
assert float((now.unit_filled.sum(("phase", "need_group")) - now.unit_places).max()) < 1e-2
assert bool((sensitivity["observed (0)"] <= sensitivity["latent (1)"] + 1e-6).all())
