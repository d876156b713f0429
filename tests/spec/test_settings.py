"""The workspace's settings: strictly typed, with places, and with passwords from the environment alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from treadle.errors import SpecError
from treadle.spec.settings import has_settings, load_settings


def load(folder: Path, text: str, **environment: str) -> dict[str, str]:
    (folder / "settings.yaml").write_text(text, encoding="utf-8")
    found = load_settings(folder, environment)
    return {role: at.url for role in found.__struct_fields__ if (at := getattr(found, role)) is not None}


def test_without_a_file_everything_is_in_the_folder(tmp_path: Path) -> None:
    assert not has_settings(tmp_path)
    found = load_settings(tmp_path, {})
    assert (found.catalog, found.tables, found.blobs, found.state) == (None, None, None, None)


def test_every_setting_is_a_url_with_its_place(tmp_path: Path) -> None:
    text = "catalog: postgresql://db/treadle\nblobs: s3://bucket/x\ntables: file:///t\nstate: redis://cache/1\n"
    assert load(tmp_path, text) == {
        "catalog": "postgresql://db/treadle",
        "blobs": "s3://bucket/x",
        "tables": "file:///t",
        "state": "redis://cache/1",
    }
    found = load_settings(tmp_path, {})
    assert found.blobs is not None and found.blobs.where == "settings.yaml:2:1: blobs"


def test_the_variable_comes_before_the_file(tmp_path: Path) -> None:
    assert load(tmp_path, "catalog: sqlite:///a.db", TREADLE_CATALOG="sqlite:///b.db") == {"catalog": "sqlite:///b.db"}
    assert load(tmp_path, "catalog: sqlite:///a.db", TREADLE_CATALOG="") == {"catalog": "sqlite:///a.db"}
    assert load_settings(tmp_path / "nowhere", {"TREADLE_CATALOG": "x:"}).catalog.where == "TREADLE_CATALOG"


@pytest.mark.parametrize(
    ("text", "said", "where"),
    [
        ("catalogue: sqlite:///a.db", 'unknown key "catalogue" (did you mean "catalog"?)', "settings.yaml:1:1"),
        ("\nstate: [a]", "must be a text", "settings.yaml:2:1"),
        ("catalog: ''", "is empty", "settings.yaml:1:1"),
        ("catalog: 5\nblobs: {}", "2 things are wrong", "settings.yaml:1:1"),
        ("- catalog", "must be a mapping", "settings.yaml:1:1"),
        ("catalog: !!python/name:os.system x", "tag", "settings.yaml:1:10"),
        ("catalog: a\ncatalog: b", "duplicate key", "settings.yaml:2:1"),
        (f"catalog: {'x' * 2001}", "longer than 2,000", "settings.yaml:1:1"),
    ],
)
def test_what_may_not_stand_in_it_is_refused_with_its_place(tmp_path: Path, text: str, said: str, where: str) -> None:
    with pytest.raises(SpecError) as refused:
        load(tmp_path, text)
    assert said in str(refused.value) and refused.value.where.startswith(where)


@pytest.mark.parametrize("text", ["stat: x", "stat: x\ncatalogg: y"])
def test_an_unknown_key_is_answered_with_the_keys_there_are(tmp_path: Path, text: str) -> None:
    with pytest.raises(SpecError) as refused:
        load(tmp_path, text)
    assert "catalog, tables, blobs, state" in refused.value.mend and "treadle schema" not in str(refused.value)


def test_a_password_comes_from_the_environment_and_may_hold_any_sign(tmp_path: Path) -> None:
    text = "catalog: postgresql://${USER_NAME}:${WORD}@db/treadle\nstate: ${CACHE}\n"
    given = {"USER_NAME": "ada", "WORD": "p@ss/w:?#%${X}", "CACHE": "redis://:pw@cache/0"}
    assert load(tmp_path, text, **given) == {
        "catalog": "postgresql://ada:p%40ss%2Fw%3A%3F%23%25%24%7BX%7D@db/treadle",
        "state": "redis://:pw@cache/0",
    }
    found = load_settings(tmp_path, given)
    assert "p%40ss" not in repr(found) and "pw" not in repr(found) and "p@ss" not in repr(found)


@pytest.mark.parametrize("environment", [{}, {"WORD": ""}])
def test_a_variable_that_is_not_set_is_named(tmp_path: Path, environment: dict[str, str]) -> None:
    with pytest.raises(SpecError, match="WORD is not set") as refused:
        load(tmp_path, "catalog: postgresql://ada:${WORD}@db/treadle", **environment)
    assert refused.value.where == "settings.yaml:1:1: catalog" and "WORD" in refused.value.mend


def test_a_mirror_is_a_url_and_whether_rows_may_go(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("mirror: {mlflow: 'https://ada:${WORD}@ml.example.org', bundle: true}", encoding="utf-8")
    found = load_settings(tmp_path, {"WORD": "p@ss"}).mirror
    assert found is not None and found.bundle and found.mlflow.where == "settings.yaml:1:10: mirror.mlflow"
    assert found.mlflow.url == "https://ada:p%40ss@ml.example.org" and "p%40ss" not in repr(found)
    file.write_text("mirror: {mlflow: 'http://127.0.0.1:5000'}", encoding="utf-8")
    assert load_settings(tmp_path, {}).mirror.bundle is False
    for wrong in ("mirror: http://x", "mirror: {}", "mirror: {mlflow: http://x, rows: true}", "mirror: {mlflow: 5}"):
        file.write_text(wrong, encoding="utf-8")
        with pytest.raises(SpecError, match="mirror"):
            load_settings(tmp_path, {})
