"""What domain experts are asked about single rows, what they say, how it is settled, and the page and sheet for it.

It fits nothing and reads no source: rows and predictions come in, labels with their labellers go out. Names are loaded
when first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from treadle.labelling.asking import Choosing as Choosing
    from treadle.labelling.asking import chosen_rows as chosen_rows
    from treadle.labelling.asking import drawn as drawn
    from treadle.labelling.asking import model_says as model_says
    from treadle.labelling.items import NO_YES as NO_YES
    from treadle.labelling.items import Item as Item
    from treadle.labelling.items import Queue as Queue
    from treadle.labelling.items import Why as Why
    from treadle.labelling.items import named as named
    from treadle.labelling.items import word as word
    from treadle.labelling.items import words_of as words_of
    from treadle.labelling.pages import CSRF as CSRF
    from treadle.labelling.pages import MARK as MARK
    from treadle.labelling.pages import Shown as Shown
    from treadle.labelling.pages import experts_page as experts_page
    from treadle.labelling.pages import read_form as read_form
    from treadle.labelling.saying import Conflict as Conflict
    from treadle.labelling.saying import Given as Given
    from treadle.labelling.saying import Taken as Taken
    from treadle.labelling.saying import Way as Way
    from treadle.labelling.saying import Word as Word
    from treadle.labelling.saying import Words as Words
    from treadle.labelling.saying import labellers as labellers
    from treadle.labelling.saying import refuse_no_labeller as refuse_no_labeller
    from treadle.labelling.saying import say as say
    from treadle.labelling.saying import taken_words as taken_words
    from treadle.labelling.saying import words as words
    from treadle.labelling.settling import Settled as Settled
    from treadle.labelling.settling import SettledRow as SettledRow
    from treadle.labelling.settling import settle as settle
    from treadle.labelling.settling import settled_rows as settled_rows
    from treadle.labelling.settling import verdicts as verdicts
    from treadle.labelling.sheets import ENDINGS as ENDINGS
    from treadle.labelling.sheets import as_sheet as as_sheet
    from treadle.labelling.sheets import read_sheet as read_sheet
    from treadle.labelling.telling import Audit as Audit
    from treadle.labelling.telling import LabelGain as LabelGain
    from treadle.labelling.telling import gained as gained

_HOMES = {
    "Audit": "telling",
    "CSRF": "pages",
    "ENDINGS": "sheets",
    "MARK": "pages",
    "NO_YES": "items",
    "Shown": "pages",
    "drawn": "asking",
    "model_says": "asking",
    "read_form": "pages",
    "verdicts": "settling",
    "word": "items",
    "Choosing": "asking",
    "Conflict": "saying",
    "Given": "saying",
    "Item": "items",
    "LabelGain": "telling",
    "Queue": "items",
    "Settled": "settling",
    "SettledRow": "settling",
    "Taken": "saying",
    "Way": "saying",
    "Why": "items",
    "Word": "saying",
    "Words": "saying",
    "as_sheet": "sheets",
    "chosen_rows": "asking",
    "experts_page": "pages",
    "gained": "telling",
    "labellers": "saying",
    "named": "items",
    "read_sheet": "sheets",
    "refuse_no_labeller": "saying",
    "say": "saying",
    "settle": "settling",
    "settled_rows": "settling",
    "taken_words": "saying",
    "words": "saying",
    "words_of": "items",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
