"""models review, assign, comment."""

from __future__ import annotations

from typing import Any

from treadle.cli.show.drawing import said

_STATES = {"holds": "[green]✓[/]", "look": "[yellow]![/]", "unknown": "[dim]?[/]"}


def show_review(answer: Any, out: Any) -> None:
    by = f", asked for by {said(answer.requested_by)}" if answer.requested_by else ""
    by += f", approved by {said(answer.approved_by)}" if answer.approved_by else ""
    out.print(f"[bold]{said(answer.model)}[/] · {answer.status}{by} [dim]({answer.bundle[:16]}…)[/]")
    for line in answer.checklist:
        entry = f" [dim]#{line.entry}[/]" if line.entry else ""
        out.print(f"{_STATES[line.state]} [bold]{line.name}[/]: {said(line.text)}{entry}", soft_wrap=True)
    for each in answer.warnings:
        out.print(f"[red]![/] {said(each)}", soft_wrap=True)
    for each in answer.signed:
        out.print(f"[green]signed[/] by {said(each)}", soft_wrap=True)
    for each in answer.answered:
        out.print(f"[yellow]answered for[/]: {said(each)}", soft_wrap=True)
    changed = ", ".join(answer.changed) or "nothing"
    since = f"changed in the project since {answer.before}" if answer.before else "the first version, made of"
    out.print(f"{said(since)}: {said(changed)}", soft_wrap=True)
    for owner in answer.owners:
        out.print(f"  owned by CODEOWNERS: {said(owner)}", soft_wrap=True)
    if answer.assigned:
        out.print(f"asked to review it: [bold]{said(', '.join(answer.assigned))}[/]", soft_wrap=True)
    for each in answer.proposed if answer.status != "approved" else ():
        out.print(f"reviewer: [bold]{said(each.person)}[/] [dim]({said('; '.join(each.why))})[/]", soft_wrap=True)
    if not answer.proposed and answer.status != "approved":
        out.print("[yellow]![/] no reviewer of the brief is left who may be asked")
    for each in answer.excluded:
        out.print(f"[dim]not asked: {said(each)}[/]", soft_wrap=True)
    for each in answer.comments:
        at = f" at {said(each.place)}{' (another line by now)' if each.moved else ''}" if each.place else ""
        answers = f" answers #{each.answers}" if each.answers else ""
        out.print(f"#{each.entry} {said(each.by)}{at}{answers}: {said(each.text)}", soft_wrap=True)
        if each.line:
            out.print(f"    [dim]{said(each.line)}[/]", soft_wrap=True)
    out.print(said(_times(answer.times)), soft_wrap=True)
    for each in answer.obstacles:
        out.print(f"[red]✗[/] {said(each.what)} [dim]({said(' or '.join(each.who))})[/]", soft_wrap=True)
        if each.do:
            out.print(f"    {said(each.do)}", soft_wrap=True, highlight=False)
        if each.also:
            out.print(f"    [dim]{'or ' if each.do else ''}{said(each.also)}[/]", soft_wrap=True)
    if answer.next:
        out.print(f"next:  {said(answer.next)}", soft_wrap=True)


def _times(times: Any) -> str:
    parts = [] if times.waits is None else [f"waits for {_hours(times.waits)}"]
    if times.reviews:
        middle, longest = _hours(times.median), _hours(times.longest)
        many = f"{times.reviews:,} reviews of the last 90 days took {middle} (the middle one), at most {longest}"
        parts.append(many if times.reviews > 1 else f"the one review before took {middle}")
    else:
        parts.append("no review by a person was finished yet")
    return "; ".join(parts)


def _hours(hours: float) -> str:
    return f"{60 * hours:.0f} min" if hours < 1 else f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.1f} days"


def show_comment(answer: Any, out: Any) -> None:
    at = f" at {said(answer.place)}" if answer.place else ""
    out.print(f"#{answer.entry} {said(answer.by)} on {said(answer.about)}{at}: {said(answer.text)}", soft_wrap=True)


def show_assigned(answer: Any, out: Any) -> None:
    names = said(", ".join(answer.reviewers))
    verb = "is" if len(answer.reviewers) == 1 else "are"
    out.print(f"{names} {verb} asked to review {said(answer.model)} [dim]#{answer.entry}[/]")
    out.print(f"next:  {said(answer.next)}", soft_wrap=True)


VIEWS = {"models assign": show_assigned, "models review": show_review, "models comment": show_comment}
