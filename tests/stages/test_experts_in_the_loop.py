"""Experts label rows of a small shop with wrong labels: what they said teaches, is measured, and is led back to."""

from __future__ import annotations

import random
from io import StringIO
from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pytest
from rich.console import Console
from stage_shop import edit, opened, write_shop

from treadle.cli.show.experts import show_labels
from treadle.errors import AccessError, DataError
from treadle.evidence import Code
from treadle.evidence.kinds.labels_applied import LabelsApplied
from treadle.evidence.kinds.labels_measured import LabelsMeasured
from treadle.evidence.kinds.sealed_opened import SealedOpened
from treadle.exploring.experts import agreement, ask, labels_stand, page, queue_shown, say_row, take_sheet, write_sheet
from treadle.history.lineage import walk
from treadle.labelling import LabelGain, named
from treadle.loop import run
from treadle.models.registry import find
from treadle.spec import Predict, Split
from treadle.stages import reproducing
from treadle.stages.heard import DOUBTED, SAID, Heard, heard, stand_beside, taught
from treadle.stages.reproducing import reproduce
from treadle.training import Split as Parts
from treadle.training import TrainingTable

ROWS = 600
EXPERTS = "experts: {roles: [domain_expert], trusted: [grace]}\n"


def truth(n: int) -> str:
    return "yes" if random.Random(n).uniform(1, 100) > 60 else "no"


def wrong(n: int) -> bool:
    return n % 4 == 0


@pytest.fixture
def noisy(tmp_path: Path) -> Path:
    """One label in four is wrong; whoever knows says so by the amount."""
    folder = write_shop(tmp_path / "shop", 10)
    edit(folder, ", contract: orders.yaml", "")
    edit(folder, "approve: reviewer", "roles: {domain_expert: [lin, bo]}, approve: reviewer")
    (folder / "treadle.yaml").write_text((folder / "treadle.yaml").read_text("utf-8") + EXPERTS, "utf-8")
    lines = ["order,amount,kind,came_back,told"]
    for n in range(ROWS):
        said = truth(n) if not wrong(n) else {"yes": "no", "no": "yes"}[truth(n)]
        lines.append(f"{n},{random.Random(n).uniform(1, 100):.2f},{'ab'[n % 2]},{said},2024-01-01T00:00:00")
    (folder / "orders.csv").write_text("\n".join(lines) + "\n", "utf-8")
    return folder


