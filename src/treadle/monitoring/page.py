"""The watch page: traffic, realised quality by day with intervals, drift by feature."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from treadle.figures import figure
from treadle.monitoring.drift import SCORES
from treadle.monitoring.found import Alert, DriftLine, Watched
from treadle.pages import Chart, Mark, Section, page, table, tile
from treadle.spec.choices import View

_SHOWN = 6
_UNKNOWN = "No label is known yet."
_GAPS: dict[View, str] = {
    "decisions": "probabilities that can no longer be believed.",
    "classes": "probabilities that can no longer be believed: how often the class that was predicted came, beside the "
    "mean probability that it was given.",
    "numbers": "predictions that are too high or too low.",
    "spread": "predictions that are too high or too low: the mean of what came, beside that of the middle quantile.",
}
_AXES: dict[View, str] = {"decisions": "rate", "classes": "share", "numbers": "mean", "spread": "mean"}


def watch_page(found: Watched, endpoint: str, decision: str, alerts: Sequence[Alert] = ()) -> str:
    """One self-contained HTML page."""
    whole = found.overall
    realised = figure(whole.value, whole.low, whole.high)
    name, note = found.metric.replace("_", " "), f"; {whole.note}" if whole.note else ""
    tiles = [
        tile("Predictions", f"{found.predictions:,}", f"{found.joined:,} with a label by now"),
        tile(name.capitalize(), realised.value, (f"95 % {realised.span}" if realised.low else realised.span) + note),
        tile("On the sealed test rows", figure(whole.tested).value, "when the model was released"),
        _moved(found.drift),
    ]
    if found.coverage is not None:
        held = figure(found.coverage.value, found.coverage.low, found.coverage.high)
        beside = f"{held.span}; {figure(found.coverage.tested).value} on the sealed test rows"
        tiles.insert(3, tile("Within the outer quantiles", held.value, beside))
    sections = [Section("", f'<div class="tiles">{"".join(tiles)}</div>')]
    if alerts:
        items = "".join(f"<li>{escape(alert.text)}</li>" for alert in alerts)
        sections.append(Section("Look at this", f"<ul>{items}</ul>"))
    if not found.predictions:
        sections = [Section("", "<p>Nothing was predicted yet: treadle serve PROJECT, or treadle replay PROJECT.</p>")]
    if found.metric_by_day:
        sections.append(
            Section(
                "By day",
                f'<div class="grid">{_quality(found)}{_rates(found)}</div>',
                f"Left: realised {name} by the day for which the prediction was made, with its 95 % interval; the line "
                "across is the value on the sealed test rows. Right: a gap that stays tells of " + _GAPS[found.view],
            )
        )
    if found.drift:
        sections.append(
            Section(
                "Drift by feature, against training",
                _drift(found.drift),
                "PSI less its noise: under 0.1 is steady, over 0.25 has moved.",
            )
        )
    return page(f"{endpoint}: {found.model}", sections, eyebrow="Treadle watch", lead=decision)


def _moved(lines: Sequence[DriftLine]) -> str:
    features = [line.verdict == "moved" for line in lines if line.feature != SCORES]
    scores = any(line.verdict == "moved" for line in lines if line.feature == SCORES)
    beside = f"of {len(features)}, by PSI above 0.25" + ("; the scores moved too" if scores else "")
    return tile("Features that moved", str(sum(features)), beside)


def _quality(found: Watched) -> str:
    days = [(i, day) for i, day in enumerate(found.metric_by_day) if day.value is not None]
    if not days:
        name = found.metric.replace("_", " ")
        return f"<p>{_UNKNOWN if not found.joined else f'The labels of no day have a {name}: of one class, say.'}</p>"
    chart = Chart("day", found.metric.replace("_", " "), y=_reach(found), x_ticks=_day_ticks(found))
    band = [(float(i), d) for i, d in days if d.low is not None and d.high is not None]
    if band:
        chart.add(
            Mark(
                "band",
                [x for x, _ in band],
                low=[d.low or 0.0 for _, d in band],
                high=[d.high or 0.0 for _, d in band],
                label="95 % interval",
            )
        )
    chart.add(
        Mark(
            "line",
            [float(i) for i, _ in days],
            [d.value or 0.0 for _, d in days],
            label="realised",
            tips=[f"{d.day}: {figure(d.value, d.low, d.high).whole} over {d.labels:,} labels" for _, d in days],
        )
    )
    if found.overall.tested is not None:
        chart.rule("y", found.overall.tested, "sealed test")
    return chart.svg()


def _reach(found: Watched) -> tuple[float, float]:
    """From the lowest to the highest of what is drawn, the line of the sealed test rows too, with some air."""
    values = [v for day in found.metric_by_day for v in (day.value, day.low, day.high) if v is not None]
    if found.overall.tested is not None:
        values.append(found.overall.tested)
    low, high = min(values), max(values)
    air = 0.06 * (high - low) or 0.1 * abs(low) or 1.0
    return (0.0 if low == 0 else low - air), high + air


def _rates(found: Watched) -> str:
    days = [(float(i), d) for i, d in enumerate(found.metric_by_day) if d.base is not None]
    if not days:
        return f"<p>{_UNKNOWN}</p>"
    chart = Chart("day", _AXES[found.view], x_ticks=_day_ticks(found))
    chart.add(
        Mark(
            "line",
            [x for x, _ in days],
            [d.base or 0.0 for _, d in days],
            label="right" if found.view == "classes" else "real",
        )
    )
    chart.add(
        Mark(
            "line",
            [x for x, _ in days],
            [d.mean_prediction or 0.0 for _, d in days],
            label="probability" if found.view == "classes" else "predicted",
            colour=2,
            dashed=True,
        )
    )
    return chart.svg()


def _day_ticks(found: Watched) -> list[tuple[float, str]]:
    days = found.metric_by_day
    step = max(1, -(-len(days) // 7))
    start = 0 if days[0].day[:4] != days[-1].day[:4] else 5  # the year only where there are two
    return [(float(i), days[i].day[start:]) for i in range(0, len(days), step)]


def _drift(lines: list[DriftLine]) -> str:
    rows = [
        (
            x.feature,
            f"{x.psi:.3f}",
            f"{x.noise:.3f}",
            f"{x.js:.3f}",
            f"{x.missing_reference:.1%}",
            f"{x.missing_now:.1%}",
            x.verdict,
        )
        for x in lines
    ]
    head = ("feature", "PSI", "noise", "JS distance", "missing in training", "missing now", "")
    plots = "".join(_shares(x) for x in lines[:_SHOWN])
    return f'<div class="grid">{plots}</div>' + table(head, rows, numbers=(1, 2, 3, 4, 5))


def _shares(found: DriftLine) -> str:
    where = [float(i) for i in range(len(found.labels))]
    step = max(1, len(where) // 4)
    chart = Chart(
        "", "share", height=220, caption=found.feature, x_ticks=[(x, found.labels[int(x)]) for x in where[::step]]
    )
    chart.add(Mark("line", where, found.reference, label="training"))
    chart.add(Mark("line", where, found.now, label="now", colour=2, dashed=True))
    return chart.svg()
