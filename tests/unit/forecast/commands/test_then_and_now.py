"""``sendplan then-and-now`` on folders that the release of January 2025 wrote, and on one that is made to be a year older."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from data.panels import history_tables
from data.vocabulary import ALL
from forecast.presentation import compare
from forecast.validation import earlier_forecasts
from forecast.validation.earlier_forecasts import COLUMNS, REFITTED, SHIPPED
from tests.command_line import printed, sendplan
from tests.saved import MADE, copy_of

ORIGIN = int(json.loads((MADE / "forecast" / "run.json").read_text(encoding="utf-8"))["origin"])


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def cells(shown: str, title: str) -> dict[str, list[str]]:
    """Return the rows of a printed table by January, figures without their separators."""
    block = shown.split(title)[1].split("└")[0]
    rows = [line.strip("│ ").split("│") for line in block.splitlines() if line.startswith("│")]
    return {row[0].split()[0]: [cell.strip() for cell in row[1:]] for row in rows}


def number(text: str) -> int:
    return int(re.sub("[^0-9-]", "", text.replace("\u2212", "-")))


def a_year_older(folder: Path) -> Path:
    """Make a folder of results look as if it had been made from the January before the latest published one."""
    latest = history_tables.load("current").origin
    back = ORIGIN + 1 - latest
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    (folder / "run.json").write_text(json.dumps(run | {"origin": latest - 1}), encoding="utf-8")
    for name, column in (("plans", "target"), ("shortfall", "year"), ("flows", "year")):
        table = pd.read_parquet(folder / f"{name}.parquet")
        table.assign(**{column: table[column] - back}).to_parquet(folder / f"{name}.parquet", index=False)
    return folder


def write_earlier(monkeypatch: pytest.MonkeyPatch, folder: Path, made_by: dict[str, float]) -> None:
    """Put in the place of the table of earlier forecasts one with a flat total by each maker."""
    latest = history_tables.load("current").origin
    rows = [
        [latest - 1, maker, 317, january, total, total, total]
        for maker, total in made_by.items()
        for january in range(latest, latest + 9)
    ]
    path = folder / "earlier.csv"
    pd.DataFrame(rows, columns=list(COLUMNS)).to_csv(path, index=False)
    monkeypatch.setattr(earlier_forecasts.read, "__defaults__", (path,))


def test_a_forecast_of_then_is_read_run_again_and_left_as_it_is(tmp_path: Path) -> None:
    folder = copy_of("forecast", tmp_path)
    before = content(folder)
    shown = printed("then-and-now", str(folder))
    assert content(folder) == before
    assert f"Then: made on January {ORIGIN}. Now: made on January " in shown
    rows = cells(shown, "EHC plans (middle value)")
    assert next(iter(rows)) == "2026"
    plans = pd.read_parquet(MADE / "forecast" / "plans.parquet")
    own = plans[(plans["age_band"] == ALL) & (plans["need"] == ALL) & (plans["quantile"] == 0.5)]
    assert [number(row[0]) for row in rows.values()] == own.sort_values("target")["value"].round().astype(
        int
    ).tolist()
    for row in rows.values():
        assert sum(map(number, row[3:])) == number(row[2]) == number(row[1]) - number(row[0])


def test_a_scenario_of_then_with_its_baseline_has_its_part_in_every_measure(tmp_path: Path) -> None:
    folder = copy_of("scenario", tmp_path)
    shown = printed("then-and-now", str(folder), "--baseline", str(MADE / "forecast"))
    assert "Our plans as of spring 2025, then and now" in shown
    for title in ("EHC plans (middle", "New EHC plans", "Short of a specialist place (average"):
        rows = cells(shown, title)
        # A January published since is in no forecast of now; its plans are known.
        past = {january for january, row in rows.items() if row[1] == "not made now"}
        assert past == (set() if title.startswith("EHC") else {"2026"})
        assert len(rows) > 1
        assert all(len(row) in (5, 6) for january, row in rows.items() if january not in past)


def test_an_older_forecast_has_published_januaries_and_parts_by_data_and_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = a_year_older(copy_of("forecast", tmp_path))
    write_earlier(monkeypatch, tmp_path, {SHIPPED: 3_000.0, REFITTED: 3_100.0})
    history = history_tables.load("current")
    shown = printed("then-and-now", str(folder))
    rows = cells(shown, "EHC plans (middle value)")
    first = rows[str(history.origin)]
    assert number(first[1]) == round(float(history.stock.sel(area=317, series=ALL, january=history.origin)))
    assert f"{history.origin} (published)" in shown
    for row in rows.values():
        assert len(row) == 6
        assert sum(map(number, row[3:])) == number(row[2]) == number(row[1]) - number(row[0])
        assert number(row[5]) == 0


def test_an_older_scenario_lists_its_earlier_dates_and_takes_the_baseline_as_shipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = a_year_older(copy_of("scenario", tmp_path))
    latest = history_tables.load("current").origin
    scenario = (folder / "scenario.yaml").read_text(encoding="utf-8")
    (folder / "scenario.yaml").write_text(scenario.replace("2025", str(latest - 1)), encoding="utf-8")
    write_earlier(monkeypatch, tmp_path, {SHIPPED: 3_000.0})
    shown = " ".join(printed("then-and-now", str(folder)).split())
    assert f"Lever 'refuse-more' starts in {latest - 1}, before the first forecast year {latest}" in shown
    assert f"sendplan earlier-forecasts --origins {latest - 1}" in shown
    assert "Data and model" in shown
    assert "The baseline of then is the forecast as shipped" in shown


@pytest.mark.parametrize("name", ["run.json", "plans.parquet", "scenario.yaml"])
def test_a_folder_that_lacks_a_file_is_refused(name: str, tmp_path: Path) -> None:
    folder = copy_of("scenario", tmp_path)
    (folder / name).unlink()
    ended = sendplan("then-and-now", str(folder))
    assert ended.code == 2
    assert name in ended.err


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"seed": -1}, "seed"),
        ({"draws": "many"}, "draws"),
        ({"area": {}}, "area.la_code"),
        ({"area": {"la_code": 1}}, "1"),
    ],
)
def test_a_record_that_cannot_be_run_again_is_refused(
    change: dict[str, object], says: str, tmp_path: Path
) -> None:
    folder = copy_of("forecast", tmp_path)
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    (folder / "run.json").write_text(json.dumps(run | change), encoding="utf-8")
    ended = sendplan("then-and-now", str(folder))
    assert ended.code == 2
    assert says in ended.err


def test_a_folder_with_the_councils_own_register_asks_for_it(tmp_path: Path) -> None:
    folder = copy_of("forecast", tmp_path)
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    run["arguments"]["capacity"] = "ours.xlsx"
    (folder / "run.json").write_text(json.dumps(run), encoding="utf-8")
    ended = sendplan("then-and-now", str(folder))
    assert ended.code == 2
    assert "ours.xlsx" in ended.err
    assert "--capacity" in ended.err


def test_a_baseline_of_something_else_is_refused(tmp_path: Path) -> None:
    folder = copy_of("scenario", tmp_path)
    ended = sendplan("then-and-now", str(folder), "--baseline", str(MADE / "scenario"))
    assert ended.code == 2
    assert "is not the forecast that the scenario was run on" in ended.err


def test_the_stored_forecast_is_written_as_shipped_and_others_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_earlier(monkeypatch, tmp_path, {SHIPPED: 3_000.0})
    monkeypatch.setattr(earlier_forecasts, "TABLE", tmp_path / "earlier.csv")
    latest = history_tables.load("current").origin
    printed("earlier-forecasts")
    table = earlier_forecasts.read(tmp_path / "earlier.csv")
    assert set(table["origin"]) == {latest - 1, latest}
    assert (earlier_forecasts.totals(table, latest - 1, SHIPPED, 317) == 3_000).all()


def test_a_comparison_of_then_still_reads_as_one() -> None:
    table = pd.read_parquet(MADE / "compared.parquet")
    assert table.astype(dict(compare.COLUMNS)).equals(table)
    side = compare.side_by_side(table, 2030)
    assert list(side.columns) == ["Measure", "baseline", "our-2025", "recovery-2025", "timeliness-recovery"]
    assert len(compare.differences(table, 2030)) == len(side)
    ended = sendplan("then-and-now", str(MADE / "compared.parquet"))
    assert ended.code == 2
    assert "is not a folder of results" in ended.err
