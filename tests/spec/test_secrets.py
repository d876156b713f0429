"""Secrets are named in files, and kept in the environment or a keyring."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from treadle.errors import MissingExtra, SpecError
from treadle.spec.secrets import filled


def keyring(monkeypatch: pytest.MonkeyPatch, **kept: str) -> None:
    def get(service: str, name: str) -> str | None:
        assert service == "treadle"
        if name == "BROKEN":
            raise RuntimeError("it holds s3cret")
        return kept.get(name)

    monkeypatch.setitem(sys.modules, "keyring", SimpleNamespace(get_password=get))


def test_a_name_is_taken_from_the_environment_as_urls_write_it() -> None:
    assert filled("x://u:${A}@h/${B}", "here", {"A": "p@/ä", "B": "b"}) == "x://u:p%40%2F%C3%A4@h/b"
    assert filled("${A}", "here", {"A": "x://u:p@h"}) == "x://u:p@h"
    with pytest.raises(SpecError, match="A is not set"):
        filled("x://${A}", "here", {"A": ""})


def test_a_name_is_taken_from_the_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    keyring(monkeypatch, SHOP="p@ss")
    assert filled("x://u:${keyring:SHOP}@h", "here", {"SHOP": "other"}) == "x://u:p%40ss@h"
    with pytest.raises(SpecError, match="holds no OTHER"):
        filled("x://u:${keyring:OTHER}@h", "here", {})
    with pytest.raises(SpecError, match="cannot be asked for BROKEN") as told:
        filled("x://u:${keyring:BROKEN}@h", "here", {})
    assert "s3cret" not in f"{told.value}{told.value.__cause__}"


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(MissingExtra, match=r"treadle\[sql\]"):
        filled("x://u:${keyring:SHOP}@h", "here", {})
