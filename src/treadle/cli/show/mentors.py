"""skills mentors, plan, grow, agree, end, plans."""

from __future__ import annotations

import shlex
from typing import Any

from treadle.cli.show.drawing import said

_COLOURS = {"done": "green", "begun": "cyan", "open": "yellow", "gone": "dim"}


def show_mentors(answer: Any, out: Any) -> None:
    for gap in answer.gaps:
        thing = f"{gap.open} thing{' is' if gap.open == 1 else 's are'} open there"
        out.print(f"[bold]{said(gap.area)}[/] [dim]({said('; '.join(gap.why))}; {thing})[/]", soft_wrap=True)
        for each in gap.mentors:
            out.print(f"  {_mentor(each)}", soft_wrap=True)
        if not gap.mentors:
            out.print("  nobody else of the project knows it by the record", soft_wrap=True)
    if not answer.gaps:
        out.print(f"nothing that {said(answer.person)} need learn is known; --area AREA asks for one", soft_wrap=True)
    elif any(gap.mentors and gap.open for gap in answer.gaps):
        out.print("next:  treadle skills plan PROJECT AREA shows what it would be, treadle skills grow takes it")


def _mentor(each: Any) -> str:
    time = f"{each.waits} thing{' waits' if each.waits == 1 else 's wait'} for them"
    time += f", mentor in {each.mentors} plan{'s' * (each.mentors != 1)}" if each.mentors else ""
    busy = " [yellow]little time[/]" if each.busy else ""
    return f"{said(each.person)} [dim]({said('; '.join(each.why))}; {time})[/]{busy}"


def show_drawn(answer: Any, out: Any) -> None:
    out.print(
        f"[bold]{said(answer.learner)}[/] learns {said(answer.area)} with {_mentor(answer.mentor)}", soft_wrap=True
    )
    for number, each in enumerate(answer.tasks, 1):
        for_whom = f"; waits for {said(', '.join(each.people))}" if each.people else ""
        out.print(f"{number:3} {said(each.what)} [dim]({said(each.why)}{for_whom})[/]", soft_wrap=True)
        out.print(f"    {said(each.do)}", soft_wrap=True)
    if answer.left:
        out.print(f"[dim]{answer.left} more open there[/]")
    out.print(f"nothing is kept; next:  treadle skills grow PROJECT {said(shlex.quote(answer.area))}", soft_wrap=True)


def show_plans(answer: Any, out: Any) -> None:
    for plan in answer.plans:
        why = f": {said(plan.because)}" if plan.because else ""
        out.print(
            f"[bold]{plan.number}[/] {said(plan.learner)} learns {said(plan.area)} with {said(plan.mentor)}: "
            f"{plan.state}{why} [dim](#{plan.entry}, {plan.day})[/]",
            soft_wrap=True,
        )
        for task in plan.tasks:
            shows = f" [dim]{', '.join(f'#{entry}' for entry in task.entries)}[/]" if task.entries else ""
            out.print(f"  [{_COLOURS[task.state]}]{task.state:5}[/] {said(task.what)}{shows}", soft_wrap=True)
            if task.do:
                out.print(f"        {said(task.do)}", soft_wrap=True)
        if plan.told:
            did = "; ".join(plan.did) or "nothing yet"
            out.print(f"  {said(plan.learner)} did in {said(plan.area)} since: {said(did)}", soft_wrap=True)
        for each in plan.more:
            out.print(f"  [dim]open there by now: {said(each.what)} ({said(each.do)})[/]", soft_wrap=True)
        if plan.state == "asked":
            out.print(f"  waits for {said(plan.mentor)}: treadle skills agree PROJECT {plan.number}", soft_wrap=True)
    if not answer.plans:
        out.print("nobody learns by a plan; treadle skills mentors PROJECT says what could be")
    if answer.over:
        out.print(f"[dim]{answer.over:,} are over: --all[/]")


VIEWS = {
    "skills mentors": show_mentors,
    "skills plan": show_drawn,
    **dict.fromkeys(("skills grow", "skills agree", "skills end", "skills plans"), show_plans),
}
