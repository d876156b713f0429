"""A queue of three orders in a record of its own, as tests of what experts say need it."""

from __future__ import annotations

from pathlib import Path

from treadle.evidence import Chain, Entry
from treadle.evidence.kinds.experts_asked import ExpertsAsked
from treadle.labelling import Given, Item, Queue, Taken, Why, named, say
from treadle.store import Blob
from treadle.store.catalog import open_catalog

WHY = (Why("uncertain", "uncertain: no (51 %) by the model"),)
ROWS = {key: named(key) for key in ("1", "2", "3")}
QUEUE = Queue(
    target="back",
    labels=("no", "yes"),
    columns=("amount", "kind"),
    items=tuple(
        Item(
            row=row,
            key=key,
            why=WHY,
            source="no",
            model="yes (51 %)",
            values=(f"{key}.5", kind),
            at=f"2024-05-0{key} 09:00",
        )
        for (key, row), kind in zip(ROWS.items(), ("a", '=1+1 "ß"', "'quoted"), strict=True)
    ),
)


def record(folder: Path, who: str = "lin") -> tuple[Chain, Entry[ExpertsAsked]]:
    chain = Chain(engine=open_catalog(folder / "catalog.db"), actor=who, head_file=folder / "head")
    asked = chain.append(ExpertsAsked(queue=Blob("0" * 64, "rows for experts"), rows=3), "labels/shop")
    return chain, asked


def given(key: str, label: str = "", *, seen: int | None = None, implausible: str = "", comment: str = "") -> Given:
    row = ROWS.get(key, key)
    return Given(place=f"row {key}", row=row, label=label, seen=seen, implausible=(implausible,), comment=comment)


def said(chain: Chain, asked: Entry[ExpertsAsked], who: str, *rows: Given) -> Taken:
    return say(chain.acting(who), "shop", [QUEUE], asked, rows, "command")
