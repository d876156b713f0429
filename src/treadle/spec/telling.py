"""What a project may say of its channels: one place each, secrets by their names, addresses that are some."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import unquote, urlsplit

from treadle.spec.channels import TO, Channel
from treadle.spec.secrets import NAMED
from treadle.spec.shape import Problem
from treadle.spec.urls import in_the_open, is_api, parts_of

_FITS = {
    "sign": ("webhook",),
    "sender": ("mail",),
    "to": ("mail",),
    "token": ("github", "gitlab"),
    "labels": ("github", "gitlab"),
    "logins": ("github", "gitlab"),
}
_KEEP = "the environment holds NAME, or the keyring by ${keyring:NAME}"
_MOST_ADDRESS = 254
_LEAST_TOKEN = 16
_WORD = re.compile(r"[A-Za-z]+[0-9]{0,4}|[0-9]+")
_TURN = re.compile(r"(?<=[A-Za-z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])")
_TURNS = 3
"""So often no name goes from letters to digits and back: k8scluster does twice."""


def of_channels(channels: dict[str, Channel], people: Sequence[str]) -> Iterator[Problem]:
    """What is wrong with the channels of a project of these people. No sentence quotes a URL: it may hold a secret."""
    for name, channel in channels.items():
        path = f"notify.{name}"
        given = [kind for kind in TO if getattr(channel, kind)]
        if len(given) != 1:
            what = f"it leads to {' and '.join(given)}" if given else "it leads nowhere"
            yield Problem(path, what, mend=f"give one of {', '.join(TO)}; several channels may tell of the same")
            continue
        yield from _fitting(path, channel)
        yield from _url(f"{path}.{channel.leads_to}", channel)
        yield from _secrets(path, channel)
        if not channel.about:
            yield Problem(f"{path}.about", "it tells of nothing", mend="name what it tells of, or leave `about` out")
        yield from _strangers(path, channel, people)
        if channel.mail:
            yield from _mail(path, channel)


def _strangers(path: str, channel: Channel, people: Sequence[str]) -> Iterator[Problem]:
    named = [("to", each) for each in channel.to] if isinstance(channel.to, dict) else []
    named += [("logins", each) for each in channel.logins.values()]
    for setting, person in named:
        if person not in people:
            what = f"{person} is nobody of the project"
            yield Problem(f"{path}.{setting}", what, person, tuple(people), mend="name a person of brief.people")


def _fitting(path: str, channel: Channel) -> Iterator[Problem]:
    for setting, kinds in _FITS.items():
        if getattr(channel, setting) and channel.leads_to not in kinds:
            what = f"`{setting}` is of {' and '.join(kinds)}, and this is {channel.leads_to}"
            yield Problem(f"{path}.{setting}", what, mend="leave it out")


def _url(path: str, channel: Channel) -> Iterator[Problem]:
    url = channel.server
    if NAMED.fullmatch(url):  # the whole URL is secret, as those of chats are; it is looked at when it is known
        return
    parts = parts_of(url)
    schemes = ("smtps", "smtp") if channel.mail else ("https", "http")
    if parts is None or parts.scheme not in schemes or parts.fragment or any(c.isspace() for c in url):
        yield Problem(path, "this URL cannot be understood", mend=f"write {schemes[0]}://HOST/…")
        return
    if parts.password and not NAMED.fullmatch(parts.password):
        yield Problem(path, "a password stands in the URL", mend=f"change it, and write USER:${{NAME}}@HOST: {_KEEP}")
    if is_api(url) and in_the_open(url) and not channel.unencrypted:
        mend = "write https:; or, if it is meant so, add unencrypted: true"
        yield Problem(path, "plain http: to another machine can be read, and changed, on the way", mend=mend)
    if channel.webhook and _gives_away(url):
        what = "the URL of this webhook is a secret, or looks like one: whoever has it may write to the chat"
        yield Problem(path, what, mend=f"write ${{NAME}} for the whole of it, or for what is secret in it: {_KEEP}")


def _gives_away(url: str) -> bool:
    """Whether a secret stands in the path or the query of a webhook's URL, as chats give them out.

    That is a part of 16 characters or more that looks like no word; and, where nothing of it is named, any query, and
    whatever is called hooks.

    >>> [_gives_away(f"https://{each}") for each in ("ops.example/notify/treadle-of-the-shop", "ops.example/in?key=x")]
    [False, True]
    """
    parts = urlsplit(url)
    asked = parts.path + "?" + parts.query
    pieces = re.split("[/?&=]", unquote(NAMED.sub("", asked)))
    if any(len(each) >= _LEAST_TOKEN and _is_no_word(each) for each in pieces):
        return True
    called = "hooks" in f"{parts.netloc}{parts.path}".lower() and len(parts.path) > 1
    return not NAMED.search(asked) and (bool(parts.query) or called)


def _is_no_word(text: str) -> bool:
    """Whether it has a run of eight or more letters and digits that are mixed as in no name, or a long one that is no
    word, with a number perhaps."""
    runs = re.findall("[A-Za-z0-9]{8,}", text)
    return any(
        len(_TURN.findall(run)) >= _TURNS or (len(run) >= _LEAST_TOKEN and not _WORD.fullmatch(run)) for run in runs
    )


def _secrets(path: str, channel: Channel) -> Iterator[Problem]:
    for setting in ("sign", "token"):
        given = getattr(channel, setting)
        if given and not NAMED.fullmatch(given):
            yield Problem(f"{path}.{setting}", "a secret stands in the file", mend=f"write ${{NAME}}: {_KEEP}")
    if channel.leads_to in ("github", "gitlab") and not channel.token:
        what = f"{channel.leads_to} opens issues for who has a token, and none is named"
        yield Problem(path, what, mend="add token: ${NAME}, of one that may write issues and nothing else")


def _mail(path: str, channel: Channel) -> Iterator[Problem]:
    if not channel.sender:
        yield Problem(path, "a mail has a sender, and none is named", mend="add sender: treadle@example.org")
    if not channel.to:
        yield Problem(path, "a mail has somebody to read it, and nobody is named", mend="add to: [ADDRESS]")
    addresses = list(channel.to.values() if isinstance(channel.to, dict) else channel.to)
    for setting, each in [("to", address) for address in addresses] + [("sender", channel.sender or "a@b")]:
        name, _, host = each.rpartition("@")
        odd = any(c.isspace() or not c.isprintable() or c in "<>,;:\"'()" for c in each)
        if not name or not host or odd or len(each) > _MOST_ADDRESS:
            yield Problem(f"{path}.{setting}", f"{each[:80]!r} is no address", mend="write name@example.org")
