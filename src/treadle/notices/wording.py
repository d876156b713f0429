"""A notice as each place takes it: a line of a chat, a mail, an issue. What it quotes moves nothing there."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime

import msgspec

from treadle.notices.found import Notice

MOST_TEXT = 2_000
_MOST_TITLE = 200
_MOST_LISTED = 50
_MARK = "treadle-notice"


def title(project: str, notice: Notice) -> str:
    """One line, as a subject is."""
    line = " ".join(f"{project}: {_plain(notice.text)}".split())
    return line if len(line) <= _MOST_TITLE else f"{line[: _MOST_TITLE - 1]}…"


def identity(project: str, channel: str, notice: Notice) -> str:
    """The same for the same notice to the same channel, so that who gets it twice can tell.

    Another in another record, where an entry of the same number tells of something else: by the digest of the entry.
    """
    of = notice.rests.digest if notice.rests else ""
    return hashlib.sha256(f"{project}\n{channel}\n{notice.key}\n{of}".encode()).hexdigest()[:32]


def chat(project: str, notices: Sequence[Notice]) -> bytes:
    """JSON with a `text`, as Slack's webhooks and those that are shaped like them take it.

    `&`, `<` and `>` are written as Slack asks, and an @ is followed by a sign without width, so that nothing that is
    quoted names a channel, a person or a link.
    """
    if len(notices) == 1:
        head, whole = title(project, notices[0]), _plain(notices[0].text, keep_lines=True)
        rest = f"\n{_slack(whole)}" if head.endswith("…") or "\n" in whole else ""
        text = f"*{_slack(head)}*{rest}\n{_slack(_why(notices[0]))}"
    else:
        lines = [f"• {_slack(_plain(each.text)[:300])} ({each.topic}, {each.day})" for each in notices[-_MOST_LISTED:]]
        left = len(notices) - len(lines)
        more = [f"and {left:,} before them"] if left else []
        text = "\n".join([f"*{_slack(project)}: {len(notices):,} things happened*", *lines, *more])
    return msgspec.json.encode({"text": text})


def mail(project: str, notices: Sequence[Notice], sender: str, to: Sequence[str], name: str) -> EmailMessage:
    """name: what the same mail is known by if it comes twice."""
    # folding a line moves the blanks beside what is no ASCII; RFC 5322 allows so many in one
    message = EmailMessage(policy.SMTP.clone(max_line_length=900))
    several = f"{project}: {len(notices):,} things happened"
    message["Subject"] = title(project, notices[0]) if len(notices) == 1 else several
    message["From"], message["To"], message["Date"] = sender, ", ".join(to), format_datetime(datetime.now(UTC))
    message["Message-ID"] = f"<{name}@treadle.{project}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office reply comes back
    parts = [f"{_plain(each.text, keep_lines=True)}\n\n{_why(each)}\n" for each in notices[-_MOST_LISTED:]]
    left = len(notices) - len(parts)
    message.set_content("\n".join([*parts, *([f"and {left:,} before them\n"] if left else [])]))
    return message


def issue(notice: Notice, mark: str) -> str:
    """The text of an issue, or of a comment, as Markdown; what is quoted stands in a fence, where nobody is named."""
    text = _plain(notice.text, keep_lines=True)
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}\n\n{_why(notice)}\n\n<!-- {_MARK} {mark} -->\n"


def marked(text: str, mark: str) -> bool:
    """Whether an issue's text is the one of this mark: it ends in it, as what is quoted cannot."""
    return text.rstrip().endswith(f"<!-- {_MARK} {mark} -->")


def _why(notice: Notice) -> str:
    who = f" by {notice.actor}" if notice.actor else ""
    look = f"; more: treadle why {notice.seq} PROJECT" if notice.seq else ""
    return f"{notice.topic}, {notice.day}{who}{look}"


def _slack(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("@", "@\u200b")


def _plain(text: str, *, keep_lines: bool = False) -> str:
    """No sign that moves a terminal, turns the direction of writing or begins a header."""
    kept = "".join(c if c.isprintable() or (keep_lines and c == "\n") else " " for c in text[: 2 * MOST_TEXT])
    return kept if len(kept) <= MOST_TEXT else f"{kept[: MOST_TEXT - 1]}…"
