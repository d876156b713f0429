"""The work of a project: run the loop, play history through the endpoint, prove the features."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Struct, structs

from treadle.api.mirror import mirror_run
from treadle.api.next_step import next_step
from treadle.api.on_spot import on_spot, refuse_here
from treadle.api.operation import OfEachTarget, OfTarget, Work, group, operation, option
from treadle.api.purse import purse_of
from treadle.api.sizes import held
from treadle.features import Proof
from treadle.mirror.found import Mirrored
from treadle.replay.found import Replayed

if TYPE_CHECKING:
    from treadle.loop import RunResult
    from treadle.scoring.over_served import OverServed
    from treadle.training import Evaluation
    from treadle.workspace import Workspace


class RunRequest(OfEachTarget, frozen=True):
    fresh: Annotated[bool, option("run every step again, whatever is cached")] = False
    full: Annotated[bool, option("read sources whole that are read in increments (`new:`)")] = False
    spend: Annotated[float | None, option("money at the most, in the price book's currency, such as 0.50")] = None
    over_budget: Annotated[bool, option("go on where a budget asks, as one who may approve")] = False
    on: Annotated[
        Literal["here", "spot-simulated"],
        option("here, or spot-simulated: on a machine that is taken away now and then, as clouds sell them cheaper"),
    ] = "here"
    interrupt_every: Annotated[str | None, option("how long such a machine stays in the mean; 10m, if not given")] = (
        None
    )
    notice: Annotated[str | None, option("how long before its end it is told; 0s: it is not; 30s, if not given")] = None
    mlflow: Annotated[
        str | None, option("tell this MLflow server of it; that of `mirror:` in settings.yaml if not given", local=True)
    ] = None


class StepShown(Struct, frozen=True):
    """One step: whether it was taken from the record, and why it was or was not."""

    kind: str
    subject: str
    cached: bool
    why: str
    seconds: float | None
    cost: float | None


class GateShown(Struct, frozen=True):
    """One gate of the release. `acceptable`: a reviewer may answer for it, by name and with a reason."""

    name: str
    limit: float
    found: float | None
    holds: bool
    text: str
    acceptable: bool
    where: str = ""
    mend: str = ""
    """The place that sets it, and what to do, where it does not hold."""
    answered: str = ""
    """Why, by whom and when a reviewer answered for it all the same; nothing is to be done then."""


class FindingShown(Struct, frozen=True):
    """One thing that looks like a leak. `feature` is empty where it is about rows."""

    name: str
    feature: str
    kind: str
    strength: float
    text: str


class RuleShown(Struct, frozen=True):
    """What a decision costs on the sealed test rows by a rule that looks at nothing; `score`: the metric, where it is
    one of decisions."""

    rule: str
    cost: float
    score: float | None


class DecisionsShown(Struct, frozen=True):
    """What a decision costs with the model, with its 95 % interval, beside rules that look at nothing; and what it
    saves against the cheapest of those. `unit`: a currency, or mistakes where nothing is said of what they cost."""

    cost: float
    interval: list[float | None]
    unit: str
    saved: float
    saved_interval: list[float | None]
    fixed: list[RuleShown]


class OverServedShown(Struct, frozen=True):
    """The model beside the version that was served when it was judged, on sealed rows that neither has learned from.

    `value` is the model's metric on these `rows`, `served_value` that of the served version; `gain` is positive where
    the model is better, with its 95 % interval by the same draws. `verdict`: better, noise, worse, or untold; then
    `said` has the reason. `left_out`: sealed rows that the served version may have learned from.
    """

    served: str
    metric: str
    verdict: str
    said: str
    rows: int
    left_out: int
    value: float | None
    served_value: float | None
    gain: float | None
    interval: list[float | None]


class ReadingShown(Struct, frozen=True):
    """A source that was read beside others. `bytes`: in memory; `waited`: of its seconds, those in which it waited."""

    source: str
    rows: int
    bytes: int
    seconds: float
    waited: float


class RunAnswer(Struct, frozen=True):
    """What a run came to.

    `interval` is a 95 % interval of `value` on the sealed test rows; `baseline` knows only the overall rate,
    `without_history` is the same family on request and row features alone. `seconds`, `cpu_seconds`, `gpu_seconds`
    (those in which GPUs were held, times these), `peak_mb` and `cost` (in `currency`) are of the steps that made this
    model, whichever run did them; `this_run_seconds` and `this_run_cost` of this run alone.
    """

    run: str
    target: str
    model: str
    status: str
    released: bool
    metric: str
    value: float
    interval: list[float | None]
    baseline: float
    knows: str
    """What the baseline knows, in words: the overall rate, the mean, the classes' shares."""
    without_history: float | None
    verdict: str
    threshold: float | None
    calibration_error: float | None
    calibration_noise: float | None
    """The calibration error that probabilities which are right would show on so many rows, by chance."""
    seconds: float
    cpu_seconds: float
    peak_mb: float
    cost: float
    currency: str
    this_run_seconds: float
    this_run_cost: float
    bundle_mb: float
    report: str
    steps: list[StepShown]
    cached_steps: list[str]
    gates: list[GateShown]
    findings: list[FindingShown]
    """What looks like a leak, so that the score may be too good; each stops a release until a reviewer answers."""
    notes: list[str]
    """What else to know before believing the score."""
    opened: int
    """How often these sealed rows were looked at since the project began, whatever features were made of them."""
    without_label: int
    """Rows of the examples that nothing could be learned from, since they have no label, or no time."""
    next: str
    decisions: DecisionsShown | None = None
    """What decisions cost, where something is decided."""
    over_served: OverServedShown | None = None
    """The gain over the version that the endpoint served; None where it served none yet."""
    unsigned: str = ""
    """Why no checkpoint of the record was signed after a release, where none could be."""
    readings: list[ReadingShown] = []
    """How sources from elsewhere were read, where there were two or more."""
    mirrored: Mirrored | None = None
    """How it stands on the MLflow server that is told of runs, where there is one."""
    gpu_seconds: float = 0.0
    others: list[RunAnswer] = []
    """The runs of the other targets, in the order of the file, where there are several and none was named."""


