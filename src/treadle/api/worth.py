"""What the model is worth, by what came of its decisions."""

from __future__ import annotations

from typing import Annotated

from treadle.api.operation import OfTarget, Work, operation, option
from treadle.plans.worth_found import Worth


class WorthRequest(OfTarget, frozen=True, kw_only=True):
    instead: Annotated[
        str | None,
        option("what was done without a model: never, always, or a class; the cheapest of these, if not given"),
    ] = None


@operation("costs", "worth", permission="read", remote=True)
def costs_worth(request: WorthRequest, work: Work) -> Worth:
    """Show what decisions saved, by their outcomes and the brief's costs of mistakes, against all that was spent.

    Beside a simple rule that looks at nothing; with its interval, and the day on which the project has paid for itself.
    """
    from treadle.plans.worth import worth_of

    return worth_of(work.workspace, request.instead)