def test_what_experts_said_teaches_is_measured_and_is_led_back_to(noisy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = opened(noisy)
    first = run(ada)
    assert first.model == "shop:1" and "labels.applied" not in {line.kind for line in first.steps}
    lin, bo = opened(noisy, actor="lin"), opened(noisy, actor="bo")
    asked = ask(lin, 120, 30, "lin")
    assert "experts sheet" in asked.next and "/experts" not in asked.next, "nothing is released, so nothing is served"
    assert labels_stand(lin, 5).gain == ""
    assert asked.rows == asked.left == 150 and asked.labels == ["no", "yes"] and asked.columns == ["amount", "kind"]
    with ada.chain.reading() as reader:
        looks = len(reader.find(SealedOpened))
    assert looks == 1, "to choose rows no sealed row is looked at"

    sheet = noisy / "lin.csv"
    write_sheet(lin, sheet, "lin.csv", "lin")
    by_row = {named(str(n)): truth(n) for n in range(ROWS)}
    frame = pl.read_csv(sheet, infer_schema=False).with_columns(
        pl.col("row").replace_strict(by_row, default=None).alias("label")
    )
    frame.write_csv(sheet)
    assert take_sheet(lin, str(sheet), "lin").rows == 150
    with pytest.raises(DataError, match="made for lin, and bo brings it"):
        take_sheet(bo, str(sheet), "bo")
    with pytest.raises(AccessError, match="does not hold domain_expert"):
        say_row(ada, "1", "yes", None, None)
    keys = [item.key for item in queue_shown(lin, "lin", 150).items]
    for key in keys[:12]:
        say_row(bo, key, truth(int(key)) if key != keys[0] else {"yes": "no", "no": "yes"}[truth(int(key))], None, "hm")
    say_row(bo, keys[1], None, "amount", None)  # the label that was said before stands
    stand = labels_stand(lin, 200)
    assert (stand.rows, stand.settled, stand.open) == (150, 149, 1) and stand.labellers == {"bo": 12, "lin": 150}
    assert stand.flagged == {"amount": 1} and stand.stands[0].key == keys[0] and stand.stands[0].how == "open"
    agreed = agreement(lin)
    assert (agreed.file, agreed.twice, agreed.labels) == ("the record", 12, 162)
    assert agreed.pairs[0].items == 12 and agreed.pairs[0].alike == pytest.approx(11 / 12)

    second = run(opened(noisy))
    assert second.model == "shop:2"
    (applied,) = ada.chain.find(LabelsApplied, status="done")
    (measured,) = ada.chain.find(LabelsMeasured, status="done")
    assert applied.payload.changed + applied.payload.confirmed == 149
    found = msgspec.json.decode(ada.blobs.get(measured.payload.judged.digest), type=LabelGain)
    assert found.labellers == ("bo", "lin") and found.audit is not None and found.audit.rows == 30
    assert found.taught + found.confirmed == 119 and found.rows == 150 and found.flagged == (("amount", 1),)
    assert found.by_source.gain.low is not None and found.by_experts is not None
    assert found.by_experts.ours.value > found.by_source.ours.value, "the yardstick itself was partly wrong"
    gain = labels_stand(lin, 0).gain
    assert "Of what bo, lin said; measured by the labels of the source." in gain
    assert "By the experts' own labels: " in gain
    report = Path(second.report).read_text("utf-8")
    assert "What did the experts&#39; word gain?" in report and "30 sealed rows that they looked at" in report
    assert second.evaluation.value.value == pytest.approx(found.by_source.ours.value), "judged by the source's labels"

    third = run(opened(noisy))
    assert third.model == "shop:2" and all(line.cached for line in third.steps)
    packing = find(ada.chain, "shop", "shop:2")
    with ada.chain.reading() as reader:
        led = [entry for entry, _ in walk(reader, [packing])]
    assert {"labels.said", "experts.asked"} <= {entry.kind for entry in led}
    real = reproducing.reached

    def edited(root: str) -> Code:
        code = real(root)
        edit = {root: "0" * 64} if root == "treadle.stages.labels" else {}
        return msgspec.structs.replace(code, modules=code.modules | edit)

    monkeypatch.setattr(reproducing, "reached", edited)
    again_made = reproduce(ada, packing, led, lambda text: None)
    assert again_made.ok and again_made.differs == ["treadle.stages.labels was edited"], "what labels alone reach, too"

    again = ask(lin, 50, 0, "grace")
    assert again.items[0].key == keys[0] and "bo and lin differ" in again.items[0].why[0]
    assert not {item.key for item in queue_shown(lin, "lin", 51).items} & {*keys[1:]}, "what is settled is not asked"
    shown = page(bo, "bo")
    assert "1 of 51 rows done by bo" in shown and "differ" not in shown, "what others said is not shown before"

    edit(noisy, "domain_expert: [lin, bo]", "domain_expert: [lin]")
    without, out = labels_stand(opened(noisy), 0), StringIO()
    assert (without.settled, without.labellers, without.not_taken) == (150, {"lin": 150}, {"bo": 12})
    show_labels(without, Console(file=out, width=300))
    assert "what bo said of 12 rows does not count: they do not hold domain_expert (experts.roles)" in out.getvalue()


def test_before_there_is_a_model_or_a_queue_it_says_what_to_do(noisy: Path) -> None:
    lin = opened(noisy, actor="lin")
    with pytest.raises(DataError, match="no model whose errors") as bad:
        ask(lin, 5, 0, "lin")
    assert "treadle run" in bad.value.mend
    with pytest.raises(DataError, match="asked nothing yet"):
        queue_shown(lin, "lin", 5)
    assert "were asked nothing yet" in page(lin, "lin")
    with pytest.raises(DataError, match="nobody has labelled"):
        agreement(lin)


def table(label: list[float]) -> TrainingTable:
    n = len(label)
    return TrainingTable(pl.DataFrame({"x": range(n)}), np.array(label), None, None, list(map(str, range(n))), ())


def parts(n: int) -> Parts:
    from treadle.training.splits import Fold

    every = np.arange(n)
    return Parts("random", every[: n - 20], every[n - 20 :], (Fold(every[:40], every[40 : n - 20]),))


def test_sealed_rows_keep_their_labels_and_no_row_changes_sides() -> None:
    label = [0.0, 1.0] * 40
    told = Heard(np.full(80, 1.0), np.zeros(80, dtype=bool))
    told.label[::2], told.doubted[3], told.doubted[79] = np.nan, True, True
    told.label[1] = 0.0
    made, split = taught(table(label), parts(80), told, stratifies=True)
    assert made.label[1] == 0.0 and list(made.label[60:]) == label[60:]
    assert list(split.test) == list(range(60, 80)), "also the one that cannot be"
    assert set(range(60)) - {*split.train} == {3} and 3 not in split.folds[0].train
    assert split.left_out is not None and list(split.left_out) == [3]


def test_what_leaves_one_class_alone_is_refused() -> None:
    told = Heard(np.zeros(80), np.zeros(80, dtype=bool))
    with pytest.raises(DataError, match="too few training rows are left, or all are of one class"):
        taught(table([0.0, 1.0] * 40), parts(80), told, stratifies=True)


def test_labels_stand_beside_those_of_the_source_and_change_none() -> None:
    from treadle.labelling import SettledRow

    def row(key: str, label: str) -> SettledRow:
        return SettledRow(key=key, label=label, how="alone", by=("lin",))

    frame = pl.DataFrame({"__label__": [1.0, 0.0, None, 1.0], "x": [1, 2, 3, 4]})
    settled = [row("a", "no"), row("b", "no"), row("c", "yes"), row("d", ""), row("gone", "yes")]
    made = stand_beside(frame, ["a", "b", "c", "d"], settled)
    assert made.frame["__label__"].equals(frame["__label__"])
    assert made.frame[SAID].to_list() == [0.0, 0.0, 1.0, None] and made.frame[DOUBTED].to_list()[3]
    assert (made.changed, made.confirmed, made.doubted, made.absent) == (1, 1, 1, 2)
    names = pl.DataFrame({"__label__": ["x", "y"], SAID: ["y", "z"], DOUBTED: [False, False]})
    found = heard(names, ["x", "y"])
    assert found is not None and found.label[0] == 1.0 and np.isnan(found.label[1]), "no such class any more"
    assert heard(frame, []) is None
    assert Predict(name="p", each="e", label="l").split == Split(), "a split is said by the project alone"
