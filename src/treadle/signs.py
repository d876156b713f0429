"""Signs in a text that move a terminal, or turn the order in which a text is read: none of them is written out."""

from __future__ import annotations

import re

_MOVES = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Controls but tab and line feed, ESC among them; embeddings, overrides and isolates of direction."""


def still(text: str) -> str:
    """
    >>> still("a\\x1b[31mb\\u202ec"), still("two\\nlines")
    ('a\ufffd[31mb\ufffdc', 'two\\nlines')
    """
    return _MOVES.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n"))
