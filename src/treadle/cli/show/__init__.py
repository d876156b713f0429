"""How answers look on a terminal, one file a noun. `--json` prints the answer itself."""

from __future__ import annotations

from typing import Any

from treadle.cli.show.drawing import console

__all__ = ["console", "show"]


def show(name: str, answer: Any) -> None:
    """Print the answer of the operation `name`; as indented JSON where it has no view of its own."""
    from treadle.cli.show import (
        access,
        concern,
        contract,
        data,
        decide,
        endpoint,
        entities,
        evidence,
        experts,
        fit,
        lineage,
        mapping,
        mirror,
        models,
        project,
        quarantine,
        reproduce,
        schedule,
        spending,
        talk,
        team,
        trials,
        upkeep,
        work,
    )

    views = {
        **project.VIEWS,
        **work.VIEWS,
        **models.VIEWS,
        **endpoint.VIEWS,
        **evidence.VIEWS,
        **trials.VIEWS,
        **access.VIEWS,
        **fit.VIEWS,
        **lineage.VIEWS,
        **mapping.VIEWS,
        **mirror.VIEWS,
        **schedule.VIEWS,
        **contract.VIEWS,
        **data.VIEWS,
        **upkeep.VIEWS,
        **quarantine.VIEWS,
        **entities.VIEWS,
        **reproduce.VIEWS,
        **decide.VIEWS,
        **concern.VIEWS,
        **team.VIEWS,
        **talk.VIEWS,
        **experts.VIEWS,
        **spending.VIEWS,
    }
    view = views.get(name)
    if view is None:
        import msgspec

        print(msgspec.json.format(msgspec.json.encode(answer, enc_hook=str), indent=2).decode())
        return
    view(answer, console())
