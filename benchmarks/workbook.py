"""Time the Excel workbook of a run against the way it was written before: every row of every table, a cell at a time.

Both are made from the same tables of one run, one after the other. Compare ratios, not seconds.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import date

import pandas as pd
from openpyxl import Workbook

from benchmarks.yardstick import Yardstick, shortest
from data import areas
from data.council_files.formulas import guarded
from forecast.finance.finance_model import FinanceModel
from forecast.presentation import money_tables
from forecast.presentation.record import RunTables
from forecast.presentation.run_figures import RunFigures
from forecast.reports import run_workbook
from forecast.runs.baseline import ForecastInputs
from forecast.ui.views import downloads


def cell_by_cell(tables: Mapping[str, pd.DataFrame]) -> bytes:
    """Return tables as a workbook with a row for each row, as it was written until November 2026."""
    book = Workbook(write_only=True)
    for name, frame in tables.items():
        sheet = book.create_sheet(name[:31])
        sheet.append([guarded(str(c)) for c in frame.columns])
        plain = frame.astype("object").where(frame.notna(), None)
        for row in plain.itertuples(index=False, name=None):
            sheet.append([guarded(cell) if isinstance(cell, str) else cell for cell in row])
    raw = io.BytesIO()
    book.save(raw)
    return raw.getvalue()


def main() -> None:
    yardstick = Yardstick.measure()
    outcome = ForecastInputs.prepare().baseline(areas.by_code(317)).outcome
    money = FinanceModel.of(outcome).money(outcome)
    tables = downloads.tables(RunTables(outcome)) | {
        "balance": money_tables.balance_table(money),
        "cost_detail": money_tables.detail_table(money.costs),
    }
    lines = {line.code: line.label for line in money.costs.lines}
    figures = RunFigures.of(outcome, money)
    before = shortest(
        lambda: cell_by_cell({name: frame for name, frame in tables.items() if name != "figures"})
    )
    after = shortest(lambda: run_workbook.workbook(figures, tables, {}, date(2026, 1, 31), lines))
    yardstick.report("workbook of a run, as it was", before)
    yardstick.report("workbook of a run", after)
    print(f"{'times faster':55s} {before / after:8.1f}")


if __name__ == "__main__":
    main()
