"""A step of another package: found by its entry points, tried, kept, and refused by name where it is gone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from treadle.testing import StepSuite

ROOT = Path(__file__).parents[2]
TRAIN = """if True:
    import msgspec, numpy, polars, sys
    from dataclasses import replace
    from pathlib import Path
    sys.path.insert(0, {tests!r})
    from conftest import build, project
    from treadle.packing import export
    from treadle.training import evaluate, train
    from treadle.training.keep import dump, restore
    from treadle.training.prepare import recipes, with_more
    rows = build(900, kind="regression")
    amount = numpy.exp(3 * rows.frame["amount"].fill_null(0.0).to_numpy())
    frame = rows.frame.with_columns(polars.Series("amount", amount))
    rows = replace(rows, frame=frame, features=rows.features[:1], at=None, known=None)
    assert with_more(recipes(rows.features), rows) == ("plain", "plain+standing")
    spec = project("regression", by="random", trials=4, families=("linear",))
    model, parts, found = train(rows, spec, threads=1)
    assert any(t.params.get("features") == "plain+standing" for t in found.trials)
    assert found.params["features"] == "plain+standing", found.params
    assert "amount:standing" in model.encoder.outputs
    kept = dump(model)
    assert (restore(kept).predict(rows.frame) == model.predict(rows.frame)).all()
    export(model, rows.frame)
    evaluate(model, rows, parts, spec, replicates=10)
    Path(sys.argv[1]).write_bytes(kept)
    Path(sys.argv[1] + ".manifest").write_bytes(msgspec.json.encode({{"encoder": model.encoder}}))
"""
READ = """if True:
    import sys
    from pathlib import Path
    from treadle.errors import TreadleError
    from treadle.models.bundle import Manifest, _decode
    from treadle.training.keep import restore
    from treadle.scoring.steps.known import found
    print(found()[1])
    kept, manifest = (Path(sys.argv[1] + end).read_bytes() for end in ("", ".manifest"))
    opened = {"manifest.json": manifest}
    for read in (lambda: restore(kept), lambda: _decode(opened, "manifest.json", Manifest, Path("b"))):
        try:
            read()
        except TreadleError as bad:
            print(bad.what, bad.mend)
"""
LISTED = "from treadle.scoring.steps.known import known, found;"


def code_of(number: int) -> str:
    """The files that docs/add-a-step.md tells how to write, as they stand there."""
    page = (ROOT / "docs" / "add-a-step.md").read_text(encoding="utf-8")
    return page.split("```python\n")[number].split("```", 1)[0]


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package beside Treadle, installed as far as Python can tell."""
    place = tmp_path / "site"
    info = place / "treadle_standing-1.0.dist-info"
    info.mkdir(parents=True)
    (place / "standing.py").write_text(code_of(1), encoding="utf-8")
    (place / "standing_fit.py").write_text(code_of(2), encoding="utf-8")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: treadle-standing\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(
        "[treadle.steps]\nstanding = standing:Standing\n\n"
        "[treadle.preparations]\nstanding = standing_fit:StandingPreparation\n",
        encoding="utf-8",
    )
    return place


def python(*arguments: str, beside: Path | None) -> subprocess.CompletedProcess[str]:
    paths = [str(ROOT / "src"), *([str(beside)] if beside else [])]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, env=env)


def test_it_is_tried_chosen_kept_and_refused_by_name_where_it_is_gone(package: Path, tmp_path: Path) -> None:
    kept = str(tmp_path / "kept.json")
    done = python("-c", TRAIN.format(tests=str(ROOT / "tests" / "training")), kept, beside=package)
    assert done.returncode == 0, done.stderr[-3000:]
    gone = python("-c", READ, kept, beside=None)
    assert "standing" in gone.stdout and gone.returncode == 0, gone.stderr
    assert "features are prepared by standing, which is not installed here install the package" in gone.stdout


def test_a_step_that_cannot_be_loaded_stops_nothing_else(package: Path) -> None:
    (package / "standing.py").write_text("raise RuntimeError('half installed')", encoding="utf-8")
    code = f"import treadle.scoring.encoder; {LISTED} print([*known()], found())"
    done = python("-c", code, beside=package)
    assert done.returncode == 0 and "half installed" in done.stdout and "'number'" in done.stdout, done.stderr


def test_a_step_has_the_name_of_its_tag_and_takes_none_of_ours(package: Path) -> None:
    info = package / "treadle_standing-1.0.dist-info" / "entry_points.txt"
    info.write_text("[treadle.steps]\nnumber = standing:Standing\nother = standing:Standing\n", encoding="utf-8")
    code = (
        "from treadle.scoring.steps.known import known, found; print(known()['number'].__module__, [*known()], found())"
    )
    done = python("-c", code, beside=package)
    assert done.stdout.startswith("treadle.scoring.steps.number") and "'other'" not in done.stdout, done.stderr
    assert done.stdout.count('its tag is "standing"') == 2


def test_it_passes_the_suite(package: Path) -> None:
    """As the page says, in a test file of its own."""
    (package / "test_standing.py").write_text(code_of(3), encoding="utf-8")
    done = python("-m", "pytest", "-q", "-p", "no:cacheprovider", str(package / "test_standing.py"), beside=package)
    assert done.returncode == 0, done.stdout[-3000:]
    tests = [name for name in vars(StepSuite) if name.startswith("test_")]
    assert f"{len(tests)} passed" in done.stdout
