"""Contracts written on the spot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from treadle.contracts import Contract, load

HEAD = """apiVersion: v3.0.2
kind: DataContract
id: t
name: t
version: 1.0.0
"""


@pytest.fixture
def contract(tmp_path: Path) -> Callable[..., Contract]:
    """A contract from the lines of its properties, of its table's quality, and of what follows at the top."""

    def make(properties: str, quality: str = "", more: str = "") -> Contract:
        text = f"{HEAD}{more}schema:\n- name: t\n"
        if quality:
            text += f"  quality:\n{_shifted(quality, 2)}"
        text += f"  properties:\n{_shifted(properties, 2)}"
        path = tmp_path / "t.yaml"
        path.write_text(text, encoding="utf-8")
        return load(path)

    return make


def _shifted(text: str, by: int) -> str:
    return "".join(f"{' ' * by}{line}\n" for line in text.strip("\n").splitlines())
