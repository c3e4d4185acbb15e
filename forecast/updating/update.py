"""Bringing the tables and the fit up to date with a release: everything is made beside what is in use, then switched to at once.

Stages, in order (`UpdateStage`): the release is at hand; it is whole, of this publication and not older than the one in use; its
tables are laid over those in use, written beside them and checked; models are fitted to them; the forecast of before is written
down and scored, and set against what was returned (`forecast.validation.audit`); all of it takes its place (`data.switching`).

Invariant: up to the switch nothing of the installation changes, whatever goes wrong, and what was made is thrown away; so a
failed, cancelled or killed update leaves the release in use that was in use before. From the switch on the new one is.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess  # nosec B404
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from io import BytesIO
from pathlib import Path

import pandas as pd

from data import checks, switching, tables
from data.errors import OutputError, SourceError, TableError, UpdateError
from data.ingest import plausibility
from data.ingest.build import LISTING
from data.ingest.laid_over import write_tables
from data.ingest.overlay import lay_over
from data.ingest.plausibility import ReleaseFindings
from data.ingest.reading import Origin
from data.ingest.release_file import ReleaseFile, open_release
from data.ingest.release_sources import ReleaseSource
from data.ingest.transcription import FOLDER as LAYOUTS
from forecast.core import disk_cache
from forecast.core.sources import PACKAGES, ROOT
from forecast.demand import stored_fit
from forecast.updating import evidence
from forecast.updating.download import Fetcher, OnBytes
from forecast.updating.newest import InUse, NewestRelease

PAGE = Path("docs/track-record.md")
"""The page of scores, from the folder of the installation; not there where the planner was installed without its documents."""

LEFT_BEHIND = shutil.ignore_patterns(
    "__pycache__", f"{switching.STAGING}*", switching.LOCK, switching.JOURNAL, "failed"
)
"""What is not copied into the folder of new files."""


class UpdateStage(StrEnum):
    """How far an update is."""

    AT_HAND = "the release is at hand"
    CHECKED = "it is whole, and not older than the one in use"
    TABLES = "tables are written and checked"
    FITTED = "models are fitted"
    SCORED = "the forecast of before is scored"
    AUDITED = "kept forecasts are set against the release, and that of now is kept"
    READY = "everything is ready to be switched to"
    SWITCHING = "files take their places"
    SWITCHED = "the new release is in use"


@dataclass(frozen=True)
class Installation:
    """An installed planner: the folder that holds ``data`` and the code."""

    root: Path = ROOT

    @property
    def data(self) -> Path:
        """Folder of tables and fit."""
        return self.root / "data"

    @property
    def in_use(self) -> InUse:
        """The release in use."""
        return InUse.of(self.data / LISTING)

    def table(self, name: str) -> pd.DataFrame:
        """Return a published table, checked to be the one that was built.

        Raises
        ------
        TableError
            It is not.
        """
        folder = self.data / "published"
        path = folder / f"{name}.parquet"
        content = path.read_bytes()
        if tables.hash_of(content) != tables.published_hashes(folder).get(path.name):
            raise TableError(
                f"The published table '{name}' in {path} is not the one that was built, so no release can be laid over it "
                "and nothing was changed. Restore the file from the repository; 'sendplan doctor' looks at all of them."
            )
        return pd.read_parquet(BytesIO(content))


def refit(root: Path, seed: int = 0) -> None:
    """Fit the models to the tables in a copy of the installation, in a process of its own.

    Parameters
    ----------
    root
        Folder of the copy.
    seed
        Seed of the samplers.

    Raises
    ------
    UpdateError
        They could not be fitted, or did not pass.
    """
    if not _run_in(root, "fit", "--seed", str(seed)):
        raise UpdateError(
            "The models could not be fitted to the new tables (see above), so no forecast could be made from them. Nothing was "
            "changed. Run 'make tools' if a library is missing; where a model did not pass, run the command again with another "
            "--seed."
        )


def audit_in(root: Path) -> None:
    """Write the audit in a copy of the installation, and keep its forecast of every authority, in a process of its own.

    Parameters
    ----------
    root
        Folder of the copy, its models fitted to the new tables.

    Raises
    ------
    UpdateError
        It could not be written.
    """
    if not _run_in(root, "audit", "all", "--keep"):
        raise UpdateError(
            "Earlier forecasts could not be set against the new figures (see above). An update without its audit is not made, so "
            "nothing was changed. Run 'sendplan doctor', then the command again."
        )


def _run_in(root: Path, *arguments: str) -> bool:
    """Run a command of a copy of the installation in a process of its own, and return whether it ended well."""
    settings = {**os.environ, "PYTHONPATH": str(root), disk_cache.VARIABLE: ""}
    # Our own command, with no word of anybody's in it.
    command = [sys.executable, "-m", "forecast.cli", *arguments]
    return subprocess.run(command, cwd=root, env=settings, check=False).returncode == 0  # nosec B603


def _never_mind(*_: object) -> None:
    """Take no notice."""


@dataclass(frozen=True)
class Steps:
    """What an update does that takes long, and whom it asks and tells.

    Parameters
    ----------
    agree
        Whether to go on, given what the release says.
    fit
        Fits the models in a copy of the installation.
    record
        Writes down how the forecast of before did, given the folder of new files and the new totals.
    audit
        Writes the audit in a copy of the installation, and keeps its forecast (`forecast.validation.audit`).
    on_stage
        Told the stage that was reached.
    on_bytes
        Told how much of the release was fetched.
    """

    agree: Callable[[ReleaseFindings], bool]
    fit: Callable[[Path], None] = refit
    record: Callable[[Path, pd.DataFrame], tuple[str, ...]] = evidence.record
    audit: Callable[[Path], None] = audit_in
    on_stage: Callable[[UpdateStage], None] = _never_mind
    on_bytes: OnBytes = _never_mind


@dataclass(frozen=True)
class Updated:
    """The outcome of an update: Januaries of before and now, files that changed, and what was said of the old forecast."""

    before: int
    january: int
    files: tuple[str, ...]
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class Request:
    """What to bring the tables up to date with.

    Parameters
    ----------
    source
        The publication.
    release
        A file or folder that was downloaded by hand, or the newest release as its index says.
    layout
        Layout file to read it in, if it is given.
    fetcher
        Takes files from addresses.
    """

    source: ReleaseSource
    release: Path | NewestRelease
    layout: Path | None = None
    fetcher: Fetcher | None = field(default=None, compare=False)


def update(request: Request, steps: Steps, installation: Installation | None = None) -> Updated | None:
    """Bring tables and fit up to date with a release; None if it is the one in use.

    Raises
    ------
    UpdateError
        Another update is under way; the release is older than the one in use, or was not agreed to; models could not be fitted.
    SourceError
        The release is not whole, of another publication, or in a layout that is not known.
    TableError
        A table breaks its schema.
    OutputError
        There is no room, or no permission to write.
    """
    here = installation or Installation()
    switching.settle(here.root)
    with _written(here), switching.locked(here.root):
        in_use = here.in_use
        folder = switching.begin(here.root)
        try:
            return _updated(request, steps, here, in_use, folder)
        finally:
            # Where there is a journal the switch is to be finished, and needs the folder.
            if not (here.data / switching.JOURNAL).exists():
                shutil.rmtree(folder, ignore_errors=True)


def _updated(
    request: Request, steps: Steps, here: Installation, in_use: InUse, folder: Path
) -> Updated | None:
    with _at_hand(request, steps, folder) as path:
        steps.on_stage(UpdateStage.AT_HAND)
        return _switched_to(path, request, steps, here, in_use, folder)


def _switched_to(
    path: Path, request: Request, steps: Steps, here: Installation, in_use: InUse, folder: Path
) -> Updated | None:
    opened = open_release(path, request.source.title, request.layout)
    if opened.sha256 in in_use.sha256:
        return None
    if opened.january < in_use.january:
        raise UpdateError(
            f"The release is older than the one in use: January {opened.january}, and in use is {in_use.words()}. Forecasts "
            f"would go back, so nothing was changed. Look for a newer one at {request.source.page}."
        )
    steps.on_stage(UpdateStage.CHECKED)
    try:
        overlay = lay_over(opened.release, opened.january, here.table)
    except SourceError as error:
        raise SourceError(
            f"{path}: {error} In use is what was in use before. Where a layout file is named, change a copy of "
            f"{opened.fits}.toml in that folder and run the command again with --layout FILE."
        ) from None
    new = folder / switching.NEW
    shutil.copytree(here.data, new / "data", ignore=LEFT_BEHIND, dirs_exist_ok=True)
    published = request.release.published if isinstance(request.release, NewestRelease) else ""
    write_tables(new / "data", overlay.tables, _origin(request.source, opened, published))
    found_wrong = _wrong(new / "data")
    names = here.table("areas").set_index("la_code")["name"]
    findings = plausibility.findings(overlay, here.table("plans_total"), in_use.january, names, found_wrong)
    steps.on_stage(UpdateStage.TABLES)
    if not steps.agree(findings):
        raise UpdateError(
            f"The release of January {opened.january} was not switched to. In use is still {in_use.words()}."
        )
    _copy_code(here, new)
    if request.layout is not None:
        shutil.copy(
            request.layout, new / "data" / LAYOUTS.relative_to(tables.DATA_DIR) / f"{opened.january}.toml"
        )
    steps.fit(new)
    _check_fit(new, opened.january)
    steps.on_stage(UpdateStage.FITTED)
    sentences = steps.record(new, overlay.tables.get("plans_total", here.table("plans_total")))
    steps.on_stage(UpdateStage.SCORED)
    steps.audit(new)
    steps.on_stage(UpdateStage.AUDITED)
    changed = _changed(here.root, new)
    steps.on_stage(UpdateStage.READY)
    switching.switch(here.root, folder, changed, lambda number, of: steps.on_stage(UpdateStage.SWITCHING))
    steps.on_stage(UpdateStage.SWITCHED)
    return Updated(in_use.january, opened.january, tuple(changed), sentences)


def look_at(request: Request, installation: Installation | None = None) -> ReleaseFile:
    """Return the release in a file or folder that was downloaded by hand, changing nothing.

    Raises
    ------
    SourceError
        As `update`.
    """
    if isinstance(request.release, NewestRelease):
        raise TypeError("only what is at hand can be looked at")
    path = _zip_in(request.release, request)
    return open_release(path, request.source.title, request.layout)


@contextmanager
def _at_hand(request: Request, steps: Steps, folder: Path) -> Iterator[Path]:
    """Let the zip of a release be there: as it is given, or fetched and afterwards removed."""
    if isinstance(request.release, Path):
        chosen = _zip_in(request.release, request)
        if chosen.suffix != ".zip":
            chosen = Path(shutil.copyfile(chosen, folder / f"{chosen.name}.zip"))
        yield chosen
        return
    newest = request.release
    if request.fetcher is None:
        raise TypeError("a release that is not at hand needs a fetcher")
    cache = disk_cache.folder()
    kept = folder if cache is None else cache / "releases"
    name = f"{request.source.publication}-{newest.year}.zip"
    path = request.fetcher.file(newest.address, kept / name, newest.expected, steps.on_bytes)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def _zip_in(path: Path, request: Request) -> Path:
    """Return the zip that is meant by a path: a file, or the newest release in a folder.

    Raises
    ------
    UpdateError
        There is none.
    """
    if not path.is_dir():
        if not path.is_file():
            raise UpdateError(
                f"There is no file {path}, so nothing was changed. Give the path of a release's zip, or of the folder it is "
                "in, with --from."
            )
        return path
    zips = sorted(path.rglob("*.zip"))
    whole: list[tuple[int, Path]] = []
    for one in zips:
        try:
            whole.append((open_release(one, request.source.title, request.layout).january, one))
        except (ValueError, zipfile.BadZipFile) as error:
            if len(zips) == 1:
                raise
            problem = error
    if not whole:
        detail = f" The last: {problem}" if zips else ""
        raise UpdateError(
            f"No release of '{request.source.title}' is in {path} ({len(zips)} zip files), so nothing was changed.{detail} "
            f"Download 'all data' from {request.source.page} into that folder."
        )
    return max(whole)[1]


def _origin(source: ReleaseSource, opened: ReleaseFile, published: str) -> Origin:
    return Origin(
        publisher=source.publisher,
        release=f"{source.title}, reporting year {opened.january}",
        date=published or f"zip files dated {opened.dated}",
        licence=source.licence,
        input=f"sen2/{source.publication}_{opened.january}.zip",
        sha256=opened.sha256,
    )


def _wrong(data: Path) -> list[str]:
    """Return what the checks of tables have against those in a folder, in words."""
    results = checks.check(data / "published", data / LISTING)
    return [f"{one.table}, {one.name}: {one.message}" for one in results if one.passed is False]


def _copy_code(here: Installation, new: Path) -> None:
    """Copy the code beside the new tables, so that models are fitted to them by the same modules, and the page of scores."""
    for package in PACKAGES:
        if package != "data":
            shutil.copytree(here.root / package, new / package, ignore=LEFT_BEHIND)
    if (here.root / PAGE).exists():
        (new / PAGE).parent.mkdir(parents=True)
        shutil.copyfile(here.root / PAGE, new / PAGE)


def _check_fit(new: Path, january: int) -> None:
    """Raise an error unless the fit in a folder passed and is of a January."""
    path = new / "data" / "fitted" / stored_fit.MANIFEST
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        right = about["status"] == "passed" and about["origin"] == january
    except (OSError, ValueError, LookupError):
        right = False
    if not right:
        raise UpdateError(
            f"The models were not fitted to January {january}, so no forecast could be made from the new tables. Nothing "
            "was changed. Run the command again, and look at the diagnostics it prints."
        )


def _changed(root: Path, new: Path) -> list[str]:
    """Return the names of the new files that differ from those in use; the list of hashes and the manifest come last."""
    data = new / "data"
    candidates = [
        *sorted((data / "published").glob("*.parquet")),
        *sorted((data / "fitted").glob("*.nc")),
        *sorted((data / "reference" / "evidence").glob("*.csv")),
        *sorted((data / "reference" / "evidence" / "audit").glob("*")),
        *sorted((data / "ingest" / "sen2_layouts").glob("*.toml")),
        new / PAGE,
        data / LISTING,
        data / "published" / tables.HASHES,
        data / "fitted" / stored_fit.MANIFEST,
    ]
    names = [path.relative_to(new).as_posix() for path in candidates if path.is_file()]
    return [
        name
        for name in names
        if not (root / name).is_file() or (root / name).read_bytes() != (new / name).read_bytes()
    ]


@contextmanager
def _written(here: Installation) -> Iterator[None]:
    """Turn an error of writing into words."""
    try:
        yield
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        # Parquet's writer has the number in words only.
        full = error.errno in (errno.ENOSPC, errno.EDQUOT) or f"errno {errno.ENOSPC}]" in str(error).lower()
        way = "Make room on the disk" if full else "Ask for permission to write there"
        raise OutputError(
            f"The new release cannot be written beside {here.data} ({error.strerror or error}). In use is what was in use "
            f"before. {way}, and run the command again."
        ) from None
