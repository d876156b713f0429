"""A run on machines that are taken away, as `treadle run --on spot-simulated` asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from treadle.api.operation import Work
from treadle.figures import counted

if TYPE_CHECKING:
    from treadle.api.work import RunRequest


def on_spot(request: RunRequest, work: Work) -> str:
    """Do it on machines that are taken away, as a process each; the loop here then finds all of it in the record."""
    from treadle.errors import SpecError
    from treadle.queueing.spot import simulate

    if request.fresh or request.full or request.spend is not None:
        mend = "leave out --fresh, --full, --spend"
        raise SpecError("a run that goes on where it was does not begin anew", where="--on", mend=mend)
    mean = _seconds(request.interrupt_every or "10m", "--interrupt-every")
    notice = _seconds(request.notice or "30s", "--notice")
    found = simulate(work.workspace, work.principal.name, mean, notice, work.say)
    if not found.ok:
        raise SpecError(f"the run failed: {found.said}", where="--on", mend="treadle run PROJECT says more")
    times = len(found.interruptions)
    return (
        f"the machine was taken away {counted(times, 'time')}: {found.lost_s:.1f} of {found.seconds:.0f} s "
        f"were done again; at most {found.checkpoint_s:.1f} s lay between two things that were kept"
    )


def refuse_here(request: RunRequest) -> None:
    """Raises SpecError: what is said of machines that are taken away, of a run that is on none."""
    from treadle.errors import SpecError

    for flag, given in (("--interrupt-every", request.interrupt_every), ("--notice", request.notice)):
        if given is not None and request.on == "here":
            raise SpecError(f"{flag} is of a machine that is taken away", where=flag, mend="add --on spot-simulated")


def _seconds(text: str, flag: str) -> float:
    from treadle.errors import SpecError
    from treadle.spec import duration

    try:
        return duration(text).total_seconds()
    except SpecError as bad:
        raise SpecError(bad.what, where=flag, mend=bad.mend) from bad
