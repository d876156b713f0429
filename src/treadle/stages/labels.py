"""Domain experts in the loop: which rows they are asked about, and what they said as a step of the training table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

import msgspec
from msgspec import Struct

from treadle.errors import DataError
from treadle.evidence import Entry, Payload, Reader, StepInput
from treadle.evidence.kinds.experts_asked import ExpertsAsked
from treadle.evidence.kinds.features_built import FeaturesBuilt
from treadle.evidence.kinds.labels_applied import LabelsApplied
from treadle.evidence.kinds.labels_said import LabelsSaid
from treadle.evidence.kinds.model_fitted import ModelFitted
from treadle.features import FeaturePlan
from treadle.labelling import (
    Item,
    Queue,
    SettledRow,
    Why,
    named,
    settled_rows,
    taken_words,
    verdicts,
    word,
    words,
    words_of,
)
from treadle.spec import Mistakes
from treadle.stages.examples import Examples, ids_of, load
from treadle.stages.fitting import FitModel, fitted_model
from treadle.stages.searching import found_by
from treadle.stages.work import Bench, Work
from treadle.store import Blob, EntryRef, Snapshot

if TYPE_CHECKING:
    import numpy as np

    from treadle.labelling import Words
    from treadle.stages.examples import Loaded
    from treadle.training import FittedModel
    from treadle.workspace import Workspace

MOST_ASKED = 2_000
MOST_COLUMNS = 60
_SHOWN = 200
"""Characters of a value."""


class AskExperts(StepInput[ExpertsAsked], frozen=True, kw_only=True):
    """`rows`: so many at most of those that the model had not seen, `audit`: so many of the sealed ones, by chance.
    `done`: keys of rows that are settled; `again`: rows of earlier queues that are not, though somebody spoke."""

    MAKES: ClassVar[type[Payload]] = ExpertsAsked

    target: str
    examples: Examples
    found: Blob
    model: Blob
    mistakes: Mistakes
    rows: int
    audit: int
    done: tuple[str, ...]
    again: tuple[Item, ...]


class ApplyLabels(StepInput[LabelsApplied], frozen=True, kw_only=True):
    """`said`: the entries that tell it; another comment among them is no reason to do it again."""

    MAKES: ClassVar[type[Payload]] = LabelsApplied
    MEASURED: ClassVar[tuple[str, ...]] = ("said",)

    table: Snapshot
    plan: FeaturePlan
    settled: tuple[SettledRow, ...]
    said: tuple[EntryRef, ...]


def queues_of(workspace: Workspace, reader: Reader) -> list[tuple[Entry[ExpertsAsked], Queue]]:
    """All that experts were asked about a target, the newest first."""
    asked: list[Entry[ExpertsAsked]] = reader.find(
        ExpertsAsked, subject=f"labels/{workspace.project.address}", status="done", newest_first=True
    )
    return [(each, msgspec.json.decode(workspace.blobs.get(each.payload.queue.digest), type=Queue)) for each in asked]


def ask_experts(work: Work, rows: int, audit: int) -> Entry[ExpertsAsked]:
    """Choose the rows that experts are to look at, by the newest model.

    Raises:
        DataError: there is no model yet, or rows have no key to be named by.
    """
    workspace = work.workspace
    address = workspace.project.address
    with workspace.chain.reading() as reader:
        found: list[Entry[ModelFitted]] = reader.find(
            ModelFitted, subject=address, status="done", newest_first=True, limit=1
        )
        said = taken_words(words(reader, address), workspace.project.spec)
        earlier = queues_of(workspace, reader)
    if not found:
        raise DataError(
            "there is no model whose errors could be shown",
            where=address,
            mend=f"{workspace.project.command('run')} makes one",
        )
    asked = msgspec.json.decode(found[0].input, type=FitModel)
    if not asked.examples.plan.key:
        raise DataError(
            f"rows of {asked.examples.plan.each} have no key, so that nobody could say which is meant",
            where=workspace.project.place(f"sources.{asked.examples.plan.each}"),
            mend="give the source a `key`",
        )
    done = {each.key for each in settled_rows(said, workspace.project.spec.experts)}
    return work.do(
        AskExperts(
            target=workspace.project.spec.predict.name,
            examples=asked.examples,
            found=asked.found,
            model=found[0].payload.model,
            mistakes=asked.mistakes,
            rows=rows,
            audit=audit,
            done=tuple(sorted(done)),
            again=_again(said, done, [queue for _, queue in earlier]),
        ),
        make_queue,
        f"labels/{address}",
    )


def _again(said: Words, done: set[str], earlier: list[Queue]) -> tuple[Item, ...]:
    """Rows that somebody spoke of, and that are not settled: a third is asked."""
    known = {item.key: item for queue in reversed(earlier) for item in queue.items}
    found = []
    for key in sorted(said):
        if key not in known or key in done:
            continue
        who = sorted(verdicts(said, key))
        more = len(set(verdicts(said, key).values())) > 1
        text = f"not settled: {' and '.join(who)} differ" if more else f"not settled: {' and '.join(who) or 'somebody'}"
        why = tuple(each for each in known[key].why if each.sort != "again")
        told = text if more else f"{text} spoke of it, and more are asked"
        found.append(msgspec.structs.replace(known[key], why=(Why("again", told), *why)))
    return tuple(found)


def make_queue(asked: AskExperts, bench: Bench) -> ExpertsAsked:
    from treadle.labelling import drawn

    loaded, model = load(asked.examples, bench), fitted_model(bench, asked.model)
    settled = {*asked.done, *(item.key for item in asked.again)}
    labels, columns = words_of(model.summary.task), tuple(loaded.table.names[:MOST_COLUMNS])
    items = [*asked.again, *_unseen(asked, bench, loaded, model, settled, columns)]
    if asked.audit:
        why = Why("audit", "audit: drawn by chance from the rows that models are judged on, to be looked at by itself")
        free = [int(row) for row in loaded.split.test if loaded.table.ids[int(row)] not in settled]
        by_chance = drawn(free, asked.audit, asked.examples.seed)
        items += [_item(loaded, row, columns, (why,), "", "") for row in by_chance]
    queue = Queue(target=asked.target, labels=labels, columns=columns, items=tuple(items))
    sorts = [sort for item in items for sort in {each.sort for each in item.why}]
    kept = Blob(bench.blobs.put(msgspec.json.encode(queue)), "rows for experts")
    return ExpertsAsked(
        queue=kept,
        rows=len(items),
        uncertain=sorts.count("uncertain"),
        costly=sorts.count("costly"),
        odd=sorts.count("odd"),
        audit=sorts.count("audit"),
        again=sorts.count("again"),
    )


def _unseen(
    asked: AskExperts, bench: Bench, loaded: Loaded, model: FittedModel, settled: set[str], columns: tuple[str, ...]
) -> Iterator[Item]:
    """Of the rows that the model was not fitted on when the search tried it: no look at the sealed ones is needed."""
    from treadle.labelling import Choosing, chosen_rows, model_says

    found = found_by(bench, asked.found)
    assert found.held is not None
    held, _, margins = found.held.arrays()
    free = [place for place, row in enumerate(held) if loaded.table.ids[int(row)] not in settled]
    if not asked.rows or not free:
        return
    rows, task, labels = loaded.table.rows(held[free]), model.summary.task, words_of(model.summary.task)
    told = rows.counts(model.calibrator.vector(margins[free]))
    choosing = Choosing(
        task=task,
        p=task.one_each(told) if task.of_amounts else told,
        label=rows.label,
        frame=rows.frame.select(loaded.table.names),
        labels=labels,
        threshold=model.summary.threshold,
        missed=asked.mistakes.missed,
        false_alarm=asked.mistakes.false_alarm,
        currency=asked.mistakes.currency,
    )
    for position, why in chosen_rows(choosing, asked.rows).items():
        source, says = word(labels, float(rows.label[position])), model_says(choosing, position)
        yield _item(loaded, int(held[free[position]]), columns, tuple(why), source, says)


def _item(loaded: Loaded, row: int, columns: tuple[str, ...], why: tuple[Why, ...], source: str, model: str) -> Item:
    key = loaded.table.ids[row]
    values = tuple(_shown(value) for value in loaded.table.frame.select(columns).row(row))
    at = "" if loaded.table.at is None else written_at(loaded.table.at[row])
    return Item(row=named(key), key=key, why=why, source=source, model=model, values=values, at=at)


def written_at(time: np.datetime64) -> str:
    """A time in UTC as a person reads it, without seconds where they are none.

    >>> import numpy as np
    >>> written_at(np.datetime64("2024-05-02T09:00:00")), written_at(np.datetime64("2024-05-02T09:00:07.5"))
    ('2024-05-02 09:00', '2024-05-02 09:00:07')
    """
    text = str(time.astype("datetime64[s]")).replace("T", " ")
    return text.removesuffix(":00")


def _shown(value: object) -> str:
    text = "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


class Standing(Struct, frozen=True):
    """What experts said of the rows of a target and counts now, and the entries that tell it."""

    settled: tuple[SettledRow, ...]
    said: tuple[EntryRef, ...]


def standing_labels(workspace: Workspace) -> Standing:
    """What a run of now takes, by the project's rule."""
    address, spec = workspace.project.address, workspace.project.spec
    with workspace.chain.reading() as reader:
        said = taken_words(words(reader, address), spec)
        settled = settled_rows(said, spec.experts)
        entries: list[Entry[LabelsSaid]] = reader.find(LabelsSaid, subject=f"labels/{address}", status="done")
    heard = {(each.key, who) for each in settled for who in said[each.key]}
    told = tuple(entry.ref for entry in entries if any((row.key, entry.actor) in heard for row in entry.payload.rows))
    return Standing(settled, told)


def apply_labels(
    work: Work, plan: FeaturePlan, built: Entry[FeaturesBuilt], stand: Standing | None = None
) -> Entry[LabelsApplied] | None:
    """What experts said beside the source's labels; None where nothing stands. `stand`: in place of what is said of the
    work's own target, which a side of an experiment has nothing of."""
    stand = standing_labels(work.workspace) if stand is None else stand
    if not stand.settled:
        return None
    return work.do(
        ApplyLabels(table=built.payload.table, plan=plan, settled=stand.settled, said=stand.said), make_applied
    )


def make_applied(asked: ApplyLabels, bench: Bench) -> LabelsApplied:
    from treadle.stages.heard import stand_beside

    frame = bench.read(asked.table)
    made = stand_beside(frame, ids_of(asked.plan, frame), asked.settled)
    return LabelsApplied(
        table=bench.tables.replace(bench.names.training, made.frame),
        changed=made.changed,
        confirmed=made.confirmed,
        doubted=made.doubted,
        absent=made.absent,
    )
