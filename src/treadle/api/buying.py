"""Build or buy: our own model beside a library, a rule of thumb and services, on the same sealed rows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from treadle.api.operation import OfTarget, Work, operation, option
from treadle.api.prices import day_priced
from treadle.errors import SpecError
from treadle.plans.buying_found import BuildOrBuy

if TYPE_CHECKING:
    from treadle import stages
    from treadle.evidence import Entry
    from treadle.evidence.kinds.model_packed import ModelPacked


class BuyRequest(OfTarget, frozen=True, kw_only=True):
    model: Annotated[str | None, option("our own version; the released one, or the newest, if not given")] = None
    library: Annotated[
        tuple[str, ...], option("a library by its defaults, lightgbm or linear; both, if none is given; several times")
    ] = ()
    rule: Annotated[tuple[str, ...], option('a rule of thumb over features, such as "amount > 60"; several times')] = ()
    service: Annotated[
        tuple[str, ...], option("a file about a service, its answers and its price; several times", local=True)
    ] = ()
    rows: Annotated[
        str | None,
        option("only write the sealed rows, without their label, to this file for a service to answer", local=True),
    ] = None
    a_month: Annotated[float | None, option("decisions a month; as measured, if not given")] = None
    months: Annotated[int, option("what is paid once is spread over so many months")] = 24
    days: Annotated[int, option("the workload of the last so many days")] = 30
    at: Annotated[str | None, option("by the prices of this day, such as 2026-11-28; today, if not given")] = None


@operation("costs", "buy", permission="run", in_a_run=True)
def costs_buy(request: BuyRequest, work: Work) -> BuildOrBuy:
    """Hold the model against a library by its defaults, a rule of thumb, and services by the answers they gave.

    On the same sealed rows, with money a month, latency, where data go, and what leaving costs; one is advised, and it
    says what would turn that. To look at the sealed rows is written down, and so is handing them out with --rows.
    """
    from treadle.plans.buying import Bought, check, weigh
    from treadle.spec import load_service
    from treadle.stages.rivals import Answered, compare_rivals, compared_of
    from treadle.store import Blob
    from treadle.training.plain import LIBRARIES

    workspace = work.workspace
    check(request.months, request.a_month)
    day = day_priced(request.at, work)
    packing = _packing(request, work)
    staged = _staged(work)
    if request.rows is not None:
        work.require("costs buy", "rows")
        return _handed_out(request.rows, staged, packing, work)
    several = [load_service(Path(file)) for file in request.service]
    names = [found.service for found, _ in several]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise SpecError(f"two files are about the service {twice}", where="--service", mend="give each a name")
    answered = tuple(
        Answered(found.service, Blob(workspace.blobs.put(content), f"answers of {found.service}"), found.threshold)
        for found, content in several
    )
    libraries = tuple(dict.fromkeys(request.library)) or tuple(LIBRARIES)
    entry = compare_rivals(staged, packing, libraries, tuple(dict.fromkeys(request.rule)), answered)
    asked = Bought(
        packing, entry, compared_of(staged, entry), [found for found, _ in several], day, request.days,
        request.months, request.a_month,
    )  # fmt: skip
    return weigh(workspace, asked, cached=not staged.fresh)


def _packing(request: BuyRequest, work: Work) -> Entry[ModelPacked]:
    from treadle.models.registry import find

    workspace = work.workspace
    released = None if request.model is not None else workspace.releases.current()
    version = request.model if released is None else released.model
    return find(workspace.chain, workspace.project.address, version)


def _staged(work: Work) -> stages.Work:
    from treadle.stages import Work as Staged

    return Staged(work.workspace)


def _handed_out(named: str, staged: stages.Work, packing: Entry[ModelPacked], work: Work) -> BuildOrBuy:
    from treadle.api.written import new_file
    from treadle.evidence import write_whole
    from treadle.stages.rivals import hand_out

    file = new_file(named, "--rows")
    frame, opened = hand_out(staged, packing, f"as {file.name}")
    write_whole(file, frame.write_csv().encode())
    root, model = work.workspace.project.root, packing.payload.model
    return BuildOrBuy(
        project=work.workspace.project.address, model=model, metric=packing.payload.metric, rows=frame.height,
        opened=opened, currency=work.workspace.book.currency, at="", decisions=None, measured=False, months=0,
        candidates=[], turns=[], unknown=[], assumed=[], entry=0, cached=False,
        advice=f"{frame.height:,} sealed rows without their label are in {file}: they leave the project with it",
        next=f"treadle costs buy {root} --service FILE",
    )  # fmt: skip
