"""Charts as inline SVG: axes with round ticks, lines, steps, bands, points with intervals, bars, tooltips.

Colours are CSS variables of the page, so that a chart follows light and dark. Series are told apart by dash and
label as well as by colour.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import escape as _escape
from typing import Literal

from treadle.figures import figure

LEFT, RIGHT, TOP, BOTTOM = 56, 14, 12, 46
_CHARACTER, _GAP, _LONGEST = 6.6, 6.0, 22
"""Width of a character of a label and the least space between two, in px; characters that a label may have."""


def escape(text: object) -> str:
    """`text` made safe to stand in HTML and in attributes."""
    return _escape(str(text), quote=True)


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers (1, 2 or 5 times a power of ten) within [low, high].

    >>> ticks(0, 1)
    [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    """
    span = high - low
    if not math.isfinite(span) or span <= 0:
        return [low] if math.isfinite(low) else []
    raw = span / max(most - 1, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * times for times in (1, 2, 5, 10) if power * times >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(k * step, 12) for k in range(first, last + 1)]


def number(value: float) -> str:
    """A tick's text: 0.25, 1,500, 20k, 3M.

    >>> number(0.25), number(1500.0), number(20000.0)
    ('0.25', '1,500', '20k')
    """
    if abs(value) >= 1e6:
        return f"{value / 1e6:g}M"
    if abs(value) >= 1e4:
        return f"{value / 1e3:g}k"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:g}"


@dataclass(frozen=True)
class Mark:
    """One series. `x` and `y` are data; `low` and `high` bound a band, or the interval of each point.

    For bars `x` holds one edge more than `y`. `tips` are shown when the pointer rests on a point or a bar.
    """

    kind: Literal["line", "step", "band", "points", "bars"]
    x: Sequence[float]
    y: Sequence[float] = ()
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    label: str = ""
    colour: int = 1
    dashed: bool = False
    tips: Sequence[str] = ()
    base: Sequence[float] = ()
    """Bars stand on this; nothing means on zero."""


