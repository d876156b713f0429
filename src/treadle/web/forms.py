"""A form of the project's own pages that changes something: who sends it, and that a page of this very session did.

There is one, `/experts`: what a domain expert says of rows. It is taken of a browser that is signed in, as a plain form
with the session's CSRF token in it, and of nobody else; a program has the command line.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from treadle.access.door import Refused
from treadle.labelling import CSRF, MARK

if TYPE_CHECKING:
    from treadle.access.door import Session

LONGEST = 64 * 1024
"""Bytes of a form: ten rows with a long comment each."""


def check_form(session: Session | None, content: bytes) -> str:
    """The form's text, to be read.

    Raises:
        Refused: nobody is signed in, or no page of this session sent it.
    """
    if session is None:
        raise Refused(401, "this is taken of a browser that is signed in", "GET /signin")
    text = content.decode("ascii", "replace")
    try:
        sent = dict(parse_qsl(text, keep_blank_values=True, max_num_fields=5_000)).get(CSRF, "")
    except ValueError:
        sent = ""
    if not secrets.compare_digest(sent.encode(), session.csrf.encode()):
        raise Refused(403, "the form is not of this session", "open the page again, and send it from there")
    return text


def with_token(page: bytes, session: Session | None) -> bytes:
    """The page with the session's token in its form; as it is where nobody is signed in."""
    return page if session is None else page.replace(MARK.encode(), session.csrf.encode(), 1)
