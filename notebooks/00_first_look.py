# %% [markdown]
# # First look: Redbridge's plans and places
#
# From published tables to the chance that secondary special school places run short, in a few lines.

# %%
from data import areas
from forecast.presentation import summary, words
from forecast.runs.baseline import ForecastInputs

inputs = ForecastInputs.prepare()
redbridge = inputs.baseline(areas.by_code(317), years=10).outcome
plans = summary.plans_long(redbridge)
places = summary.shortfall_long(redbridge)

# %%
print(words.headline(redbridge, plans, places))

# %% [markdown]
# Plans each January: 10th, 50th and 90th percentile. Medians are taken after sums within a draw.

# %%
print(summary.interval(plans).round(0))

# %% [markdown]
# The chance of a shortfall in secondary state special schools, January by January.

# %%
secondary = places.query("phase == 'secondary' and provision == 'state_special'")
print(secondary[["year", "places", "wanted_q10", "wanted_q50", "wanted_q90", "p_shortfall"]].round(2))
