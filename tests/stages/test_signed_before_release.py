"""A run by policy waits for the signature that the brief wants, says whose, and releases once it is there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace
from stage_shop import edit, opened

from treadle.api import Context
from treadle.api.evidence import VerifyRequest, verify
from treadle.api.models import ReleaseRequest, SignRequest, models_release, models_sign
from treadle.api.work import RunRequest, run
from treadle.errors import GateError
from treadle.evidence.kinds.brief_stated import BriefStated
from treadle.evidence.kinds.release_made import ReleaseMade
from treadle.principal import person
from treadle.stages.stating import state_brief
from treadle.stages.work import Work
from treadle.store import EntryRef

Runs = Callable[..., object]


def test_a_run_waits_for_a_signature(shop: Path) -> None:
    edit(shop, "approve: reviewer}", "approve: policy, roles: {expert: [lin]}, signs: [expert], required: [expert]}")
    edit(
        shop, "slaProperties:\n  - {property: freshness, element: orders.told, value: 3, unit: d}\n", "", "orders.yaml"
    )
    first = run(RunRequest(project=str(shop)), Context(person("ada")))
    assert not first.released
    assert first.next == f"it waits to be signed: expert is lin: treadle models sign {shop} shop:1 --as lin"
    edit(shop, ", signs: [expert]", "")
    with pytest.raises(GateError, match="nobody has signed it as expert"):  # the line was taken out, and no run said so
        models_release(ReleaseRequest(project=str(shop)), Context(person("grace")))
    edit(shop, "{expert: [lin]}", "{expert: [lin]}, signs: [expert]")
    signed = models_sign(SignRequest(project=str(shop), note="plausible"), Context(person("lin")))
    assert (signed.by, signed.role, signed.waits_for) == ("lin", "expert", []) and signed.next == f"treadle run {shop}"
    second = run(RunRequest(project=str(shop)), Context(person("ada")))
    assert second.released and second.model == "shop:1"
    assert verify(VerifyRequest(project=str(shop)), Context(person("ada"))).ok
    workspace = opened(shop)
    made = workspace.chain.last(ReleaseMade)
    workspace.chain.append(replace(made.payload, approval=EntryRef("0" * 64)), made.subject)
    told = verify(VerifyRequest(project=str(shop)), Context(person("ada")))
    assert not told.ok and "is not proved by the record" in told.faults[0]


def test_a_brief_that_is_again_as_it_was_is_stated_again(shop: Path) -> None:
    """Who may sign and approve goes by the newest: one that was taken back must not be the newest for ever."""
    for old, new, times in (("", "", 1), ("", "", 1), ("[grace]", "[grace, lin]", 2), ("[grace, lin]", "[grace]", 3)):
        edit(shop, old, new)
        workspace = opened(shop)
        state_brief(Work(workspace))
        assert len(workspace.chain.find(BriefStated)) == times
