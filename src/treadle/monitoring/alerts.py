"""What a person must look at: quality below what the brief must have, and features that moved, in the newest window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from msgspec import Struct

from treadle.evidence import Chain, Silent
from treadle.people.reviews import LOWER_IS_BETTER

if TYPE_CHECKING:
    from treadle.monitoring.watching import Watched

ACTOR = "policy:watch"


class Alert(Struct, frozen=True):
    """`about`: quality or drift. `until`: the day that the window ends on."""

    about: str
    text: str
    until: str


def alerts_of(found: Watched, must_have: Mapping[str, float]) -> list[Alert]:
    """Quality counts as fallen when its whole interval lies on the wrong side: noise raises no alert."""
    recent, out = found.recent, []
    limit = must_have.get(found.metric)
    if recent is not None and limit is not None and recent.low is not None and recent.high is not None:
        lower = found.metric in LOWER_IS_BETTER
        if recent.low > limit if lower else recent.high < limit:
            text = (
                f"{found.metric} is {recent.value:.4f} ({recent.low:.4f} to {recent.high:.4f}) over the newest "
                f"{recent.labels:,} labels; it must be {'at most' if lower else 'at least'} {limit:g}"
            )
            out.append(Alert("quality", text, recent.day))
    moved = [line for line in found.drift if line.verdict == "moved"]
    if moved and recent is not None:
        names = ", ".join(f"{line.feature} (PSI {line.psi:.2f})" for line in moved[:5])
        more = f" and {len(moved) - 5} more" if len(moved) > 5 else ""
        out.append(Alert("drift", f"moved since training: {names}{more}", recent.day))
    return out


def log_alerts(chain: Chain, endpoint: str, model: str, alerts: list[Alert]) -> None:
    """Keep each alert in the chain, once for each model and day, signed by the policy that raised it."""
    quiet = replace(chain.acting(ACTOR), observer=Silent())
    for alert in alerts:
        settings = {"model": model, "about": alert.about, "until": alert.until}
        with quiet.step("alert.raised", f"endpoint/{endpoint}", settings=settings) as step:
            if not step.cached:
                step.note(said=alert.text)
