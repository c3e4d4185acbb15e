# %% [markdown]
# # Demand: how the forecast of EHC plans is made, on real data
#
# From twenty years of returns to the headline: what grew, what signals growth, what the model believed before seeing any data,
# how well it would have done, and what it says about ages and needs. Runs in seconds: it reads the stored fit.

# %%
import altair as alt
import numpy as np
import pandas as pd
import xarray as xr

from data import areas
from data.panels import composition_tables, history_tables
from data.vocabulary import ALL, NEED_CODES
from forecast.demand import stored_fit
from forecast.demand.members import Models
from forecast.presentation import explain
from forecast.runs.baseline import ForecastInputs
from forecast.validation import backtest
from models.growth import COVARIATES, STEP_TAIL
from models.memory import Memory

history = history_tables.load("current")
fit = stored_fit.load(history)
inputs = ForecastInputs.prepare()

# %% [markdown]
# ## What grew
#
# Plans grew by one or two per cent a year while they were statements, and by about ten since. The path can bend: 2014 did it.

# %%
england = history.stock.sel(series=ALL).where(history.pooled, drop=True).sum("area", skipna=True).to_series()
growth = (100 * np.log(england).diff()).dropna().rename("growth").reset_index()
growth_chart = (
    alt.Chart(growth, title="EHC plans have grown by about 10 % a year since 2016")
    .mark_bar()
    .encode(x=alt.X("january:O", title="January"), y=alt.Y("growth:Q", title="Growth on the year before, %"))
)
print(growth.round(1).to_string(index=False))

# %% [markdown]
# ## What the model believed beforehand
#
# Prior predictive check: national growth drawn from the priors alone (docs/model.md) should make the growth that was seen
# unsurprising, and so should a collapse or a doubling of it, without allowing the absurd.

# %%
rng = np.random.default_rng(1)
count, years = 4000, history.origin - 2010
persistence, shock = rng.beta(18, 2, count), rng.lognormal(np.log(0.012), 0.5, count)
long_run = np.where(
    np.arange(years) < 5, rng.normal(0.02, 0.02, count)[:, None], rng.normal(0.06, 0.03, count)[:, None]
)
away, paths = np.zeros(count), []
for year in range(years):
    away = persistence * away + shock * rng.standard_t(STEP_TAIL, count)
    paths.append(long_run[:, year] + away)
prior = pd.DataFrame(
    np.quantile(np.array(paths), [0.05, 0.5, 0.95], axis=1).T, columns=["low", "middle", "high"]
)
prior = 100 * prior.assign(january=range(2011, history.origin + 1)).set_index("january")
seen = growth.set_index("january")["growth"]
inside = float(((prior["low"] <= seen) & (seen <= prior["high"])).mean())
prior_chart = (
    alt.Chart(prior.reset_index(), title="Growth the priors allow, 5th to 95th percentile")
    .mark_area(opacity=0.4)
    .encode(x="january:O", y=alt.Y("low:Q", title="National growth, %"), y2="high:Q")
) + alt.Chart(growth).mark_point(color="black").encode(x="january:O", y="growth:Q")
print(f"{100 * inside:.0f} % of the years seen lie in the prior's 90 % interval")

# %% [markdown]
# ## What signals growth
#
# Effect of one robust standard deviation between authorities on next year's growth, percentage points. Requests raise it,
# refusals lower it, assessments under way raise it, and authorities with many plans per child grow more slowly.

# %%
posterior = fit.growth.posterior
effect = np.concatenate(
    [posterior["signed_effect"].to_numpy() * [1, -1], posterior["free_effect"].to_numpy()], axis=1
)
effects = pd.DataFrame(
    100 * np.quantile(effect, [0.05, 0.5, 0.95], axis=0).T,
    columns=["low", "middle", "high"],
    index=list(COVARIATES),
)
effect_chart = (
    alt.Chart(effects.reset_index(names="indicator"), title="Requests and work under way lead growth")
    .mark_errorbar(ticks=True)
    .encode(
        y=alt.Y("indicator:N", sort=None, title=None), x=alt.X("low:Q", title="Points of growth"), x2="high:Q"
    )
)
print(effects.round(2))

