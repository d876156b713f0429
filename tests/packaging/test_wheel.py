"""The wheel holds what is no Python as well: price books, migrations, the mark of types. `make wheel` uses it."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import treadle

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "treadle"


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names in the wheel, built by the project's own back end from what is here, with no network."""
    folder = tmp_path_factory.mktemp("wheel")
    build = f"import os; os.chdir({str(ROOT)!r}); from hatchling.build import build_wheel; build_wheel({str(folder)!r})"
    subprocess.run([sys.executable, "-c", build], check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as read:
        return set(read.namelist())


def test_every_file_of_the_package_is_in_the_wheel(held: set[str]) -> None:
    files = {
        str(file.relative_to(PACKAGE.parent))
        for file in PACKAGE.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert files - held == set()
    assert any(name.startswith("treadle/costs/books/") and name.endswith(".yaml") for name in files)
    assert {"treadle/py.typed", "treadle/store/migrations/env.py"} <= files


def test_nothing_but_the_package_is_in_the_wheel(held: set[str]) -> None:
    about = f"treadle-{treadle.__version__}.dist-info/"
    assert [name for name in held if not name.startswith(("treadle/", about))] == []
    assert {f"{about}entry_points.txt", f"{about}licenses/LICENSE"} <= held
