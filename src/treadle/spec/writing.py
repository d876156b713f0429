"""A name as a project file writes it."""

from __future__ import annotations

import json
import re

_PLAIN = re.compile(r"[^\W\d]\w*( \w+)*")
_MEANS_ELSE = re.compile(r"(?i)(true|false|null|yes|no|on|off|y|n|nan|inf)")


def scalar(text: str) -> str:
    r"""A text as a value or a key of YAML, between quotes where it would be read as something else.

    >>> scalar("city"), scalar("address.city"), scalar("no"), scalar('a "b"\n')
    ('city', '"address.city"', '"no"', '"a \\"b\\"\\n"')
    """
    if _PLAIN.fullmatch(text) and text.isascii() and not _MEANS_ELSE.fullmatch(text):
        return text
    return json.dumps(text, ensure_ascii=any(not sign.isprintable() for sign in text))
