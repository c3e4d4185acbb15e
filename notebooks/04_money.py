# %% [markdown]
# # Money: what high needs costs, what comes in, who bears the rest
#
# Children and places from the forecast, prices with their source, income as published and announced: pounds by financial
# year, future by future. From the balance of Redbridge to why cost rises, who bears a deficit, what a scenario saves, what
# one row of the council's ledger changes, and what a ceiling on fees would do. Runs in under a minute at a few draws: read
# shapes here, and take figures from `sendplan money`. What each figure is and is not: `docs/finance.md`.

# %%
import tempfile
from pathlib import Path

import altair as alt
import numpy as np
import pandas as pd

from data import areas
from data.prices.ledger import read_ledger
from data.prices.price_book import replacements
from data.prices.starting_books import for_area
from forecast.finance.attribution import CAUSES, PARTS, attribution
from forecast.finance.balance import REGIMES
from forecast.finance.finance_model import FinanceModel, Money, MoneyPlan
from forecast.presentation import money_tables
from forecast.presentation.funding_regimes import REGIME_WORDS
from forecast.presentation.money_report import CAUSE_LABELS
from forecast.presentation.wording import table_pounds
from forecast.runs import scenario_run
from forecast.runs.baseline import shared_inputs
from scenarios import reading

DRAWS, YEARS = 100, 6
base = shared_inputs().baseline(areas.resolve("Redbridge")[0], years=YEARS, draws=DRAWS)
finance = FinanceModel.of(base.outcome)
unmitigated = finance.money(base.outcome)
years = [y.label for y in unmitigated.costs.years]
COLOURS = ["#d4351c", "#1d70b8", "#00703c", "#505a5f"]


def bands(draws: np.ndarray, **named: str) -> pd.DataFrame:
    """One row a financial year, in millions: the middle and the ends of 80 % of draws."""
    low, middle, high = np.quantile(draws / 1e6, (0.1, 0.5, 0.9), axis=0)
    return pd.DataFrame({"year": years, "low": low, "middle": middle, "high": high}).assign(**named)


def fan(told: pd.DataFrame, by: str, title: str, unit: str = "£m, nominal") -> alt.LayerChart:
    """Middle and 80 % interval by financial year, a colour for each of what the column ``by`` names."""
    names = list(dict.fromkeys(told[by]))
    scale = alt.Scale(domain=names, range=COLOURS[: len(names)])
    colour = alt.Color(f"{by}:N", sort=None, title=None, scale=scale, legend=alt.Legend(symbolOpacity=1))
    chart = alt.Chart(told).encode(x=alt.X("year:O", title="Financial year"), color=colour)
    area = chart.mark_area(opacity=0.2).encode(y=alt.Y("low:Q", title=unit), y2="high:Q")
    return (area + chart.mark_line().encode(y="middle:Q")).properties(title=title, width=420, height=240)


# %% [markdown]
# ## The balance
#
# Cost and income are both before deductions for places that DfE pays itself. The year before the first is the council's own:
# costs are scaled, draw by draw, so that 2025-26 comes to the overspend the Schools Forum was told. From 2026-27 on the model
# speaks.

# %%
table = money_tables.balance_table(unmitigated)
shown = ["total", "in_year", "stability_grant", "closing"]
wide = table[table["line"].isin(shown)].pivot_table(
    "mean", ["kind", "line"], "financial_year", sort=False, aggfunc="first"
)
print((wide / 1e6).round(1).to_string())
low, middle, high = np.quantile(finance.model.scale, (0.1, 0.5, 0.9))
print(f"costs other than of places are multiplied by {middle:.2f} ({low:.2f} to {high:.2f})")
high_needs = unmitigated.costs.high_needs.to_numpy()
balance_chart = fan(
    pd.concat([bands(high_needs, what="Cost"), bands(unmitigated.income.total.to_numpy(), what="Income")]),
    "what", "High needs in Redbridge, 80 % of futures",
) | fan(
    bands(unmitigated.balance.closing.to_numpy(), what="Balance at 31 March"), "what", "A deficit is minus",
)  # fmt: skip

