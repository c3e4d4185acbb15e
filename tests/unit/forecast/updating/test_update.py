"""An update from end to end in a copy of the installation, with the fit stubbed: it is whole, or nothing has changed."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from data import switching, tables
from data.errors import OutputError, SourceError, TableError, UpdateError
from data.ingest.release_sources import read_sources
from forecast.core import disk_cache
from forecast.demand import stored_fit
from forecast.updating import evidence
from forecast.updating import update as update_module
from forecast.updating.download import Fetcher
from forecast.updating.newest import newest_of
from forecast.updating.update import Installation, Request, UpdateStage, audit_in, update
from forecast.validation import audit as audit_module
from forecast.validation import earlier_forecasts, unseen_january
from tests.installations import ROOT, copied, fit_of, january_in_use, lay_over_once, steps, stubbed_fit, tree
from tests.release_2027 import NAME, write_release
from tests.release_server import ReleaseServer, serving

CHECKS = update_module._wrong
AUDIT = audit_module.FOLDER.relative_to(ROOT).as_posix()
KILLED = Path(__file__).with_name("killed_updates.py")


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_release(tmp_path_factory.mktemp("release") / NAME)


@pytest.fixture(autouse=True)
def laid_over_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a release be laid over the tables once, as all installations here are copies of one, and checks say nothing of it."""
    monkeypatch.setattr("forecast.updating.update.lay_over", lay_over_once)
    monkeypatch.setattr("forecast.updating.update._wrong", lambda data: [])


