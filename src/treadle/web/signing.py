"""The page on which a browser is signed in, and where it is sent on from."""

from __future__ import annotations

import functools
from html import escape

from treadle.pages import Section, page

_FORM = """<form method="post" action="/signin" autocomplete="off">
<p><label for="token">Token</label>
<input id="token" name="token" type="password" style="width:32em;max-width:100%" required autofocus>
<button>Sign in</button></p></form>"""


@functools.lru_cache(maxsize=64)
def page_of(project: str, wrong: str = "", *, onward: str = "") -> bytes:
    """`wrong`: why the caller sees it. `onward`: they are signed in, and are sent there."""
    if onward:
        refresh = f'<meta http-equiv="refresh" content="0; url={onward}">'
        body = f'{refresh}<p>Signed in. <a href="{onward}">On to the page</a></p>'
    else:
        said = f"<p><strong>{escape(wrong[0].upper() + wrong[1:])}.</strong></p>" if wrong else ""
        body = (
            f"{said}{_FORM}<p><code>treadle tokens create NAME . --scopes read,write</code>, typed by the person that "
            "it is for, makes a token with which they read pages and label rows; one for <code>read</code> alone only "
            "reads. The link that <code>treadle serve</code> prints signs one browser in without.</p>"
        )
    return page("Sign in", [Section("", body)], eyebrow=f"Treadle {project}").encode()
