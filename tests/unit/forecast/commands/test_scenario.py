"""``sendplan scenario``: what it prints, writes and keeps, and how it refuses bad input."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from data.prices.ledger import to_csv
from data.prices.starting_books import for_area
from forecast.finance.finance_model import FinanceModel
from forecast.presentation.compare import COLUMNS, MEASURES, compared, measured
from forecast.presentation.summary import plans_long, shortfall_long
from forecast.runs import scenario_run
from forecast.runs.baseline import Baseline
from scenarios.reading import find, library, parse
from scenarios.store import Store
from scenarios.store.address import VARIABLE
from tests.command_line import sendplan
from tests.stores import tamper

YEARS, DRAWS = 5, 100
BRIEF = ("--years", str(YEARS), "--draws", str(DRAWS))
LAST = 2026 + YEARS

Told = tuple[int, str, str]
Ask = Callable[..., Told]

OWN = """\
id: own-plan
title: "Own plan [red]not red[/red] [/x] :smile:"
note: "A [bold] note"
areas: [Redbridge]
levers:
  - kind: requests
    id: surge
    when: 2027
    change: {low: 1.1, high: 1.4}
    why: "Said in the [forum]"
  - kind: scheme
    id: new-bases
    action: open
    setting: New bases
    provision: specialist_base
    when: 2027
    ages: 4-15
    places: 0
    chance_delivered: 100
    chance_on_time: 100
    why: To find out how many it takes.
"""


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Return a caller of the command in a folder and with a store of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(VARIABLE, str(tmp_path / "kept.sqlite"))

    def run(*arguments: str) -> Told:
        return sendplan("scenario", *arguments)

    return run


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Return the file of a scenario of our own, with text that a printer might take for orders."""
    path = tmp_path / "own.yaml"
    path.write_text(OWN, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def base(baseline_of: Callable[..., Baseline]) -> Baseline:
    """Return Redbridge's baseline as the commands make it."""
    return baseline_of(317, years=YEARS, draws=DRAWS)


def kept() -> Store:
    return Store.open("kept.sqlite")


def flat(text: str) -> str:
    return " ".join(text.split())


def cells(said: str, title: str) -> dict[str, list[str]]:
    """Return a printed table by its first column."""
    lines = said[said.index(title) :].splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("│"))
    found: dict[str, list[str]] = {}
    for line in lines[first:]:
        if not line.startswith("│"):
            break
        name, *rest = (part.strip() for part in line.strip("│").split("│"))
        found[name] = rest
    return found


def test_the_list_has_the_library_and_what_is_kept(ask: Ask, own: Path, tmp_path: Path) -> None:
    code, said, _ = ask("list")
    assert code == 0
    assert all(name in said for name in library())
    assert "Store" not in said
    assert not (tmp_path / "kept.sqlite").exists(), "looking makes no store"
    ask("save", str(own), "--who", "Jo")
    _, said, _ = ask("list")
    assert "own-plan  version   1  Own plan [red]not red[/red] [/x] :smile: (saved by Jo on" in said


def test_what_people_wrote_is_shown_as_they_wrote_it(ask: Ask, own: Path) -> None:
    code, said, _ = ask("show", str(own))
    assert code == 0
    assert said.startswith("Own plan [red]not red[/red] [/x] :smile: (own-plan)\nA [bold] note\n")
    assert "Why: Said in the [forum]" in said
    assert "Written for Redbridge." in said


def test_a_scenario_based_on_another_is_shown_with_both_levers(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "more.yaml").write_text("id: more\ntitle: More\nbased_on: own-base\n", encoding="utf-8")
    (tmp_path / "own-base.yaml").write_text(OWN.replace("own-plan", "own-base"), encoding="utf-8")
    _, said, _ = ask("show", "more.yaml")
    assert "Based on own-base, whose levers are here too." in said
    assert "surge (assumption)" in said


