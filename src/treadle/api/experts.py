"""Domain experts: which rows they are asked about, what they say of them, how far they agree, and what counts."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from treadle.api.operation import (
    Context,
    OfTarget,
    ProjectPath,
    Work,
    argument,
    check_limit,
    group,
    operation,
    option,
)
from treadle.exploring.experts_found import LabelsStand, QueueShown, RowTaken, SheetWritten
from treadle.exploring.labelled import Labelled

group("experts", "Domain experts: rows that they are asked about, what they say, and how far they agree.")


class AskRequest(OfTarget, frozen=True):
    rows: Annotated[int, option("so many rows at most that the newest model had not seen")] = 50
    audit: Annotated[int, option("so many of the rows that models are judged on, drawn by chance")] = 0


class QueueRequest(OfTarget, frozen=True):
    limit: Annotated[int, option("so many rows at most")] = 20


class SayRequest(OfTarget, frozen=True):
    project: ProjectPath
    row: Annotated[str, argument("the row: its name on the queue, or its key")]
    label: Annotated[str | None, option("what it is, as you hold it; `cannot say` where you cannot tell")] = None
    implausible: Annotated[
        str | None, option("features whose value cannot be, with commas; `row` for the whole row")
    ] = None
    comment: Annotated[str | None, option("what others should know of it")] = None


class SheetRequest(OfTarget, frozen=True):
    out: Annotated[str, option("write it to this file, .xlsx or .csv", local=True)]


class TakeRequest(OfTarget, frozen=True):
    project: ProjectPath
    file: Annotated[str, argument("the sheet that was filled in")]


class LabelsRequest(OfTarget, frozen=True):
    limit: Annotated[int, option("so many rows at most, those that are open first")] = 20


class AgreementRequest(OfTarget, frozen=True):
    project: Annotated[str, option("without a file: the project whose record has the labels")] = "."
    file: Annotated[
        str | None, argument("a table with a row for each label: CSV, Excel, Parquet and others; else the record's")
    ] = None
    item: Annotated[str, option("the column that says what was labelled", local=True)] = "item"
    by: Annotated[str, option("the column that says who labelled it", local=True)] = "by"
    label: Annotated[str, option("the column with the label", local=True)] = "label"
    order: Annotated[tuple[str, ...], option("labels from the lowest to the highest, where they have an order")] = ()
    numbers: Annotated[bool, option("labels are numbers, and how far they are apart counts")] = False
    rule: Annotated[
        Literal["majority", "unanimous"], option("which label stands where they differ: of more than half, or none")
    ] = "majority"
    arbiter: Annotated[str, option("whose label stands where the rule settles nothing")] = ""
    out: Annotated[str | None, option("write one label of each item to this file, as CSV", local=True)] = None
    reading: Annotated[str, option("how the file is written, such as {separator: ';'}", local=True)] = ""


@operation("experts", "ask", permission="mend", in_a_run=True)
def experts_ask(request: AskRequest, work: Work) -> QueueShown:
    """Choose rows for experts to look at, each with why: uncertain, a costly error, of an odd slice.

    They are rows that the newest model was not fitted on. `--audit` adds some of those that models are judged on,
    drawn by chance, to be looked at without knowing what the source says.
    """
    from treadle.exploring.experts import ask

    return ask(work.workspace, request.rows, request.audit, work.workspace.chain.actor)


@operation("experts", "queue", permission="rows", remote=True)
def experts_queue(request: QueueRequest, work: Work) -> QueueShown:
    """Show the rows that experts are asked about, those of which you said nothing yet first."""
    from treadle.exploring.experts import queue_shown

    return queue_shown(work.workspace, work.principal.actor, check_limit(request.limit))


@operation("experts", "say", permission="mend")
def experts_say(request: SayRequest, work: Work) -> RowTaken:
    """Say in your own name what you hold of a row. What you leave out stays as you said it; `--label ""` takes it back.

    `treadle experts say . r1f0a --label yes --comment "the customer called"`
    """
    from treadle.exploring.experts import say_row

    return say_row(work.workspace, request.row, request.label, request.implausible, request.comment)


@operation("experts", "sheet", permission="rows")
def experts_sheet(request: SheetRequest, work: Work) -> SheetWritten:
    """Write the rows as a spreadsheet for you to fill in, with what you said already; `experts take` reads it back."""
    from treadle.api.written import new_file
    from treadle.exploring.experts import write_sheet

    return write_sheet(work.workspace, new_file(request.out, "--out"), request.out, work.principal.actor)


@operation("experts", "take", permission="mend")
def experts_take(request: TakeRequest, work: Work) -> RowTaken:
    """Take what you wrote in a sheet. Rows that cannot be taken are told one by one, and stay as they were."""
    from treadle.exploring.experts import take_sheet

    return take_sheet(work.workspace, request.file, work.workspace.chain.actor)


@operation("experts", "labels", permission="rows", remote=True)
def experts_labels(request: LabelsRequest, work: Work) -> LabelsStand:
    """Show what was said of rows, what of it counts by the project's rule, what is open, and what it gained."""
    from treadle.exploring.experts import labels_stand

    return labels_stand(work.workspace, check_limit(request.limit))


@operation("experts", "agreement", permission="rows", alone=lambda request: request.file is not None)
def experts_agreement(request: AgreementRequest, work: Work | Context) -> Labelled:
    """Measure how far persons agree who labelled the same things, and settle what they differ on by a rule.

    Krippendorff's alpha, and Cohen's kappa of each two, with intervals; of what the record has, or of a file. Nothing
    is kept but what --out names.
    """
    if isinstance(work, Work):
        from treadle.exploring.experts import agreement

        return agreement(work.workspace)
    return _of_file(request)


def _of_file(request: AgreementRequest) -> Labelled:
    from pathlib import Path

    from treadle.api.written import new_file
    from treadle.errors import DataError
    from treadle.evidence import write_whole
    from treadle.exploring.labelled import Columns, as_csv, labelled
    from treadle.spec import layout_from

    if (Path(request.file or "") / "treadle.yaml").is_file():
        raise DataError(
            f"{request.file} is a project, and FILE is a table of labels",
            where="FILE",
            mend=f"name the table; of the project's own record: treadle experts agreement --project {request.file}",
        )
    columns = Columns(request.item, request.by, request.label)
    place = None if request.out is None else new_file(request.out, "--out")
    found, lines = labelled(
        request.file or "",
        layout_from(request.reading, "--reading"),
        columns,
        order=request.order,
        numbers=request.numbers,
        rule=request.rule,
        arbiter=request.arbiter,
    )
    if place is not None:
        write_whole(place, as_csv(lines))
        found = msgspec.structs.replace(found, file_written=request.out or "")
    return found
