"""decide open, say, close, review, show, list."""

from __future__ import annotations

from typing import Any

from treadle.cli.show.drawing import said, table
from treadle.figures import figure

_COLOURS = {"open": "cyan", "overdue": "red", "decided": "green", "review due": "yellow"}


def show_decision(answer: Any, out: Any) -> None:
    colour = _COLOURS[answer.status]
    out.print(f"[bold]{said(answer.name)}[/] [{colour}]{answer.status}[/]: {said(answer.question)}", soft_wrap=True)
    until = f", until {said(answer.until)}" if answer.until and answer.outcome is None else ""
    if answer.mediator and answer.outcome is None:
        until += f"; {said(answer.mediator)} mediates"
    out.print(
        f"  [dim]opened by {said(answer.opened_by)} on {answer.opened[:10]}; {said(answer.decides)} decides{until}[/]"
    )
    _cite(answer.evidence, "  ", out)
    for each in answer.options:
        meaning = f": {said(each.text)}" if each.text else ""
        out.print(f"  [bold]{said(each.name)}[/]{meaning}", soft_wrap=True)
        for position in answer.positions:
            if position.option == each.name:
                before = f" [dim](before: {said(', '.join(position.before))})[/]" if position.before else ""
                out.print(f"    {said(position.person)}: {said(position.because)}{before}", soft_wrap=True)
                _cite(position.evidence, "      ", out)
    if answer.experiment is not None:
        _show_experiment(answer, answer.experiment, out)
    if answer.proposal is not None:
        _show_proposal(answer.proposal, out)
    if answer.unheard and answer.outcome is None:  # an outcome says itself who was not waited for
        out.print(f"  [yellow]not heard yet[/]: {said(', '.join(answer.unheard))}", soft_wrap=True)
    for earlier in answer.was:
        _show_outcome("  [dim]was[/]", earlier, out)
    if answer.outcome is not None:
        _show_outcome("  [green]✓[/]", answer.outcome, out)
    for note in answer.notes:
        out.print(f"  [yellow]![/] {said(note)}", soft_wrap=True)


def _show_proposal(found: Any, out: Any) -> None:
    by = f"accepted by {said(', '.join(found.accepted))}" if found.accepted else "accepted by nobody yet"
    out.print(f"  proposal [bold]#{found.entry}[/] by {said(found.by)}: {said(found.option)}", soft_wrap=True)
    out.print(f"    {said(found.because)}", soft_wrap=True)
    out.print(f"    [dim]to be looked at again on {said(found.review)}; {by}[/]", soft_wrap=True)


def _show_experiment(answer: Any, found: Any, out: Any) -> None:
    word = {"stated": "proposed", "agreed": "agreed to", "ran": "was run"}[found.status]
    tie = f"; otherwise {said(found.otherwise)}" if found.otherwise else ""
    out.print(
        f"  experiment [bold]#{found.entry}[/], {word}: by {said(found.metric)}, margin {found.margin:g}, "
        f"{found.minutes:g} min each{tie}",
        soft_wrap=True,
    )
    for side in found.sides:
        shown = figure(side.value, *side.interval).whole if side.value is not None else ""
        came_to = f": {shown} by {said(side.family)}, in {side.seconds:.0f} s" if shown else ""
        changes = said(", ".join(side.changes)) or "the project as it is"
        out.print(f"    {said(side.option)}{came_to} [dim]({changes})[/]", soft_wrap=True)
    out.print(f"    [dim]on {said('; '.join(found.rows))}; agreed: {said(', '.join(found.agreed))}[/]", soft_wrap=True)
    if found.waits_for:
        out.print(f"    [yellow]to agree[/]: {said(', '.join(found.waits_for))}", soft_wrap=True)
        how = f"treadle decide agree PROJECT {said(answer.name)} --terms {found.entry} --as {said(found.waits_for[0])}"
        out.print(f"    next: {how}", soft_wrap=True)
    if found.said:
        out.print(f"    [bold]{said(found.said)}[/]", soft_wrap=True)
    if found.status == "ran" and answer.outcome is not None:  # also where `otherwise` was taken: it changes as much
        to_do = [each for side in found.sides if side.option == answer.outcome.option for each in side.changes]
        if to_do:
            out.print(f"    to do now, in treadle.yaml: {said('; '.join(to_do))}", soft_wrap=True)
    elif found.status == "agreed":
        out.print(f"    next: treadle decide settle PROJECT {said(answer.name)} --by experiment", soft_wrap=True)


def _show_outcome(mark: str, found: Any, out: Any) -> None:
    against = f"; against: {said(', '.join(found.against))}" if found.against else ""
    unheard = f"; not heard: {said(', '.join(found.unheard))}" if found.unheard else ""
    against += f"; accepted by {said(', '.join(found.agreed))}" if found.agreed else ""
    who = f"{said(found.by)} on {found.time[:10]}"
    out.print(f"{mark} {said(found.option)}, {who}: {said(found.because)}{against}{unheard}", soft_wrap=True)
    for review in found.reviews:
        out.print(f"    [dim]{said(review)}[/]", soft_wrap=True)


def _cite(evidence: Any, indent: str, out: Any) -> None:
    for each in evidence:
        out.print(f"{indent}[dim]#{each.entry} {said(each.subject)}: {said(each.said)}[/]", soft_wrap=True)


def show_decisions(answer: Any, out: Any) -> None:
    if not answer.decisions and answer.others:
        several = f"{answer.others} do not" if answer.others > 1 else "the one that there is does not"
        out.print(
            f"no decision waits for {said(answer.person)}; {several}: treadle decide list PROJECT", soft_wrap=True
        )
        return
    if not answer.decisions:
        out.print("no decision is open or was made; treadle decide open PROJECT NAME begins one")
        return
    grid = table("decision", "", "waits for", "question")
    for line in answer.decisions:
        colour = _COLOURS[line.status]
        status = f"[{colour}]{line.status}[/]" + (f": {said(line.outcome)}" if line.outcome else "")
        grid.add_row(said(line.name), status, said(", ".join(line.waits_for)), said(line.question))
    out.print(grid)
    if answer.more:
        out.print(f"… {answer.more:,} more: --limit N")
    for line in answer.decisions:
        for note in line.notes:
            out.print(f"[yellow]![/] {said(line.name)}: {said(note)}", soft_wrap=True)


VIEWS = {
    **dict.fromkeys((f"decide {verb}" for verb in ("open", "say", "close", "review", "show")), show_decision),
    "decide list": show_decisions,
}
