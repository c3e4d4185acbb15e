"""``docs/schema.md``: the public contract of files and objects, written from the code that enforces it.

``make docs`` prints this page into place; a test fails while the page and the schemas disagree.
"""

from __future__ import annotations

from data.schemas import TABLES
from data.schemas.base import Table
from data.schemas.reference import REFERENCE_TABLES

OBJECTS = """\
# Schema

What the files hold and what the objects that travel look like. Other programs may rely on this page; a change to it is
a change for them and goes in the changelog. The tables below are written from the schemas by `make docs`.

## Codes

`la_code` is the DfE number of an authority (Redbridge 317), always an integer. A January is the year of the census; a
calendar year is that of a flow; a financial year is written `2023-24` and an academic year `2024/25`. January y falls in
academic year (y - 1)/y. Ages are whole years at 31 August before the January (national curriculum year + 4); age 2 stands for
"2 and under" and, in flows, age 20 for "20 and over" and -1 for unknown. Need, need group, provision, phase and age band codes
are in `data/vocabulary.py`; destinations are in `forecast/places/preference_order.py`.

Long series: areas that were split or merged are added together in back-tests under one number: 835 Bournemouth, Poole
and Dorset (now 838 and 839), 928 Northamptonshire (940 and 941), 909 Cumbria (942 and 943).

## Files a run writes

`plans.parquet` and the file of `sendplan backtest --out`:

| Column | Type | Says |
|---|---|---|
| model | text | `headline` is the product's own forecast |
| la_code | integer | DfE number; in back-tests, of the long series |
| origin | integer | last January the model saw |
| target | integer | January forecast |
| age_band | text | `All`, `0-4`, `5-10`, `11-15`, `16-19`, `20-25` |
| need | text | `All` or a need code; always `All` in back-tests |
| quantile | number | 0.025, 0.05, ... 0.975 |
| value | number | EHC plans |

`shortfall.parquet`, children and places, also written by `sendplan places`. January y is set against the places of academic year
(y - 1)/y; rows for `All` add up within a draw:

| Column | Type | Says |
|---|---|---|
| la_code | integer | DfE number |
| year | integer | January |
| phase | text | `All`, `early_years`, `primary`, `secondary`, `post16` |
| need_group | text | `All` or a need group |
| provision | text | `All`, `state_special`, `specialist_base`, `specialist_post16` |
| places | number | expected places that residents may take, local and elsewhere, after slippage; see below |
| wanted_q10, wanted_q50, wanted_q90 | number | children who want such a place, at the demand asked for (latent if not said) |
| filled_q50 | number | median of children matched to a place of the kind they want, in a unit that admits their age and need |
| shortfall_mean, shortfall_q10, shortfall_q50, shortfall_q90 | number | children matched to no such place; q50 is told |
| p_shortfall | number | share of draws in which that is one child or more |

Places of a phase, all needs together, are a setting's places shared evenly between its open year groups, an estimate: more
children can be filled in a phase. Places of one need group are those its children fill and free ones that would admit them: a
free place counts for every group and phase that it admits, so these rows do not add up.

`flows.parquet`, in plans; means add up, percentiles need not:

| Column | Type | Says |
|---|---|---|
| la_code | integer | DfE number |
| year | integer | calendar year; its flows lead to the January after it |
| age_band | text | `All` or a band; leavers by age in the January before, others by age in the January after |
| flow | text | `joiners` (new plans), `leavers` (plans that end) or `transfers` (moves in less out, and what is unexplained) |
| reason | text | `All`; for leavers also each reason |
| mean, q10, q50, q90 | number | mean and percentiles of draws |

`process.parquet`, children and young people:

| Column | Type | Says |
|---|---|---|
| la_code | integer | DfE number |
| year | integer | calendar year |
| age_band | text | `All` or a band, age at the January after |
| measure | text | `requests`, `refused`, `withdrawn`, `accepted`, `assessments`, `assessments_without_plan`, `new_plans` |
| mean, q10, q50, q90 | number | mean and percentiles of draws |

`sendplan forecast` writes the files above; `sendplan scenario run` writes them for one scenario, with `scenario.yaml`, the
scenario itself; `sendplan places` writes `shortfall.parquet` and those below. With `all`, each file holds every authority.

`demand.parquet`, children who want a specialist place:

| Column | Type | Says |
|---|---|---|
| la_code, year | integer | DfE number, January |
| phase, need_group, provision | text | as in `shortfall.parquet` |
| demand | text | `observed` (today's choices), `latent` (with those thought to be turned away) or `used` |
| mean, q10, q50, q90 | number | mean and percentiles of draws |

`overflow.parquet`, children without the place they want; each is counted once, and afresh each January:

| Column | Type | Says |
|---|---|---|
| la_code, year | integer | DfE number, January |
| phase, need_group, provision | text | as in `shortfall.parquet`; `provision` is what they wanted |
| destination | text | `forecast/places/preference_order.py`: `inmss`, `waiting`, a provision with a free place ... |
| mean, q10, q50, q90 | number | mean and percentiles of draws; means add up to `shortfall_mean` |

`first_years.parquet`, when places first run out:

| Column | Type | Says |
|---|---|---|
| la_code | integer | DfE number |
| phase, need_group, provision | text | as in `shortfall.parquet` |
| january | integer | a January, or 0 for "none of them" |
| chance | number | share of draws in which it is the first with a child or more without a place; adds up to 1 in a cell |

`places_to_add.parquet`:

| Column | Type | Says |
|---|---|---|
| la_code, year | integer | DfE number, January |
| phase, need_group, provision | text | as in `shortfall.parquet` |
| places_to_add | integer | fewest places of the kind with which there is no shortfall in 80 % of draws |

Every row stands alone: places to add do not add up.

`settings.parquet`, one row a unit (a setting, or a part of one with its own ages) and January:

| Column | Type | Says |
|---|---|---|
| la_code, year | integer | DfE number of the authority whose residents are matched, January |
| setting | text | name of the unit, unlike any other's |
| urn | integer | of the school; null where there is none |
| provision, located | text | as in the register |
| places, places_q10, places_q90 | number | places residents may take: mean and percentiles of draws, because schemes slip |
| filled_mean | number | taken by children who want such a place |
| free_mean | number | left when those who wanted another kind have taken theirs too |
| p_full | number | share of draws in which the unit is open and less than one place is left |

`placements.parquet`, plans by where they are taught if places go on being added as they were (filled, not wanted):

| Column | Type | Says |
|---|---|---|
| la_code, year | integer | DfE number, January |
| age_band | text | `All` or a band |
| provision | text | any provision code |
| mean, q10, q50, q90 | number | mean and percentiles of draws; means of provisions add up to plans |

`post16.parquet`, the same from 16:

| Column | Type | Says |
|---|---|---|
| la_code, year | integer | DfE number, January |
| ages | text | `16-18` or `19-25` |
| provision | text | any provision code, or `supported_internship` |
| mean, q10, q50, q90 | number | mean and percentiles of draws |

Interns are counted within colleges, sixth forms and training providers, not beside them.

`zones.parquet`, written for one authority only, an apportionment of its wanted places by where children live and not a count:

| Column | Type | Says |
|---|---|---|
| la_code, year | integer | DfE number, January |
| zone_code, zone_name | text | ward in London, district in counties, otherwise the authority |
| phase | text | `early_years`, `primary`, `secondary`, `post16` |
| wanted_mean | number | expected children who want a specialist place; zones add up to the authority |

`sendplan money-check --out` writes four tables: `lines.parquet` (one row an authority, line, rule and interval: what was
predicted from other authorities and what was spent, pounds), `scores.parquet` (errors, bias and coverage by line, rule, interval
and area, per cent), `balances.parquet` (balances of councils that have stated figures, forecast from earlier Januaries, pounds)
and `balance_scores.parquet` (points of the grant).

The file of `sendplan backtest-places --out` holds one row an authority, kind, origin and target: la_code, kind, origin, target,
horizon, era, actual, median, in_80, width_80, and crps of the model and of two benchmarks (crps_latest, crps_held).

The file of `sendplan scenario compare --out`, one row a scenario, January and measure. Every scenario uses the same draws;
differences are from the first scenario named, taken within a draw, and 0 for that one:

| Column | Type | Says |
|---|---|---|
| scenario | text | its id; with its version, as `our-plan@2`, where two versions of one are compared |
| la_code | integer | DfE number |
| year | integer | January; new plans and plans that ended are of the calendar year before it |
| measure | text | `plans`, `joiners`, `leavers`, `specialist_wanted`, `shortfall` (children), `p_shortfall` (0-1), `cost` (£) |
| mean, q10, q50, q90 | number | mean and percentiles of draws |
| diff_mean, diff_q10, diff_q50, diff_q90 | number | mean and percentiles of differences, not differences of percentiles |

`specialist_wanted` and `shortfall` are of all specialist provisions together. A draw either has a shortfall, of one child or
more, or has none: the chance is the mean of `p_shortfall`, and its percentiles say nothing more. `cost` is what the high
needs block pays in the financial year that the January is in: January 2030 is in 2029-30. It
is left out where an authority's income is not published (City of London, Isles of Scilly).

`sendplan money` writes the files below. Amounts are nominal pounds of their financial year; cost and income are before
deductions for places that DfE pays itself; a deficit is minus. What each line is: [finance.md](finance.md).

`balance.parquet`, and the same as `balance.csv`; with `--scenario` they are the scenario's, and `unmitigated_balance.parquet` has
the baseline's:

| Column | Type | Says |
|---|---|---|
| la_code | integer | DfE number |
| financial_year | text | `2026-27` |
| line | text | of cost, income or balance; a kind's `total`; cost to the general fund adds up to `total_general_fund` |
| s251 | text | lines of the S251 return, joined by `;`; empty for totals and income |
| dsg_block | text | `high_needs`, `schools` (transfer), `general_fund`, `none` (outside the grant) or `all` (total income) |
| kind | text | `cost`, `income`, `balance` (what moves it in the year) or `cumulative` (what stands at a year's ends) |
| mean | number | mean of draws in whole pence; means add up |
| q10, q50, q90 | number | percentiles of draws; they do not add up |

`balance` has `in_year` (income less cost), `stability_grant` and `met_by_centre`; `cumulative` has `opening`, `closing` and
`unprotected` (the deficit that stands against reserves, as a plus). In every draw, and in means: opening + in_year +
stability_grant + met_by_centre = closing, and closing opens the next year. `total` and `total_general_fund` are never to be added
to lines. Its metadata hold units, price base, sign and scenario.

`cost_detail.parquet`, the same cost by whom it is for; cells where nobody is paid for are left out:

| Column | Type | Says |
|---|---|---|
| la_code, financial_year | integer, text | as above |
| line | text | as above; transport is one line here, whatever the age |
| item | text | item of the price book; empty where cost does not follow children |
| s251, dsg_block | text | as above; lines that share a cell are joined by `;` |
| provision, phase, need_group | text | codes, or `All` where cost does not follow children |
| children_mean | number | children in the cell, average of the year; null for `All` |
| per_child_mean | number | pounds for each; null for `All` |
| mean, q10, q50, q90 | number | pounds; not rounded |

`attribution.parquet`, why high needs cost differs between the first financial year and the fifth, and
`scenario_attribution.parquet`, the same between baseline and scenario in the fifth:

| Column | Type | Says |
|---|---|---|
| part | text | `All`, a provision, `places`, `elsewhere` or `other` |
| cause | text | `volume` (more children), `mix` (who and where they are), `price`, or `change`, the sum of the three |
| mean, q10, q50, q90 | number | pounds; means add up over causes and parts |

`regimes.parquet`, the balance at 31 March under each rule of who bears deficits after the override:

| Column | Type | Says |
|---|---|---|
| regime | text | `authority_bears`, `centre_bears`, `share` |
| grant | text | stability grant `paid` or `not paid` |
| financial_year | text | it stands at the end of this year |
| mean, q10, q50, q90 | number | pounds |
| p_deficit | number | chance of a deficit, 0 to 1 |

`difference.parquet`, with `--scenario` only, what the scenario changes, future by future:

| Column | Type | Says |
|---|---|---|
| financial_year | text | as above |
| line | text | `cost` (high needs), `general_fund` (both minus where it saves) or `closing` (plus where it is better) |
| mean, q10, q50, q90 | number | pounds |
| p_saves | number | chance that the scenario is the better one, 0 to 1 |

`prices.csv`, the prices in use: the columns of a ledger ([unit-costs.md](unit-costs.md)) but `median` and `note`, and

| Column | Type | Says |
|---|---|---|
| level | text | whose price it is: `council`, `authority` or `england` |
| unit | text | pounds a place, child or traveller and year, or a share |
| mean_YEAR, q10_YEAR, q90_YEAR | number | the price in the first and the fifth financial year, before scaling |

`summary.md`, `places.md` and `money.md` are for people. `run.json` holds arguments, seed, versions and the sha256 of every
input, and the council's own count where one was used, with what it moved; it holds no date of the run, so equal runs give equal
files.

## Objects that travel

| Object | Dimensions | Invariant |
|---|---|---|
| `History.stock` | area, series, january | nothing after the origin; NaN where not published |
| `History.flows` | area, year | calendar years before the origin's January only |
| `Composition` | area, age, need or provision | an authority that did not return is NaN throughout, never zero |
| `History.placements` | area, provision, january | nothing after the origin; NaN in all provisions where one was withheld |
| `History.residents` | area, mid_year, age | estimates published by the origin, as first published where that is held |
| `Plans.future` | draw, january, age, need | ages and needs add up to the total in every draw |
| `Plans.flows` | draw, january, age, need | stock = stock before - leavers + joiners + transfers, in every draw |
| `Plans.process` | draw, year, age | assessments = new plans + assessments without a plan, in every draw |
| `Placements.future` | draw, january, age, provision | as places have filled: provisions add up to plans in every draw |
| `Placements.wanted` | draw, january, provision, age, need | at today's choices: no more than plans |
| `Register` | rows of settings | a file with a problem is not read at all; capacity, roll and funded places are three columns |
| `Supply.places` | draw, january, unit | places residents may take, 0 or more, in every draw |
| `Shortfall.wanted` | draw, january, provision, phase, need_group | provisions together, `observed` <= `wanted` <= `latent` |
| `Shortfall.short` | the same | wanted - matched, never negative |
| `Shortfall.overflow` | ... and destination | adds up to short: every child ends somewhere, once |
| `Shortfall.unit_filled` | draw, january, unit, phase, need_group | at most the unit's places, and nobody it does not admit |
| `Shortfall.unit_commissioned` | draw, january, unit | from the origin; places open by August, whoever takes them |
| `Shortfall.unit_opened_late`, `.unit_late_months` | draw, january, unit | those that open after September, and how late |
| `OwnCounts` | one authority, one day | bands add up to the total; needs, placements and plans ceased are never more than it |
| `CountUsed.before`, `after` | draw, january | the same draws without and with the count; more plans counted never lower one |
| `Scenario` | levers | without levers it is the baseline, to the last byte; what says the same has the same key |

## Reference files

Kept by hand in `data/reference/`, each row with its source; not built from releases.

| File | Columns | Says |
|---|---|---|
| `area_history.csv` | see the file | which authorities were split or merged |
| `capacity/redbridge.csv` | [capacity-register.md](capacity-register.md) | places of Redbridge |
| `prices/england.csv` | [unit-costs.md](unit-costs.md) | England's prices, which an authority's own replace |
| `prices/inflators.csv` | inflator, from_financial_year, growth, low, high, basis, confidence, source | yearly growth of \
prices from a financial year on, shares: middle and 80 % interval |
| `finance/funding_policy.csv` | parameter, value, low, high, unit, meaning, basis, source | rules, dates and growth \
of high needs funding; `basis` is `in force`, `announced`, `estimated` or `assumed` |

Those below have a schema, and are not read where they break it.
"""

PUBLISHED_TABLES = (
    """\
## Published tables

Every table is in `data/published/NAME.parquet` and has a row in `data/SOURCES.csv`. A count is null exactly where
`marker` says why: """
    + "`x` not available, `z` not applicable, `c` confidential, `low` rounds to nil, `u` low reliability, `-` missing."
)


def markdown() -> str:
    """Return the whole page as Markdown."""
    kept = [_section(t, ".csv") for t in REFERENCE_TABLES.values()]
    published = [_section(t) for t in TABLES.values()]
    return "\n".join([OBJECTS, *kept, PUBLISHED_TABLES, "", *published])


def _section(table: Table, ending: str = "") -> str:
    rows = [
        f"| {name} | {column.dtype} | {'yes' if column.nullable else ''} | {column.description or ''} |"
        for name, column in table.schema.columns.items()
    ]
    return "\n".join(
        [
            f"### {table.name}{ending}",
            "",
            table.about,
            "",
            "| Column | Type | May be null | Says |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


if __name__ == "__main__":
    print(markdown(), end="")
