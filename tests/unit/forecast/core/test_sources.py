"""What a result is made from: imports are followed wherever they stand, and what changed is named."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from forecast.core import sources


def test_imports_are_followed_wherever_they_stand_and_not_beyond_the_doors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def put(name: str, text: str) -> None:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    put(
        "models/start.py",
        "import numpy as np\nfrom models import one, CONSTANT\nfrom data.two import (\n    a,\n    b,\n)\n",
    )
    put("models/one.py", "def f():\n    import models.three\n    from data import tables\n")
    put("models/three.py", "from data import tables as t\n'''from data import prose'''\n")
    put("data/two.py", "import models.start\n")
    put("data/tables.py", "from data import beyond\n")
    put("data/beyond.py", "")
    put("data/prose.py", "")
    put("models/idle.py", "from models import start\n")
    monkeypatch.setattr(sources, "ROOT", tmp_path)
    assert sources.imported(["models.start"]) == (
        "data/two.py", "models/one.py", "models/start.py", "models/three.py",
    )  # fmt: skip
    put("models/three.py", "from models import idle\n")
    assert "models/idle.py" in sources.imported(["models.start"])


@pytest.mark.parametrize("package", sources.PACKAGES)
def test_packages_hold_no_code_so_leaving_them_out_of_keys_hides_nothing(package: str) -> None:
    for path in (sources.ROOT / package).glob("__init__.py"):
        held = ast.parse(path.read_text(encoding="utf-8")).body
        assert all(isinstance(node, ast.Expr) for node in held)


def test_a_key_depends_on_names_and_content_and_not_on_order() -> None:
    one = sources.key_of({"a": "1", "b": "2"})
    assert one == sources.key_of({"b": "2", "a": "1"})
    assert one != sources.key_of({"a": "2", "b": "1"})
    assert one != sources.key_of({"a": "1"})
