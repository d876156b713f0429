"""What a step can reach is computed from imports: an edit there gives it a new key, an edit elsewhere does not."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from treadle.evidence import code

STEPS = {
    "read": "treadle.stages.reading",
    "build": "treadle.stages.building",
    "search": "treadle.stages.searching",
    "fit": "treadle.stages.fitting",
    "judge": "treadle.stages.judging",
    "report": "treadle.stages.reporting",
    "seed": "treadle.stages.seeding",
    "pack": "treadle.stages.packing",
}
Changed = Callable[[str, str], set[str]]


@pytest.fixture
def changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Changed:
    """Which steps have another code after `text` was added to a file of a copy of the package."""
    copy = tmp_path / "treadle"
    shutil.copytree(code.PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(code, "PACKAGE", copy)

    def all_codes() -> dict[str, str]:
        for name in ("reached", "_imports", "_homes", "_versions"):
            found = getattr(code, name)
            assert isinstance(found, functools._lru_cache_wrapper)
            found.cache_clear()
        return {step: code.reached(module).digest for step, module in STEPS.items()}

    before = all_codes()

    def changed(file: str, text: str = "\nX_CHANGED = 1\n") -> set[str]:
        place = copy / file
        original = place.read_text(encoding="utf-8")
        place.write_text(original + text, encoding="utf-8")
        after = all_codes()
        place.write_text(original, encoding="utf-8")
        return {step for step in STEPS if after[step] != before[step]}

    yield changed
    for name in ("reached", "_imports", "_homes", "_versions"):
        getattr(code, name).cache_clear()


def test_an_edit_of_serving_runs_no_step_again(changed: Changed) -> None:
    assert changed("serving/app.py") == set() == changed("web/routes.py") == changed("monitoring/drift.py")


def test_an_edit_of_metrics_runs_training_again_and_no_source_step(changed: Changed) -> None:
    found = changed("scoring/metrics.py")
    assert {"search", "fit", "judge"} <= found and not found & {"read", "build", "seed"}


def test_an_edit_in_a_stage_runs_that_stage_again(changed: Changed) -> None:
    """A row filter in a stage was "same code" once."""
    assert changed("stages/examples.py") >= {"search", "fit", "judge", "pack"}
    assert "build" in changed("stages/building.py") and "read" in changed("stages/reading.py")
    assert changed("stages/releasing.py") == set()


@pytest.mark.parametrize(
    ("file", "steps"),
    [
        ("sources/files.py", {"read"}),
        ("contracts/checking.py", {"read"}),
        ("features/batch.py", {"build"}),
        ("features/state.py", {"build", "seed"}),
        ("scoring/encoder.py", {"search", "fit", "judge", "pack"}),
        ("training/reporting.py", {"report"}),
        ("pages/charts.py", {"report"}),
        ("packing/exporting.py", {"pack"}),
        ("packing/cards.py", {"pack"}),
    ],
)
def test_an_edit_reaches_who_uses_it(changed: Changed, file: str, steps: set[str]) -> None:
    assert changed(file) >= steps


def test_the_instruments_of_the_record_compute_no_result(changed: Changed) -> None:
    assert changed("evidence/chain.py") == set() == changed("store/catalog.py")


def test_an_import_for_types_alone_is_not_followed(changed: Changed) -> None:
    found = code.reached("treadle.stages.building")
    assert "treadle.stages.reading" not in found.modules and "treadle.workspace" not in found.modules


def test_a_new_import_is_followed_without_being_listed(changed: Changed) -> None:
    """What a module newly uses is found by its import, inside a function too, and what that uses in turn."""
    place = code.PACKAGE / "spec" / "durations.py"
    place.write_text(
        place.read_text() + "\ndef late() -> None:\n    from treadle.serving import journal\n    print(journal.lines)\n"
    )
    for name in ("reached", "_imports", "_homes"):
        getattr(code, name).cache_clear()
    found = code.reached("treadle.stages.building").modules
    assert "treadle.serving.journal" in found


def test_libraries_count_by_version_with_what_they_need_themselves() -> None:
    found = code.reached("treadle.stages.fitting")
    assert {"numpy", "lightgbm", "scikit-learn", "scipy", "polars"} <= set(found.libraries)
    assert found.python.startswith("CPython 3.")
    assert "numpy" in code.reached("treadle.stages.stating").libraries


@pytest.mark.parametrize("field", ["libraries", "python"])
def test_another_version_of_python_or_a_library_is_another_code(field: str) -> None:
    import msgspec

    found = code.reached("treadle.stages.fitting")
    other = {"libraries": {**found.libraries, "numpy": "0"}, "python": "CPython 9.9.9"}[field]
    changed = msgspec.structs.replace(found, **{field: other})
    assert changed.digest != found.digest
    assert changed.changes(found) == (["numpy"] if field == "libraries" else ["Python CPython 9.9.9"])


def test_each_import_of_a_room_leads_somewhere() -> None:
    """A lazily loaded name that its room does not also import for types would lead nowhere."""
    for module in STEPS.values():
        for name in code.reached(module).modules:
            place = code._place(name)
            assert place is not None and place.is_file(), name
    assert "treadle.features.planning" in code.reached("treadle.stages.planning").modules


@pytest.fixture
def reach(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], set[str]]:
    """What a module `treadle.spec.late` of this text reaches, in a package with few others."""
    package = tmp_path / "treadle"
    for name in ("spec/__init__", "spec/other", "serving/__init__", "serving/journal", "serving/app"):
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / f"{name}.py").write_text("")
    (package / "serving/__init__.py").write_text(
        "from treadle.serving.app import App\nfrom treadle.serving.journal import lines\n"
    )
    monkeypatch.setattr(code, "PACKAGE", package)

    def forget() -> None:
        for name in ("reached", "_imports", "_homes"):
            getattr(code, name).cache_clear()

    def reach(text: str) -> set[str]:
        forget()
        (package / "spec/late.py").write_text(text)
        return {name.removeprefix("treadle.") for name in code.reached("treadle.spec.late").modules} - {"spec.late"}

    yield reach
    forget()


@pytest.mark.parametrize("around", [
    "{}", "def f():\n    {}", "async def f():\n    {}", "class A:\n    def f(self):\n        {}",
    "if x:\n    {}", "if x:\n    pass\nelse:\n    {}", "if x:\n    pass\nelif y:\n    {}",
    "for x in y:\n    {}", "for x in y:\n    pass\nelse:\n    {}", "while x:\n    {}", "with x:\n    {}",
    "try:\n    {}\nfinally:\n    pass", "try:\n    pass\nexcept x:\n    {}",
    "try:\n    pass\nexcept x:\n    pass\nelse:\n    {}", "try:\n    pass\nfinally:\n    {}",
    "match x:\n    case 1:\n        pass\n    case _:\n        {}",
    "if TYPE_CHECKING:\n    pass\nelse:\n    {}",
])  # fmt: skip
def test_an_import_is_found_wherever_it_stands(reach: Callable[[str], set[str]], around: str) -> None:
    assert reach(around.format("from treadle.serving import journal")) == {"serving.journal"}
    assert reach(around.format("import treadle.serving.journal")) == {"serving.journal"}


def test_an_import_for_types_leads_nowhere(reach: Callable[[str], set[str]]) -> None:
    assert reach("if typing.TYPE_CHECKING:\n    from treadle.serving import journal\n") == set()


def test_of_a_room_what_is_taken_of_it_is_reached(reach: Callable[[str], set[str]]) -> None:
    taken = "from treadle import serving as room\n\ndef f(other):\n    return room.lines, other.App, other.room.App\n"
    assert reach(taken) == {"serving", "serving.journal"}
    assert reach(taken.replace("other.App", "room.App")) == {"serving", "serving.journal", "serving.app"}
    assert reach("from treadle import serving\n") == {"serving", "serving.journal", "serving.app"}


@pytest.mark.parametrize("looked", [
    "def f(name):\n    return __import__(name)\n", "from importlib import import_module as by_name\n",
    "import importlib.metadata as m\nx = [entry_points for entry_points in m.all]\n",
])  # fmt: skip
def test_who_looks_for_modules_reaches_its_whole_room(reach: Callable[[str], set[str]], looked: str) -> None:
    assert reach(looked) == {"spec", "spec.other"}
    assert reach("# no __import__ here\nx = 1\n") == set()