# %% [markdown]
# Who pays for what: children go where the forecast puts them as far as there are places. Beyond the places in the register
# they are paid for where the preference order sends them. So the budget has more children in independent schools, and fewer
# in special schools, than the forecast of filled places, which supposes that places go on being added.

# %%
cells = ("phase", "need_group")
paid = unmitigated.costs.children.sum(cells).mean("draw")
filled = base.outcome.placements.future.sum("age").mean("draw")
print(
    "Children in the last year: paid for (average of the year), and filled if places go on being added (its January)"
)
for provision in ("mainstream", "specialist_base", "state_special", "inmss", "eotas"):
    there = (paid.sel(provision=provision)[-1], filled.sel(provision=provision)[-1])
    print(f"  {provision:18}" + "".join(f"{float(n):10,.0f}" for n in there))

# %% [markdown]
# ## Why cost rises
#
# More children (volume), who and where they are (mix), dearer places (price). The three add up in every future, in pence.

# %%
first, last = finance.model.years[0], finance.model.years[4]
why = attribution(unmitigated.costs, unmitigated.costs, first, last)
told = money_tables.attribution_table(why)
print((told.pivot_table("mean", "part", "cause", sort=False) / 1e6).round(1).to_string())
whole = told[(told["part"] == "All") & (told["cause"] != "change")].set_index("cause")["mean"] / 1e6
start = float(why.before.sum(axis=1).mean()) / 1e8
steps = pd.DataFrame(
    {
        "bar": [first.label, *(CAUSE_LABELS[c] for c in CAUSES), last.label],
        "from": [0.0, *(start + whole.reindex(CAUSES).cumsum() - whole.reindex(CAUSES)), 0.0],
        "to": [start, *(start + whole.reindex(CAUSES).cumsum()), start + float(whole.sum())],
        "is": ["year", *("more" if whole[c] > 0 else "less" for c in CAUSES), "year"],
    }
)
waterfall_chart = (
    alt.Chart(steps, title=f"High needs cost, {first.label} to {last.label}, mean", width=420)
    .mark_bar()
    .encode(
        y=alt.Y("bar:N", sort=None, title=None),
        x=alt.X("from:Q", title="£m, nominal"), x2="to:Q",
        color=alt.Color("is:N", title=None, scale=alt.Scale(
            domain=["year", "more", "less"], range=["#505a5f", "#f47738", "#1d70b8"])),
    )
)  # fmt: skip

# %% [markdown]
# ## Who bears a deficit
#
# The override ends on 31 March 2028, and what follows is not decided. Three rules, with and without the stability grant. In
# none of them does anybody else take on the deficit that is there on that day.

# %%
regimes = money_tables.regimes_table(finance, unmitigated)
at_end = regimes[regimes["financial_year"] == years[-1]]
print(
    at_end.assign(mean=[table_pounds(v) for v in at_end["mean"]])[
        ["regime", "grant", "mean", "p_deficit"]
    ].to_string(index=False)
)
regimes_chart = fan(
    pd.concat(
        bands(
            finance.closing(base.outcome, unmitigated.costs, unmitigated.income, name).closing.to_numpy(),
            rule=REGIME_WORDS[name].label,
        )
        for name in REGIMES
    ),
    "rule", "Balance at 31 March under each rule, grant paid",
)  # fmt: skip

# %% [markdown]
# ## A scenario against the baseline
#
# Prices, income and luck are the baseline's, so what differs is what the levers did.

# %%
bases = reading.library()["inclusion-bases"]
mitigated = finance.money(scenario_run.rerun(base, bases))
difference = money_tables.difference_table(unmitigated, mitigated)
print(difference[difference["line"] == "cost"].round(2).to_string(index=False))
saved = mitigated.costs.high_needs.to_numpy() - high_needs
scenario_chart = fan(
    pd.concat([bands(high_needs, what="Baseline"), bands(mitigated.costs.high_needs.to_numpy(), what=bases.title)]),
    "what", "Two fans that overlap",
) | fan(bands(saved, what="Difference"), "what", "The difference, future by future")  # fmt: skip

