"""The page on features is true."""

from __future__ import annotations

from pathlib import Path

import treadle.features

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "features.md"


def test_every_file_of_the_room_stands_in_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    files = Path(treadle.features.__file__).parent.glob("*.py")
    assert [file.name for file in files if file.name != "__init__.py" and f"`{file.name}`" not in text] == []
