"""Two people release at once, or by what stands no more: one change stands, whole, the other is told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from treadle.api import Context
from treadle.api.evidence import VerifyRequest, verify
from treadle.api.models import (
    ReleaseRequest,
    RollbackRequest,
    ShowRequest,
    models_release,
    models_rollback,
    models_show,
)
from treadle.errors import ModelError
from treadle.evidence.kinds.release_made import ReleaseMade
from treadle.evidence.kinds.review_approved import ReviewApproved
from treadle.principal import person
from treadle.spec import load
from treadle.workspace import open_workspace

GRACE = Context(person("grace"))
COMMAND = """
import sys
import treadle.models.registry, treadle.people  # all that is slow, before the start is given
from treadle.cli import main
print("ready", flush=True)
sys.stdin.readline()
main()
"""


def test_a_release_that_is_refused_leaves_no_approval_behind(shop: Path) -> None:
    """Else the next one, whoever begins it, would ask no reviewer any more."""
    project = str(shop)
    with pytest.raises(ModelError, match=r"endpoint shop serves shop:1 by now, and not shop:7"):
        models_release(ReleaseRequest(project=project, model="2", seen="shop:7"), GRACE)
    shown = models_show(ShowRequest(project=project, model="2"), GRACE)
    assert (shown.status, shown.approved_by) == ("waiting for review", "")
    assert models_release(ReleaseRequest(project=project, model="2", seen="shop:1"), GRACE).approved_by == "grace"


@pytest.mark.parametrize("seen", ["1", "shop:1", "back:1"])
def test_what_was_seen_may_be_named_as_a_version_is(shop: Path, seen: str) -> None:
    project = str(shop)
    assert models_release(ReleaseRequest(project=project, model="2", seen=seen), GRACE).model == "shop:2"
    with pytest.raises(ModelError, match=r"serves shop:2 by now, and not shop:1"):
        models_rollback(RollbackRequest(project=project, seen=seen), GRACE)
    assert models_rollback(RollbackRequest(project=project, seen="2"), GRACE).model == "shop:1"


def test_of_several_processes_that_release_at_once_one_wins_and_the_others_are_told(shop: Path) -> None:
    words = ["models", "release", str(shop), "2", "--instead-of", "1", "--as", "grace"]
    started = [
        subprocess.Popen(
            [sys.executable, "-c", COMMAND, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in started:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [(*process.communicate(timeout=60), process.returncode) for process in started]
    won, told = [s for s in said if s[2] == 0], [s for s in said if s[2] == 1]
    assert (len(won), len(told)) == (1, 2), said
    assert "endpoint shop serves shop:2" in won[0][0]
    for out, error, _ in told:
        assert "endpoint shop serves shop:2 by now, and not shop:1: somebody was quicker" in error and not out
    chain = open_workspace(load(shop), actor="ada").chain
    assert [e.payload.model for e in chain.find(ReleaseMade, subject="endpoint/shop")] == ["shop:1", "shop:2"]
    assert len(chain.find(ReviewApproved, subject="model/shop:2")) == 1
    assert verify(VerifyRequest(project=str(shop)), GRACE).ok
