"""The kind `issue.closed`."""

from __future__ import annotations

from typing import ClassVar

from treadle.evidence.payload import Payload
from treadle.store import EntryRef


class IssueClosed(Payload, frozen=True, kw_only=True):
    """An issue of a forge was closed: there by `by` (a login; `person`: of the project, where the project says who it
    is), or from here, when what it asked for was done; or it is gone. `opened`: the notice that opened it."""

    KIND: ClassVar[str] = "issue.closed"
    FACT: ClassVar[bool] = True

    channel: str
    thing: str
    issue: int
    opened: EntryRef
    by: str = ""
    person: str = ""
    planned: bool = True
    """False: it was closed as not to be done."""
    at: str = ""

    @property
    def there(self) -> bool:
        """Whether it was closed there: neither from here, nor is it gone."""
        return bool(self.by or self.at)

    def said(self) -> str:
        issue = f"issue {self.issue} of {self.channel}, about {self.thing}, "
        if not self.there:
            return issue + ("was closed from here" if self.planned else "is gone there")
        who = f"by {self.by}" + (f" ({self.person})" if self.person else "") if self.by else "there"
        return f"{issue}was closed {who}" + ("" if self.planned else ", not to be done")
