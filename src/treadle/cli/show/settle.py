"""decide terms, agree, settle."""

from __future__ import annotations

from treadle.cli.show.decide import show_decision

VIEWS = {f"decide {verb}": show_decision for verb in ("terms", "agree", "settle")}
