"""Two people release at once, or by what stands no more: one change stands, whole, the other is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from treadle.api import Context
from treadle.api.models import ReleaseRequest, ShowRequest, models_release, models_show
from treadle.errors import ModelError
from treadle.principal import person

GRACE = Context(person("grace"))


def test_a_release_that_is_refused_leaves_no_approval_behind(shop: Path) -> None:
    """Else the next one, whoever begins it, would ask no reviewer any more."""
    project = str(shop)
    with pytest.raises(ModelError, match=r"endpoint shop serves shop:1 by now, and not shop:7"):
        models_release(ReleaseRequest(project=project, model="2", seen="shop:7"), GRACE)
    shown = models_show(ShowRequest(project=project, model="2"), GRACE)
    assert (shown.status, shown.approved_by) == ("waiting for review", "")
    assert models_release(ReleaseRequest(project=project, model="2", seen="shop:1"), GRACE).approved_by == "grace"
