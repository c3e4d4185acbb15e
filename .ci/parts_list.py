"""Trim the parts list that cyclonedx-py wrote: ``python .ci/parts_list.py docs/sbom.cdx.json``, as ``make lock`` does.

It names each file's hash twice and the registry it may be fetched from; a part keeps its hashes once, and no address of a
registry.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main(path: Path) -> None:
    """Write the list again with each part's hashes under ``hashes``."""
    parts = json.loads(path.read_text(encoding="utf-8"))
    for part in parts["components"]:
        part.pop("description", None)
        files = [r for r in part.pop("externalReferences", []) if r["type"] == "distribution"]
        hashes = {h["content"]: h["alg"] for file in files for h in file.get("hashes", [])}
        part["hashes"] = part.get("hashes") or [
            {"alg": alg, "content": content} for content, alg in sorted(hashes.items())
        ]
    for tool in parts["metadata"]["tools"]["components"]:
        tool.pop("externalReferences", None)
    path.write_text(json.dumps(parts, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
