"""What a person must look at: quality below what the brief must have, and features that moved, in the newest window."""

from __future__ import annotations

from collections.abc import Mapping

from treadle.evidence import Chain
from treadle.evidence.kinds.alert_raised import AlertRaised
from treadle.figures import figure
from treadle.monitoring.found import Alert, Watched
from treadle.spec.choices import LOWER_IS_BETTER

ACTOR = "policy:watch"


def alerts_of(found: Watched, must_have: Mapping[str, float]) -> list[Alert]:
    """Quality counts as fallen when its whole interval lies on the wrong side: noise raises no alert."""
    recent, out = found.recent, []
    limit = must_have.get(found.metric)
    if recent is not None and limit is not None and recent.low is not None and recent.high is not None:
        lower = found.metric in LOWER_IS_BETTER
        if recent.low > limit if lower else recent.high < limit:
            note = f" ({recent.note})" if recent.note else ""
            text = (
                f"{found.metric} is {figure(recent.value, recent.low, recent.high).whole} over the newest "
                f"{recent.labels:,} labels{note}; it must be {'at most' if lower else 'at least'} {limit:g}"
            )
            out.append(Alert("quality", text, recent.day))
    moved = [line for line in found.drift if line.verdict == "moved"]
    if moved and recent is not None:
        names = ", ".join(f"{line.feature} (PSI {line.psi:.2f})" for line in moved[:5])
        more = f" and {len(moved) - 5} more" if len(moved) > 5 else ""
        out.append(Alert("drift", f"moved since training: {names}{more}", recent.day))
    return out


def log_alerts(chain: Chain, subject: str, model: str, alerts: list[Alert]) -> None:
    """Keep each alert in the chain, once for each model, day and thing, signed by the policy that raised it.

    subject: an endpoint (``endpoint/shop``), or a source (``source/orders``), which has no model.
    """
    if not alerts:
        return
    with chain.acting(ACTOR).alone() as alone:
        for alert in alerts:
            raised = AlertRaised(model=model, about=alert.about, until=alert.until, text=alert.text)
            known = alone.find(AlertRaised, subject=subject, status="done", newest_first=True, limit=200)
            if not any(
                (e.payload.model, e.payload.about, e.payload.until) == (raised.model, raised.about, raised.until)
                for e in known
            ):
                alone.append(raised, subject)
