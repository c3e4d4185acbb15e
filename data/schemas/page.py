"""``docs/schema.md``: the public contract of files and objects, written from the code that enforces it.

``make docs`` prints this page into place; a test fails while the page and the schemas disagree.
"""

from __future__ import annotations

from data.schemas import TABLES
from data.schemas.base import Table

OBJECTS = (
    """\
# Schema

What the files hold and what the objects that travel look like. Other programs may rely on this page; a change to it is
a change for them and goes in the changelog. The tables below are written from the schemas by `make docs`.

## Codes

`la_code` is the DfE number of an authority (Redbridge 317), always an integer. A January is the year of the census; a
calendar year is that of a flow; a financial year is written `2023-24` and an academic year `2024/25`. January y falls in
academic year (y - 1)/y. Ages are whole years at 31 August before the January (national curriculum year + 4); age 2 stands for
"2 and under" and, in flows, age 20 for "20 and over" and -1 for unknown. Need, provision, phase and age band codes are in
`data/vocabulary.py`.

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

`shortfall.parquet`:

| Column | Type | Says |
|---|---|---|
| la_code | integer | DfE number |
| year | integer | January |
| phase | text | `All`, `early_years`, `primary`, `secondary`, `post16` |
| need_group | text | `All` |
| provision | text | `All`, `state_special`, `specialist_base`, `specialist_post16` |
| places | number | places of the register in the academic year of that January, local and used elsewhere |
| wanted_q10, wanted_q50, wanted_q90 | number | children who would be placed there under the latest placement mix |
| filled_q50 | number | median of the smaller of wanted and places |
| shortfall_mean, shortfall_q90 | number | children without a place of the kind wanted; "All" adds up within a draw |
| p_shortfall | number | share of draws in which at least one child is without a place |

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

`summary.md` is for people. `run.json` holds arguments, seed, versions and the sha256 of every input; it holds no date, so
equal runs give equal files.

## Objects that travel

| Object | Dimensions | Invariant |
|---|---|---|
| `History.stock` | area, series, january | nothing after the origin; NaN where not published |
| `History.flows` | area, year | calendar years before the origin's January only |
| `Composition` | area, age, need or provision | an authority that did not return is NaN throughout, never zero |
| `History.residents` | area, mid_year, age | estimates published by the origin, as first published where that is held |
| `Plans.future` | draw, january, age, need | ages and needs add up to the total in every draw |
| `Plans.flows` | draw, january, age, need | stock = stock before - leavers + joiners + transfers, in every draw |
| `Plans.process` | draw, year, age | assessments = new plans + assessments without a plan, in every draw |
| `Placements.future` | draw, january, age, provision | provisions add up to plans in every draw |
| `Shortfall.short` | draw, january, phase, provision | max(0, wanted - places), never negative |

## Published tables

Every table is in `data/published/NAME.parquet` and has a row in `data/SOURCES.csv`. A count is null exactly where
`marker` says why: """
    + "`x` not available, `z` not applicable, `c` confidential, `low` rounds to nil, `u` low reliability, `-` missing."
)


def markdown() -> str:
    """Return the whole page."""
    return "\n".join([OBJECTS, "", *[_section(t) for t in TABLES.values()]])


def _section(table: Table) -> str:
    rows = [
        f"| {name} | {column.dtype} | {'yes' if column.nullable else ''} | {column.description or ''} |"
        for name, column in table.schema.columns.items()
    ]
    return "\n".join(
        [
            f"### {table.name}",
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
