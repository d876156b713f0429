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


def send_mail(url: str, message: EmailMessage, *, unencrypted: bool = False) -> str:
    """What the server said when it took it. url: with its secrets filled in.

    Raises:
        Held: it cannot be reached, or refuses who sends. Refused: it will never take this mail.
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
        server.connect(host, port)
        if parts.scheme == "smtp":
            _encrypt(server, safe, plain=unencrypted or is_loopback(host))
        if parts.username:
            _login(server, unquote(parts.username), unquote(parts.password or ""))
        refused = server.send_message(message)
        with suppress(smtplib.SMTPException, OSError):  # it has taken the mail, whatever it says to the farewell
            server.quit()
    except smtplib.SMTPRecipientsRefused as bad:
        raise _by_code(max(code for code, _ in bad.recipients.values()), "it refused every address") from bad
    except smtplib.SMTPResponseException as bad:
        raise _by_code(bad.smtp_code, f"it answered {bad.smtp_code}") from bad
    except (smtplib.SMTPException, OSError, ValueError) as bad:  # ValueError: a name or a password that is no ASCII
        raise Held(f"it cannot be reached or broke off ({type(bad).__name__})") from bad
    finally:
        timer.cancel()
        server.close()
    return f"taken, but not for {len(refused)} of its addresses" if refused else "taken"


def _shut(server: smtplib.SMTP) -> None:
    line = server.sock
    if line is not None:
        with suppress(OSError):
            socket.socket.shutdown(line, socket.SHUT_RDWR)


def _encrypt(server: smtplib.SMTP, safe: ssl.SSLContext, *, plain: bool) -> None:
    server.ehlo()
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
