"""Many processes at once, and processes killed in the middle: nothing saved is lost, and nothing half is left.

What is promised: what `save` has returned is there afterwards; of what it had not yet returned, all or nothing is there.
"""

from __future__ import annotations

import multiprocessing
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from data.sign_in.people import this_computer
from scenarios.store import Store
from tests.stores import Server, draft, integrity, save_for_ever, save_many

KILLS = 20
WRITERS = 8
OWN, SHARED = 20, 5

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["scenarios.store", "tests.stores"])


def killed(where: str, scenario_id: str, after: float) -> list[tuple[int, str]]:
    """Start a writer, kill it some seconds after its first save, and return the saves it was told are done."""
    hears, says = PROCESSES.Pipe(duplex=False)
    writer = PROCESSES.Process(target=save_for_ever, args=(where, scenario_id, says), daemon=True)
    writer.start()
    says.close()
    assert hears.poll(120), "the writer saved nothing in two minutes"
    said = [hears.recv()]
    time.sleep(after)
    writer.kill()
    writer.join(60)
    assert writer.exitcode == -9
    while True:
        try:
            said.append(hears.recv())
        except EOFError:
            return said


def test_twenty_kills_lose_nothing_saved_and_leave_nothing_half(where: str) -> None:
    store = Store.open(where)
    rng = np.random.default_rng(20261122)
    acknowledged: dict[int, str] = {}
    for kill in range(1, KILLS + 1):
        acknowledged.update(killed(where, "two-bases", float(rng.uniform(0, 0.1))))
        kept = {one.version: one.body for one in store.versions("two-bases")}
        assert acknowledged.items() <= kept.items()
        # Each kill may have come between the commit and the word that it is done.
        assert len(kept) - len(acknowledged) <= kill
        assert sorted(kept) == list(range(1, len(kept) + 1))
        assert [one.subject for one in store.entries()] == [
            f"two-bases version {number}" for number in sorted(kept)
        ]
        assert store.verify_log() is None
        if store.address.is_file:
            assert integrity(store) == "ok"
    # Nobody still holds the lock.
    assert store.save(draft("after"), expected_version=0, who=this_computer("Jo")).version == 1


def test_kills_while_a_store_is_being_made_leave_it_usable(tmp_path: Path, server: Server) -> None:
    rng = np.random.default_rng(7)
    for number in range(4):
        for where in (str(tmp_path / f"{number}.sqlite"), server.make_place()):
            _, says = PROCESSES.Pipe(duplex=False)
            maker = PROCESSES.Process(target=save_for_ever, args=(where, "two-bases", says), daemon=True)
            maker.start()
            time.sleep(float(rng.uniform(0.01, 0.2)))
            maker.kill()
            maker.join(60)
            store = Store.open(where)
            assert store.verify_log() is None
            assert store.save(draft("after"), expected_version=0, who=this_computer("Jo")).version == 1


def test_a_server_that_crashes_loses_nothing_saved(server: Server) -> None:
    where = server.make_place()
    store = Store.open(where)
    for _ in range(2):
        hears, says = PROCESSES.Pipe(duplex=False)
        writer = PROCESSES.Process(target=save_for_ever, args=(where, "two-bases", says), daemon=True)
        writer.start()
        says.close()
        assert hears.poll(120), "the writer saved nothing in two minutes"
        server.stop("immediate")
        writer.join(60)
        server.start()
        said = []
        while True:
            try:
                said.append(hears.recv())
            except EOFError:
                break
        assert said
        assert set(said) <= {(one.version, one.body) for one in store.versions("two-bases")}
        assert store.verify_log() is None


def test_eight_writers_at_once_meet_no_error(where: str) -> None:
    """They even make the store at once; and where all change one scenario, each change follows one its writer has seen."""
    ready = PROCESSES.Barrier(WRITERS)
    pipes, writers = [], []
    for number in range(WRITERS):
        hears, says = PROCESSES.Pipe(duplex=False)
        writer = PROCESSES.Process(
            target=save_many, args=(where, number, OWN, SHARED, ready, says), daemon=True
        )
        writer.start()
        says.close()
        pipes.append(hears)
        writers.append(writer)
    outcomes = [pipe.recv() if pipe.poll(300) else ("error", "silent for five minutes") for pipe in pipes]
    for writer in writers:
        writer.join(60)
    assert [word for word, _ in outcomes] == ["done"] * WRITERS, outcomes
    store = Store.open(where)
    for number in range(WRITERS):
        assert [one.version for one in store.versions(f"own-{number}")] == list(range(1, OWN + 1))
        assert len(store.runs(f"own-{number}")) == OWN
    shared = store.versions("shared")
    assert len(shared) == WRITERS * SHARED
    assert {one.body for one in shared} == {
        draft("shared", f"{number}/{turn}").body for number in range(WRITERS) for turn in range(SHARED)
    }
    assert len(store.entries()) == WRITERS * (2 * OWN + SHARED)
    assert store.verify_log() is None
    if store.address.is_file:
        assert integrity(store) == "ok"


@pytest.mark.parametrize("where", ["file"], indirect=True)
def test_threads_may_open_a_store_at_once(where: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        stores = list(pool.map(Store.open, [where] * 4 + [f"{where}-{number}" for number in range(4)]))
    assert [store.scenarios() for store in stores] == [()] * 8
