"""decide mediate, note, notes, propose, accept."""

from __future__ import annotations

from typing import Any

from treadle.cli.show.decide import show_decision
from treadle.cli.show.drawing import said


def show_notes(answer: Any, out: Any) -> None:
    if not answer.notes:
        out.print(f"no note of yours about {said(answer.decision)}")
    for note in answer.notes:
        text = said(note.text) or "kept, for your account alone"
        out.print(f"[dim]#{note.entry}, {note.day}[/] {text}", soft_wrap=True)


VIEWS = {
    **{f"decide {verb}": show_decision for verb in ("mediate", "propose", "accept")},
    "decide note": show_notes,
    "decide notes": show_notes,
}
