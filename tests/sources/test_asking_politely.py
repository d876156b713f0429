"""What is waited for and how long, by a clock of the tests; and connections with TLS and through proxies, for real."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.web import Say, says, serving
from treadle.errors import DataError
from treadle.sources.apis import find_rows_of_api
from treadle.sources.asking import Answer, Late, Line, Lost, Patience, Sent, joined
from treadle.sources.calling import Allowed, Caller, Clock, Tries, seconds_asked_for
from treadle.sources.paging import next_link, with_query
from treadle.spec import Source
from treadle.spec.servers import server_of
from treadle.spec.trust import Place, trust

WHERE = "treadle.yaml:1:1"
ORIGIN = ("https", "h", 443)


class Scripted:
    """A line that answers as it is told, and whose time is that of a clock that only waiting moves."""

    def __init__(self, *answers: Answer | Exception, seconds: float = 1000) -> None:
        self.answers, self.seconds, self.time, self.waits = list(answers), seconds, 0.0, list[float]()

    @property
    def left(self) -> float:
        return self.seconds - self.time

    def ask(self, url: str, headers: object, weigh: object, sent: object = None) -> Answer:
        found = self.answers.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.time += seconds

    def caller(self, draw: float = 1.0, **more: Any) -> Caller:
        allowed = Allowed(ORIGIN, frozenset(), False)
        clock = Clock(lambda: self.time, self.sleep, lambda: draw)
        return Caller(self, allowed, lambda what, mend: DataError(what, mend=mend), clock=clock, **more)  # type: ignore[arg-type]


def answer(status: int, **headers: str) -> Answer:
    return Answer("https://h/", status, {name.replace("_", "-"): value for name, value in headers.items()}, b"")


def get(caller: Caller) -> Answer:
    return caller.get("https://h/", {}, lambda size: None)


def test_waits_double_up_to_the_longest() -> None:
    line = Scripted(*[answer(503)] * 5, answer(200))
    assert get(line.caller(tries=Tries(most=6, first=1, longest=5))).status == 200
    assert line.waits == [1, 2, 4, 5, 5]


@given(st.integers(1, 60), st.floats(0, 1), st.floats(0.01, 10), st.floats(0.01, 100))
def test_a_wait_is_drawn_between_nothing_and_its_bound(tries: int, drawn: float, first: float, longest: float) -> None:
    wait = Tries(first=first, longest=longest).wait(tries, drawn)
    assert 0 <= wait <= longest and wait <= first * 2.0 ** (tries - 1)
    assert wait == pytest.approx(drawn * min(longest, first * 2.0 ** (tries - 1)))


def test_what_a_server_asks_for_is_the_least_that_is_waited() -> None:
    line = Scripted(answer(429, retry_after="7"), Lost("gone"), answer(200))
    get(line.caller(draw=0.0))
    assert line.waits == [7, 0]


def test_what_would_be_waited_for_too_long_ends_at_once() -> None:
    line = Scripted(answer(503, retry_after="3600"), seconds=60)
    with pytest.raises(DataError, match=r"answered 503 and asks to wait 3,600 s in the time that all of it may take"):
        get(line.caller())
    assert not line.waits
    with pytest.raises(DataError, match="it was not done in the time"):
        get(Scripted(Late()).caller())


def test_requests_begin_as_far_apart_as_they_should() -> None:
    line = Scripted(*[answer(200)] * 4)
    caller = line.caller(between=2.0)
    for _ in range(3):
        get(caller)
    line.time += 5
    get(caller)
    assert line.waits == [2, 2]  # the fourth came late by itself
    hurried = Scripted(answer(200), answer(200), seconds=1).caller(between=2.0)
    get(hurried)
    with pytest.raises(DataError, match="not done in the time"):
        get(hurried)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_every_answer_that_may_pass_is_asked_for_again(status: int) -> None:
    line = Scripted(answer(status), answer(200))
    assert get(line.caller()).status == 200 and len(line.waits) == 1


def test_what_is_sent_is_never_sent_twice_by_a_connection_that_was_kept() -> None:
    """A server that took it, and closed the connection without an answer, would have it twice."""
    with serving(lambda asked: Say(raw=b"") if asked.method == "POST" else says([])) as web:
        with closing(Line(time.monotonic() + 20, Patience())) as line:
            line.ask(f"{web.url}/x", {}, lambda size: None)
            with pytest.raises(Lost):
                line.ask(f"{web.url}/x", {}, lambda size: None, Sent("POST", b"one"))
        assert [each.method for each in web.asked] == ["GET", "POST"]


def test_room_that_an_answer_asked_for_is_not_given_back_while_it_comes() -> None:
    body, told = b"x" * 200_000, list[int]()
    with serving(lambda asked: Say(body)) as web, closing(Line(time.monotonic() + 20, Patience())) as line:
        assert line.ask(f"{web.url}/x", {}, told.append).body == body
    assert len(told) > 2 and {*told} == {len(body)}


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("", 0), ("abc", 0), ("-5", 0), ("1.5", 0), ("12", 12), (" 12 ", 12), ("٣", 0), ("9" * 40, 999_999_999_999),
        ("Sat, 28 Nov 2026 10:01:00 GMT", 60), ("Sat, 28 Nov 2026 09:00:00 GMT", 0), ("Sat, 99 Nov 2026", 0),
    ],
)  # fmt: skip
def test_what_a_server_asks_for(told: str, seconds: float) -> None:
    assert seconds_asked_for({"retry-after": told, "date": "Sat, 28 Nov 2026 10:00:00 GMT"}) == seconds


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://h/x", ""),
        ("https://H.:443/x", ""),
        ("https://cdn/x", ""),
        ("https://port:8443/x", ""),
        ("https://port/x", "another host, port"),
        ("https://h:444/x", "another port, h:444"),
        ("http://h/x", "plain http: at h"),
        ("http://127.0.0.1/x", "plain http: at 127.0.0.1"),
        ("https://h@evil/x", "another host, evil"),
        ("https://evil\\@h/x", "another host|no URL|^$"),
        ("", "no URL"),
    ],
)
def test_where_a_request_may_go(url: str, why: str) -> None:
    import re

    said = Allowed(ORIGIN, frozenset({"cdn", "port:8443"}), False).why_not(url)
    assert (re.search(why, said) is not None) if why else said == ""


def test_a_server_may_go_from_http_to_https() -> None:
    allowed = Allowed(("http", "h", 80), frozenset(), True)
    assert allowed.is_own("https://h/x") and not allowed.is_own("https://h:8443/x") and not allowed.is_own("https://g/")


# links and queries

TARGETS = st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S"], exclude_characters="<>"), max_size=20)
RELATIONS = st.sampled_from(["next", "prev", "NEXT", "last next", "nextish", "", "https://h/next"])


@given(
    st.lists(st.tuples(TARGETS, RELATIONS, st.booleans(), st.sampled_from(["", '; title="a, <b>; rel=next"', ";x"])))
)
def test_the_first_link_to_the_next_page_is_found(links: list[tuple[str, str, bool, str]]) -> None:
    shown, wanted = [], None
    for target, relation, quoted, more in links:
        said = f'"{relation}"' if quoted or not relation.isalpha() else relation
        shown.append(f"<{target}>{more}; rel={said}")
        if wanted is None and "next" in relation.lower().split():
            wanted = target.strip()
    assert next_link(", ".join(shown)) == wanted


@pytest.mark.parametrize(
    "header", ["", "<", "<x", "<x>", "x; rel=next", '<x>; rel="next', "<x>;rel", "," * 9000, "<" * 9000]
)
def test_a_header_that_is_no_link_has_none(header: str) -> None:
    assert next_link(header) is None


def test_a_query_keeps_what_it_had() -> None:
    assert with_query("https://h/p?a=1&b=&a=2&x=%20ü", {"b": "c&d"}) == "https://h/p?a=1&a=2&x=+%C3%BC&b=c%26d"
    assert joined("https://h/a/b?c", "../d e?f=ü%20#g") == "https://h/d%20e?f=%C3%BC%20"
    assert joined("https://bücher.h/x", "/ü") == "https://bücher.h/%C3%BC" and joined("https://h", "//[") == ""


# for real


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of localhost, and the key for it, signed by itself."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "x")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + dt.timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False)
        .add_extension(x509.BasicConstraints(True, None), True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "localhost.pem"
    pem, plain = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    file.write_bytes(made.public_bytes(pem) + key.private_bytes(pem, plain, serialization.NoEncryption()))
    return file


def with_tls(certificate: Path) -> Callable[[socket.socket], socket.socket]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return lambda bare: context.wrap_socket(bare, server_side=True, do_handshake_on_connect=False)


def read(url: str, root: Path, **asked: Any) -> int:
    source = Source(read=url, **asked)
    trust(root, (Place(server_of(source), "server"),))
    return find_rows_of_api(source, root, WHERE, tries=Tries(most=2, first=0.001)).frame.height


def test_a_certificate_must_be_trusted_and_of_the_host(
    certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(lambda asked: says([{"id": 1}]), wrap=with_tls(certificate)) as web:
        local = web.url.replace("127.0.0.1", "localhost")
        with pytest.raises(DataError, match="certificate is not to be trusted"):
            read(local, tmp_path)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert read(local, tmp_path) == 1
        with pytest.raises(DataError, match=r"certificate is not to be trusted \(IP address mismatch"):
            read(web.url, tmp_path)
        with serving(lambda asked: says([])) as plain, pytest.raises(DataError, match=r"SSL|WRONG|closed|HTTP"):
            read(plain.url.replace("http:", "https:"), tmp_path)


def test_the_time_holds_for_a_slow_answer_with_tls(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def drips(connection: socket.socket) -> None:
        for _ in range(600):
            connection.sendall(b" ")
            time.sleep(0.05)

    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with serving(lambda asked: Say(b"", length=9999, then=drips), wrap=with_tls(certificate)) as web:
        began = time.monotonic()
        with closing(Line(began + 0.5, Patience())) as line, pytest.raises(Late):
            line.ask(web.url.replace("127.0.0.1", "localhost"), {}, lambda size: None)
        assert time.monotonic() - began < 10


def test_plain_http_goes_through_the_proxy_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(lambda asked: says([{"id": 1}])) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url.replace("//", "//ann:w%40rd@"))
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        assert read("http://shop.invalid/x?y=1", tmp_path, unencrypted=True) == 1
        (asked,) = proxy.asked
        assert asked.headers["host"] == "shop.invalid" and asked.headers["proxy-authorization"] == "Basic YW5uOndAcmQ="
        with serving(lambda asked: says([{"id": 1}, {"id": 2}])) as direct:
            assert read(direct.url, tmp_path) == 2 and len(proxy.asked) == 1


@contextmanager
def tunnel(port: int, heads: list[bytes]) -> Iterator[str]:
    """A proxy that lets through to one port of this machine, whatever host it is asked for."""

    def pump(source: socket.socket, to: socket.socket) -> None:
        with suppress(OSError):
            while part := source.recv(1 << 16):
                to.sendall(part)
        with suppress(OSError):
            to.shutdown(socket.SHUT_WR)

    def run() -> None:
        with suppress(OSError):
            client, _ = listener.accept()
            with client, socket.create_connection(("127.0.0.1", port)) as server:
                heads.append(client.recv(1 << 16))
                client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                other = threading.Thread(target=pump, args=(server, client))
                other.start()
                pump(client, server)
                other.join()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread.join(10)


def test_https_goes_through_a_tunnel_of_the_proxy(
    certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    heads = list[bytes]()
    with serving(lambda asked: says([{"id": 1}]), wrap=with_tls(certificate)) as web:
        port = int(web.url.rpartition(":")[2])
        with tunnel(port, heads) as proxy:
            monkeypatch.setenv("https_proxy", proxy)
            monkeypatch.setenv("no_proxy", "nothing.invalid")
            assert read(f"https://localhost:{port}/x", tmp_path, headers={"X-Own": "yes"}) == 1
    assert heads[0].startswith(f"CONNECT localhost:{port} HTTP/1".encode()) and b"X-Own" not in heads[0]