# %% [markdown]
# ## What a row of the council's ledger changes
#
# One row says what the council pays for an INMSS place: £70,000 in 2025-26. It replaces our estimate and nothing else. Where
# costs are scaled to the council's own overspend of 2025-26, the dearer fee leaves that year as it was: all else is then cheaper
# than thought, and what changes is how cost grows.

# %%
LEDGER = """\
item,provision,need_group,age_low,age_high,price,low,high,price_year,s251_line,dsg_block,basis,confidence,source
inmss_fee,inmss,All,2,25,70000,68000,72000,2025-26,1.2.3,high_needs,council,high,"Placement ledger, made up for this notebook"
"""
ours = for_area(base.outcome.area.la_code)
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "unit_costs.csv"
    path.write_text(LEDGER, encoding="utf-8")
    book = ours.with_rows(read_ledger(path, ours.inflation, la_code=base.outcome.area.la_code).rows)
for one in replacements(book, "council"):
    print("-", one)
changed = {}
for scaled in (True, False):
    plan = MoneyPlan(as_modelled=not scaled)
    one, other = (FinanceModel.of(base.outcome, plan=plan, book=b).costs(base.outcome) for b in (ours, book))
    more = (other.high_needs - one.high_needs).mean("draw").to_numpy()
    changed[scaled] = more
    print(
        f"{'scaled to the council' if scaled else 'as modelled':22}",
        *(f"{y} {table_pounds(v, signed=True)}" for y, v in zip(years, more, strict=True)),
    )

# %% [markdown]
# ## A ceiling on fees
#
# £60,000 for INMSS places, for all of them or for new ones only. Fees differ between placements: a ceiling saves what lies
# above it, and nothing on those below. New placements come a few each year, so that ceiling saves little at first.

# %%
CEILING = """
id: ceiling-{covers}
title: A ceiling on INMSS fees, {covers} placements
levers:
  - kind: price_cap
    id: ceiling
    covers: {covers}
    when: 2027
    change: 60000
    why: To find out what a ceiling saves.
"""
capped: dict[str, Money] = {}
for covers in ("all", "new"):
    scenario = reading.parse(CEILING.format(covers=covers), "this notebook")
    outcome = scenario_run.rerun(base, scenario)
    assert outcome.plans is base.outcome.plans, "a ceiling moves no child"
    capped[covers] = finance.money(outcome)
savings = {covers: high_needs - m.costs.high_needs.to_numpy() for covers, m in capped.items()}
for covers, values in savings.items():
    print(f"{covers:4}", *(f"{y} {table_pounds(v)}" for y, v in zip(years, values.mean(axis=0), strict=True)))
ceiling_chart = fan(
    pd.concat(bands(values, covers=f"{covers} placements") for covers, values in savings.items()),
    "covers", "Saved by a ceiling of £60,000",
)  # fmt: skip

# %% [markdown]
# Everything adds up, in every future, and the baseline is as it was.

# %%
for one in (unmitigated, mitigated, *capped.values()):
    told = one.balance
    moved = told.in_year + told.stability_grant + told.met_by_centre
    assert np.allclose(told.opening.to_numpy() + moved.sum("financial_year"), told.closing[:, -1])
    lines = one.costs.pounds.sum("line") - one.costs.high_needs - one.costs.general_fund
    assert float(abs(lines).max()) < 1e-3
assert (why.before + why.volume + why.mix + why.price == why.after).all()
assert len(PARTS) == why.before.shape[1]
assert np.isclose(steps["to"].iloc[-1], why.after.sum(axis=1).mean() / 1e8)
assert (savings["all"] >= savings["new"] - 1e-6).all()
assert (savings["new"] >= -1e-6).all()
assert abs(changed[True][0]) < 0.2 * abs(changed[False][0])
assert np.array_equal(finance.costs(base.outcome).high_needs.to_numpy(), high_needs)
