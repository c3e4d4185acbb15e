"""The scenarios we ship: complete, said in plain English, and usable for any authority."""

from __future__ import annotations

import pytest

from data import tables
from data.registers.starting_register import shipped
from scenarios.applying import apply_schemes, effects, notes
from scenarios.effects import Frame
from scenarios.levers import describe
from scenarios.reading import LIBRARY, library, parse, read, resolve, to_yaml

ORIGIN = int(tables.read("plans_total")["january"].max())
IDS = {
    "baseline", "pre-reform-surge", "reform-2030", "reform-2030-early", "reform-2030-late", "inclusion-bases",
    "local-post-16-offer", "return-from-inmss", "timeliness-recovery", "low-births", "flat-funding", "redbridge-schemes",
}  # fmt: skip


def test_the_library_holds_what_was_agreed_under_its_own_names() -> None:
    assert set(library()) == IDS
    assert all(read(path).id == path.stem for path in LIBRARY.glob("*.yaml"))


@pytest.mark.parametrize("name", sorted(IDS))
def test_each_has_a_note_caveats_and_evidence_and_says_how_firm_it_is(name: str) -> None:
    flat = resolve(name)
    assert len(flat.note) > 100
    assert flat.caveats
    assert flat.evidence or name == "baseline"
    assert all("status" in lever.model_fields_set for lever in flat.levers)
    assert all(describe(lever) for lever in flat.levers)


@pytest.mark.parametrize("name", sorted(IDS))
def test_each_is_written_and_read_again(name: str) -> None:
    assert parse(to_yaml(library()[name]), name) == library()[name]


@pytest.mark.parametrize("name", sorted(IDS - {"redbridge-schemes"}))
@pytest.mark.parametrize("la_code", [317, 201, 301, 881])
def test_each_works_for_any_authority(name: str, la_code: int) -> None:
    flat, frame = resolve(name), Frame(la_code, ORIGIN, 12, 8)
    result = effects(flat, frame, seed=1, residents_11_15=9_000.0)
    assert bool(flat.levers) == any(bool(part) for part in vars(result).values())
    register = shipped(la_code)
    after = apply_schemes(register, flat, frame, residents_11_15=9_000.0)
    assert (after is register) == (name != "inclusion-bases")
    assert all("does nothing" not in note for note in notes(flat, frame, residents_11_15=9_000.0))


def test_no_scenario_but_one_names_an_authority() -> None:
    named = {name for name, s in library().items() if s.areas or any(lever.reach.areas for lever in s.levers)}
    assert named == {"redbridge-schemes"}


def test_the_baseline_changes_nothing() -> None:
    assert library()["baseline"].levers == ()


def test_bases_are_about_one_to_a_secondary_school() -> None:
    rows = apply_schemes(
        shipped(301), resolve("inclusion-bases"), Frame(301, ORIGIN, 5, 8), residents_11_15=20_000.0
    ).rows
    assert rows.iloc[-1]["places"] == 240


def test_redbridge_counts_both_schemes_once() -> None:
    before, frame = shipped(317), Frame(317, ORIGIN, 5, 8)
    after = apply_schemes(before, resolve("redbridge-schemes"), frame).rows
    assert len(after) == len(before.rows)
    schemes = after[after["setting"].str.contains("Park Avenue")]
    assert set(schemes["status"]) == {"agreed"}
    assert schemes.loc[schemes["setting"].str.startswith("Hatton"), "places"].max() + 191 == 250
    assert schemes.loc[schemes["setting"].str.startswith("Little"), "places"].max() == 70
    assert schemes["chance_on_time"].max() < 100


def test_the_timing_alone_differs_between_the_reforms() -> None:
    middle, early, late = (resolve(f"reform-2030{end}") for end in ("", "-early", "-late"))
    for other, years in ((early, -2), (late, 2)):
        assert [lever.id for lever in other.levers] == [lever.id for lever in middle.levers]
        for a, b in zip(middle.levers, other.levers, strict=True):
            assert a.times[0].first + years == b.times[0].first
            assert a.change == b.change  # type: ignore[union-attr]
            assert a.reach == b.reach
