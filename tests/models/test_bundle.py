"""A bundle opens only when it is whole, unedited, signed by someone trusted, and gives its golden answers."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from dataclasses import replace
from types import SimpleNamespace

import msgspec
import numpy as np
import polars as pl
import pytest

from treadle.errors import ModelError
from treadle.models import Bundle, Golden, new_key, public_key
from treadle.models.bundle import MEMBERS, json_values, raw_values
from treadle.models.reference import describe
from treadle.packing import Contents, pack_bundle, packing
from treadle.scoring import task_of
from treadle.scoring.over_served import OverServed
from treadle.training import Refitted


@pytest.fixture
def file(binary, tmp_path):
    path = tmp_path / "m.treadle"
    Bundle.write(path, binary.parts, binary.key)
    return path


def _edited(file, name, content, *, extra=None):
    """The same zip with one member changed, None to drop it."""
    with zipfile.ZipFile(file) as packed:
        members = {n: packed.read(n) for n in packed.namelist()}
    members[name] = content
    other = file.with_name("edited.treadle")
    with zipfile.ZipFile(other, "w", zipfile.ZIP_DEFLATED) as packed:
        for member, body in {**members, **(extra or {})}.items():
            if body is not None:
                packed.writestr(member, body)
    return other


def test_written_and_opened(case, tmp_path):
    path = tmp_path / "deep" / "m.treadle"
    made = Bundle.write(path, case.parts, case.key)
    bundle = Bundle.open(path, [public_key(case.key)])
    assert bundle.id == made and path.stat().st_size < 1_000_000
    assert (bundle.manifest.plan, bundle.manifest.request) == (case.parts.manifest.plan, case.parts.manifest.request)
    assert (
        bundle.manifest.request.inputs.fields[0].name == "amount"
        and bundle.manifest.plan.each_types
        and bundle.manifest.refs == {"data": "abc"}
    )
    assert bundle.manifest.encoder == case.model.encoder and bundle.golden == case.parts.golden
    assert bundle.verify_golden() < 1e-2 and len(bundle.golden) >= 20
    assert "# p: y" in bundle.card and bundle.cost == {"money": 0.01}
    assert not list(path.parent.glob("*.partial"))


def test_equal_parts_give_an_equal_file(binary, file, tmp_path):
    Bundle.write(tmp_path / "again", binary.parts, binary.key)
    assert (tmp_path / "again").read_bytes() == file.read_bytes()


@pytest.mark.parametrize("name", MEMBERS)
def test_an_edited_member_is_refused(binary, file, name):
    with zipfile.ZipFile(file) as packed:
        content = bytearray(packed.read(name))
    content[len(content) // 2] ^= 1
    with pytest.raises(ModelError):
        Bundle.open(_edited(file, name, bytes(content)), [public_key(binary.key)])
    with pytest.raises(ModelError, match="unexpected or missing"):
        Bundle.open(_edited(file, name, None), [public_key(binary.key)])


def test_a_changed_threshold_does_not_pass(binary, file):
    with zipfile.ZipFile(file) as packed:
        manifest = json.loads(packed.read("manifest.json"))
    manifest["threshold"] = 0.0
    with pytest.raises(ModelError, match="signature"):
        Bundle.open(_edited(file, "manifest.json", json.dumps(manifest).encode()), None)


def test_another_key_is_refused(binary, file):
    with pytest.raises(ModelError, match="not trusted"):
        Bundle.open(file, [public_key(new_key())])
    with pytest.raises(ModelError, match="not trusted"):
        Bundle.open(file, [])
    with pytest.raises(ModelError, match="hex"):
        Bundle.write(file, binary.parts, "not a key")


def test_truncated_files_are_refused(file, tmp_path):
    whole = file.read_bytes()
    for length in (0, 10, len(whole) // 2, len(whole) - 1):
        cut = tmp_path / "cut"
        cut.write_bytes(whole[:length])
        with pytest.raises(ModelError):
            Bundle.open(cut, None)
    with pytest.raises(ModelError, match="no such"):
        Bundle.open(tmp_path / "nowhere", None)


def test_flipped_bytes_are_refused_or_change_nothing(file, tmp_path):
    whole, first = file.read_bytes(), Bundle.open(file, None)
    for place in range(0, len(whole), max(1, len(whole) // 150)):
        bent = tmp_path / "bent"
        bent.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        try:
            other = Bundle.open(bent, None)
        except ModelError:
            continue
        assert other.id == first.id and other.onnx == first.onnx and other.golden == first.golden


def test_odd_members_and_bombs_are_refused(file, monkeypatch):
    with pytest.raises(ModelError, match="unexpected"):
        Bundle.open(_edited(file, "../../etc/passwd", b"x"), None)
    with pytest.raises(ModelError, match="unexpected"):
        Bundle.open(_edited(file, "code.py", b"x"), None)
    monkeypatch.setattr("treadle.models.bundle.MOST_BYTES", 1 << 20)
    with pytest.raises(ModelError, match="unpacks to more"):
        Bundle.open(_edited(file, "card.md", b"\0" * (4 << 20)), None)


def test_golden_records_guard_the_machine(binary, tmp_path):
    wrong = tuple(Golden(g.values, g.expected + (0.01 if i == 7 else 0)) for i, g in enumerate(binary.parts.golden))
    Bundle.write(tmp_path / "m", replace(binary.parts, golden=wrong), binary.key)
    with pytest.raises(ModelError, match="golden record 7"):
        Bundle.open(tmp_path / "m", None).verify_golden()
    with pytest.raises(ModelError, match="too few"):
        Bundle.write(tmp_path / "m", replace(binary.parts, golden=wrong[:5]), binary.key)
    odd = (Golden(("x",), 0.5),) * 20
    Bundle.write(tmp_path / "m", replace(binary.parts, golden=odd), binary.key)
    with pytest.raises(ModelError, match="1 values for 5"):
        Bundle.open(tmp_path / "m", None).verify_golden()


def test_raw_values_survive_json(binary):
    row = binary.table.frame.row(3)
    again = raw_values(msgspec.json.decode(msgspec.json.encode(json_values(row))), binary.table.features)
    assert again == row
    with pytest.raises(ModelError, match="not a time"):
        raw_values((1, 2, "x", "yesterday", None), binary.table.features)


def test_scoring_needs_no_training_library(file):
    code = (
        f"import sys; from treadle.models import Bundle; b = Bundle.open({str(file)!r}, None); b.verify_golden(); "
        "print([m for m in ('sklearn', 'lightgbm', 'polars', 'onnx', 'optuna', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_reference_counts_every_row(binary):
    frame, features = binary.table.frame, binary.table.features
    made = describe(frame, features, binary.model.predict(frame))
    for name, part in made.features.items():
        counts = part.counts.values() if isinstance(part.counts, dict) else part.counts
        assert sum(counts) + part.missing + getattr(part, "others", 0) == frame.height, name
    assert made.features["amount"].missing == frame["amount"].null_count()
    rare = describe(pl.DataFrame({"city": ["a"] * 9 + ["only one"]}), features[2:3], binary.model.predict(frame))
    assert rare.features["city"].counts == {"a": 9} and rare.features["city"].others == 1


def test_a_bundle_is_made_without_reading_a_test_row(case):
    """Every test row is emptied after the evaluation: the bundle is the same to the last byte."""
    test = pl.Series(np.isin(np.arange(len(case.table)), case.cut.test))
    emptied = [pl.when(test).then(None).otherwise(pl.col(n)).alias(n) for n in case.table.names]
    label = np.where(test, np.nan, case.table.label)
    again = case.pack(replace(case.table, frame=case.table.frame.with_columns(emptied), label=label))
    assert again.golden == case.parts.golden and len(again.golden) == 24
    assert again.onnx == case.parts.onnx and again.reference == case.parts.reference


def test_golden_records_are_training_rows(case):
    """Beside them no test row is shown: a bundle travels further than the sealed rows may."""
    frame = case.table.frame.select(case.model.encoder.inputs)
    rows = {repr(json_values(values)): number for number, values in enumerate(frame.iter_rows())}
    shown = {rows[repr(golden.values)] for golden in case.parts.golden}
    assert len(shown) == 24 and shown <= set(case.cut.train.tolist())
    decided = [case.parts.manifest.decided(golden.expected).prediction for golden in case.parts.golden]
    assert [golden.decided for golden in case.parts.golden] == decided


def test_the_scores_of_the_reference_are_out_of_fold(case):
    scores = case.parts.reference.scores
    near = [fold.valid for fold in case.cut.folds if 2 * len(fold.train) >= len(case.cut.train)]
    assert sum(scores.counts) + scores.missing == len(case.model.unseen) == sum(map(len, near))
    truth = np.concatenate([case.table.label[rows] for rows in near])
    seen = case.model.predict(case.table.frame[np.concatenate(near)])
    assert np.corrcoef(case.model.unseen, truth)[0, 1] > 0.5
    assert not np.allclose(case.model.unseen, seen, rtol=1e-3), "the final model has seen these rows"


@pytest.mark.parametrize("case", [("regression", "lightgbm")], indirect=True)
def test_golden_records_of_amounts_far_from_zero_are_held_to_their_spread(case, tmp_path):
    far, told = 2e8, [golden.expected for golden in case.parts.golden]
    spread = max(told) - min(told)
    moved = msgspec.structs.replace(case.parts.manifest, calibrator=case.parts.manifest.calibrator.shifted(far))
    golden = tuple(Golden(g.values, g.expected + far) for g in case.parts.golden)
    Bundle.write(tmp_path / "m", replace(case.parts, manifest=moved, golden=golden), case.key)
    assert Bundle.open(tmp_path / "m", None).verify_golden() < 1e-3 * spread
    wrong = (Golden(golden[0].values, golden[0].expected + 0.05 * spread), *golden[1:])
    Bundle.write(tmp_path / "m", replace(case.parts, manifest=moved, golden=wrong), case.key)
    with pytest.raises(ModelError, match="golden record 0"):
        Bundle.open(tmp_path / "m", None).verify_golden()


def test_golden_records_of_counts_are_held_to_the_largest_as_the_graph_was(binary):
    """All but equal ones too, for which float32 rounds more than a hundred times how far they lie apart."""
    manifest = msgspec.structs.replace(binary.parts.manifest, kind="counts", calibrator=task_of("counts").plain())
    golden = tuple(Golden(g.values, 1e4 + i / 24) for i, g in enumerate(binary.parts.golden))
    bundle = Bundle(manifest, b"", binary.parts.reference, golden, "", {}, "")
    for off, right in ((0.005, True), (0.15, False)):
        scorer = SimpleNamespace(score=iter([g.expected + off for g in golden]).__next__)
        scorer.score = lambda _, told=scorer.score: told()
        if right:
            assert bundle.verify_golden(scorer) == pytest.approx(off)
        else:
            with pytest.raises(ModelError, match="golden record 0"):
                bundle.verify_golden(scorer)


@pytest.mark.parametrize(
    ("expected", "told"),
    [
        (0.5, float("nan")),
        ((0.2, 0.3, 0.5), (0.2, float("nan"), 0.5)),
        ((0.2, 0.3, 0.5), (0.2, 0.3)),
        (0.5, (0.5, 0.5)),
    ],
)
def test_a_golden_answer_that_is_no_number_or_lacks_one_is_refused(binary, expected, told):
    golden = tuple(Golden(g.values, expected) for g in binary.parts.golden)
    bundle = Bundle(binary.parts.manifest, b"", binary.parts.reference, golden, "", {}, "")
    with pytest.raises(ModelError, match="golden record 0"):
        bundle.verify_golden(SimpleNamespace(score=lambda _: told))


def test_what_is_packed_is_opened_again_and_asked(binary, tmp_path, monkeypatch):
    """A bundle that answers otherwise than training did here is not packed at all."""
    wrong = tuple(Golden(g.values, g.expected + (0.01 if i == 3 else 0)) for i, g in enumerate(binary.parts.golden))
    plan, brief = binary.parts.manifest.plan, SimpleNamespace(decision="Call a customer.")
    contents = Contents("p:1", "2024-02-01T00:00:00Z", plan, (), None, {}, {}, "2024-01-20")
    asked = []

    def pack(golden):
        parts = replace(binary.parts, golden=golden)
        monkeypatch.setattr(packing, "parts_of", lambda *args: asked.append(args[-1]) or parts)
        return pack_bundle(
            binary.model, None, binary.table, binary.cut, SimpleNamespace(brief=brief), contents,
            key=binary.key, path=tmp_path / "m.treadle",
        )  # fmt: skip

    made = pack(binary.parts.golden)
    assert made.path.exists() and made.mb == round(made.path.stat().st_size / 1e6, 3) and made.p99_ms > 0
    assert (asked[0].request.decision, asked[0].request.cut) == ("Call a customer.", "2024-01-20")
    with pytest.raises(ModelError, match="golden record 3"):
        pack(wrong)


def test_a_bundle_says_what_was_found_of_it(binary):
    over = OverServed(model="p:0", bundle="b" * 64, metric="brier", untold="too few rows")
    manifest = binary.pack(binary.table, by_rows=0.25, over_served=over).manifest
    assert manifest.by_rows == manifest.tested == 0.25 and manifest.over_served == over
    assert binary.parts.manifest.by_rows is None and binary.parts.manifest.threshold == binary.model.threshold


def test_histograms_for_drift_are_of_the_rows_that_it_was_fitted_on(binary):
    """Of a model that was fitted on all of them, of all but those that nothing is to be learned of."""
    out, train = binary.cut.train[:50], binary.cut.train[50:]
    cut, again = replace(binary.cut, train=train, left_out=out), Refitted(550, len(train), 150, 0.0, 0.0, 0)
    twin, whole = binary.pack(binary.table, cut), binary.pack(binary.table, cut, again)
    assert twin.reference.rows == len(train) and twin.manifest.refit == "training"
    assert whole.reference.rows == 550 and whole.manifest.refit == "all"
    every = binary.pack(binary.table, binary.cut, again)
    assert every.reference.rows == len(binary.table) == 600
