"""The trials of a search, as a part of the report."""

from __future__ import annotations

from treadle.figures import figure
from treadle.money import Money
from treadle.pages import Chart, Mark, table
from treadle.scoring.metrics import sign
from treadle.training.forward import steps_shown
from treadle.training.model import Epochs, SearchResult, Trial

_COUNTED = (
    "<p class=quiet>The size of the bundle and the time of a row are counted from what was fitted (trees and leaves, "
    "weights of a network, columns): they compare the trials, and what is packed is measured.</p>"
)


def _state(trial: Trial) -> str:
    folds = len(trial.fold_scores)
    if trial.rows:
        return f"tried on {trial.rows:,} rows of one fold"
    return "complete" if trial.state == "complete" else f"stopped early after {folds} fold{'s' if folds > 1 else ''}"


def _weight(trial: Trial) -> tuple[str, str]:
    """About how large its bundle would be, and how long a row would take."""
    return (f"{trial.mb:.2f}", f"{trial.row_us:.0f}") if trial.row_us else ("", "")


def _settings(trial: Trial) -> str:
    params = trial.used or trial.params
    return ", ".join(f"{k} {v:.3g}" if isinstance(v, float) else f"{k} {v}" for k, v in params.items())


def _learned(trials: list[Trial]) -> str:
    """How the best network of each family learned. `trials`: the best first."""
    best = {trial.family: trial for trial in reversed(trials) if trial.epochs is not None}
    if not best:
        return ""
    cards = "".join(
        f'<div class="card"><h3>How trial {trial.number + 1} ({family}) learned</h3>{_epochs(trial.epochs)}</div>'
        for family, trial in best.items()
        if trial.epochs is not None
    )
    return (
        f'<div class="grid" style="margin-top:12px">{cards}</div>'
        "<p class=quiet>In the latest fold. The loss of the rows that it learned from is taken while it learns, with a "
        "part of each layer left out, so it can lie above that of the held rows.</p>"
    )


def _epochs(learned: Epochs) -> str:
    """Its losses, epoch by epoch, and where it was best."""
    chart = Chart("epoch", "mean loss", height=240)
    shown = (("rows that it learned from", learned.fitted, 1), ("held rows", learned.held, 2))
    for label, losses, colour in shown:
        if losses:
            mark = Mark("line", range(1, len(losses) + 1), losses, label=label, colour=colour, dashed=colour == 2)
            chart.add(mark)
    if learned.held:
        least = min(learned.held)
        chart.rule("x", learned.held.index(least) + 1, f"least: {figure(least).value}")
    return chart.svg()


def trials_shown(search: SearchResult, metric: str, second: Money | None = None) -> str:
    """Whole trials by their score; below them those that were stopped early, whose score is of fewer folds or rows, and
    those that came to nothing, and by what; and what each step forward cost. `second`: the price of one."""
    whole = [t for t in search.trials if t.state != "failed" and not t.rows]
    chart = Chart("trial", metric, height=260)
    for colour, family in enumerate(dict.fromkeys(t.family for t in whole), start=1):
        for state, dim in (("complete", 0), ("pruned", 2)):
            some = [t for t in whole if t.family == family and t.state == state]
            if some:
                chart.add(
                    Mark(
                        "points",
                        [t.number + 1 for t in some],
                        [t.value for t in some],
                        colour=colour + dim,
                        label=family if state == "complete" else f"{family}, given up early",
                        tips=[
                            f"{t.number + 1}: {figure(t.value).value}, {t.seconds:.1f} s, {t.used or t.params}"
                            for t in some
                        ],
                    )
                )
    done = sorted((t for t in whole if t.state == "complete"), key=lambda t: -t.value * sign(search.metric))[:8]
    early = sorted((t for t in whole if t.state == "pruned"), key=lambda t: t.number)[:8]
    few = sorted((t for t in search.trials if t.rows and t.fold_scores), key=lambda t: -t.value * sign(search.metric))
    # what a stopped trial scored is of its first folds only: it cannot be ranked among whole ones
    rows = [
        (
            t.number + 1,
            t.family,
            figure(t.value).value,
            _state(t),
            f"{t.seconds:.1f} s",
            *_weight(t),
            _settings(t),
        )
        for t in (*done, *early, *few[:8])
    ]
    rows += [
        (t.number + 1, t.family, "", f"came to nothing: {t.why}", f"{t.seconds:.1f} s", "", "", _settings(t))
        for t in [t for t in search.trials if t.state == "failed"][:8]
    ]
    heads = ("Trial", "Family", metric, "State", "Took", "About MB", "µs a row", "Settings")
    best = table(heads, rows, numbers=(0, 2, 4, 5, 6))
    learned = _learned([t for t in (*done, *early) if t.epochs])
    count = len(search.trials)
    head = f"{count} trial{'' if count == 1 else 's'} in {search.seconds:.0f} s, on the training folds"
    return (
        f'<div class="grid"><div class="card"><h3>{head}</h3>{chart.svg()}</div></div>'
        f'<div class="card" style="margin-top:12px">{best}{_COUNTED}</div>{learned}'
        '<div class="card" style="margin-top:12px"><h3>What each step forward cost</h3>'
        f"{steps_shown(search, metric, second)}</div>"
    )
