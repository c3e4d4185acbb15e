"""The planner's guide, docs/scenarios.md, and the commands in README.md say what the code does."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from data.registers.starting_register import shipped
from forecast.cli import app
from forecast.presentation.compare import COLUMNS, MEASURES
from forecast.runs.scenario_run import with_size
from scenarios.applying import apply_schemes, effects, notes
from scenarios.effects import Frame
from scenarios.levers import KINDS
from scenarios.reading import library, parse, to_yaml
from scenarios.scenario import Scenario

ROOT = Path(__file__).parents[3]
GUIDE = (ROOT / "docs" / "scenarios.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
SCHEMA = (ROOT / "docs" / "schema.md").read_text(encoding="utf-8")

REDBRIDGE = Frame(la_code=317, origin=2026, years=10, draws=50)


def examples() -> tuple[Scenario, Scenario]:
    """Return the guide's example, and the scenario of its question about refusals."""
    first, second = (
        parse(text, "the guide's example")
        for text in re.findall(r"```yaml\n(.*?)```", GUIDE, flags=re.DOTALL)
    )
    return first, second


def example() -> Scenario:
    return examples()[0]


def commands(page: str) -> list[str]:
    """Return the commands in blocks of code, comments left out and lines that go on joined."""
    blocks = page.split("```")[1::2]
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    return [
        shlex.join(shlex.split(line, comments=True))
        for line in lines
        if line.startswith("sendplan scenario ")
    ]


def asked(line: str) -> dict[str, Any]:
    """Return what a command is asked, by parameter: made, and not run. What the program does not take is refused."""
    group, name, *rest = shlex.split(line)[1:]
    command = typer.main.get_command(app).commands[group].commands[name]  # type: ignore[attr-defined]
    params: dict[str, Any] = command.make_context(name, rest).params
    return params


def kinds_in_the_guide() -> list[str]:
    table = GUIDE.partition("## The levers")[2].partition("\n\nThe last")[0]
    return re.findall(r"^\| `(\w+)` \|", table, flags=re.MULTILINE)


def test_the_example_is_a_scenario_and_survives_being_written() -> None:
    scenario = example()
    assert len(scenario.levers) > 3
    assert parse(to_yaml(scenario), "written") == scenario


def test_every_lever_of_the_example_acts_on_the_register_and_forecast_of_redbridge() -> None:
    scenario = example()
    before = shipped(REDBRIDGE.la_code)
    after = apply_schemes(before, scenario, REDBRIDGE, residents_11_15=20_000.0)
    assert not after.rows.equals(before.rows)
    one_alone = [scenario.model_copy(update={"levers": (lever,)}) for lever in scenario.levers]
    for alone in one_alone:
        acts = any(vars(effects(alone, REDBRIDGE, seed=1)).values())
        builds = not apply_schemes(before, alone, REDBRIDGE).rows.equals(before.rows)
        assert acts or builds, alone.levers[0].name
    assert notes(scenario, REDBRIDGE) == ()


def test_the_guide_lists_every_kind_of_lever_once_and_no_other() -> None:
    assert kinds_in_the_guide() == list(KINDS)


def test_the_kinds_that_change_pounds_only_are_those_on_money() -> None:
    pounds = [name for name, kind in KINDS.items() if kind.__module__ == "scenarios.money_levers"]
    assert kinds_in_the_guide()[-5:] == pounds
    assert "The last five kinds **change pounds only**" in GUIDE


@pytest.mark.parametrize("line", [*commands(GUIDE), *commands(README)])
def test_every_command_is_one_the_program_takes_on_scenarios_there_are(line: str) -> None:
    params = asked(line)
    scenarios = {
        **library(),
        "my-scenario.yaml": example(),
        example().id: example(),
        # Versions 1 and 2 are there once it was saved twice, as the guide does.
        f"{example().id}@1": example(),
        f"{example().id}@2": example(),
        "refusals.yaml": examples()[1],
    }
    refs = [params[name] for name in ("ref", "scenario") if params.get(name)] + list(params.get("refs", ()))
    assert set(refs) <= set(scenarios)
    if "lever" in params:
        for size in (params["low"], params["high"]):
            with_size(scenarios[params["ref"]], params["lever"], size)


def test_a_command_that_does_not_exist_is_noticed() -> None:
    with pytest.raises(Exception, match="no-such-option"):
        asked("sendplan scenario list --no-such-option")
    with pytest.raises(KeyError):
        asked("sendplan scenario dream")


def test_the_guide_shows_every_command() -> None:
    named = {line.split()[2] for line in commands(GUIDE)}
    listed = typer.main.get_command(app).commands["scenario"].commands  # type: ignore[attr-defined]
    assert named == set(listed)


def test_the_readme_counts_the_shipped_scenarios() -> None:
    assert "twelve we ship" in README
    assert len(library()) == 12


def test_the_words_on_when_are_those_of_the_code() -> None:
    assert "`{from: 2027, until: 2030, ramp: 3}` starts with a third" in " ".join(GUIDE.split())
    ramp = "id: x\ntitle: x\nlevers: [{kind: joiners, why: x, change: 0.9, when: {from: 2027, until: 2030, ramp: 3}}]"
    (lever,) = parse(ramp, "ramp").levers
    # A third in 2027 and all from 2029 to 2030; calendar year y is counted in January y + 1, and the first January is 2027.
    assert lever.times[0].weights(REDBRIDGE)[:6] == pytest.approx([0, 1 / 3, 2 / 3, 1, 1, 0])


def test_the_schema_page_names_the_columns_and_measures_of_a_comparison() -> None:
    part = SCHEMA.partition("`sendplan scenario compare --out`")[2].partition("`sendplan money` writes")[0]
    named = [
        name
        for row in re.findall(r"^\| ([a-z_, 0-9]+) \|", part, flags=re.MULTILINE)
        for name in row.split(", ")
    ]
    assert named == list(COLUMNS)
    (measures,) = re.findall(r"^\| measure \| text \| (.*) \|$", part, flags=re.MULTILINE)
    assert re.findall(r"`(\w+)`", measures) == list(MEASURES)
