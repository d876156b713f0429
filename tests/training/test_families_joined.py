"""A family of another package: found by its entry point, trained, exported, and served without the package."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from treadle.errors import SpecError
from treadle.packing import export
from treadle.spec import ProjectSpec, load
from treadle.testing import FamilySuite
from treadle.training import TrainingTable, train
from treadle.training.families import families, known
from treadle.training.keep import dump, restore

ROOT = Path(__file__).parents[2]


def essay() -> str:
    """The file that docs/add-a-family.md tells how to write, as it stands there."""
    page = (ROOT / "docs" / "add-a-family.md").read_text(encoding="utf-8")
    return page.split("```python\n", 1)[1].split("```", 1)[0]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package beside Treadle, installed as far as Python can tell."""
    (tmp_path / "stumps.py").write_text(essay(), encoding="utf-8")
    info = tmp_path / "treadle_stumps-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: treadle-stumps\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[treadle.families]\nstumps = stumps:StumpsFamily\n", encoding="utf-8")
    known.cache_clear()
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    known.cache_clear()
    sys.modules.pop("stumps", None)


def test_it_is_known_and_competes(package: Path) -> None:
    from treadle.testing.families import task_named

    assert known()["stumps"].__module__ == "stumps"
    for wanted in ("auto", "stumps", ("linear", "stumps")):
        assert "stumps" in [family.name for family in families(wanted, task_named("counts"), threads=1)]


def test_a_project_file_may_name_it_while_it_is_installed(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    place = tmp_path / "treadle.yaml"
    place.write_text(
        "project: shop\nsources: {orders: {read: orders.csv, key: id, happened: at}}\n"
        "brief: {people: {owner: ada}}\npredict: {name: y, each: orders, label: paid}\ntrain: {families: [stumps]}\n",
        encoding="utf-8",
    )
    with pytest.raises(SpecError, match="stumps"):
        load(place)
    request.getfixturevalue("package")
    assert load(place).spec.train.families == ("stumps",)


def test_it_trains_and_its_release_needs_onnx_alone(
    package: Path, table: Callable[..., TrainingTable], spec: Callable[..., ProjectSpec]
) -> None:
    model, parts, found = train(table(600), spec(trials=3, families=("stumps",)), threads=1)
    assert found.family == "stumps" and found.value > 0.6
    rows = table(600).frame[parts.test]
    assert (restore(dump(model)).predict(rows) == model.predict(rows)).all()
    place = package / "released"
    place.mkdir()
    (place / "model.onnx").write_bytes(export(model, rows))
    (place / "rest.json").write_bytes(msgspec.json.encode((model.encoder, model.calibrator)))
    np.save(place / "x.npy", model.encoder.matrix(rows))
    code = """if True:
        import msgspec, numpy, sys
        from pathlib import Path
        from treadle.scoring.calibrator import Calibrator
        from treadle.scoring.encoder import Encoder
        from treadle.scoring.scorer import Scorer
        place = Path(sys.argv[1])
        rest = msgspec.json.decode((place / "rest.json").read_bytes(), type=tuple[Encoder, Calibrator])
        told = Scorer((place / "model.onnx").read_bytes(), *rest).score_matrix(numpy.load(place / "x.npy"))
        assert "stumps" not in sys.modules and "treadle.training" not in sys.modules
        print(told.tolist())
    """
    done = subprocess.run([sys.executable, "-c", code, str(place)], capture_output=True, text=True, check=True)
    assert np.abs(np.array(json.loads(done.stdout)) - model.predict(rows)).max() < 1e-5


def test_it_passes_the_suite(package: Path) -> None:
    """As the page says, in a test file of its own."""
    page = (ROOT / "docs" / "add-a-family.md").read_text(encoding="utf-8")
    test = page.split("```python\n")[2].split("```", 1)[0]
    (package / "test_stumps.py").write_text(test, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rP", "-p", "no:cacheprovider", str(package / "test_stumps.py")],
        capture_output=True, text=True, cwd=package, env={"PYTHONPATH": f"{package}:{ROOT / 'src'}", "PATH": ""},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    tests = [name for name in vars(FamilySuite) if name.startswith("test_")]
    assert f"{4 * len(tests)} passed" in done.stdout
    assert "one row in " in done.stdout
