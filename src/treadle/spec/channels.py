"""Where a project tells what happened: a webhook, mail, the issues of a forge. A part of the project file."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from treadle.spec.names import Actor
from treadle.spec.part import Part, Some, Written
from treadle.spec.secrets import names_in

Topic = Literal["alerts", "failures", "gates", "reviews", "releases", "decisions", "actions"]
Leads = Literal["webhook", "mail", "github", "gitlab"]
TO: tuple[Leads, ...] = ("webhook", "mail", "github", "gitlab")
"""What a channel can lead to; each names exactly one."""


class Channel(Part, Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """Who is told about what, and how.

    `webhook`: a URL that takes `{"text": …}`, as chats do. `mail`: a server, `smtps://USER:${PASSWORD}@HOST` or
    `smtp://HOST` with STARTTLS. `github`, `gitlab`: the API's URL of one repository or project, such as
    `https://api.github.com/repos/OWNER/NAME` and `https://gitlab.com/api/v4/projects/NUMBER`.

    `sign`: the secret that each message to a webhook is signed with. `to`: addresses; by person, and then what concerns
    one person goes to that person alone. `logins`: which person a login of the forge is. `unencrypted`: a server on
    another machine is meant to be told in the open.
    """

    webhook: Written | None = None
    mail: Written | None = None
    github: Written | None = None
    gitlab: Written | None = None
    about: tuple[Topic, ...] = ("alerts", "failures", "gates", "reviews", "releases")
    sign: Some | None = None
    sender: Some | None = None
    to: tuple[Some, ...] | dict[Actor, Some] = ()
    token: Some | None = None
    labels: tuple[Some, ...] = ()
    logins: dict[Some, Actor] = {}
    unencrypted: bool = False

    @property
    def leads_to(self) -> Leads:
        """Which of `TO` it is."""
        return next(kind for kind in TO if getattr(self, kind))

    @property
    def server(self) -> str:
        """The URL as it is written, its secrets named and not filled in."""
        return str(getattr(self, self.leads_to))

    @property
    def trusted_as(self) -> str:
        """What a person trusts: the server, the names of what it is told that is secret, and what it may be told of.

        >>> Channel(webhook="${CHAT}", sign="${KEY}", about=("alerts",)).trusted_as
        '${CHAT}, with ${KEY}, about alerts'
        """
        told = sorted({name for text in (self.sign, self.token) if text for name in names_in(text)})
        said = [f"with {' and '.join(told)}"] if told else []
        people = self.to.values() if isinstance(self.to, dict) else self.to
        said += [f"to {' and '.join(sorted(people))}"] if people else []
        said += [f"about {' and '.join(sorted(self.about))}"]
        said += ["unencrypted"] if self.unencrypted else []
        return ", ".join([self.server, *said])
