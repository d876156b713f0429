"""Each release and each rollback leaves a signed checkpoint of the record, and its answer says where."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from stage_shop import edit

from treadle.api import OPERATIONS, Context
from treadle.api.evidence import VerifyRequest, verify
from treadle.api.models import ReleaseRequest, RollbackRequest, models_release, models_rollback
from treadle.api.work import RunRequest, run
from treadle.cli.show import console, show
from treadle.evidence import VerifierKey
from treadle.evidence.kinds.release_made import ReleaseMade
from treadle.evidence.kinds.review_approved import ReviewApproved
from treadle.evidence.notes import open_checkpoint
from treadle.loop import RunResult
from treadle.principal import person
from treadle.spec import load
from treadle.workspace import open_workspace


@pytest.fixture(autouse=True)
def its_own_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TREADLE_HOME", raising=False)


def sizes(shop: Path) -> list[int]:
    """Of the checkpoints that the workspace keeps, each of them checked."""
    workspace = open_workspace(load(shop), actor="ada")
    kept, faults = workspace.notes.kept()
    workspace.chain.engine.dispose()
    assert not faults
    return [each.checkpoint.size for each in kept]


def test_a_release_by_a_reviewer_and_a_rollback_are_signed(shop: Path, runs: Callable[..., RunResult]) -> None:
    seen: list[int] = []
    edit(shop, "  people:", "  promote: not_worse\n  people:")
    for missed in (3, 4):
        edit(shop, "missed: 3", f"missed: {missed}")
        runs()
        assert sizes(shop) == seen, "a run that waits for review signs nothing"
        answer = models_release(ReleaseRequest(project=str(shop)), Context(person("grace")))
        key = VerifierKey.parse((shop / ".treadle" / "keys" / "log.vkey").read_text(encoding="utf-8"))
        seen.append(open_checkpoint(Path(answer.checkpoint).read_bytes(), [key], where="note").size)
        assert Path(answer.checkpoint).parent == shop / ".treadle" / "checkpoints"
    answer = models_rollback(RollbackRequest(project=str(shop)), Context(person("grace")))
    assert sizes(shop) == [*seen, int(Path(answer.checkpoint).stem)]
    verdict = verify(VerifyRequest(project=str(shop)), Context(person("ada")))
    assert verdict.ok and verdict.checkpoints == 3 and verdict.entries == int(Path(answer.checkpoint).stem)


def test_a_release_by_policy_is_signed(shop: Path, runs: Callable[..., RunResult]) -> None:
    edit(shop, "approve: reviewer", "approve: policy")
    assert runs().released
    workspace = open_workspace(load(shop), actor="ada")
    release = workspace.chain.last(ReleaseMade)
    assert release is not None and sizes(shop) == [release.seq]
    assert workspace.chain.last(ReviewApproved).payload.note == "every gate of the brief holds"


def test_a_release_that_cannot_be_signed_says_so(
    shop: Path, runs: Callable[..., RunResult], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whose account may not write where checkpoints are kept released without one, and was not told."""

    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied", "checkpoints/9.note")

    runs()
    with monkeypatch.context() as patch:
        patch.setattr("treadle.evidence.checkpoints.write_whole", refused)
        answer = models_release(ReleaseRequest(project=str(shop)), Context(person("grace")))
        edit(shop, "approve: reviewer", "approve: policy")
        edit(shop, "  people:", "  promote: not_worse\n  people:")
        edit(shop, "missed: 3", "missed: 4")
        result = runs()
        patch.setattr("treadle.loop.run", lambda workspace, **asked: result)
        released = run(RunRequest(project=str(shop)), Context(person("ada")))
        back = models_rollback(RollbackRequest(project=str(shop)), Context(person("grace")))
    assert released.released and sizes(shop) == []
    for each in (answer, back, released):
        assert each.unsigned == "Permission denied: checkpoints/9.note"
    assert answer.checkpoint == back.checkpoint == ""
    for name, each in (("models release", answer), ("run", released)):
        console.cache_clear()
        show(OPERATIONS[name], each)
        assert "! no checkpoint was signed (Permission denied: checkpoints/9.note)" in capsys.readouterr().out
    console.cache_clear()
    assert not models_release(ReleaseRequest(project=str(shop)), Context(person("grace"))).unsigned
