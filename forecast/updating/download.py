"""Fetching a file over the network: with limits, again after a fault, and from where it broke off.

Invariant: a file is at its place only once it has the size, and the hash if one is given, that it should have. Until then its
bytes are in a part beside it, with what the server called that version of the file, and the next try, of this run or of another
one, goes on from there; where the server has another version by then, or does not say which it has, it begins anew.
"""

from __future__ import annotations

import errno
import hashlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import httpx

from data.errors import OutputError, UpdateError
from data.ingest.release_sources import Fetching

OnBytes = Callable[[int, int | None], None]
"""Called with the bytes that are there and how many there will be, None if that is not known."""

MOST_REFUSED = 2
"""Tries after which it is taken that there is no network: waiting longer would not bring one."""

AGAIN: frozenset[int] = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Answers after which the same may be asked again."""

NO_NETWORK = (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)
"""What is raised where no server can be reached."""

Answer = TypeVar("Answer")


class NoNetworkError(UpdateError):
    """No server can be reached."""


class _BrokenError(Exception):
    """A try that did not end well and may be made again, with the reason in words."""


@dataclass(frozen=True)
class ExpectedFile:
    """What a file should be, where its index says so: SHA-256, and size in bytes."""

    sha256: str | None = None
    bytes: int | None = None


@dataclass(frozen=True)
class Fetcher:
    """Takes files and answers from addresses, within limits.

    Parameters
    ----------
    limits
        How long to wait, how often to try, how much to take.
    wait
        Waits for some seconds.
    """

    limits: Fetching
    wait: Callable[[float], None] = time.sleep

    def answer(self, address: str) -> object:
        """Return the answer of an index, from JSON.

        Raises
        ------
        UpdateError
            There is no network, no answer after all tries, or none that is JSON.
        """

        def ask(client: httpx.Client) -> object:
            response = client.get(address)
            _check(response)
            try:
                return response.json()
            except ValueError:
                raise UpdateError(
                    f"{address} did not answer with a list of releases, so it may have moved. Nothing was changed. Correct "
                    "'index' in the configuration of sources, or download the release by hand and give it with --from FILE."
                ) from None

        return self._tried(address, ask)

    def file(self, address: str, target: Path, expected: ExpectedFile, on_bytes: OnBytes) -> Path:
        """Fetch a file, or go on fetching it, and return its path.

        Parameters
        ----------
        address
            Where it is.
        target
            Where it goes; its part is kept beside it until it is whole.
        expected
            What it should be.
        on_bytes
            Told how far it is.

        Raises
        ------
        UpdateError
            There is no network, no whole file after all tries, or it is not what it should be.
        OutputError
            It cannot be written.
        """
        part = target.with_name(f"{target.name}.part")
        with _written(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            self._tried(address, lambda client: self._fetch(client, address, part, on_bytes))
            size, digest = part.stat().st_size, _hash(part)
            wrong = ""
            if expected.bytes is not None and size != expected.bytes:
                wrong = f"it has {size:,} bytes and should have {expected.bytes:,}"
            elif expected.sha256 and digest != expected.sha256.lower():
                wrong = f"its SHA-256 is {digest[:12]}… and should be {expected.sha256[:12].lower()}…"
            if wrong:
                _drop(part)
                raise UpdateError(
                    f"What was fetched from {address} is not the file that its index describes: {wrong}. It was altered or cut "
                    "short on the way, so it was thrown away and nothing was changed. Try again later, or download the release "
                    "by hand and give it with --from FILE."
                )
            part.replace(target)
            _version(part).unlink(missing_ok=True)
        return target

    def _tried(self, address: str, ask: Callable[[httpx.Client], Answer]) -> Answer:
        """Return what is asked for, tried as often as the limits say, with longer and longer waits between."""
        limits, reason, refused = self.limits, "", 0
        timeout = httpx.Timeout(limits.read_seconds, connect=limits.connect_seconds)
        with httpx.Client(timeout=timeout, follow_redirects=True) as client:
            for number in range(limits.tries):
                if number:
                    self.wait(limits.first_wait_seconds * 2 ** (number - 1))
                try:
                    return ask(client)
                except _BrokenError as error:
                    reason = str(error)
                except NO_NETWORK as error:
                    refused += 1
                    if refused >= min(MOST_REFUSED, limits.tries):
                        raise NoNetworkError(
                            f"There is no network, or none that leads to {httpx.URL(address).host or address} ({error}). "
                            "Nothing was changed. Behind a proxy, set HTTPS_PROXY. Or download the release by hand and "
                            "give it with --from FILE."
                        ) from None
                except (httpx.HTTPError, httpx.InvalidURL) as error:
                    reason = f"the connection broke off ({type(error).__name__})"
        raise UpdateError(
            f"{address} could not be fetched: {reason}, at the last of {limits.tries} tries. Nothing was changed. See "
            "whether this computer has a network and may reach that address; behind a proxy, set HTTPS_PROXY. Or download "
            "the release by hand and give it with --from FILE."
        )

    def _fetch(self, client: httpx.Client, address: str, part: Path, on_bytes: OnBytes) -> None:
        """Add to a part until the file is whole."""
        there, version = part.stat().st_size if part.exists() else 0, _read_version(part, address)
        headers = {"Accept-Encoding": "identity"}
        if there and version:
            headers |= {"Range": f"bytes={there}-", "If-Range": version}
        with client.stream("GET", address, headers=headers) as response:
            if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
                # All of it may be there already; whether it is whole shows in its hash and in what it holds.
                if there and response.headers.get("Content-Range", "").endswith(f"/{there}"):
                    return
                _drop(part)
                raise _BrokenError("the server has another file than the one begun")
            _check(response)
            goes_on = response.status_code == httpx.codes.PARTIAL_CONTENT
            if not goes_on:
                there = 0
            # What comes packed for the journey has another length than the file.
            packed = response.headers.get("Content-Encoding", "identity") != "identity"
            length = None if packed else response.headers.get("Content-Length")
            whole = None if length is None else there + int(length)
            self._check_size(address, whole or 0)
            _write_version(part, address, response)
            with part.open("ab" if goes_on else "wb") as file:
                for chunk in response.iter_bytes():
                    file.write(chunk)
                    there += len(chunk)
                    self._check_size(address, there)
                    on_bytes(there, whole)
        if whole is not None and there != whole:
            raise _BrokenError(f"only {there:,} of {whole:,} bytes came")

    def _check_size(self, address: str, size: int) -> None:
        if size > self.limits.most_bytes:
            raise UpdateError(
                f"{address} has more than {self.limits.most_megabytes:,.0f} MB, the most that is taken, so it is not the release "
                "and nothing was changed. If it is, raise 'most_megabytes' in the configuration of sources."
            )


def _check(response: httpx.Response) -> None:
    """Raise an error unless a server gave what was asked for."""
    code = response.status_code
    if code in AGAIN:
        raise _BrokenError(f"the server answered {code} {response.reason_phrase}")
    if code >= httpx.codes.BAD_REQUEST:
        raise UpdateError(
            f"{response.url} answered {code} {response.reason_phrase}: the release is not there, or not for everybody. "
            "Nothing was changed. Correct the address in the configuration of sources, or download the release by hand and "
            "give it with --from FILE."
        )


@contextmanager
def _written(target: Path) -> Iterator[None]:
    """Turn an error of writing into words."""
    try:
        yield
    except OSError as error:
        if isinstance(error, UpdateError | OutputError):
            raise
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        way = "Make room on the disk" if full else "Ask for permission to write there"
        raise OutputError(
            f"What is fetched cannot be written to {target.parent} ({error.strerror or error}). The tables in use are as "
            f"they were. {way}, and run the command again: what was fetched so far is kept."
        ) from None


def _version(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _write_version(part: Path, address: str, response: httpx.Response) -> None:
    """Keep what the server calls this version of the file; weak names do not vouch for bytes."""
    tag = response.headers.get("ETag", "")
    name = tag if tag and not tag.startswith("W/") else response.headers.get("Last-Modified", "")
    _version(part).write_text(json.dumps({"address": address, "version": name}), encoding="utf-8")


def _read_version(part: Path, address: str) -> str:
    try:
        about = json.loads(_version(part).read_text(encoding="utf-8"))
        return str(about["version"]) if about["address"] == address else ""
    except (OSError, ValueError, LookupError, TypeError):
        return ""


def _drop(part: Path) -> None:
    for path in (part, _version(part)):
        with suppress(OSError):
            path.unlink(missing_ok=True)


def _hash(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