def test_a_scenario_is_written_to_be_edited_and_never_over_edits(ask: Ask, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    assert ask("write", "reform-2030", str(path))[0] == 0
    assert parse(path.read_text(encoding="utf-8"), "mine") == find("reform-2030")
    path.write_text("my edits", encoding="utf-8")
    code, _, told = ask("write", "reform-2030", str(path))
    assert (code, path.read_text(encoding="utf-8")) == (2, "my edits")
    assert "--force" in told
    assert ask("write", "reform-2030", str(path), "--force")[0] == 0
    assert parse(path.read_text(encoding="utf-8"), "mine") == find("reform-2030")


def test_a_run_writes_the_files_of_a_forecast_with_the_numbers_of_python(
    ask: Ask, base: Baseline, tmp_path: Path
) -> None:
    code, said, told = ask("run", "redbridge-schemes", *BRIEF, "--who", "Jo")
    assert (code, told) == (0, "")
    assert said.startswith("Scenario: Redbridge's special school schemes, with slippage")
    folder = Path("out/scenario/redbridge-schemes")
    page = (folder / "summary.md").read_text(encoding="utf-8")
    assert "scenario 'Redbridge's special school schemes, with slippage', not the forecast" in page
    names = {"plans", "shortfall", "flows", "process"}
    assert {p.name for p in folder.iterdir()} == {
        *(f"{n}.parquet" for n in names), "summary.md", "run.json", "scenario.yaml",
    }  # fmt: skip
    outcome = scenario_run.rerun(base, find("redbridge-schemes"))
    pd.testing.assert_frame_equal(pd.read_parquet(folder / "plans.parquet"), plans_long(outcome))
    short = pd.read_parquet(folder / "shortfall.parquet")
    pd.testing.assert_frame_equal(short, shortfall_long(outcome))
    assert not short.equals(shortfall_long(base.outcome))
    made = json.loads((folder / "run.json").read_text(encoding="utf-8"))["arguments"]
    assert (made["scenario"], made["scenario_key"]) == ("redbridge-schemes", find("redbridge-schemes").key)
    assert parse((folder / "scenario.yaml").read_text(encoding="utf-8"), "x").key == made["scenario_key"]
    (run,) = kept().runs()
    assert (run.facts.scenario_id, run.facts.version, run.run_by) == ("redbridge-schemes", None, "Jo")
    assert run.facts.scenario_key == made["scenario_key"]


def test_a_file_runs_like_the_library(ask: Ask, tmp_path: Path) -> None:
    ask("write", "pre-reform-surge", "copy.yaml")
    for ref in ("pre-reform-surge", "copy.yaml"):
        code, _, _ = ask("run", ref, "Redbridge", *BRIEF, "--out", ref[:4], "--no-record")
        assert code == 0
    for name in ("plans", "shortfall", "flows", "process"):
        one, other = (pd.read_parquet(tmp_path / folder / f"{name}.parquet") for folder in ("pre-", "copy"))
        pd.testing.assert_frame_equal(one, other)
    assert not (tmp_path / "kept.sqlite").exists()


def test_a_comparison_is_printed_and_written(ask: Ask, base: Baseline, own: Path) -> None:
    listed = ("baseline", "flat-funding", str(own))
    code, said, told = ask("compare", "Redbridge", *listed, *BRIEF, "--out", "c.parquet")
    assert (code, told) == (0, "")
    assert f"Redbridge, January {LAST}" in said
    assert "Most likely range" not in said
    table = pd.read_parquet("c.parquet")
    assert list(table.columns) == list(COLUMNS)
    types = table.dtypes.to_dict()
    assert all(str(types[c]) == "int64" for c in ("la_code", "year"))
    assert all(pd.api.types.is_string_dtype(types[c]) for c in ("scenario", "measure"))
    assert all(str(t) == "float64" for c, t in types.items() if c in list(COLUMNS)[4:])
    assert table["scenario"].unique().tolist() == ["baseline", "flat-funding", "own-plan"]
    assert table["measure"].unique().tolist() == list(MEASURES)
    assert (table["la_code"] == 317).all()
    assert len(table) == 3 * YEARS * len(MEASURES)
    outcomes = {
        s.id: scenario_run.rerun(base, s) for s in (find("baseline"), find("flat-funding"), find(str(own)))
    }
    pd.testing.assert_frame_equal(table, compared(outcomes, FinanceModel.of(base.outcome)), check_dtype=False)
    changes = cells(said, "Difference from baseline")
    assert changes["EHC plans"][0] == "no change"
    surge = table.query("scenario == 'own-plan' and measure == 'plans' and year == @LAST").iloc[0]
    assert changes["EHC plans"][1].startswith(f"{surge['diff_q50']:+,.0f} (")
    assert set(cells(said, "First January")) == {"baseline", "flat-funding", "own-plan"}
    assert f"'none' means no shortfall by January {LAST}." in said
    assert "Note on flat-funding: Lever 'no-growth' changes high needs income and the balance" in said
    pounds = changes[MEASURES["cost"]]
    assert pounds[0] != "no change", "flat-funding moves prices"
    assert changes["EHC plans"][0] == "no change", "and nothing but pounds"


def test_a_comparison_may_be_of_an_earlier_january(ask: Ask) -> None:
    _, said, _ = ask("compare", "Redbridge", "pre-reform-surge", *BRIEF, "--year", "2027", "--no-record")
    assert "Difference" not in said
    assert "Redbridge, January 2027" in said


def test_two_kept_versions_of_one_scenario_are_told_apart(ask: Ask, own: Path) -> None:
    ask("save", str(own), "--who", "Jo")
    own.write_text(OWN.replace("low: 1.1, high: 1.4", "low: 1.3, high: 1.5"), encoding="utf-8")
    ask("save", str(own), "--version", "1", "--who", "Jo")
    code, said, _ = ask("compare", "Redbridge", "own-plan@1", "own-plan@2", *BRIEF, "--out", "c.parquet")
    assert code == 0
    table = pd.read_parquet("c.parquet")
    assert table["scenario"].unique().tolist() == ["own-plan@1", "own-plan@2"]
    last = table.query("year == @LAST and measure == 'plans'").set_index("scenario")["mean"]
    assert last["own-plan@2"] > last["own-plan@1"]
    assert "Difference from own-plan@1" in said
    assert sorted(r.facts.version or 0 for r in kept().runs("own-plan")) == [1, 2]


def test_the_councils_own_prices_change_pounds_and_nothing_else(ask: Ask, base: Baseline) -> None:
    dear = for_area(317).in_use()
    fees = dear["item"] == "inmss_fee"
    dear[["price", "low", "high", "median"]] *= 1 + fees.to_numpy()[:, None]
    Path("dear.csv").write_text(to_csv(dear, 317), encoding="utf-8")
    found = {}
    for name, more in (("ours", ()), ("own", ("--unit-costs", "dear.csv"))):
        code, _, told = ask(
            "compare", "Redbridge", "baseline", *BRIEF, *more, "--out", f"{name}.parquet", "--no-record"
        )
        assert (code, told) == (0, "")
        found[name] = pd.read_parquet(f"{name}.parquet").set_index(["measure", "year"])["mean"]
    # The year before the first is held to what the council said it spent, whatever the prices: the fees are felt as INMSS grows.
    dearer = (found["own"]["cost"] / found["ours"]["cost"]).to_numpy()
    assert dearer[0] > 1
    assert (np.diff(dearer) > 0.01).all()
    rest = [m for m in MEASURES if m != "cost"]
    pd.testing.assert_series_equal(found["own"][rest], found["ours"][rest])


def test_where_income_is_not_published_pounds_are_left_out_and_said(ask: Ask) -> None:
    city = ("City of London", "low-births", *BRIEF)
    code, said, _ = ask("compare", *city, "--out", "c.parquet", "--no-record")
    assert code == 0
    assert "Without pounds. City of London (201) has no published allocation" in flat(said)
    assert set(pd.read_parquet("c.parquet")["measure"]) == set(MEASURES) - {"cost"}
    code, said, _ = ask("explain", *city)
    assert code == 0
    assert MEASURES["plans"] in said
    assert MEASURES["cost"] not in said
    code, said, told = ask("explain", *city, "--measure", "cost")
    assert (code, said) == (2, "")
    assert "no published allocation" in flat(told)


def test_each_lever_is_explained_and_the_bars_add_up(ask: Ask, own: Path, base: Baseline) -> None:
    code, said, told = ask("explain", "Redbridge", str(own), *BRIEF)
    assert (code, told) == (0, "")
    together = scenario_run.rerun(base, find(str(own)))
    for measure in ("plans", "shortfall"):
        part = said[said.index(f"{MEASURES[measure]}, January {LAST}\n") :]
        bars = cells(part, "What each lever contributed")
        means = [0 if row[0] == "no change" else int(row[0].replace(",", "")) for row in bars.values()]
        assert list(bars) == ["Baseline", "surge", "new-bases", "Together, beyond each alone", "Scenario"]
        assert sum(means[:-1]) == means[-1] == round(measured(together)[measure][:, -1].mean())
        assert means[0] == round(measured(base.outcome)[measure][:, -1].mean())
        assert means[1] > 0
    widths = cells(said, "What each lever's range means")
    assert list(widths) == ["surge (1.1 to 1.4)"]
    low, high, drawn = (int(cell.replace(",", "")) for cell in widths["surge (1.1 to 1.4)"])
    assert low < drawn < high
    assert "- surge: Requests" in said


def test_the_smallest_number_of_places_that_meets_a_goal_is_found(
    ask: Ask, own: Path, base: Baseline
) -> None:
    arguments = ("seek", "Redbridge", str(own), "new-bases", "--low", "0", "--high", "300", "--year", "2030")
    goal = ("--at-most", "4", "--measure", "shortfall", "--provision", "specialist_base")
    code, said, told = ask(*arguments, *goal, *BRIEF)
    assert (code, told) == (0, "")
    found = re.search(r"'new-bases' at (\d+) meets the goal", said)
    assert found is not None, said

    def short(places: int) -> float:
        outcome = scenario_run.rerun(base, scenario_run.with_size(find(str(own)), "new-bases", places))
        return float(np.median(measured(outcome, "specialist_base")["shortfall"][:, 3]))

    places = int(found[1])
    assert places > 0
    assert short(places) <= 4 < short(places - 1)


def test_a_goal_out_of_reach_is_said_and_a_range_of_nothing_refused(ask: Ask, own: Path) -> None:
    arguments = ("seek", "Redbridge", str(own), "new-bases", "--year", "2030", "--at-most", "0", *BRIEF)
    code, said, _ = ask(*arguments, "--low", "0", "--high", "5")
    assert code == 0
    assert "No answer: neither end of the range of 'new-bases', 0 to 5, meets the goal." in said
    code, said, told = ask(*arguments, "--low", "5", "--high", "5")
    assert (code, said) == (2, "")
    assert "is no range" in told


def test_versions_are_kept_told_and_moved(ask: Ask, own: Path, tmp_path: Path) -> None:
    first = ask("save", str(own), "--who", "Jo", "--comment", "For the [forum]")
    assert first[:2] == (0, "Kept: own-plan version 1.\n")
    again = ask("save", str(own), "--who", "Jo")
    assert again[1] == "Kept: own-plan version 1. It says the same, so no version was added.\n"
    own.write_text(OWN.replace("places: 0", "places: 12"), encoding="utf-8")
    assert ask("save", str(own), "--version", "1", "--who", "Sam")[1] == "Kept: own-plan version 2.\n"
    assert ask("run", "own-plan", *BRIEF, "--who", "Al")[0] == 0
    code, said, _ = ask("history", "own-plan")
    assert code == 0
    assert "2 versions, 1 run; the latest first" in said
    assert "Version 1, saved by Jo" in said
    assert ": For the [forum]" in said
    assert said.index("Version 2, saved by Sam") < said.index("Run by Al") < said.index("Version 1, saved by")
    assert "The log is whole: 3 entries." in said
    (run,) = kept().runs()
    assert (run.facts.version, run.facts.scenario_key) == (2, kept().latest("own-plan").key)
    assert ask("export", "all.jsonl")[0] == 0
    other = ("--store", str(tmp_path / "other.sqlite"))
    added = "Versions added: 2. Runs added: 1. There already: 0.\n"
    assert ask("import", "all.jsonl", *other, "--who", "Bo")[1] == added
    assert ask("import", "all.jsonl", *other, "--who", "Bo")[1].endswith("There already: 3.\n")
    assert "own-plan: Run by Al" in ask("history", *other)[1]


def test_a_file_that_says_the_same_as_a_kept_version_is_a_run_of_it(ask: Ask, own: Path) -> None:
    ask("save", str(own), "--who", "Jo")
    own.write_text(OWN.replace("places: 0", "places: 12"), encoding="utf-8")
    ask("save", str(own), "--version", "1", "--who", "Jo")
    own.write_text(OWN, encoding="utf-8")
    ask("compare", "Redbridge", str(own), *BRIEF)
    own.write_text(OWN.replace("places: 0", "places: 13"), encoding="utf-8")
    ask("compare", "Redbridge", str(own), *BRIEF)
    assert [run.facts.version for run in kept().runs()] == [1, None]
    said = ask("history", "own-plan")[1]
    assert "Runs of this name as a file or the library has it" in said


def test_a_kept_scenario_may_be_based_on_another_kept_one(ask: Ask, own: Path, tmp_path: Path) -> None:
    child = tmp_path / "child.yaml"
    child.write_text("id: child\ntitle: Child\nbased_on: own-plan\n", encoding="utf-8")
    code, _, told = ask("save", str(child), "--who", "Jo")
    assert (code, "'own-plan' is not a scenario that we know" in told) == (2, True)
    assert not (tmp_path / "kept.sqlite").exists(), "what is refused makes no store"
    ask("save", str(own), "--who", "Jo")
    assert ask("save", str(child), "--who", "Jo")[0] == 0
    code, _, _ = ask("run", "child", *BRIEF, "--who", "Jo")
    assert code == 0
    said = yaml.safe_load(Path("out/scenario/child/scenario.yaml").read_text(encoding="utf-8"))
    assert [lever["id"] for lever in said["levers"]] == ["surge", "new-bases"]
    (run,) = kept().runs()
    assert (run.facts.scenario_id, run.facts.version) == ("child", 1)


def test_runs_of_a_library_scenario_have_a_history_without_versions(ask: Ask) -> None:
    code, _, told = ask("history", "baseline")
    assert (code, "There is no scenario store" in told) == (2, True)
    ask("compare", "Redbridge", "baseline", *BRIEF, "--who", "Jo")
    code, said, _ = ask("history", "baseline")
    assert code == 0
    assert said.startswith(
        "baseline: not kept in this store; its runs as a file or the library has it\nRun by Jo"
    )
    assert "The log is whole: 1 entry." in said
    code, _, told = ask("history", "flat-funding")
    assert (code, "There is no scenario 'flat-funding'" in told) == (2, True)


def test_a_log_that_was_tampered_with_is_told_and_is_exit_code_one(ask: Ask, own: Path) -> None:
    ask("save", str(own), "--who", "Jo")
    tamper(kept(), "UPDATE scenario_version SET saved_by = 'Nobody'")
    code, said, _ = ask("history")
    assert code == 1
    assert "The log is whole" not in said
    assert "own-plan version 1" in said
    code, _, told = ask("export", "all.jsonl")
    assert (code, Path("all.jsonl").exists()) == (2, False)
    assert "changed from outside" in told


def test_work_on_an_old_version_is_a_conflict_that_names_who_and_when(ask: Ask, own: Path) -> None:
    ask("save", str(own), "--who", "Jo")
    own.write_text(OWN.replace("places: 0", "places: 12"), encoding="utf-8")
    before = Path("kept.sqlite").read_bytes()
    code, _, told = ask("save", str(own), "--who", "Sam")
    assert code == 2
    assert "last saved by Jo on" in told
    assert "Nothing was saved" in told
    assert "Traceback" not in told
    assert len(kept().entries()) == 1
    assert Path("kept.sqlite").read_bytes() == before


CIRCLE = "id: a\ntitle: A\nbased_on: b\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            OWN.replace("    id: surge\n", "    id: surge\n    sise: 3\n"),
            "Line 8, lever 1 (surge), sise: the key 'sise' is not known",
        ),
        (OWN.replace("when: 2027", "when: 1926"), "lever 1 (surge)"),
        ("# " + "x" * 10_000_000 + "\n" + OWN, "more than 1,000,000 bytes"),
        (CIRCLE, "based on itself (a -> b -> a)"),
        ("id: a\ntitle: A\nbased_on: nowhere\n", "'nowhere' is not a scenario that we know"),
        ("", "a scenario begins with"),
        (OWN.replace("id: own-plan", "id: reform-2030"), "The library has another scenario 'reform-2030'"),
    ],
    ids=["unknown-key", "year", "10-MB", "circle", "no-base", "empty", "library-id"],
)
def test_a_bad_file_is_refused_and_nothing_kept_changes(
    ask: Ask, own: Path, tmp_path: Path, text: str, says: str
) -> None:
    ask("save", str(own), "--who", "Jo")
    before = Path("kept.sqlite").read_bytes()
    for name, other in (("b", "a"), ("a", "b")):
        (tmp_path / f"{name}.yaml").write_text(f"id: {name}\ntitle: X\nbased_on: {other}\n", encoding="utf-8")
    bad = tmp_path / "bad.yaml"
    bad.write_text(text, encoding="utf-8")
    commands: list[tuple[str, ...]] = [("save", str(bad), "--version", "1", "--who", "Jo")]
    if "library" not in says:
        commands += [("run", str(bad), "Redbridge", *BRIEF), ("compare", "Redbridge", str(bad), *BRIEF)]
    for command in commands:
        code, said, told = ask(*command)
        assert (code, said) == (2, ""), command
        assert says in flat(told)
        assert told.strip().count("\n") == 0
    assert Path("kept.sqlite").read_bytes() == before
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("run", "reform-2031", "Redbridge"), "Did you mean reform-2030"),
        (("run", "reform-2030"), "it is unclear whom to run it for"),
        (("run", "redbridge-schemes", "Kent"), "written for Redbridge, so it says nothing about Kent"),
        (("run", "reform-2030", "all"), "one authority at a time"),
        (("run", "reform-2030", "Redbridge", "--seed", "-1"), "whole numbers from 0"),
        (("run", "reform-2030", "Redbridge", "--years", "40"), "Choose a number from 1 to 15"),
        (("run", "reform-2030", "Redbridge", "--store", "."), "is a folder"),
        (("run", "reform-2030", "Redbridge", "--capacity", "no.csv"), "no.csv"),
        (("compare", "Redbridge", "baseline", "baseline"), "was named twice"),
        (("compare", "Redbridge", "baseline", "--out", "c.csv"), "should be a .parquet file"),
        (("compare", "Redbridge", "baseline", "--year", "2050"), "covers January 2027 to 2031"),
        (("explain", "Redbridge", "reform-2030", "--measure", "joy"), "'joy' is not a measure"),
        (("explain", "Redbridge", "reform-2030", "--year", "2050"), "covers January 2027 to 2031"),
        (("write", "nothing", "a.yaml"), "'nothing' is not a scenario that we know"),
        (("export", "x.jsonl"), "There is no scenario store"),
        (("import", "x.jsonl", "--who", "Jo"), "x.jsonl"),
    ],
)
def test_what_cannot_be_done_is_one_paragraph_and_exit_code_two(
    ask: Ask, tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    brief = () if arguments[0] in ("write", "export", "import") else BRIEF
    code, said, told = ask(*arguments[:2], *brief, *arguments[2:])
    assert (code, said) == (2, "")
    assert says in flat(told)
    assert "Traceback" not in told
    assert told.strip().count("\n") == 0
    assert not list(tmp_path.rglob("*.parquet"))


@pytest.mark.parametrize(
    ("goal", "says"),
    [
        ((), "A goal needs either --at-most or --at-least"),
        (("--at-most", "1", "--at-least", "0"), "A goal needs either --at-most or --at-least"),
        (("--at-most", "20"), "chances run from 0 to 1"),
        (
            ("--at-most", "1", "--measure", "plans", "--provision", "state_special"),
            "not counted for one provision",
        ),
        (("--at-most", "0.2", "--provision", "inmss"), "'inmss' is not a provision"),
    ],
)
def test_a_goal_that_is_none_is_refused(ask: Ask, own: Path, goal: tuple[str, ...], says: str) -> None:
    lever = ("seek", "Redbridge", str(own), "new-bases", "--low", "0", "--high", "9", "--year", "2030")
    code, _, told = ask(*lever, *goal, *BRIEF)
    assert code == 2
    assert says in flat(told)


def test_a_lever_that_cannot_be_sized_is_refused(ask: Ask, own: Path) -> None:
    for ref, lever, low, says in (
        (str(own), "no-such", "0", "has no lever 'no-such'"),
        ("redbridge-schemes", "little-heath-70", "0", "says no number of places"),
        (str(own), "surge", "-1", "out of range"),
        (str(own), "new-bases", "0.5", "places are whole numbers"),
    ):
        goal = ("--low", low, "--high", "9", "--year", "2030", "--at-most", "0.2")
        code, _, told = ask("seek", "Redbridge", ref, lever, *goal, *BRIEF)
        assert code == 2
        assert says in flat(told), told


def test_the_empty_scenario_gives_the_very_files_of_the_forecast(ask: Ask) -> None:
    assert ask("run", "baseline", "Redbridge", *BRIEF, "--out", "scenario", "--no-record")[0] == 0
    assert sendplan("forecast", "Redbridge", *BRIEF, "--out", "forecast")[0] == 0
    for name in ("plans", "shortfall", "flows", "process"):
        one, other = (Path(folder) / f"{name}.parquet" for folder in ("scenario", "forecast"))
        assert one.read_bytes() == other.read_bytes()
    assert np.isfinite(pd.read_parquet("scenario/plans.parquet")["value"]).all()