class ReplayRequest(OfTarget, frozen=True):
    start: Annotated[
        str | None, option("play from this time on (UTC); the training cut if not given", flag="--from")
    ] = None
    end: Annotated[str | None, option("play up to this time (UTC); the end of the data if not given", flag="--to")] = (
        None
    )
    url: Annotated[str | None, option("a running endpoint; else one is started for the replay")] = None
    even_training: Annotated[bool, option("allow times before the training cut, which the model has seen")] = False


class ProveRequest(OfTarget, frozen=True):
    rows: Annotated[int | None, option("compare only so many rows, spread over all; of large tables 20000")] = None


@operation("run", permission="run", in_a_run=True)
def run(request: RunRequest, work: Work) -> RunAnswer:
    """Run the whole loop: read, check, build, train, evaluate, pack, review, release. Does nothing twice.

    Where the project has several targets and none is named, the loop is run for each of them, one after the other.
    """
    refuse_here(request)
    survived = on_spot(request, work) if request.on != "here" else ""
    each = work.each()
    # sources are those of all targets: they are read whole once
    asked = [request, *[structs.replace(request, full=False)] * (len(each) - 1)]
    with held(work):
        first, *others = [_run(now, one, announced=len(each) > 1) for now, one in zip(asked, each, strict=True)]
    notes = [survived, *first.notes] if survived else first.notes
    return structs.replace(first, others=others, notes=notes)


def _run(request: RunRequest, work: Work, *, announced: bool) -> RunAnswer:
    from treadle.loop import run as run_loop

    workspace = work.workspace
    if announced:
        work.say(f"[bold]{workspace.project.target}[/], served as {workspace.endpoint}")
    result = run_loop(workspace, full=request.full, purse=purse_of(work, request.spend, over=request.over_budget))
    found, spent, fresh = result.evaluation, result.cost, result.spent
    paid, paid_now = spent.shown, fresh.shown
    return RunAnswer(
        run=workspace.chain.run,
        target=workspace.project.spec.predict.name,
        model=result.model,
        status=result.status,
        released=result.released,
        metric=found.metric,
        value=found.value.value,
        interval=[found.value.low, found.value.high],
        baseline=found.baseline.value,
        knows=found.knows,
        without_history=found.reference.value if found.reference else None,
        verdict=found.verdict,
        threshold=found.threshold if found.task.decides else None,
        calibration_error=found.calibration_error,
        calibration_noise=found.calibration_noise,
        seconds=spent.seconds,
        cpu_seconds=spent.cpu_seconds,
        peak_mb=spent.peak_mb,
        cost=float(paid.amount) if paid else 0.0,
        currency=paid.currency if paid else workspace.book.currency,
        gpu_seconds=spent.gpu_seconds,
        this_run_seconds=round(result.seconds, 2),
        this_run_cost=float(paid_now.amount) if paid_now else 0.0,
        bundle_mb=result.mb,
        report=result.report,
        steps=[StepShown(s.kind, s.subject, s.cached, s.why, s.seconds, s.cost) for s in result.steps],
        cached_steps=[f"{s.kind} {s.subject}" for s in result.steps if s.cached],
        gates=_gates(workspace, result),
        findings=[FindingShown(f.name, f.feature, f.kind, f.strength, f.text) for f in found.findings],
        notes=[*result.late, *result.searched, *found.notes, *_unsaved(work, result)],
        opened=result.opened,
        without_label=result.without_label,
        next=next_step(workspace, result, request.project),
        decisions=decisions_of(found),
        over_served=over_served_of(found.over_served),
        unsigned=result.unsigned,
        readings=[ReadingShown(f.source, rows, f.bytes, f.seconds, f.waited) for f, rows in result.readings],
        mirrored=mirror_run(workspace, request.mlflow, result.model),
    )


