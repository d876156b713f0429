"""What experts are asked, what they said and what of it counts: looked into, and taken by command, sheet and page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from treadle.errors import DataError, EvidenceError, SpecError, StoreError, TreadleError
from treadle.evidence.kinds.experts_asked import ExpertsAsked
from treadle.evidence.kinds.labels_measured import LabelsMeasured
from treadle.evidence.kinds.labels_said import CANNOT, WHOLE, RowSaid
from treadle.exploring.experts_found import LabelsStand, QueueItem, QueueShown, RowStands, RowTaken, SheetWritten
from treadle.exploring.labelled import Labelled, agreed
from treadle.labelling import (
    ENDINGS,
    Given,
    Item,
    LabelGain,
    Queue,
    SettledRow,
    Shown,
    Taken,
    Way,
    Word,
    Words,
    as_sheet,
    experts_page,
    read_form,
    read_sheet,
    refuse_no_labeller,
    say,
    settled_rows,
    taken_words,
    verdicts,
    words,
)
from treadle.models import registry
from treadle.stages import Work
from treadle.stages.label_gain import rule_said
from treadle.stages.labels import MOST_ASKED, ask_experts, queues_of

if TYPE_CHECKING:
    from treadle.evidence import Entry
    from treadle.workspace import Workspace

SHOWN, FIRST = 20, 3
"""Rows of a queue that are listed, and those that who asked is shown: to see what experts will see."""
THE_RECORD = "the record"


def ask(workspace: Workspace, rows: int, audit: int, who: str) -> QueueShown:
    """A new queue.

    Raises:
        SpecError: as many rows as nobody looks at, or none.
    """
    for flag, number in (("--rows", rows), ("--audit", audit)):
        if not 0 <= number <= MOST_ASKED:
            raise SpecError(f"{number} is no number of rows", where=flag, mend=f"give 0 to {MOST_ASKED:,}")
    if not rows + audit:
        raise SpecError("no row is asked for", where="--rows", mend="ask for some: --rows 50")
    ask_experts(Work(workspace), rows, audit)
    return queue_shown(workspace, who, FIRST)


def queue_shown(workspace: Workspace, who: str, limit: int) -> QueueShown:
    """The newest queue, as `who` sees it: rows of which they said nothing yet come first."""
    asked, queues, said = _asked(workspace)
    queue, mine = queues[0], _mine(said, who)
    left = [item for item in queue.items if item.key not in mine]
    done = [item for item in queue.items if item.key in mine]
    items = [*left, *sorted(done, key=lambda item: mine[item.key].said.unsure)]
    command = workspace.project.command
    place = workspace.project.typed
    return QueueShown(
        target=queue.target,
        labels=list(queue.labels),
        columns=list(queue.shown),
        rows=len(items),
        left=len(left),
        said=asked.payload.said(),
        time=asked.time,
        items=[_item(item, mine.get(item.key)) for item in items[:limit]],
        next=f"{command('experts sheet', place)} --out rows.xlsx{_or_page(workspace)}"
        if left
        else command("experts labels", place),
        cannot=CANNOT if CANNOT in queue.offered or not queue.labels else "",
    )


def _or_page(workspace: Workspace) -> str:
    """The other way to say it, which is open once something is released to the endpoint."""
    with workspace.chain.reading() as reader:
        served = registry.standing(reader, workspace.endpoint)
    return "" if served is None else ", or the page /experts of treadle serve"


def _item(item: Item, word: Word | None) -> QueueItem:
    mine = "" if word is None else _told(word)
    why = [each.text for each in item.why]
    return QueueItem(item.row, item.key, why, item.source, item.model, list(item.values), mine, item.at)


def _told(word: Word) -> str:
    said = word.said
    parts = [said.answer, f"implausible: {', '.join(said.implausible)}" if said.implausible else "", said.comment]
    return "; ".join(part for part in parts if part)


def say_row(
    workspace: Workspace, row: str, label: str | None, implausible: str | None, comment: str | None
) -> RowTaken:
    """One row, by command. What is None stays as the actor said it before.

    Raises:
        DataError: nothing is said, or nothing of it can be taken.
    """
    if (label, implausible, comment) == (None, None, None):
        raise DataError("nothing is said", where="ROW", mend="say it: --label, --implausible or --comment")
    _, queues, said = _asked(workspace)
    item = next((found for queue in queues if (found := queue.item(row)) is not None), None)
    word = None if item is None else _mine(said, workspace.chain.actor).get(item.key)
    was = word.said if word is not None else RowSaid(row=row, key="")
    given = Given(
        place="ROW",
        row=row,
        label=was.answer if label is None else label,
        implausible=was.implausible if implausible is None else (implausible,),
        comment=was.comment if comment is None else comment,
        seen=None if word is None else word.seq,
    )
    made = _say(workspace, [given], "command")
    if made.conflicts:
        wrong = made.conflicts[0]
        raise DataError(wrong.what, where=wrong.place, mend=wrong.mend)
    return _taken(workspace, made)


def write_sheet(workspace: Workspace, place: Path, named: str, who: str) -> SheetWritten:
    """The newest queue for one person, in a file that is not there yet.

    Raises:
        StoreError: a file of another kind.
    """
    from treadle.evidence import write_whole

    refuse_no_labeller(workspace.project.spec, who)
    ending = place.suffix.lower()
    if ending not in ENDINGS:
        raise StoreError(f"{named} is no sheet", where="--out", mend=f"name a file that ends in {' or '.join(ENDINGS)}")
    _, queues, said = _asked(workspace)
    write_whole(place, as_sheet(ending, queues[0], who, _mine(said, who)))
    take = workspace.project.command("experts take")
    after = f"fill in label, implausible and comment, and then: {take} {named}"
    return SheetWritten(named, len(queues[0].items), who, after)


def take_sheet(workspace: Workspace, file: str, who: str) -> RowTaken:
    """What `who` wrote in a sheet. What can be taken is; each row that cannot is told, and stays as it was."""
    refuse_no_labeller(workspace.project.spec, who)
    return _taken(workspace, _say(workspace, read_sheet(Path(file), who), "sheet"))


def page(workspace: Workspace, who: str, *, form: str | None = None, may: bool = True) -> str:
    """The page of the newest queue; `form`: what was sent from it, which is taken first."""
    spec, refused, taken, given = workspace.project.spec, "", None, list[Given]()
    try:
        refuse_no_labeller(spec, who)
    except TreadleError as bad:
        refused = f"{bad.what}: {bad.mend}."
    if form is not None and not refused:
        given = read_form(form, spec.predict.name)
        taken = _say(workspace, given, "page")
    try:
        _, queues, said = _asked(workspace)
    except DataError as bad:
        refused, queues, said = f"{bad.what}: {bad.mend}.", [_nothing(spec.predict.name)], {}
    shown = Shown(
        project=spec.project,
        who=who,
        decision=spec.brief.decision,
        queue=queues[0],
        mine=_mine(said, who),
        refused=refused if may else "This session may look, and not label: its token is not for write.",
        taken=taken,
        sent=given,
    )
    return experts_page(shown)


def _nothing(target: str) -> Queue:
    return Queue(target=target, labels=(), columns=(), items=())


def labels_stand(workspace: Workspace, limit: int) -> LabelsStand:
    """All rows that persons spoke of, those that are open first, and what came of it."""
    spec, address = workspace.project.spec, workspace.project.address
    experts = spec.experts
    with workspace.chain.reading() as reader:
        everything = words(reader, address)
        measured: list[Entry[LabelsMeasured]] = reader.find(
            LabelsMeasured, subject=address, status="done", newest_first=True, limit=1
        )
    said = taken_words(everything, spec)
    counts = {each.key: each for each in settled_rows(said, experts)}
    rows = [_stands(said, key, counts) for key in sorted(said, key=lambda key: (key in counts, key))]
    every = [word.said for mine in said.values() for word in mine.values()]
    flagged = [name for each in every if not each.out for name in each.implausible]
    labellers = [who for mine in said.values() for who in mine]
    others = [who for mine in everything.values() for who in mine if who not in labellers]
    opened = sum(bool(verdicts(said, key)) and key not in counts for key in said)
    run = workspace.project.command("run")
    return LabelsStand(
        target=workspace.project.spec.predict.name,
        rule=rule_said(experts),
        rows=len(rows),
        settled=len(counts),
        open=opened,
        implausible=sum(not each.label for each in counts.values()),
        labellers={who: labellers.count(who) for who in sorted(set(labellers))},
        flagged={name: flagged.count(name) for name in sorted(set(flagged), key=lambda name: -flagged.count(name))},
        stands=rows[:limit],
        others=max(0, len(rows) - limit),
        gain=_gain(workspace, measured[0].payload) if measured else "",
        next=f"{run} learns from what is settled" if counts else "",
        not_taken={who: others.count(who) for who in sorted(set(others))},
        roles=list(experts.roles),
    )


def _gain(workspace: Workspace, measured: LabelsMeasured) -> str:
    """As the report says it: whose labels it is by, and whether the rows tell it from noise."""
    try:
        found = msgspec.json.decode(workspace.blobs.get(measured.judged.digest), type=LabelGain)
    except (EvidenceError, StoreError, msgspec.ValidationError):  # it is gone: what the record itself says is left
        return measured.said()
    told = f"{found.verdict} Of what {', '.join(found.labellers)} said; measured by the labels of the source"
    if found.by_experts is None:
        return f"{told}."
    return f"{told}. By the experts' own labels: {found.by_experts.gain.shown(signed=True).whole} in {found.metric}."


def _stands(said: Words, key: str, counts: Mapping[str, SettledRow]) -> RowStands:
    made = counts.get(key)
    told = verdicts(said, key)
    comments = [f"{who}: {word.said.comment}" for who, word in said[key].items() if word.said.comment]
    row = next(iter(said[key].values())).said.row
    each = [f"{who}: {_held(word.said, told.get(who, ''))}" for who, word in sorted(said[key].items())]
    if made is not None:
        return RowStands(key, row, each, made.label or "left out", made.how, comments)
    return RowStands(key, row, each, "", "open" if told else "", comments)


def _held(said: RowSaid, verdict: str) -> str:
    """What somebody holds of a row, in a few words: their label, that they cannot say, and which features cannot be."""
    features = ", ".join(name for name in said.implausible if name != WHOLE)
    parts = [verdict or (said.answer if said.unsure else ""), f"implausible: {features}" if features else ""]
    return "; ".join(part for part in parts if part) or "a comment"


def agreement(workspace: Workspace) -> Labelled:
    """How far those agree who spoke of the same rows of a target; a row that cannot be is one of the labels.

    Raises:
        DataError: nobody said a label yet.
    """
    spec, address = workspace.project.spec, workspace.project.address
    with workspace.chain.reading() as reader:
        said = taken_words(words(reader, address), spec)
        queues = [queue for _, queue in queues_of(workspace, reader)]
    numbers = bool(queues) and not queues[0].labels
    told = {
        (key, who): word.said.label if numbers else label
        for key in said
        for who, label in verdicts(said, key).items()
        for word in (said[key][who],)
        if not numbers or word.said.label
    }
    if not told:
        command = workspace.project.command("experts queue")
        raise DataError("nobody has labelled a row yet", where=address, mend=f"{command} shows what is asked")
    experts = spec.experts
    found, _ = agreed(
        THE_RECORD,
        told,
        order=(),
        numbers=numbers,
        rule=experts.rule,
        trusted=experts.trusted,
        least=experts.least,
    )
    return found


def _asked(workspace: Workspace) -> tuple[Entry[ExpertsAsked], list[Queue], Words]:
    with workspace.chain.reading() as reader:
        found, said = queues_of(workspace, reader), words(reader, workspace.project.address)
    if not found:
        raise DataError(
            "experts were asked nothing yet",
            where=workspace.project.address,
            mend=f"{workspace.project.command('experts ask')} chooses rows",
        )
    return found[0][0], [queue for _, queue in found], said


def _mine(said: Words, who: str) -> dict[str, Word]:
    return {key: mine[who] for key, mine in said.items() if who in mine}


def _say(workspace: Workspace, given: Sequence[Given], way: Way) -> Taken:
    refuse_no_labeller(workspace.project.spec, workspace.chain.actor)
    asked, queues, _ = _asked(workspace)
    return say(workspace.chain, workspace.project.address, queues, asked, given, way)


def _taken(workspace: Workspace, found: Taken) -> RowTaken:
    after = workspace.project.command("experts labels")
    return RowTaken(workspace.chain.actor, found.rows, found.same, list(found.conflicts), after)
