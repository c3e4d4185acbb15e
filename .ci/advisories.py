"""Ask whether an advisory is out for a package of the locks: ``make audit``.

Ends with 1 if one is, and names it. Where the service of advisories is not reached this says so and ends with 0: a machine
without a way out can still check everything else.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

LOCKS = ("constraints.txt", "constraints-dev.txt")
SERVICES = ("pypi", "osv")
SECONDS = 20
"""Longest wait for one answer of a service."""


def ask(lock: str, service: str) -> list[dict[str, object]] | None:
    """Return what a service knows of each package of a lock, or None if it cannot be reached."""
    command = [str(Path(sys.executable).with_name("pip-audit")), "--require-hashes", "--disable-pip"]
    command += [
        "--requirement",
        lock,
        "--vulnerability-service",
        service,
        "--format",
        "json",
        "--timeout",
        "5",
    ]
    try:
        done = subprocess.run(
            [*command, "--progress-spinner", "off"],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        answers = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError, KeyError):
        return None
    # A registry that keeps copies of packages but knows of no advisory answers "not found" for every one.
    return answers if any("vulns" in one for one in answers) else None


def main() -> int:
    """Print what was found and return the exit code."""
    found = False
    for lock in LOCKS:
        for service in SERVICES:
            answers = ask(lock, service)
            if answers is not None:
                break
        else:
            print(f"Advisories: NOT CHECKED. Neither service ({', '.join(SERVICES)}) is reached from here.")
            return 0
        unknown = [one["name"] for one in answers if "vulns" not in one]
        for one in answers:
            for advisory in one.get("vulns", []):
                found = True
                mended = ", ".join(advisory["fix_versions"]) or "no version yet"
                print(f"{lock}: {one['name']} {one['version']} has {advisory['id']}, mended in {mended}.")
        print(
            f"{lock}: {len(answers) - len(unknown)} packages looked up in {service}, {len(unknown)} not known there."
        )
    return int(found)


if __name__ == "__main__":
    sys.exit(main())
