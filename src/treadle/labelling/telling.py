"""What the experts' word gained, as it stands in the report of the model that learned from it."""

from __future__ import annotations

from msgspec import Struct

from treadle.pages import Section, escape, table
from treadle.scoring.paired import Paired

_Z = 1.959964
"""Standard errors of a 95 % interval."""


class Audit(Struct, frozen=True):
    """Sealed rows that experts spoke of: how many, and of how many they say another label than the source, or that
    they cannot be."""

    rows: int
    differ: int

    @property
    def interval(self) -> tuple[float, float]:
        """Of the share that differs, 95 %, by Wilson's score (1927).

        >>> [round(end, 3) for end in Audit(40, 4).interval]
        [0.04, 0.231]
        """
        n, share = self.rows, self.differ / self.rows
        middle, size = share + _Z**2 / (2 * n), 1 + _Z**2 / n
        half = _Z * (share * (1 - share) / n + _Z**2 / (4 * n**2)) ** 0.5
        return max(0.0, (middle - half) / size), min(1.0, (middle + half) / size)


class LabelGain(Struct, frozen=True, kw_only=True):
    """The model beside one of the same settings that was fitted without what experts said, on the same sealed rows.

    `by_source`: scored by the source's labels, which nothing that was said has changed; `by_experts`: by their labels
    where they spoke of a sealed row, without rows that cannot be; None where they spoke of none. `taught`: training
    rows with another label, `confirmed` with the same, `left_out` that cannot be. `flagged`: features with how often
    a value was marked as implausible. `rule`: what settled it. `same`: no answer of the two models differs.
    """

    metric: str
    rule: str
    labellers: tuple[str, ...]
    rows: int
    taught: int
    confirmed: int
    left_out: int
    by_source: Paired
    by_experts: Paired | None = None
    audit: Audit | None = None
    flagged: tuple[tuple[str, int], ...] = ()
    same: bool = False

    @property
    def verdict(self) -> str:
        """In one sentence."""
        gain = self.by_source.gain
        told = f"{gain.shown(signed=True).whole} in {self.metric}"
        if self.same:
            return "Nothing was gained or lost: both models answer alike on every sealed row."
        if gain.low is None or gain.high is None:
            return f"Whether it gained anything cannot be told: {told}."
        if gain.low > 0:
            return f"What they said gained {told}."
        if gain.high < 0:
            return f"What they said lost {told}, by the labels of the source."
        return f"What they said gained nothing that these rows tell from noise: {told}."


def gained(found: LabelGain, name: str) -> Section:
    """The part of a report. `name`: what the metric is called there."""
    who = ", ".join(found.labellers)
    said = (
        f"{who} changed the labels of {found.taught:,} training rows, confirmed {found.confirmed:,} and marked "
        f"{found.left_out:,} as rows that cannot be, of which nothing is learned (settled by {found.rule})."
    )
    rows = [_line("by the source's labels", found.by_source)]
    if found.by_experts is not None:
        rows.append(_line("by the experts' labels", found.by_experts))
    head = ("On the same sealed rows", f"{name}, with their word", "without it", "gain", "95 % interval")
    shown = table(head, rows, numbers=(1, 2, 3))
    alike = (
        "Both have the same settings; the search chose them with the experts' labels. The interval is of differences "
        "on the same draws of rows. The score of this report is by the source's labels."
    )
    notes = [alike]
    if found.audit is not None:
        low, high = found.audit.interval
        notes.append(
            f"The yardstick itself: of {found.audit.rows:,} sealed rows that they looked at, {found.audit.differ:,} "
            f"have another label by them, or cannot be: {100 * found.audit.differ / found.audit.rows:.0f} % "
            f"({100 * low:.0f} to {100 * high:.0f} %, 95 %). These rows keep the source's label where the model is "
            "judged, and are scored both ways above."
        )
    if found.flagged:
        listed = ", ".join(f"{feature} ({count:,})" for feature, count in found.flagged[:12])
        notes.append(f"Values that they hold for implausible, by feature: {listed}. They are told, not changed.")
    quiet = "".join(f'<p class="quiet">{escape(note)}</p>' for note in notes)
    verdict = found.verdict.replace(found.metric, name)
    return Section(
        "What did the experts' word gain?",
        f'<p>{escape(verdict)}</p><p>{escape(said)}</p><div class="card">{shown}{quiet}</div>',
    )


def _line(what: str, found: Paired) -> tuple[str, ...]:
    ours, theirs, gain = found.ours.shown(), found.theirs.shown(), found.gain.shown(signed=True)
    return what, f"{ours.value} ({ours.span})", f"{theirs.value} ({theirs.span})", gain.value, gain.span
