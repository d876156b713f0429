"""What persons say to each other, helped on: feedback about work, a statement about oneself, a way to meet a conflict.

It keeps nothing, sends nothing, and asks no model and no network: what it reads stays with whoever wrote it. What a
person wants kept is an entry like any other (`treadle.evidence`), by their own act.
"""

from treadle.talk.attacks import Attack, attacks
from treadle.talk.feedback import Feedback, Remark, checked
from treadle.talk.modes import Advice, Situation, advise
from treadle.talk.statements import Statement, composed

__all__ = [
    "Advice",
    "Attack",
    "Feedback",
    "Remark",
    "Situation",
    "Statement",
    "advise",
    "attacks",
    "checked",
    "composed",
]