@dataclass
class Chart:
    """Marks on one pair of axes. Limits that are None come from the data.

    >>> chart = Chart("Recall", "Precision", x=(0, 1), y=(0, 1)).add(Mark("line", [0, 1], [1, 0.2], label="model"))
    >>> chart.svg().startswith("<figure")
    True
    """

    x_label: str
    y_label: str
    x: tuple[float, float] | None = None
    y: tuple[float, float] | None = None
    width: int = 460
    height: int = 300
    x_ticks: Sequence[tuple[float, str]] | None = None
    x_format: Callable[[float], str] = number
    y_format: Callable[[float], str] = number
    caption: str = ""
    marks: list[Mark] = field(default_factory=list)
    rules: list[tuple[str, float, str]] = field(default_factory=list)

    def add(self, mark: Mark) -> Chart:
        self.marks.append(mark)
        return self

    def rule(self, axis: Literal["x", "y"], at: float, label: str = "") -> Chart:
        """A thin line across the chart at x or y = `at`."""
        self.rules.append((axis, at, label))
        return self

    def svg(self) -> str:
        """The chart with its legend and caption, as one <figure>."""
        (x0, x1), (y0, y1) = self._limits()
        wide, high = self.width - LEFT - RIGHT, self.height - TOP - BOTTOM

        def px(value: float) -> float:
            return round(LEFT + (value - x0) / (x1 - x0) * wide, 2)

        def py(value: float) -> float:
            return round(TOP + (y1 - value) / (y1 - y0) * high, 2)

        parts = [self._axes(px, py, (x0, x1), (y0, y1))]
        parts += [_draw(mark, px, py, y0) for mark in self.marks]
        for axis, at, label in self.rules:
            if axis == "x":
                parts.append(
                    f'<line class="rule" x1="{px(at)}" x2="{px(at)}" y1="{TOP}" y2="{TOP + high}"/>'
                    f'<text class="note" x="{px(at) + 4}" y="{TOP + 11}">{escape(label)}</text>'
                )
            else:
                parts.append(
                    f'<line class="rule" x1="{LEFT}" x2="{LEFT + wide}" y1="{py(at)}" y2="{py(at)}"/>'
                    f'<text class="note" x="{LEFT + wide - 4}" y="{py(at) - 4}" text-anchor="end">'
                    f"{escape(label)}</text>"
                )
        name = escape(f"{self.y_label} by {self.x_label}")
        body = "".join(parts)
        above = f"<figcaption>{escape(self.caption)}</figcaption>" if self.caption else ""
        return (
            f'<figure>{above}<svg viewBox="0 0 {self.width} {self.height}" role="img" aria-label="{name}">{body}</svg>'
            f"{self._legend()}</figure>"
        )

    def _limits(self) -> tuple[tuple[float, float], tuple[float, float]]:
        xs = [v for m in self.marks for v in m.x if math.isfinite(v)]
        ys = [v for m in self.marks for part in (m.y, m.low, m.high) for v in part if math.isfinite(v)]
        if any(m.kind == "bars" for m in self.marks):
            ys.append(0.0)
        return self.x or _around(xs), self.y or _around(ys, air=0.06)

    def _axes(
        self, px: Callable[[float], float], py: Callable[[float], float], x: tuple[float, float], y: tuple[float, float]
    ) -> str:
        bottom, right = self.height - BOTTOM, self.width - RIGHT
        out = [
            f'<line class="grid" x1="{LEFT}" x2="{right}" y1="{py(value)}" y2="{py(value)}"/>'
            f'<text x="{LEFT - 7}" y="{py(value) + 3.5}" text-anchor="end">{escape(self.y_format(value))}</text>'
            for value in ticks(*y)
        ]
        named = self.x_ticks if self.x_ticks is not None else [(v, self.x_format(v)) for v in ticks(*x)]
        for at, middle, text in _apart([(px(at), text) for at, text in named], self.width):
            out.append(
                f'<line class="tick" x1="{at}" x2="{at}" y1="{bottom}" y2="{bottom + 4}"/>'
                f'<text x="{middle}" y="{bottom + 17}" text-anchor="middle">{text}</text>'
            )
        out.append(f'<line class="axis" x1="{LEFT}" x2="{right}" y1="{bottom}" y2="{bottom}"/>')
        out.append(
            f'<text class="label" x="{(LEFT + right) / 2}" y="{self.height - 8}" text-anchor="middle">'
            f"{escape(self.x_label)}</text>"
        )
        middle = (TOP + bottom) / 2
        out.append(
            f'<text class="label" x="13" y="{middle}" text-anchor="middle" '
            f'transform="rotate(-90 13 {middle})">{escape(self.y_label)}</text>'
        )
        return "".join(out)

    def _legend(self) -> str:
        named = [mark for mark in self.marks if mark.label]
        keys = "".join(
            f'<span><i class="key k{mark.colour}{" dash" if mark.dashed else ""}"></i>{escape(mark.label)}</span>'
            for mark in named
        )
        return f'<div class="legend">{keys}</div>' if keys else ""


def _apart(labels: Sequence[tuple[float, str]], width: float) -> list[tuple[float, float, str]]:
    """(tick, middle of its text, the text) of those labels that stand apart, each within the chart; long ones are cut,
    and shown whole when the pointer rests on them. A label that would cover the one before it is left out."""
    kept: list[tuple[float, float, str]] = []
    end = 0.0
    for at, text in labels:
        cut = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
        half = _CHARACTER * len(cut) / 2
        middle = round(min(max(at, half), width - half), 2)
        if kept and middle - half < end + _GAP:
            continue
        whole = f"<title>{escape(text)}</title>" if cut != text else ""
        kept.append((at, middle, whole + escape(cut)))
        end = middle + half
    return kept


def _around(values: Sequence[float], air: float = 0.0) -> tuple[float, float]:
    """Limits that hold all values, with some air; never of zero width."""
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    if high - low < 1e-12 * max(abs(low), abs(high), 1.0):
        half = abs(low) * 0.1 or 1.0
        return low - half, high + half
    extra = (high - low) * air
    return (low if low == 0 else low - extra), high + extra


def _tip(mark: Mark, index: int) -> str:
    return f"<title>{escape(mark.tips[index])}</title>" if index < len(mark.tips) else ""


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x} {y}" for x, y in points) if points else ""


