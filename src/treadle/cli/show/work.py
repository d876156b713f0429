"""run, replay, features prove."""

from __future__ import annotations

from typing import Any

from rich.markup import escape

from treadle.cli.show.drawing import money, number, show_unsigned, table
from treadle.cli.show.mirror import mirrored_line
from treadle.figures import counted, figure


def show_run(answer: Any, out: Any) -> None:
    for one in (answer, *answer.others):
        _show_one(one, out)


def _show_one(answer: Any, out: Any) -> None:
    shown = figure(answer.value, *answer.interval)
    span = f"95 % {shown.span}" if shown.low else shown.span
    out.print()
    out.print(f"[bold]{answer.model}[/] · {answer.status}{' · released' if answer.released else ''}")
    grid = table("", "", "", right=(1,))
    name = answer.metric.replace("_", " ")
    grid.add_row(name, f"[bold]{shown.value}[/]", f"{span}, on sealed rows")
    for finding in answer.findings:
        about = finding.feature or finding.kind.replace("_", " ")
        grid.add_row("  [red]may leak[/]", f"[red]{escape(about)}[/]", f"do not believe it yet: {escape(finding.name)}")
    if answer.without_history is not None:
        grid.add_row(
            "  without lookups, windows",
            figure(answer.without_history).value,
            "same family, request and row features only",
        )
    grid.add_row("  trivial baseline", figure(answer.baseline).value, f"knows only {answer.knows}")
    if answer.over_served is not None:
        served_rows(answer.over_served, grid)
    if answer.threshold is not None and answer.threshold > 1:
        grid.add_row("threshold", "never acts", "to act upon nobody costs least")
    elif answer.threshold is not None:
        grid.add_row("threshold", number(answer.threshold), "where mistakes cost least")
    if answer.decisions is not None:
        decision_rows(answer.decisions, name, grid)
    if answer.calibration_error is not None:
        grid.add_row("calibration error", number(answer.calibration_error), _chance(answer))
    out.print(grid)
    out.print(f"[dim]{answer.verdict}[/]")
    for note in answer.notes:
        out.print(f"[dim]note: {escape(note)}[/]")
    failing = [gate for gate in answer.gates if not gate.holds]
    held = len(answer.gates) - len(failing)
    out.print(
        f"gates: {held} of {len(answer.gates)} hold" + "".join(f"\n  {_told(g)}" for g in failing),
        soft_wrap=True,
    )
    gpus = f"{answer.gpu_seconds:,.0f} GPU-seconds, " if answer.gpu_seconds else ""
    out.print(
        f"cost:  {money(answer.cost, answer.currency)} for {answer.seconds:.0f} s, "
        f"{answer.cpu_seconds:.0f} CPU-seconds, {gpus}{answer.peak_mb:,.0f} MB at the peak"
        f" (this run: {money(answer.this_run_cost, answer.currency)}, {answer.this_run_seconds:.1f} s)"
    )
    if answer.readings:
        out.print(readings_line(answer.readings), soft_wrap=True)
    out.print(f"report: {answer.report}", soft_wrap=True)
    if answer.steps and len(answer.cached_steps) == len(answer.steps):
        out.print("nothing was done again: code, settings and inputs are those of an earlier run")
    show_unsigned(answer.unsigned, out)
    if answer.mirrored is not None:
        out.print(mirrored_line(answer.mirrored), soft_wrap=True)
    if answer.next:
        out.print(f"next:  {answer.next}", soft_wrap=True)


def readings_line(readings: Any) -> str:
    """Sources that were read side by side, a line each with its own speed, where it took long enough to have one."""
    return "\n".join(["read side by side:", *(f"  {_reading(each)}" for each in readings)])


def _reading(each: Any) -> str:
    said = f"{escape(each.source)}: {counted(each.rows, 'row')} in {each.seconds:.1f} s"
    waited = f", {each.waited:.1f} s of it without room for more" if each.waited >= 0.05 else ""
    if each.seconds < 0.05:
        return said + waited
    speed = each.bytes / 1e6 / each.seconds
    bytes_ = f", {speed:,.0f} MB/s" if speed >= 10 else f", {speed:.1f} MB/s" if speed >= 0.1 else ""
    return f"{said} ({each.rows / each.seconds:,.0f} rows/s{bytes_}{waited})"


def _chance(answer: Any) -> str:
    noise = answer.calibration_noise
    return "0 is perfect" if noise is None else f"0 is perfect; chance alone shows {number(noise)} on so many rows"


def served_rows(over: Any, grid: Any) -> None:
    """The served version, and the gain over it, on the rows that both were asked about."""
    name = f"  {escape(over.served)}, served"
    if over.gain is None:
        grid.add_row(name, "–", escape(over.said))
        return
    rows = f"{over.rows:,} sealed rows" + (f" ({over.left_out:,} left out)" if over.left_out else "")
    grid.add_row(name, figure(over.served_value).value, f"on {rows}; this model {figure(over.value).value}")
    gain = figure(over.gain, *over.interval, signed=True)
    verdict = {"noise": "no gain, within noise: ", "worse": "a loss: "}.get(over.verdict, "")
    grid.add_row("  gain over it", gain.value, f"{verdict}95 % {gain.span}" if gain.low else escape(over.said))


def decision_rows(found: Any, metric: str, grid: Any) -> None:
    """What a decision costs, beside rules that look at nothing."""
    shown = figure(found.cost, *found.interval)
    span = f"95 % {shown.span}" if shown.low else shown.span
    grid.add_row("cost of a decision", shown.value, f"{found.unit}; {span}")
    for rule in found.fixed:
        score = "" if rule.score is None else f"; {metric} {figure(rule.score).value}"
        grid.add_row(f"  {escape(rule.rule)}", figure(rule.cost).value, f"{found.unit}{score}")


def _told(gate: Any) -> str:
    where = f"{gate.where}: " if gate.where else ""
    if gate.answered:
        return "[yellow]✓[/] " + escape(f"{where}{gate.text}; answered for: {gate.answered}")
    return "[red]✗[/] " + escape(f"{where}{gate.text}" + (f" ({gate.mend})" if gate.mend else ""))


def show_replay(answer: Any, out: Any) -> None:
    out.print(f"played {answer.start[:16]}Z to {answer.end[:16]}Z through {answer.url}")
    out.print(
        f"{answer.predictions:,} predictions, {answer.events:,} events, {answer.outcomes:,} outcomes in "
        f"{answer.seconds:.1f} s; p50 {answer.p50_ms:.2f} ms, p99 {answer.p99_ms:.2f} ms a prediction"
    )
    for said in answer.left_out:
        out.print(f"[yellow]![/] {escape(said)}", soft_wrap=True)
    out.print(f"next:  {answer.next}", soft_wrap=True)


def show_proof(answer: Any, out: Any) -> None:
    mark = "[green]✓[/]" if answer.ok else "[red]✗[/]"
    out.print(
        f"{mark} {answer.rows:,} rows x {answer.features} features = {answer.cells:,} cells: "
        f"{answer.differing:,} differ; largest difference {answer.max_abs_difference:g}; "
        f"{answer.events:,} events played"
    )
    if answer.of:
        out.print(
            f"a sample: {answer.rows:,} of {answer.of:,} rows, spread over all history, and the events of their keys; "
            "the tables are too large to be held at once (--rows N takes more)"
        )
    if answer.examples:
        grid = table("key", "feature", "batch", "online")
        for found in answer.examples:
            grid.add_row(found.key, found.feature, str(found.batch), str(found.online))
        out.print(grid)


VIEWS = {"run": show_run, "replay": show_replay, "features prove": show_proof}
