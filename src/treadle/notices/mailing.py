"""A mail given to a server by SMTP, encrypted unless the server is this machine."""

from __future__ import annotations

import smtplib
import socket
import ssl
import threading
from contextlib import suppress
from email.message import EmailMessage
from urllib.parse import unquote

from treadle.notices.posting import Held, Refused
from treadle.spec.urls import is_loopback, parts_of

_SECONDS = 15.0
_PORTS = {"smtp": 587, "smtps": 465}
_READY, _FINAL = 220, 500
_TOO_LARGE = 552
"""What RFC 1870 answers to the name of who sends, though it is about the mail."""


def send_mail(url: str, message: EmailMessage, *, unencrypted: bool = False) -> tuple[str, ...]:
    """For which of its addresses the server did not take it, such as `lin@…`; it took it for the others. url: with its
    secrets filled in.

    Raises:
        Held: it cannot be reached, or refuses who sends, or each address and one of them for now. Refused: it will
            never take this mail.
    """
    parts = parts_of(url)
    if parts is None or parts.scheme not in _PORTS:
        raise Held("the URL of the mail server cannot be understood: write smtps://USER:${PASSWORD}@HOST")
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    safe = ssl.create_default_context()
    server = smtplib.SMTP(timeout=_SECONDS)
    if parts.scheme == "smtps":
        server = smtplib.SMTP_SSL(timeout=_SECONDS, context=safe)
    setattr(server, "_host", host)  # noqa: B010 - it is a private name
    timer = threading.Timer(_SECONDS, _shut, (server,))  # a server that drips its letters ends too
    timer.daemon = True
    timer.start()
    try:
        code, _ = server.connect(host, port)
        if code != _READY:
            raise Held(f"it greeted with {code}")
        if parts.scheme == "smtp":
            _encrypt(server, safe, plain=unencrypted or is_loopback(host))
        if parts.username:
            _login(server, unquote(parts.username), unquote(parts.password or ""))
        refused = _sent(server, message)
        with suppress(smtplib.SMTPException, OSError):  # it has taken the mail, whatever it says to the farewell
            server.quit()
    except smtplib.SMTPRecipientsRefused as bad:
        # the least: where one may be taken later, the mail is not lost
        raise _by_code(min(code for code, _ in bad.recipients.values()), "it refused every address") from bad
    except smtplib.SMTPDataError as bad:
        raise _by_code(bad.smtp_code, f"it answered {bad.smtp_code}") from bad
    except smtplib.SMTPResponseException as bad:  # about who sends, and not about this mail, but for its size
        said = f"it answered {bad.smtp_code}"
        raise (Refused(said) if bad.smtp_code == _TOO_LARGE else Held(said)) from bad
    except (smtplib.SMTPException, OSError, ValueError) as bad:  # ValueError: a name or a password that is no ASCII
        raise Held(f"it cannot be reached or broke off ({type(bad).__name__})") from bad
    finally:
        timer.cancel()
        server.close()
    return tuple(f"{address.rpartition('@')[0]}@…" for address in refused)


def _sent(server: smtplib.SMTP, message: EmailMessage) -> list[str]:
    """Addresses for which it was not taken. Those that were refused for now, as by a server that takes only so many at
    once, are given once more here: all of it later would come to the others twice."""
    refused = server.send_message(message)
    for_now = [address for address, (code, _) in refused.items() if code < _FINAL]
    with suppress(smtplib.SMTPException, OSError):  # the others have it, whatever becomes of these
        if for_now:
            taken = set(for_now) - set(server.send_message(message, to_addrs=for_now))
            return [address for address in refused if address not in taken]
    return list(refused)


def _shut(server: smtplib.SMTP) -> None:
    line = server.sock
    if line is not None:
        with suppress(OSError):
            socket.socket.shutdown(line, socket.SHUT_RDWR)


def _encrypt(server: smtplib.SMTP, safe: ssl.SSLContext, *, plain: bool) -> None:
    server.ehlo_or_helo_if_needed()
    if server.has_extn("starttls"):
        server.starttls(context=safe)
        server.ehlo()
    elif not plain:
        raise Held("it offers no encryption: write smtps://, or, if it is meant so, add unencrypted: true")


def _login(server: smtplib.SMTP, name: str, password: str) -> None:
    try:
        server.login(name, password)
    except (smtplib.SMTPAuthenticationError, smtplib.SMTPServerDisconnected) as bad:  # some hang up at the last try
        raise Held("it refused the name or the password") from bad


def _by_code(code: int, said: str) -> Held | Refused:
    """RFC 5321: 5yz is final, 4yz may be tried again. 530 and 535 are about who sends."""
    return Refused(said) if 500 <= code < 600 and code not in (530, 534, 535, 538) else Held(said)
