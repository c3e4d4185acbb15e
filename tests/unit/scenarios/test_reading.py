"""Scenario files: what is read, what is refused and how it is said, and finding one by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.errors import ScenarioError
from scenarios.reading import find, from_values, library, parse, read, resolve, to_yaml
from scenarios.scenario import Scenario
from scenarios.yaml_text import MOST_BYTES

HEAD = "id: mine\ntitle: Mine\n"
LEVER = """levers:
  - kind: requests
    why: more of them
    when: 2027..2030
    change: {low: 1.1, high: 1.3}
"""


def test_a_scenario_is_read_with_all_it_says() -> None:
    scenario = parse(HEAD + "policy_date: 2026-03-13\nnote: no\ncaveats: one only\n" + LEVER, "mine.yaml")
    assert scenario.policy_date is not None
    assert scenario.policy_date.isoformat() == "2026-03-13"
    assert scenario.note == "no"
    assert scenario.caveats == ("one only",)
    assert scenario.levers[0].id == "requests"


def test_what_is_written_is_read_again() -> None:
    text = 'note: "1.5e5: yes, # no; 2026-01-01\\n  - è 💷 \'x\'"\ncaveats: ["null", "1e5", "0x1F", "on", "~", "12", "=x"]\n'
    scenario = parse(HEAD + text + LEVER, "mine.yaml")
    assert parse(to_yaml(scenario), "again") == scenario
    assert parse(to_yaml(scenario), "again").key == scenario.key


def test_the_same_meaning_has_the_same_key_however_it_is_written() -> None:
    long = (
        HEAD
        + "levers: [{kind: requests, why: more of them, when: {from: 2027, until: 2030}, change: {high: 1.30, low: 1.1}, "
    )
    assert (
        parse(long + "who: {}, status: assumption, id: requests}]", "a").key == parse(HEAD + LEVER, "b").key
    )
    assert parse(HEAD + LEVER.replace("1.3", "1.4"), "a").key != parse(HEAD + LEVER, "b").key


def test_spaces_and_breaks_of_word_processors_become_plain() -> None:
    scenario = parse(HEAD + 'note: "a\\u00a0b\\u2009c\\u2028d\\te"\n', "mine.yaml")
    assert scenario.note == "a b c\nd e"


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (HEAD + "noet: Mine\n", 3, "Did you mean note?"),
        ("id: mine\n", 0, "title: is missing"),
        ("id: My Own\ntitle: x\n", 1, "lower-case words"),
        (HEAD + LEVER.replace("requests", "reqests"), 4, "Did you mean requests?"),
        (HEAD + LEVER + "    who: {needs: [ASD, AUTSM]}\n", 8, "'AUTSM' is not a need"),
        (
            HEAD + LEVER + "    who:\n      settings: [A]\n",
            9,
            "cannot choose by settings; it can choose by areas, ages, phases, needs",
        ),
        (HEAD + LEVER.replace("2027..2030", "1990"), 6, "outside 2010 to 2060"),
        (HEAD + LEVER.replace("low: 1.1", "low: 1.9"), 7, "Write {low: 1.3, high: 1.9}"),
        (HEAD + LEVER.replace("{low: 1.1, high: 1.3}", "[1, 2]"), 7, "not a number"),
        (HEAD + LEVER.replace("kind: requests", "kind: refusal"), 7, "share of 0 to 1"),
        (HEAD + LEVER.replace("    why: more of them\n", ""), 4, "why: is missing"),
        (HEAD + LEVER + "    id: a\n    id: b\n", 9, "given twice"),
        (HEAD + "levers: {a: 1}\n", 3, "should be a list"),
        (HEAD + "levers: [1]\n", 3, "lever 1: should be keys and values"),
        (HEAD + "policy_date: 13/03/2026\n", 3, "Write it as 2026-03-13"),
        (HEAD + "areas: [Redbrige]\n", 3, "Did you mean Redbridge"),
        (HEAD + "note: &x text\n", 3, "anchors"),
        (HEAD + "note: *x\n", 3, "not valid YAML|aliases"),
        (HEAD + "note: !!python/object:os.system x\n", 3, "tags"),
        (HEAD + "--- \n" + HEAD, 3, "second document"),
        (HEAD + "note: [[[[[[[[[[[[[[1]]]]]]]]]]]]]]\n", 3, "nested more than"),
        (HEAD + "{a: b}: c\n", 3, "key should be a plain word"),
        (HEAD + "note: 'open\n", 4, "not valid YAML"),
        (HEAD + "note: a\x07b\n", 3, "character"),
        ("- a\n", 1, "a scenario begins with"),
        ("", 1, "a scenario begins with"),
    ],
)
def test_what_is_wrong_is_said_with_file_line_and_fix(text: str, line: int, says: str) -> None:
    with pytest.raises(ScenarioError, match=f"(?i){says}") as error:
        parse(text, "mine.yaml")
    assert "'mine.yaml' has 1 problem, so no scenario was read from it and nothing was changed." in str(
        error.value
    )
    if line:
        assert f"Line {line}" in str(error.value)


def test_all_problems_are_listed_at_once() -> None:
    with pytest.raises(ScenarioError, match="has 3 problems") as error:
        parse(
            HEAD + LEVER.replace("2027..2030", "2030..2027").replace("more of them", "") + "    owner: 3\n",
            "mine.yaml",
        )
    assert "lever 1 (requests), when" in str(error.value)
    assert "lever 1 (requests), why" in str(error.value)
    assert "lever 1 (requests), owner" in str(error.value)


def test_two_levers_of_one_id_are_refused() -> None:
    twice = LEVER + "    id: a\n" + LEVER.removeprefix("levers:\n") + "    id: a\n"
    with pytest.raises(ScenarioError, match="several levers have the id 'a'"):
        parse(HEAD + twice, "x")


def test_more_than_200_levers_are_refused() -> None:
    with pytest.raises(ScenarioError, match="more than 200"):
        parse(HEAD + "levers:\n" + LEVER.removeprefix("levers:\n") * 201, "x")


def test_a_bomb_of_aliases_is_refused_at_its_first_anchor() -> None:
    lines = ["a0: &a0 [lol, lol, lol]"] + [
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)
    ]
    with pytest.raises(ScenarioError, match="Line 1: Anchors"):
        parse("\n".join(lines), "bomb.yaml")


def test_long_texts_are_refused_before_they_are_read(tmp_path: Path) -> None:
    file = tmp_path / "long.yaml"
    file.write_bytes(b"note: " + b"x" * 10_000_000)
    with pytest.raises(ScenarioError, match=r"more than 1,000,000 bytes"):
        read(file)
    with pytest.raises(ScenarioError, match=r"more than any scenario|at most 1,000,000"):
        parse("x" * (MOST_BYTES + 1), "long.yaml")
    with pytest.raises(ScenarioError, match=r"more than 20,000 values"):
        parse("[" + "1," * 30_000 + "]", "wide.yaml")


def test_files_that_are_absent_or_not_text_are_said(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="cannot be read"):
        read(tmp_path / "none.yaml")
    with pytest.raises(ScenarioError, match="cannot be read"):
        read(tmp_path)
    (tmp_path / "latin.yaml").write_bytes(b"id: a\ntitle: caf\xe9\n")
    with pytest.raises(ScenarioError, match=r"Line 2: it is not UTF-8"):
        read(tmp_path / "latin.yaml")


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"\xef\xbb\xbf" + HEAD.encode())
    assert read(tmp_path / "a.yaml").id == "mine"


def test_plain_values_are_checked_without_lines() -> None:
    assert from_values({"id": "a", "title": "b"}, "form").title == "b"
    with pytest.raises(ScenarioError, match=r"'form' has 1 problem.* title: is missing"):
        from_values({"id": "a"}, "form")


def test_a_scenario_is_found_by_id_or_file(tmp_path: Path) -> None:
    assert find("baseline").levers == ()
    (tmp_path / "own.yaml").write_text(HEAD, encoding="utf-8")
    assert find(str(tmp_path / "own.yaml")).id == "mine"
    with pytest.raises(ScenarioError, match="Did you mean reform-2030"):
        find("reform-2031")
    with pytest.raises(ScenarioError, match="is not a scenario"):
        find("../secret")


def base(name: str, based_on: str | None, *levers: tuple[str, float]) -> Scenario:
    return Scenario.model_validate(
        {
            "id": name, "title": name, "based_on": based_on,
            "levers": [{"kind": "joiners", "id": i, "when": 2027, "change": c, "why": "x"} for i, c in levers],
        }
    )  # fmt: skip


def test_base_levers_come_first_and_the_same_id_replaces() -> None:
    known = {
        s.id: s
        for s in (base("a", None, ("one", 1.1), ("two", 1.2)), base("b", "a", ("two", 0.9), ("three", 0.8)))
    }
    flat = resolve(base("c", "b", ("one", 0.5)), known.__getitem__)
    assert [(lever.id, lever.change) for lever in flat.levers] == [("one", 0.5), ("two", 0.9), ("three", 0.8)]
    assert (flat.id, flat.based_on) == ("c", None)


@pytest.mark.parametrize("loop", [{"a": "a"}, {"a": "b", "b": "a"}, {"a": "b", "b": "c", "c": "b"}])
def test_scenarios_based_on_each_other_are_refused(loop: dict[str, str]) -> None:
    known = {name: base(name, on) for name, on in loop.items()}
    with pytest.raises(ScenarioError, match="based on itself"):
        resolve(known["a"], known.__getitem__)


def test_a_file_may_be_based_on_its_neighbour_or_the_library(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("id: mine\ntitle: Mine\nbased_on: near\n", encoding="utf-8")
    (tmp_path / "near.yaml").write_text("id: near\ntitle: Near\nbased_on: low-births\n", encoding="utf-8")
    assert [lever.id for lever in resolve(str(tmp_path / "mine.yaml")).levers] == ["fewer-births"]
    with pytest.raises(ScenarioError, match="'near' is not a scenario"):
        resolve(find(str(tmp_path / "mine.yaml")))


def test_unnamed_levers_on_a_base_add_to_it() -> None:
    own = parse("id: own\ntitle: Own\nbased_on: pre-reform-surge\n" + LEVER, "own.yaml")
    assert [lever.id for lever in resolve(own).levers] == ["surge", "own-requests"]


def test_the_library_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        library()["mine"] = base("mine", None)  # type: ignore[index]
