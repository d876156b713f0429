"""A load test that confirms the capacity plan, or refutes it."""

from __future__ import annotations

from typing import Annotated

from treadle.api.operation import OfTarget, Work, operation, option
from treadle.errors import SpecError
from treadle.plans.confirming_found import Confirmed
from treadle.plans.found import Assumed


class ConfirmRequest(OfTarget, frozen=True, kw_only=True):
    seconds: Annotated[float, option("how long the server is asked")] = 10.0
    connections: Annotated[int, option("so many requests at once")] = 8
    busy: Annotated[float, option("share of its CPUs that a server is to use in the busiest minute")] = Assumed().busy
    cpus: Annotated[float, option("CPUs of a server, by which servers are counted")] = 1.0
    days: Annotated[int, option("the busiest minute of the last so many days")] = 30


@operation("costs", "confirm", permission="run")
def costs_confirm(request: ConfirmRequest, work: Work) -> Confirmed:
    """Ask a server of the released version as much as it answers, and hold that against the plan; both are kept.

    The server is one of its own, and what it answers is in no ledger. Later plans rest on what was measured.
    """
    from treadle.errors import TreadleError
    from treadle.hosting.loading import load_test
    from treadle.models import Bundle
    from treadle.models.registry import find
    from treadle.plans import measure
    from treadle.plans.confirming import confirm
    from treadle.plans.machines import Prices
    from treadle.pricing import known

    for flag, value, most in (("--seconds", request.seconds, 600), ("--connections", request.connections, 512),
                              ("--busy", request.busy, 1), ("--cpus", request.cpus, 1024)):  # fmt: skip
        least = 1 if flag in ("--seconds", "--connections") else 0.01
        if not least <= value <= most:
            raise SpecError(f"{value:g} cannot be", where=flag, mend=f"give a number from {least:g} to {most:g}")
    workspace = work.workspace
    released = workspace.released
    bundle = Bundle.read(workspace.blobs.get(released.bundle), workspace.trusted_keys, where=released.model)
    packing = find(workspace.chain, workspace.project.address, released.model)
    try:
        load = measure(workspace, request.days, Assumed()).load
    except TreadleError:
        load = None
    found = load_test(workspace, bundle, seconds=request.seconds, connections=request.connections, say=work.say)
    with workspace.chain.reading() as reader:
        day = workspace.chain.clock().date().isoformat()
        prices = Prices(known(reader, workspace.blobs, day), workspace.book.rates)
    return confirm(
        workspace,
        packing,
        found,
        load,
        connections=request.connections,
        busy=request.busy,
        cpus=request.cpus,
        prices=prices,
    )
