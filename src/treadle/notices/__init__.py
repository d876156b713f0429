"""What happened, told where the team is: webhooks of chats, mail, the issues of a forge, a calendar file.

It decides nothing and keeps no list beside the record: what a channel was told, and which issue is of what, is read
from the entries. What was closed at a forge comes back as an entry.
"""

__all__: list[str] = []
OPEN = ("calendar", "found", "sending")