def _unsaved(work: Work, result: RunResult) -> list[str]:
    project = work.workspace.project
    mistakes, people = project.spec.brief.mistakes, project.spec.brief.people
    who = (
        f"{' or '.join(people.reviewers)} answers" if people.reviewers else "a reviewer, named in brief.people, answers"
    )
    mend = (
        f"write what a missed one and a false alarm cost into {project.place('brief.mistakes')}; or {who} for it, "
        f"with: treadle models accept PROJECT {result.model} --finding no_saving --because REASON --as REVIEWER"
    )
    return unsaved_said(result.evaluation, mistakes.missed, mistakes.false_alarm, mend)


def decisions_of(found: Evaluation) -> DecisionsShown | None:
    if (money := found.money) is None:
        return None
    return DecisionsShown(
        cost=money.model.value,
        interval=[money.model.low, money.model.high],
        unit=money.currency,
        saved=money.saved.value,
        saved_interval=[money.saved.low, money.saved.high],
        fixed=[RuleShown(rule.name, rule.cost, rule.score) for rule in money.fixed],
    )


def unsaved_said(found: Evaluation, missed: float, false_alarm: float, mend: str) -> list[str]:
    """Where decisions cost no less than to look at nothing, by costs that nobody stated: what that means, in a line.

    `mend`: how the costs are said, and who can answer for it.
    """
    money = found.money
    if money is None or not money.unsaved or not found.task.decides or not missed == false_alarm == 1.0:
        return []
    said = (
        f"To decide by this model is not surely cheaper than to {money.cheapest.name}, where both kinds of mistakes "
        f"cost 1 {money.currency}: nobody said what they do cost. Its probabilities may be of use all the same, but no "
        f"run releases it: {mend}."
    )
    return [said]


def over_served_of(over: OverServed | None) -> OverServedShown | None:
    if over is None:
        return None
    found = over.found
    return OverServedShown(
        served=over.model,
        metric=over.metric,
        verdict=over.verdict,
        said=over.said,
        rows=over.rows,
        left_out=over.left_out,
        value=None if found is None else found.ours.value,
        served_value=None if found is None else found.theirs.value,
        gain=None if found is None else found.gain.value,
        interval=[None, None] if found is None else [found.gain.low, found.gain.high],
    )


def _gates(workspace: Workspace, result: RunResult) -> list[GateShown]:
    from treadle.people import mend_of, place_of, review_of

    shown, taken = list[GateShown](), None
    for gate in result.gates:
        one = GateShown(gate.name, gate.limit, gate.found, gate.holds, gate.text, gate.acceptable)
        if not gate.holds:
            if taken is None:
                taken = review_of(workspace.chain, result.model, result.bundle).accepted
            begin, place = f"{gate.name}: ", place_of(gate)
            where = workspace.project.place(place) if place else result.model
            answered = next((each.removeprefix(begin) for each in taken if each.startswith(begin)), "")
            one = structs.replace(one, where=where, mend=mend_of(gate, result.model), answered=answered)
        shown.append(one)
    return shown


@operation("replay", permission="run", in_a_run=True)
def replay(request: ReplayRequest, work: Work) -> Replayed:
    """Play history after the training cut through the live endpoint, over HTTP, in time order."""
    from treadle.replay.playing import Wanted, play

    wanted = Wanted(request.start, request.end, request.url, request.even_training)
    return play(work.workspace, wanted, say=work.say)


group("features", "Features in batch and online.")


@operation("features", "prove", permission="run", in_a_run=True)
def features_prove(request: ProveRequest, work: Work) -> Proof:
    """Play real history through the batch and the online path, and report every cell that differs."""
    from treadle.stages import prove_features

    workspace = work.workspace
    return prove_features(workspace, rows=request.rows)
