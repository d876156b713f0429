"""What domain experts said of single rows: how far they agree, and one label of each."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from treadle.api.operation import Context, Request, argument, group, operation, option
from treadle.exploring.labelled import Labelled

group("experts", "Domain experts: how far those who labelled the same things agree.")


class AgreementRequest(Request, frozen=True):
    file: Annotated[str, argument("a table with a row for each label: CSV, Excel, Parquet and others")]
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


@operation("experts", "agreement", permission="open", opens=False)
def experts_agreement(request: AgreementRequest, context: Context) -> Labelled:
    """Measure how far persons agree who labelled the same things, and settle what they differ on by a rule.

    Krippendorff's alpha, and Cohen's kappa of each two, with intervals. Nothing is kept but what --out names.
    """
    from treadle.api.written import new_file
    from treadle.evidence import write_whole
    from treadle.exploring.labelled import Columns, as_csv, labelled
    from treadle.spec import layout_from

    columns = Columns(request.item, request.by, request.label)
    place = None if request.out is None else new_file(request.out, "--out")
    found, lines = labelled(
        request.file,
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
