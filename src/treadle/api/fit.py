"""From one table to a judged model, without a project file."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated

from msgspec import Struct

from treadle.api.operation import Context, Request, argument, operation, option
from treadle.api.project import READING
from treadle.api.work import DecisionsShown, FindingShown, decisions_of, unsaved_said
from treadle.spec import layout_from

if TYPE_CHECKING:
    from collections.abc import Callable

    from treadle.onetable import Asked, Found
    from treadle.principal import Principal
    from treadle.spec import Project
    from treadle.training import Evaluation, Trial

USUAL_MINUTES = 5.0
SHOWN = 5
"""Trials, the best first."""


class FitRequest(Request, frozen=True):
    file: Annotated[str, argument("the table: CSV, JSON, Parquet, Arrow, Excel, or a Delta folder")]
    target: Annotated[str, option("the column to predict")]
    minutes: Annotated[
        float | None, option("time for all of it, at least 0.5; 5 if none of this, --trials and --spend is given")
    ] = None
    trials: Annotated[int | None, option("how many settings are tried; without --minutes no time bounds them")] = None
    spend: Annotated[float | None, option("money for learning at the most, such as 0.50 (USD, by the price book)")] = (
        None
    )
    metric: Annotated[str | None, option("what is compared by, such as average_precision or mae; else guessed")] = None
    save: Annotated[str | None, option("a new folder, to keep the project, its record, the model and the report")] = (
        None
    )
    kind: Annotated[
        str | None,
        option("what the target is: classification, multiclass, regression, counts or quantiles; else guessed"),
    ] = None
    positive: Annotated[
        str | None, option("the value to find, told from all others; the rarer of two if not given")
    ] = None
    time: Annotated[str | None, option("the column with the time of each row: the newest fifth is the test")] = None
    group: Annotated[str | None, option("the column whose rows stay together: the test is on groups never seen")] = None
    weight: Annotated[str | None, option("the column that says how much each row counts; it is no feature")] = None
    exposure: Annotated[
        str | None, option("the column that counts are counted over, such as years; it is no feature")
    ] = None
    missed: Annotated[
        float | None, option("what it costs not to act where it was called for; 1 if not given (USD)")
    ] = None
    false_alarm: Annotated[float | None, option("what it costs to act in vain; 1 if not given (USD)")] = None
    family: Annotated[
        tuple[str, ...], option("a family of models to try; may be given several times; else those that suit are tried")
    ] = ()
    drop: Annotated[tuple[str, ...], option("a column that is no feature; may be given several times")] = ()
    owner: Annotated[str | None, option("who owns the project; the machine's user if not given")] = None
    reading: Annotated[str, option(READING)] = ""


class FamilyShown(Struct, frozen=True):
    """A family of models: whether it was tried, and why or why not; `best`: of its whole trials, on folds."""

    family: str
    tried: bool
    why: str
    trials: int
    best: float | None


class FitTrial(Struct, frozen=True):
    """A setting that was tried: the mean of `folds` folds. `state`: complete, pruned (given up early) or failed."""

    number: int
    family: str
    value: float
    folds: int
    seconds: float
    state: str
    chosen: bool


class FitAnswer(Struct, frozen=True):
    """What came of it. `value` is on sealed test rows that nothing was chosen by, with its 95 % `interval`.

    `baseline` knows only what `knows` says. `trials`: the best; `tried`: how many there were. `saved` and `model` are
    empty where nothing was kept. `seconds` are of the whole, `minutes` what was allowed.
    """

    file: str
    target: str
    kind: str
    metric: str
    lower_is_better: bool
    rows: int
    train_rows: int
    guesses: list[str]
    profile: str
    families: list[FamilyShown]
    trials: list[FitTrial]
    tried: int
    given_up: int
    chosen: str
    value: float
    interval: list[float | None]
    why_none: str
    """Why there is no interval, where there is none."""
    baseline: float
    knows: str
    verdict: str
    decisions: DecisionsShown | None
    findings: list[FindingShown]
    notes: list[str]
    not_tried: list[str]
    seconds: float
    minutes: float | None
    saved: str
    model: str
    report: str
    next: list[str]


@operation("fit", permission="open", opens=False)
def fit(request: FitRequest, context: Context) -> FitAnswer:
    """Predict a column of a table: guess the task, search, and judge the best model on rows that it never saw.

    No project file is needed, and nothing is left on disk without --save.

    Example: treadle fit customers.csv --target churned --minutes 5
    """
    from rich.markup import escape

    from treadle.onetable import fit_table

    asked = _asked(request)
    found = fit_table(asked, _let_in(context), observer=context.observer, say=lambda text: context.say(escape(text)))
    return _answer(request, asked, found)


def _asked(request: FitRequest) -> Asked:
    from treadle.drafting.guessing import Hints
    from treadle.drafting.stated import Stated
    from treadle.onetable import Asked

    minutes = request.minutes
    if minutes is None and request.trials is None and request.spend is None:
        minutes = USUAL_MINUTES
    hints = Hints(
        kind=request.kind,
        metric=request.metric,
        positive=request.positive,
        time=request.time,
        group=request.group,
        drop=request.drop,
        families=request.family,
        minutes=minutes,
        trials=request.trials,
        spend=request.spend,
    )
    layout = layout_from(request.reading, "--reading")
    stated = Stated(request.weight, request.exposure, request.missed, request.false_alarm)
    return Asked(request.file, request.target, request.save, request.owner, hints, stated, layout)


def _let_in(context: Context) -> Callable[[Project], Principal]:
    """Who acts: found, and asked of the table of permissions, once the drafted project says whose it is."""
    from treadle.access import authorise, resource_of
    from treadle.principal import Principal

    def found(project: Project) -> Principal:
        who = context.who if isinstance(context.who, Principal) else context.who(project)
        authorise(who, "fit", "run", resource_of(project.spec, "project"))
        return who

    return found


def _answer(request: FitRequest, asked: Asked, found: Found) -> FitAnswer:
    from treadle.scoring import metrics

    judged, search = found.evaluation, found.search
    value = judged.value
    whole = [t for t in search.trials if t.state == "complete"]
    sign = metrics.sign(search.metric)
    best = sorted(whole, key=lambda t: -t.value * sign)
    return FitAnswer(
        file=request.file,
        target=request.target,
        kind=judged.kind,
        metric=judged.metric,
        lower_is_better=sign < 0,
        rows=judged.rows,
        train_rows=judged.train_rows,
        guesses=list(found.guesses),
        profile=found.profile.said,
        families=_families(found, best),
        trials=_trials(found, best),
        tried=len(search.trials),
        given_up=sum(t.state == "pruned" for t in search.trials),
        chosen=search.family,
        value=value.value,
        interval=[value.low, value.high],
        why_none=value.why,
        baseline=judged.baseline.value,
        knows=judged.task.trivial,
        verdict=judged.verdict,
        decisions=decisions_of(judged),
        findings=[FindingShown(f.name, f.feature, f.kind, f.strength, f.text) for f in judged.findings],
        notes=[*_notes(judged, asked), *_doubts(request, asked, found)],
        not_tried=_not_tried(found),
        seconds=round(found.seconds, 2),
        minutes=asked.hints.minutes,
        saved=asked.save or "",
        model=found.model,
        report=found.report,
        next=_next(request, asked, found),
    )


def _notes(judged: Evaluation, asked: Asked) -> list[str]:
    """Those of the evaluation; what names a line of a project file says where that file is."""
    unknown = {check.text for check in judged.checks if check.name == "label_known" and not check.checked}
    place = (
        f"{shlex.quote(asked.save)}/treadle.yaml" if asked.save is not None else "the treadle.yaml that --save writes"
    )
    late = (
        "Not checked: every label counts as known at the moment of its prediction. If labels come later, as most "
        "do, training used some that were not known yet, and the score is too good: say when one is known with "
        f"`label_known:` of `predict:` in {place}."
    )
    return [late if note in unknown else note for note in judged.notes]


def _doubts(request: FitRequest, asked: Asked, found: Found) -> list[str]:
    """What stands in the way of a release later, though nothing is wrong now."""
    mistakes = found.project.spec.brief.mistakes
    mend = "say what a missed one and a false alarm cost with --missed and --false-alarm"
    if asked.save is not None:
        folder = shlex.quote(asked.save)
        mend = (
            f"write what a missed one and a false alarm cost into brief.mistakes of {folder}/treadle.yaml; or a "
            "reviewer, named in brief.people there, answers for it, with: treadle models accept "
            f"{folder} {found.model} --finding no_saving --because REASON --as REVIEWER"
        )
    said = unsaved_said(found.evaluation, mistakes.missed, mistakes.false_alarm, mend)
    minutes = asked.hints.minutes
    if asked.save is not None and minutes is not None and found.learning > minutes:
        said.append(
            f"The search and the fits took {found.learning:.3g} minutes where {minutes:g} were asked for, so that a "
            "run will not release this model: such a table needs more. Allow it in brief.limits.train_minutes of "
            f"{shlex.quote(asked.save)}/treadle.yaml."
        )
    return said


def _families(found: Found, best: list[Trial]) -> list[FamilyShown]:
    return [
        FamilyShown(
            each.family,
            each.tried and each.family not in _left_over(found),
            each.why,
            sum(t.family == each.family for t in found.search.trials),
            next((t.value for t in best if t.family == each.family), None),
        )
        for each in found.families
    ]


def _trials(found: Found, best: list[Trial]) -> list[FitTrial]:
    chosen = {(member.family, str(member.params)) for member in found.search.members}
    return [
        FitTrial(
            t.number + 1,
            t.family,
            t.value,
            len(t.fold_scores),
            round(t.seconds, 3),
            t.state,
            (t.family, str(t.params)) in chosen,
        )
        for t in best[:SHOWN]
    ]


def _left_over(found: Found) -> list[str]:
    """Families that were to be tried, and that no trial came to."""
    tried = {trial.family for trial in found.search.trials}
    return [each.family for each in found.families if each.tried and each.family not in tried]


_ENDED = {
    "deadline": "the time was over before its turn; --minutes gives more",
    "trials": "the trials were over before its turn; --trials gives more",
    "good_enough": "what was tried before was good enough",
}


def _not_tried(found: Found) -> list[str]:
    """What could still be tried, a sentence each."""
    why: dict[str, list[str]] = {}
    for name in _left_over(found):
        why.setdefault(_ENDED.get(found.search.stopped, "the search ended before its turn"), []).append(name)
    for each in found.families:
        if not each.tried:
            why.setdefault(each.why, []).append(each.family)
    said = [f"{', '.join(names)}: {reason}" for reason, names in why.items()]
    if found.search.stopped == "deadline":
        said.append("more settings: the time was over; --minutes gives more")
    if found.search.stopped == "trials":
        said.append("more settings: the trials were over; --trials gives more")
    return [*said, "what happened before each row: lookups and windows over other tables stand in a project file"]


def _next(request: FitRequest, asked: Asked, found: Found) -> list[str]:
    """What to do now, a line each."""
    leaks = sorted({f.feature for f in found.evaluation.findings if f.feature})
    said = [f"--drop {shlex.quote(name)}, if it is not known when the prediction is made" for name in leaks]
    if asked.save is None:
        said.append(
            "nothing of this is kept: the same command with --save DIR keeps the project file, the record of every "
            "step, the model and its report; then: treadle run DIR --serve"
        )
        return said
    folder = shlex.quote(asked.save)
    return [*said, f"treadle run {folder} --serve", f"treadle models show {folder} {found.model}"]