# %% [markdown]
# ## Members and the headline, Redbridge
#
# Weights are learnt on past origins; the members that see the pipeline carry most.

# %%
redbridge = areas.by_code(317)
print(fit.weights.to_pandas().round(2))
fans = []
for name in ("headline", "bayes_growth", "regional_growth"):
    model = {"headline": fit.totals, "bayes_growth": fit.growth}.get(name) or Models(Memory()).totals(
        name
    ).fit(history, rng=rng)
    told = (
        model.forecast(range(history.origin + 1, history.origin + 6), [317])
        .quantiles([0.1, 0.5, 0.9])
        .sel(area=317, series=ALL)
    )
    fans.append(told.to_pandas().set_axis(["low", "middle", "high"], axis=1).assign(model=name))
fan = pd.concat(fans).reset_index()
fan_chart = (
    alt.Chart(fan, title="Redbridge: the pipeline points higher than the growth rule")
    .mark_area(opacity=0.3)
    .encode(x="january:O", y=alt.Y("low:Q", title="EHC plans, 80 % interval"), y2="high:Q", color="model:N")
)
print(fan.round(0).to_string(index=False))

# %% [markdown]
# ## How well it would have done
#
# One origin, two cheap models; the full table is docs/track-record.md. A ratio below 1 beats the pooled growth rule.

# %%
series = history_tables.load("series")
cheap = Models(Memory())
scores = backtest.score(
    backtest.backtest(series, [cheap.totals(n) for n in ("pipeline_ridge", "regional_growth")], [2023], 2),
    series,
)
print(
    backtest.totals(scores)[["model", "horizon", "ratio", "mape", "coverage_80"]]
    .round(3)
    .to_string(index=False)
)

# %% [markdown]
# ## Ages and needs
#
# Needs cannot be back-tested: stock by need and authority is published once. So look at what goes in: joiners differ from the
# stock (more speech and mental health needs, fewer learning difficulties), in part because recorded needs change with age. How
# much is recoding cannot be told from one January, so every draw believes a part of it.

# %%
made_of = composition_tables.load()
stock_mix = made_of.stock.sum(("area", "age")).to_series()
joiner_mix = made_of.joiners.sum(("area", "age")).to_series()
mix = pd.DataFrame({"stock": stock_mix / stock_mix.sum(), "joiners": joiner_mix / joiner_mix.sum()})
print((100 * mix).round(1))

# %% [markdown]
# The national path by need that follows, adding up a hundred draws of every authority.

# %%
paths_by_need = []
for authority in areas.resolve("all"):
    outcome = inputs.baseline(authority, years=5, draws=100).outcome
    paths_by_need.append(outcome.plans.future.sum("age").mean("draw"))
national = xr.concat(paths_by_need, dim="area", join="exact").sum("area").to_pandas()
share = 100 * national.div(national.sum(axis=1), axis=0)
need_chart = (
    alt.Chart(
        share.reset_index().melt("january", var_name="need", value_name="share"),
        title="Shares of needs if today's flows go on",
    )
    .mark_line()
    .encode(x="january:O", y=alt.Y("share:Q", title="% of plans in England"), color="need:N")
)
print(share[list(NEED_CODES)].round(1))

# %% [markdown]
# ## Why Redbridge grows
#
# The change to January 2030, split so that the terms add up in every draw.

# %%
outcome = inputs.baseline(redbridge, years=5).outcome
print(explain.table(outcome.plans, 2030).round(0).to_string(index=False))
bands = outcome.plans.future.sum("need")
total = bands.sum("age")
flows = outcome.plans.flows
step = (flows["joiners"] + flows["transfers"]).sum(("age", "need")) - flows["leavers"].sum(("age", "need"))
before = total.shift(january=1).fillna(float(flows["opening"].sum()))
assert float(abs(total - before - step).max()) < 1e-6
print("Joiner index by band, median:")
print(flows["index"].median(("draw", "january")).round(2).to_series())
