"""Write docs/licences.md: the licence of every package of the runtime lock, as its own metadata states it.

``make lock`` runs this where the lock is installed. Metadata of a package for another system is read from its wheel.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import zipfile
from email.message import Message
from email.parser import HeaderParser
from importlib import metadata
from pathlib import Path

LOCK = Path("constraints.txt")
PREFIX = "License :: "
LONGEST = 60
"""Most characters of a licence's name; some packages put the whole text where the name belongs."""


def pins() -> list[tuple[str, str]]:
    """Return name and version of every package of the runtime lock."""
    return re.findall(r"^([A-Za-z0-9_.-]+)==([^\s;\\]+)", LOCK.read_text(encoding="utf-8"), re.MULTILINE)


def about(name: str, version: str) -> Message:
    """Return the metadata of a package, from here or from its Windows wheel."""
    try:
        installed = metadata.distribution(name)
        if installed.version == version:
            return HeaderParser().parsestr(installed.read_text("METADATA") or "")
    except metadata.PackageNotFoundError:
        pass
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
        command += ["--platform", "win_amd64", "--dest", folder, f"{name}=={version}"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as files:
            (place,) = [one for one in files.namelist() if one.endswith(".dist-info/METADATA")]
            return HeaderParser().parsestr(files.read(place).decode("utf-8"))


def licence(of: Message) -> str:
    """Return the licence that a package states: an expression, else what it is classified as, else its own words."""
    if of["License-Expression"]:
        return str(of["License-Expression"])
    classified = [
        line.removeprefix(PREFIX) for line in of.get_all("Classifier", []) if line.startswith(PREFIX)
    ]
    if classified:
        return "; ".join(line.removeprefix("OSI Approved :: ") for line in classified)
    words = str(of["License"] or "").strip().splitlines()
    return words[0] if words and len(words[0]) <= LONGEST else "see the package"


def main() -> None:
    """Print the page."""
    rows = [(name, version, licence(about(name, version))) for name, version in pins()]
    copyleft = [name for name, _, words in rows if re.search(r"GPL|General Public", words, re.IGNORECASE)]
    print("# Licences of what a plain installation holds\n")
    print(
        "Written by `make lock` from the metadata of each package in `constraints.txt`. The same packages, with the hashes of"
    )
    print("their files, are in [sbom.cdx.json](sbom.cdx.json) (CycloneDX).\n")
    if copyleft:
        print(
            f"Under the GNU GPL or LGPL: {', '.join(copyleft)}. They are used unchanged, as separate packages.\n"
        )
    print("| Package | Version | Licence |\n|---|---|---|")
    for name, version, words in rows:
        print(f"| {name} | {version} | {words.replace('|', '/')} |")


if __name__ == "__main__":
    main()
