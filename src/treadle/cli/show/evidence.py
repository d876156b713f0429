"""costs, log, why, verify."""

from __future__ import annotations

from typing import Any

from treadle.cli.show.drawing import money, said, table
from treadle.figures import counted


def show_costs(answer: Any, out: Any) -> None:
    if not (answer.by_step or answer.unconverted):
        out.print("no costs are known yet: what is run or booked will be here")
        return
    gpus = bool(answer.gpu_seconds)
    out.print(
        f"[bold]{money(answer.amount, answer.currency)}[/] in all: {answer.seconds:,.0f} s, "
        f"{answer.cpu_seconds:,.0f} CPU-seconds, "
        f"{f'{answer.gpu_seconds:,.0f} GPU-seconds, ' if gpus else ''}{answer.peak_mb:,.0f} MB at the peak; prices: "
        f"{', '.join(answer.books) or 'none'}"
    )
    for paid in answer.unconverted:
        out.print(f"[yellow]besides, {paid}[/]: in no sum, since the price book has no rate to {answer.currency}")
    if answer.gpu_unpriced:
        out.print(
            f"[yellow]besides, {answer.gpu_unpriced:,.1f} GPU-seconds have no price[/]: the price book had no gpu_hour "
            "then; one in the file that `prices:` of the project names counts from then on",
            soft_wrap=True,
        )
    if answer.rate_date:
        out.print(f"[dim]other currencies by the rates of {answer.rate_date}[/]")
    sums = (("target", answer.by_target), ("step", answer.by_step), ("run", answer.by_run), ("day", answer.by_day))
    for title, lines in sums if answer.by_target else sums[1:]:
        used = ("seconds", "CPU-seconds", *(("GPU-seconds",) if gpus else ()), "peak MB")
        grid = table(title, "steps", *used, answer.currency, right=tuple(range(1, len(used) + 3)))
        for line in lines:
            grid.add_row(
                line.name,
                str(line.steps),
                f"{line.seconds:,.1f}",
                f"{line.cpu_seconds:,.1f}",
                *([f"{line.gpu_seconds:,.1f}"] if gpus else []),
                f"{line.peak_mb:,.0f}",
                f"{line.amount:.6f}",
            )
        out.print(grid)
        if title == "target" and any(line.shared for line in lines):
            parts = ", ".join(f"{line.shared:.6f} of {said(line.name)}" for line in lines)
            out.print(f"[dim]with a share each of what all use together: {parts}[/]", soft_wrap=True)
        if title == "run" and answer.more_runs:
            out.print(f"[dim]… {counted(answer.more_runs, 'older run')} in the sums; one of them: --run NAME[/]")
        out.print()
    if answer.stored is not None and answer.stored.snapshots:
        show_stored(answer.stored, answer.currency, out)


def show_stored(kept: Any, currency: str, out: Any) -> None:
    out.print(
        f"{counted(kept.snapshots, 'snapshot')} of tables kept in {kept.bytes / 1e6:,.2f} MB, "
        f"{money(kept.monthly, currency)} a month; each whole, in Snappy, they would take {kept.plain / 1e6:,.2f} MB: "
        f"{money(kept.saved, currency)} a month is saved, {kept.shared / 1e6:,.2f} MB by files that several have",
        soft_wrap=True,
    )
    for tier in kept.tiers:
        lies = f"{tier.bytes / 1e6:,.2f} MB in {counted(tier.files, 'file')}"
        out.print(
            f"  {tier.tier}: {lies}, {money(tier.monthly, currency)} a month ({said(tier.source)})", soft_wrap=True
        )


def show_log(answer: Any, out: Any) -> None:
    grid = table("#", "time", "kind", "subject", "who", "", right=(0,))
    for line in answer.entries:
        text = f"[red]{said(line.text)}[/]" if line.status == "failed" else said(line.text)
        named = (said(each) for each in (line.kind, line.subject, line.actor))
        grid.add_row(str(line.seq), line.time[:19].replace("T", " "), *named, text)
    out.print(grid if answer.entries else "nothing was recorded yet")