@pytest.fixture
def checked(laid_over_once: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the checks of tables say what they have against them."""
    monkeypatch.setattr("forecast.updating.update._wrong", CHECKS)


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    return copied(tmp_path / "planner")


@pytest.fixture
def before(here: Installation) -> Iterator[dict[str, str]]:
    """Return the files of an installation, and make sure afterwards that a test which asks for this left them as they were."""
    files = tree(here.root)
    yield files
    assert tree(here.root) == files
    assert january_in_use(here) == 2026


def request(path: Path, layout: Path | None = None) -> Request:
    return Request(read_sources().readable(), path, layout)


@pytest.mark.usefixtures("checked")
def test_a_release_from_a_file_is_switched_to_as_a_whole(here: Installation, release: Path) -> None:
    before = tree(here.root)
    stages: list[UpdateStage] = []
    wrong: list[str] = []
    done = update(
        request(release), steps(on_stage=stages.append, agree=lambda what: not wrong.extend(what.wrong)), here
    )
    assert not wrong, "a release that adds up passes every check of the tables"
    assert done is not None
    assert (done.before, done.january, done.sentences) == (2026, 2027, ("scored",))
    assert january_in_use(here) == 2027
    assert list(dict.fromkeys(stages)) == list(UpdateStage)
    after = tree(here.root)
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == set(done.files)
    assert set(before) == set(after), "no file is left behind"
    origins = pd.read_csv(here.data / "SOURCES.csv", dtype="str", keep_default_na=False)
    mine = origins[origins["release"].str.endswith("reporting year 2027")]
    assert set(mine["table"]) >= {"plans_total", "requests", "ceased_plans_age", "england_totals"}
    assert update(request(release), steps(fit=None), here) is None, "the release in use is not used again"


def test_a_release_from_a_folder_is_the_newest_in_it(
    here: Installation, release: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "downloads"
    (folder / "sen2").mkdir(parents=True)
    shutil.copy(release, folder / "sen2" / "a.zip")
    write_release(folder / "b.zip", january=2025)
    (folder / "c.zip").write_bytes(b"no zip")
    assert update(request(folder), steps(), here) is not None
    assert january_in_use(here) == 2027


def test_a_folder_without_a_release_is_refused_in_words(
    here: Installation, before: object, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UpdateError, match=r"No release of .* is in .*empty \(0 zip files\)"):
        update(request(tmp_path / "empty"), steps(), here)
    with pytest.raises(UpdateError, match="There is no file"):
        update(request(tmp_path / "none.zip"), steps(), here)


def test_half_a_zip_changes_nothing(
    here: Installation, before: object, release: Path, tmp_path: Path
) -> None:
    half = tmp_path / "half.zip"
    half.write_bytes(release.read_bytes()[:100_000])
    with pytest.raises(SourceError, match=r"half\.zip is not a whole zip file"):
        update(request(half), steps(), here)


def test_a_release_older_than_the_one_in_use_changes_nothing(
    here: Installation, before: object, tmp_path: Path
) -> None:
    old = write_release(tmp_path / "old.zip", january=2025)
    with pytest.raises(
        UpdateError, match=r"older than the one in use: January 2025, and in use is January 2026"
    ):
        update(request(old), steps(), here)


def test_a_label_that_is_not_known_changes_nothing(
    here: Installation, before: object, tmp_path: Path
) -> None:
    path = write_release(
        tmp_path / NAME, lambda member, frame: frame.replace({"breakdown": {"age 25": "age 25 or 26"}})
    )
    with pytest.raises(
        SourceError, match=r"we do not know: 'age 25 or 26'.*change a copy of 2026\.toml.*--layout FILE"
    ):
        update(request(path), steps(), here)


def test_not_agreeing_changes_nothing(here: Installation, before: object, release: Path) -> None:
    with pytest.raises(UpdateError, match=r"was not switched to. In use is still January 2026"):
        update(request(release), steps(agree=lambda findings: not findings.january), here)


@pytest.mark.usefixtures("checked")
def test_figures_that_contradict_each_other_are_named(
    here: Installation, before: object, tmp_path: Path
) -> None:
    def one_more(member: str, frame: pd.DataFrame) -> pd.DataFrame:
        if member != "data/caseload.csv":
            return frame
        mine = (
            frame["old_la_code"].eq("317")
            & frame["breakdown_topic"].eq("Age at start of academic year")
            & frame["breakdown"].eq("age 9")
        )
        return frame.assign(ehcplans=frame["ehcplans"].mask(mine, "999"))

    wrong: list[str] = []

    def refused(findings: object) -> bool:
        wrong.extend(findings.wrong)  # type: ignore[attr-defined]
        return False

    with pytest.raises(UpdateError, match="was not switched to"):
        update(request(write_release(tmp_path / NAME, one_more)), steps(agree=refused), here)
    assert any(text.startswith("plans_total, single ages sum to total") for text in wrong)


def failing(root: Path) -> None:
    raise UpdateError("did not pass")


def cancelled(root: Path) -> None:
    raise KeyboardInterrupt


def full(root: Path) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def full_in_words(root: Path) -> None:
    raise OSError("Error writing bytes to file. Detail: [errno 28] No space left on device")


def nothing(root: Path) -> None:
    """Fit nothing."""


@pytest.mark.parametrize(
    ("fit", "error", "words"),
    [
        (failing, UpdateError, "did not pass"), (cancelled, KeyboardInterrupt, "^$"),
        (nothing, UpdateError, "not fitted to January 2027"),
        (full_in_words, OutputError, "Make room"),
        (full, OutputError, "No space left.*In use is what was in use before. Make room"),
    ],
)  # fmt: skip
def test_a_fit_that_fails_or_is_stopped_changes_nothing(
    here: Installation, before: object, release: Path, fit: object, error: type[BaseException], words: str
) -> None:
    with pytest.raises(error, match=words):
        update(request(release), steps(fit=fit), here)


@pytest.mark.parametrize("code", [0, 1, 2])
def test_models_are_fitted_by_the_command_of_the_copy(tmp_path: Path, code: int) -> None:
    """A package of the same name stands in for the copy of the installation: the command that is run is the one in it."""
    (tmp_path / "forecast").mkdir()
    (tmp_path / "forecast" / "__init__.py").write_text("")
    (tmp_path / "forecast" / "cli.py").write_text(
        "import os, sys\nopen('ran', 'w').write(' '.join(sys.argv[1:]) + ' ' + os.environ['SENDPLAN_CACHE'])\n"
        f"sys.exit({code})\n"
    )
    if code:
        with pytest.raises(UpdateError, match=r"could not be fitted.*Nothing was changed.*another --seed"):
            update_module.refit(tmp_path, 7)
    else:
        update_module.refit(tmp_path, 7)
    assert (tmp_path / "ran").read_text() == "fit --seed 7 "


def test_a_full_disk_at_the_switch_changes_nothing(
    here: Installation, before: object, release: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(switching.drafts, "to_disk", no_room)
    with pytest.raises(OutputError, match="Make room on the disk"):
        update(request(release), steps(), here)


def test_tables_that_were_altered_are_not_laid_over(here: Installation, release: Path) -> None:
    path = here.data / "published" / "plans_total.parquet"
    path.write_bytes(path.read_bytes() + b"x")
    before = tree(here.root)
    with pytest.raises(TableError, match=r"plans_total.*not the one that was built.*nothing was changed"):
        update(request(release), steps(), here)
    assert tree(here.root) == before


def test_of_two_updates_at_once_the_second_is_refused(here: Installation, release: Path) -> None:
    begun, over = threading.Event(), threading.Event()

    def slow_fit(root: Path) -> None:
        begun.set()
        over.wait(60)
        stubbed_fit(root)

    first = threading.Thread(target=lambda: update(request(release), steps(fit=slow_fit), here))
    first.start()
    assert begun.wait(60)
    try:
        with pytest.raises(UpdateError, match="Another update of the tables"):
            update(request(release), steps(), here)
        assert january_in_use(here) == 2026
    finally:
        over.set()
        first.join()
    assert january_in_use(here) == 2027


def test_a_layout_of_one_s_own_is_kept_for_the_next_release(here: Installation, tmp_path: Path) -> None:
    path = write_release(
        tmp_path / NAME,
        lambda member, frame: frame.assign(more="1") if member == "data/requests.csv" else frame,
    )
    with pytest.raises(SourceError, match=r"column\(s\) unknown: more.*--layout FILE"):
        update(request(path), steps(), here)
    own = tmp_path / "own.toml"
    text = (ROOT / "data" / "ingest" / "sen2_layouts" / "2026.toml").read_text(encoding="utf-8")
    own.write_text(
        text.replace('"tribunal_after_mediation_request",', '"tribunal_after_mediation_request", "more",'),
        encoding="utf-8",
    )
    done = update(request(path, own), steps(), here)
    assert done is not None
    assert "data/ingest/sen2_layouts/2027.toml" in done.files
    assert (here.data / "ingest" / "sen2_layouts" / "2027.toml").read_bytes() == own.read_bytes()


def test_killed_at_every_stage_one_release_is_in_use_whole(release: Path, tmp_path: Path) -> None:
    """One process makes the copies and forks a child for each stage, which kills itself when it is reached."""
    done = subprocess.run(
        [sys.executable, KILLED, release, tmp_path],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    ended = {}
    for line in done.stdout.splitlines():
        stage, signal = line.split()
        here = Installation(tmp_path / stage)
        switching.settle(here.root)
        ended[stage] = (int(signal), january_in_use(here))
    old = ["AT_HAND", "CHECKED", "TABLES", "FITTED", "SCORED", "AUDITED", "READY"]
    assert ended == {**dict.fromkeys(old, (9, 2026)), "SWITCHING": (9, 2027), "SWITCHED": (9, 2027)}


def test_what_the_audit_writes_is_switched_to_with_the_release(here: Installation, release: Path) -> None:
    def audit(root: Path) -> None:
        assert fit_of(root)["origin"] == 2027
        (root / AUDIT / "from_january_2026_abcd1234_against_2027.csv").write_text("entry")

    done = update(request(release), steps(audit=audit), here)
    assert done is not None
    name = f"{AUDIT}/from_january_2026_abcd1234_against_2027.csv"
    assert name in done.files
    assert (here.root / name).read_text() == "entry"


@pytest.mark.usefixtures("before")
def test_without_its_audit_nothing_is_switched_to(
    here: Installation, release: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forecast.updating.update._run_in", lambda root, *command: command[0] != "audit")
    with pytest.raises(UpdateError, match="could not be set against the new figures"):
        update(request(release), steps(audit=audit_in), here)


def test_what_a_killed_update_left_is_removed_by_the_next(here: Installation, release: Path) -> None:
    left = here.data / f"{switching.STAGING}dead"
    (left / "new").mkdir(parents=True)
    assert update(request(release), steps(), here) is not None
    assert not list(here.data.glob(f"{switching.STAGING}*"))


def test_the_old_forecast_is_kept_and_scored_against_the_new_figures(tmp_path: Path) -> None:
    for path in (unseen_january.TABLE, earlier_forecasts.TABLE, ROOT / "docs" / "track-record.md"):
        (tmp_path / path.relative_to(ROOT)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, tmp_path / path.relative_to(ROOT))
    totals = tables.read("plans_total")
    new = totals.query("january == 2026").assign(january=2027)
    new["as_published"] = (new["as_published"].astype("float64") * 1.1).round().astype("Int64")
    said = evidence.record(tmp_path, pd.concat([totals, new]))
    assert "from January 2026 is kept as it was" in said[0]
    assert said[1].startswith("January 2027: made from tables and a fit that end at January 2026")
    assert "grew by 10.0 %" in said[-1]
    table = unseen_january.read_scores(tmp_path / unseen_january.TABLE.relative_to(ROOT))
    known = unseen_january.read_scores()
    assert set(table["target"]) == {*known["target"], 2027}
    pd.testing.assert_frame_equal(table[table["target"] < 2027].reset_index(drop=True), known)
    assert "January 2027: made from" in (tmp_path / "docs" / "track-record.md").read_text(encoding="utf-8")
    kept = earlier_forecasts.read(tmp_path / earlier_forecasts.TABLE.relative_to(ROOT))
    assert {(2026, earlier_forecasts.SHIPPED)} <= set(zip(kept["origin"], kept["made_by"], strict=True))


def test_without_a_usable_fit_nothing_is_scored_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_fit.load, "__defaults__", (tmp_path,))
    said = evidence.record(tmp_path, tables.read("plans_total"))
    assert len(said) == 1
    assert said[0].startswith("The forecast of before is not scored, because there is none that may be used.")


class TestFetched:
    """Updates from a server on this computer, with the faults of a network."""

    @pytest.fixture
    def server(
        self, release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> Iterator[ReleaseServer]:
        monkeypatch.setenv(disk_cache.VARIABLE, str(tmp_path / "cache"))
        with serving(ReleaseServer(release.read_bytes())) as running:
            yield running

    def asked(self, server: ReleaseServer, folder: Path) -> Request:
        configured = read_sources(server.sources(folder, read_seconds=0.5))
        fetcher = Fetcher(configured.fetching, lambda _: None)
        return Request(configured.readable(), newest_of(configured.readable(), fetcher), None, fetcher)

    def test_slow_refused_and_cut_off_it_comes_in_the_end(
        self, here: Installation, server: ReleaseServer, tmp_path: Path
    ) -> None:
        server.faults = ["cut", "500", "slow"]
        told: list[int] = []
        assert (
            update(self.asked(server, tmp_path), steps(on_bytes=lambda there, of: told.append(there)), here)
            is not None
        )
        assert january_in_use(here) == 2027
        assert told[-1] == len(server.content)
        assert server.asked[-1].startswith("bytes=")
        assert not list((tmp_path / "cache" / "releases").iterdir())
        date = (
            pd.read_csv(here.data / "SOURCES.csv")
            .query("release.str.endswith('2027')")["date"]
            .unique()
            .tolist()
        )
        assert date == ["2027-06-10"]

    def test_faults_without_end_change_nothing(
        self, here: Installation, before: object, server: ReleaseServer, tmp_path: Path
    ) -> None:
        server.faults = ["500"] * 9
        with pytest.raises(UpdateError, match=r"answered 500.*Nothing was changed"):
            update(self.asked(server, tmp_path), steps(), here)

    def test_a_wrong_hash_changes_nothing(
        self, here: Installation, before: object, server: ReleaseServer, tmp_path: Path
    ) -> None:
        server.sha256 = "0" * 64
        with pytest.raises(UpdateError, match=r"not the file that its index describes"):
            update(self.asked(server, tmp_path), steps(), here)

    def test_another_publication_changes_nothing(
        self, here: Installation, before: object, server: ReleaseServer, tmp_path: Path
    ) -> None:
        server.content = b"PK\x05\x06" + bytes(18)
        with pytest.raises(SourceError, match=r"is not a release of 'Education, health and care plans"):
            update(self.asked(server, tmp_path), steps(), here)
