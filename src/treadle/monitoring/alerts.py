"""What a person must look at: quality below what the brief must have, and features that moved, in the newest window.

Quality is of the newest labels, drift of the newest predictions: it is there long before what came of them is known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from treadle.evidence import Chain
from treadle.evidence.kinds.alert_raised import AlertRaised
from treadle.figures import figure
from treadle.monitoring.found import Alert, Watched
from treadle.spec.choices import LOWER_IS_BETTER

ACTOR = "policy:watch"
AGAIN = timedelta(days=30)
"""After so long, what has moved is told again."""
_NAMED = 5


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
    if found.newest is not None and found.newest.moved:
        moved = found.newest.moved
        names = ", ".join(f"{line.feature} (PSI {line.psi:.2f})" for line in moved[:_NAMED])
        more = f" and {len(moved) - _NAMED} more" if len(moved) > _NAMED else ""
        text = f"moved since training, in the newest {found.newest.predictions:,} predictions: {names}{more}"
        out.append(Alert("drift", text, found.newest.day, tuple(line.feature for line in moved)))
    return out


def log_alerts(chain: Chain, subject: str, model: str, alerts: list[Alert]) -> None:
    """Keep each alert in the chain, once for each model, day and thing, signed by the policy that raised it. What moves
    stays so, mostly: drift is kept where a feature is among it that was not in the last 30 days, of the same day too.

    subject: an endpoint (``endpoint/shop``), or a source (``source/orders``), which has no model.
    """
    if not alerts:
        return
    with chain.acting(ACTOR).alone() as alone:
        for alert in alerts:
            raised = AlertRaised(model=model, about=alert.about, until=alert.until, text=alert.text, moved=alert.moved)
            known = alone.find(AlertRaised, subject=subject, status="done", newest_first=True, limit=200)
            if not _told(raised, [entry.payload for entry in known]):
                alone.append(raised, subject)


def _told(raised: AlertRaised, known: Sequence[AlertRaised]) -> bool:
    same = [each for each in known if (each.model, each.about) == (raised.model, raised.about)]
    if not raised.moved:
        return any(each.until == raised.until for each in same)
    since = str(date.fromisoformat(raised.until) - AGAIN)
    return {*raised.moved} <= {name for each in same if since < each.until <= raised.until for name in each.moved}