def show_why(answer: Any, out: Any) -> None:
    found = answer.prediction
    if found is not None:
        shown = f", probability {found.probability:.4f}" if found.probability is not None else ""
        told = said(str(found.prediction)) if found.threshold is None else bool(found.prediction)
        out.print(f"[bold]{said(answer.subject)}[/]: {said(found.model)} answered {told}{shown}")
        out.print(f"  from {said(found.record)}", soft_wrap=True)
    else:
        out.print(f"[bold]{answer.subject}[/]")
    for node in answer.nodes:
        cost = f" · {money(node.cost, node.currency)}" if node.cost is not None else ""
        out.print(
            f"{'  ' * (node.depth + 1)}[dim]#{node.seq}[/] {said(node.kind)} {said(node.subject)}: {said(node.text)}"
            f" [dim]({said(node.actor)}, {node.time[:16]}{cost})[/]",
            soft_wrap=True,
        )
        for gone in node.removed:
            out.print(f"{'  ' * (node.depth + 2)}[yellow]{said(gone)}[/]", soft_wrap=True)
        if node.code:
            out.print(f"{'  ' * (node.depth + 2)}[dim]code: {node.code} · {node.code_list[:12]}[/]", soft_wrap=True)
    if answer.more:
        told = f"{len(answer.nodes):,} entries are told, and not what led to the last: {answer.more:,} more, at least"
        out.print(f"[yellow]{told}[/]; ask for one of the last by its number", soft_wrap=True)


def show_verdict(answer: Any, out: Any) -> None:
    if answer.ok:
        kept = f", and extend {answer.checkpoints:,} signed checkpoints" if answer.checkpoints else ""
        out.print(
            f"[green]✓[/] {answer.entries:,} entries hold together{kept}; {answer.artifacts:,} stored things are what "
            f"they say; head {answer.head}",
            soft_wrap=True,
        )
    if answer.ok and answer.unsigned:
        tokens = f" ({answer.tokens:,} tokens among them)" if answer.tokens else ""
        out.print(
            f"[yellow]![/] of these the newest {answer.unsigned:,}{tokens} are covered by no signed checkpoint: "
            "whoever can write to the catalog can have written them. treadle log checkpoint signs them",
            soft_wrap=True,
        )
    for removed in answer.removed:
        out.print(f"  [dim]{said(removed)}[/]", soft_wrap=True)
    for remark in answer.remarks:
        out.print(f"[yellow]![/] {said(remark)}", soft_wrap=True)
    for fault in answer.faults:
        out.print(f"[red]✗[/] {said(fault)}", soft_wrap=True)


def show_checkpoint(answer: Any, out: Any) -> None:
    out.print(f"[green]✓[/] {answer.size:,} entries signed as {answer.origin}: {answer.file}", soft_wrap=True)
    if answer.to:
        out.print(f"  a copy is in {answer.to}", soft_wrap=True)
    else:
        out.print("  keep a copy where nobody who can write here can write: --to FILE, git or a URL", soft_wrap=True)
    out.print(f"  its verifier key is {answer.key}", soft_wrap=True)


def show_proof(answer: Any, out: Any) -> None:
    if not answer.files:
        out.print(answer.proof, end="", soft_wrap=True, markup=False)
        return
    proof, entry = answer.files
    out.print(
        f"[green]✓[/] entry {answer.seq} is in the log of {answer.size:,} entries signed by {answer.origin}: {proof}; "
        f"the entry itself is {entry}",
        soft_wrap=True,
    )
    out.print(f"  anybody can check it: python check_inclusion.py {entry} {proof} {answer.key}", soft_wrap=True)


def show_report(answer: Any, out: Any) -> None:
    out.print(answer.file, soft_wrap=True, markup=False)


VIEWS = {
    "report": show_report,
    "costs": show_costs,
    "log": show_log,
    "why": show_why,
    "verify": show_verdict,
    "log checkpoint": show_checkpoint,
    "log prove": show_proof,
}
