"""A run by policy waits for the signature that the brief wants, says whose, and releases once it is there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from stage_shop import edit

from treadle.api import Context
from treadle.api.models import SignRequest, models_sign
from treadle.api.work import RunRequest, run
from treadle.principal import person

Runs = Callable[..., object]


def test_a_run_waits_for_a_signature(shop: Path) -> None:
    edit(shop, "approve: reviewer}", "approve: policy, roles: {expert: [lin]}, signs: [expert], required: [expert]}")
    edit(
        shop, "slaProperties:\n  - {property: freshness, element: orders.told, value: 3, unit: d}\n", "", "orders.yaml"
    )
    first = run(RunRequest(project=str(shop)), Context(person("ada")))
    assert not first.released
    assert first.next == f"it waits to be signed: expert is lin: treadle models sign {shop} shop:1 --as lin"
    signed = models_sign(SignRequest(project=str(shop), note="plausible"), Context(person("lin")))
    assert (signed.by, signed.role, signed.waits_for) == ("lin", "expert", []) and signed.next == f"treadle run {shop}"
    second = run(RunRequest(project=str(shop)), Context(person("ada")))
    assert second.released and second.model == "shop:1"