def _draw(mark: Mark, px: Callable[[float], float], py: Callable[[float], float], floor: float) -> str:
    colour = f"c{mark.colour}{' dash' if mark.dashed else ''}"
    if mark.kind in ("line", "step"):
        places = [(px(x), py(y)) for x, y in zip(mark.x, mark.y, strict=True) if math.isfinite(y)]
        if mark.kind == "step":
            places = [
                place for i, (x, y) in enumerate(places) for place in ([(x, places[i - 1][1])] if i else []) + [(x, y)]
            ]
        if len(set(places)) == 1:  # a line of one point would not be seen
            x, y = places[0]
            return f'<circle class="f{mark.colour} dot" cx="{x}" cy="{y}" r="3"/>'
        return f'<path class="line {colour}" d="{_path(places)}"/>'
    if mark.kind == "band":
        there = [(px(x), py(v)) for x, v in zip(mark.x, mark.high, strict=True)]
        back = [(px(x), py(v)) for x, v in zip(mark.x, mark.low, strict=True)]
        return f'<path class="band f{mark.colour}" d="{_path(there + back[::-1])}Z"/>'
    if mark.kind == "bars":
        base = mark.base or [max(floor, 0.0)] * len(mark.y)
        return "".join(
            f'<rect class="f{mark.colour} bar" x="{px(mark.x[i]) + 0.5}" y="{min(py(y + base[i]), py(base[i]))}" '
            f'width="{max(px(mark.x[i + 1]) - px(mark.x[i]) - 1, 0.5):.2f}" '
            f'height="{abs(py(base[i]) - py(y + base[i])):.2f}">{_tip(mark, i)}</rect>'
            for i, y in enumerate(mark.y)
        )
    out = []
    for i, (x, y) in enumerate(zip(mark.x, mark.y, strict=True)):
        if mark.low:
            out.append(
                f'<line class="whisker {colour}" x1="{px(x)}" x2="{px(x)}" '
                f'y1="{py(mark.low[i])}" y2="{py(mark.high[i])}"/>'
            )
        out.append(f'<circle class="f{mark.colour} dot" cx="{px(x)}" cy="{py(y)}" r="3">{_tip(mark, i)}</circle>')
    return "".join(out)


def bars_across(
    rows: Sequence[tuple[str, float, float, float]],
    *,
    width: int = 460,
    top: float = 0.0,
    most: int = 20,
    percent: bool = False,
) -> str:
    """Horizontal bars with intervals, one a (name, value, low, high), in the order given.

    `top`: the value the scale must reach at least, so that several sets of bars can be compared. `percent`: the values
    are shares, and written as tables write them.
    """
    rows = rows[:most]
    if not rows:
        return '<p class="quiet">Nothing to show.</p>'
    left, line = 205, 20
    top = max(max(high for *_, high in rows), top, 0.0) or 1.0
    floor = min(min(low for _, _, low, _ in rows), 0.0)
    scale = (width - left - 70) / (top - floor)

    def px(value: float) -> float:
        return round(left + (value - floor) * scale, 2)

    out = []
    for i, (name, value, low, high) in enumerate(rows):
        y, written = i * line, figure(value, low, high)
        whole, short = (f"{value:.1%}",) * 2 if percent else (written.whole, written.value)
        tip = f"<title>{escape(name)}: {escape(whole)}</title>"
        shown = name if len(name) <= 34 else name[:33] + "…"
        out.append(
            f'<g>{tip}<text x="{left - 8}" y="{y + 14}" text-anchor="end">{escape(shown)}</text>'
            f'<rect class="f1 bar" x="{min(px(0), px(value))}" y="{y + 4}" '
            f'width="{abs(px(value) - px(0)):.2f}" height="12"/>'
            f'<line class="whisker" x1="{px(low)}" x2="{px(high)}" y1="{y + 10}" y2="{y + 10}"/>'
            f'<text x="{px(max(high, value, 0.0)) + 6}" y="{y + 14}">{escape(short)}</text></g>'
        )
    return (
        f'<figure><svg viewBox="0 0 {width} {len(rows) * line + 6}" role="img" aria-label="bars">'
        f"{''.join(out)}</svg></figure>"
    )
