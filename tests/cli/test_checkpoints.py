"""Signed checkpoints through the command line: what they prove, where copies go, and the attacks that they show."""

from __future__ import annotations

import http.server
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from treadle.access import tokens
from treadle.api.checkpoints import GIT_NOTES
from treadle.cli import main
from treadle.errors import EvidenceError
from treadle.evidence import Chain, verify
from treadle.evidence.kinds.noted import Noted
from treadle.evidence.notes import VerifierKey, open_checkpoint
from treadle.principal import person
from treadle.spec import load
from treadle.web.answers import Answers
from treadle.workspace import Workspace, open_workspace

ROOT = Path(__file__).parents[2]
Call = Callable[..., tuple[int, str]]
ENTRIES = 300
"""More than one tile holds."""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose record has 300 entries, with checkpoints at 260 and 300."""
    project = tmp_path_factory.mktemp("recorded") / "credit"
    shutil.copytree(ROOT / "examples" / "credit", project, ignore=shutil.ignore_patterns(".treadle"))
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("TREADLE_HOME", raising=False)
        workspace = open_workspace(load(project), actor="ada")
        for size in (260, ENTRIES):
            record(workspace, range(size - (260 if size == 260 else 40), size))
            assert workspace.write_checkpoint().file == str(project / ".treadle" / "checkpoints" / f"{size}.note")
        workspace.chain.engine.dispose()
    return project


@pytest.fixture
def project(recorded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("TREADLE_HOME", raising=False)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    return Path(shutil.copytree(recorded, tmp_path / "credit"))


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    def run(*words: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["treadle", *map(str, words)])
        code = 0
        try:
            main()
        except SystemExit as done:
            code = int(done.code or 0)
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return code, out + err

    return run


def record(workspace: Workspace, numbers: range, said: str = "note") -> None:
    with workspace.chain.alone() as alone:
        for number in numbers:
            alone.append(Noted(text=f"{said} {number}"), "s")


def sql(workspace: Workspace, *statements: str) -> None:
    with workspace.chain.engine.connect().execution_options(treadle_write=True) as connection, connection.begin():
        for each in statements:
            connection.execute(text(each))


def faults(call: Call, *words: object) -> list[str]:
    code, out = call("verify", *words, "--json")
    found = json.loads(out)
    assert found["ok"] is (code == 0) is (not found["faults"])
    return list(found["faults"])


def test_a_log_that_grew_extends_what_was_signed(project: Path, call: Call, tmp_path: Path) -> None:
    kept = tmp_path / "kept.note"
    code, out = call("log", "checkpoint", project, "--to", kept)
    assert code == 0 and "300 entries signed as treadle/credit/" in out and str(kept) in out
    assert kept.read_bytes() == (project / ".treadle" / "checkpoints" / "300.note").read_bytes()
    record(open_workspace(load(project), actor="ada"), range(300, 600))
    assert faults(call, project, "--checkpoint", kept) == []
    code, out = call("verify", project, "--checkpoint", kept)
    assert code == 0 and "600 entries hold together, and extend 3 signed checkpoints" in out
    assert "the newest 300 are covered by no signed checkpoint" in out
    tokens.make(
        open_workspace(load(project), actor="ada").chain, "credit", "x", holder="service", scopes=["read"], days=1
    )
    found = json.loads(call("verify", project, "--json")[1])
    assert found["ok"] and (found["entries"], found["unsigned"], found["tokens"]) == (601, 301, 1)
    assert call("log", "checkpoint", project)[0] == 0
    found = json.loads(call("verify", project, "--json")[1])
    assert (found["unsigned"], found["tokens"]) == (0, 0)
    assert "no signed checkpoint" not in call("verify", project)[1]


def test_a_log_is_signed_under_one_name_whatever_project_asks(project: Path) -> None:
    workspace = open_workspace(load(project), actor="ada")
    key = workspace.notes.key()
    assert key is not None and key.name == f"treadle/credit/{key.public.hex()[:8]}"
    signed = workspace.notes.sign(workspace.chain, "treadle/another", workspace.signing_key)
    assert signed.checkpoint.origin == key.name and signed.key == key
    assert open_checkpoint(signed.note, [VerifierKey.parse(str(key))], where="note").size == ENTRIES


def forge(project: Path, count: int) -> None:
    """Write the whole chain anew, as somebody can who may write to the workspace: all that it holds fits together."""
    for file in (project / ".treadle").glob("catalog.*"):
        file.unlink()
    record(open_workspace(load(project), actor="ada"), range(count), "forged")


def cut(project: Path, last: int) -> None:
    """Cut the end off, and edit the file that names the head too, and the tiles."""
    workspace = open_workspace(load(project), actor="ada")
    entry = workspace.chain.find()[last - 1]
    sql(
        workspace,
        f"delete from entries where seq > {last}",
        f"delete from log_tiles where (level = 1 and {last} < 256) or (level = 0 and number * 256 >= {last})",
        f"update log_tiles set hashes = substr(hashes, 1, ({last} - number * 256) * 32) where level = 0",
        f"update projected set size = {last}",
    )
    (project / ".treadle" / "catalog.head").write_text(f"{last} {entry.hash}\n")


def delete(project: Path, _: int = 0) -> None:
    for file in (project / ".treadle").glob("catalog.*"):
        file.unlink()


@pytest.mark.parametrize(
    ("attack", "count", "said"),
    [
        (forge, 400, "the log does not extend {note}: the record {since}up to entry {size} was rewritten"),
        (cut, 9, "the log has 9 entries, and {note} was signed at {size}: entries 10 to {size} were cut off its end"),
        (delete, 0, "the log is empty, and {note} was signed at {size} entries: the catalog was deleted"),
    ],
)  # fmt: skip
def test_each_attack_is_told_in_one_sentence(
    project: Path, call: Call, tmp_path: Path, attack: Callable[[Path, int], None], count: int, said: str
) -> None:
    kept = tmp_path / "kept.note"
    shutil.copy(project / ".treadle" / "checkpoints" / "300.note", kept)
    attack(project, count)
    own = said.format(note="checkpoints/260.note", size=260, since="")
    assert faults(call, project) == [own], "found by the notes that the workspace keeps"
    shutil.rmtree(project / ".treadle" / "checkpoints")
    assert faults(call, project) == [], "all that is left holds together"
    assert faults(call, project, "--checkpoint", kept) == [said.format(note="kept.note", size=300, since="")]
    code, out = call("log", "checkpoint", project)
    assert (code == 0) is (attack is not delete), out


def test_a_dropped_entry_is_named_once_and_the_checkpoints_miss_it(project: Path, call: Call) -> None:
    sql(open_workspace(load(project), actor="ada"), "delete from entries where seq = 100")
    assert faults(call, project) == [
        "entry 100 is missing (dropped)",
        "entry 101 does not follow the entry before it (edited, dropped or reordered before it)",
        "the log does not extend checkpoints/260.note: the record up to entry 260 was rewritten",
    ]


def test_entries_that_no_tile_holds_yet_are_no_fault(chain: Chain) -> None:
    """As an upgrade finds them: they are in the heads, and the tiles follow."""
    for number in range(3):
        chain.append(Noted(text=str(number)), "s")
    with chain.engine.connect().execution_options(treadle_write=True) as connection, connection.begin():
        connection.execute(text("update projected set size = 1"))
        connection.execute(text("update log_tiles set hashes = substr(hashes, 1, 32)"))
    assert verify(chain).ok


def test_a_log_whose_end_was_cut_off_takes_no_entry(project: Path, call: Call) -> None:
    """The next entry would take the place of what was cut, and with it the trace: sealed looks were forgotten so."""
    workspace = open_workspace(load(project), actor="ada")
    sql(workspace, "delete from entries where seq > 256", "update projected set size = 256")
    assert any("holds an entry 257" in fault for fault in faults(call, project))
    with pytest.raises(EvidenceError, match="entries 257 to 300 are missing at the end"):
        record(workspace, range(60), "forged")
    workspace.chain.head_file.unlink()
    with pytest.raises(EvidenceError, match="entries 257 to 300 are missing at the end"):
        record(workspace, range(60), "forged")
    code, out = call("run", project)
    assert code == 1 and "nothing is written after a cut" in out


def test_where_a_rewriting_began_is_narrowed_down(project: Path, call: Call) -> None:
    cut(project, 280)
    record(open_workspace(load(project), actor="ada"), range(20), "forged")
    said = "the log does not extend checkpoints/300.note: the record after entry 260 and up to entry 300 was rewritten"
    assert faults(call, project) == [said]
    code, out = call("log", "checkpoint", project)
    assert code == 1 and "does not extend checkpoints/300.note" in out and "nothing was signed" in out
    workspace = open_workspace(load(project), actor="ada")
    assert len(list(workspace.checkpoints.glob("*"))) == 2


def test_a_workspace_begun_anew_is_told_from_the_old_one(project: Path, call: Call, tmp_path: Path) -> None:
    kept = tmp_path / "kept.note"
    shutil.copy(project / ".treadle" / "checkpoints" / "300.note", kept)
    shutil.rmtree(project / ".treadle")
    never, empty = faults(call, project, "--checkpoint", kept)
    assert "this log never signed one" in never and empty.startswith("the log is empty, and kept.note was signed")
    record(open_workspace(load(project), actor="ada"), range(300), "forged")
    call("log", "checkpoint", project)
    found = faults(call, project, "--checkpoint", kept)
    assert len(found) == 2 and "and this log is" in found[0] and "up to entry 300 was rewritten" in found[1]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("update log_tiles set hashes = substr(hashes, 1, 32) where level = 1", ""),
        ("update log_tiles set hashes = zeroblob(32) where level = 1", "tile/1/000 is not made of the tiles below it"),
        (
            "update log_tiles set hashes = cast(hashes || {MORE} as blob) where level = 1",
            "holds more than the entries make",
        ),
        (
            "update log_tiles set hashes = cast(hashes || {MORE} as blob) where number = 1",
            "entry 301, and the record has none",
        ),
        ("delete from log_tiles where level = 1", "tile/1/000 is not made of"),
        ("delete from log_tiles where number = 1", "entry 257 is not the one"),
        ("update log_tiles set hashes = 'x' where number = 1", "entry 257 is not the one"),
    ],
)
def test_tiles_of_every_level_must_be_those_of_the_entries(project: Path, call: Call, damage: str, said: str) -> None:
    sql(open_workspace(load(project), actor="ada"), damage.replace("{MORE}", "hex(zeroblob(16))"))
    found = faults(call, project)
    assert (len(found) == 1 and said in found[0]) if said else not found


def test_a_tree_signed_over_edited_tiles_does_not_fit_the_entries(project: Path, call: Call) -> None:
    """Entries rewritten, and the full tile's hash above them left as it was: the heads come from the entries."""
    workspace = open_workspace(load(project), actor="ada")
    before = workspace.notes.kept()[0]
    with workspace.chain.engine.connect() as connection:
        old = connection.execute(text("select hashes from log_tiles where level = 1")).scalar()
    forge(project, 300)
    with open_workspace(load(project), actor="ada").chain.engine.connect() as connection:
        assert connection.execute(text("select hashes from log_tiles where level = 1")).scalar() != old
    sql(
        open_workspace(load(project), actor="ada"),
        f"update log_tiles set hashes = x'{bytes(old).hex()}' where level = 1",
    )
    found = faults(call, project)
    assert len(before) == 2 and len(found) == 2
    assert "is not made of the tiles below it" in found[0] and "up to entry 260 was rewritten" in found[1]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda home: of(home, 260).write_text("nothing"), "260.note is no checkpoint of this log"),
        (lambda home: of(home, 260).write_bytes(b"\xff" * 9), "260.note is no checkpoint of this"),
        (lambda home: edit(of(home, 260), "\n260\n", "\n259\n"), "the signature by treadle/credit/"),
        (lambda home: (home / "keys" / "log.vkey").unlink(), "log.vkey is missing, so no checkpoint can be checked"),
        (lambda home: (home / "keys" / "log.vkey").write_text("a+b+c"), "log.vkey cannot be read"),
    ],
)  # fmt: skip
def test_damaged_notes_are_a_fault_and_no_crash(
    project: Path, call: Call, damage: Callable[[Path], object], said: str
) -> None:
    damage(project / ".treadle")
    found = faults(call, project)
    assert len(found) == 1 and said in found[0]


def of(home: Path, size: int) -> Path:
    return home / "checkpoints" / f"{size}.note"


def edit(file: Path, old: str, new: str) -> None:
    file.write_text(file.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def test_what_is_no_checkpoint_of_this_log_is_said(project: Path, call: Call, tmp_path: Path) -> None:
    note, kept = project / ".treadle" / "checkpoints" / "300.note", tmp_path / "kept.note"
    assert "cannot be read" in call("verify", project, "--checkpoint", tmp_path / "none")[1]
    kept.write_text("hello", encoding="utf-8")
    assert "this is no signed note" in call("verify", project, "--checkpoint", kept)[1]
    kept.write_text(note.read_text(encoding="utf-8").replace("treadle/", "nobody/"), encoding="utf-8")
    assert "is a checkpoint of another log, nobody/credit" in faults(call, project, "--checkpoint", kept)[0]
    shutil.copy(note, kept)
    edit(kept, "\n300\n", "\n299\n")
    found = faults(call, project, "--checkpoint", kept)
    assert "the signature by" in found[0] and "up to entry 299 was rewritten" in found[1]


def test_a_checkpoint_of_another_projects_log_is_told_and_nothing_else(
    project: Path, call: Call, tmp_path: Path
) -> None:
    """It was signed at more entries than this log has: no end of this log was cut off."""
    note, kept = project / ".treadle" / "checkpoints" / "300.note", tmp_path / "kept.note"
    edited = note.read_text(encoding="utf-8").replace("treadle/credit/", "treadle/shop/").replace("\n300\n", "\n900\n")
    kept.write_text(edited, encoding="utf-8")
    (found,) = faults(call, project, "--checkpoint", kept)
    assert found.startswith("kept.note is a checkpoint of another log, treadle/shop/")
    assert "and this log is treadle/credit/" in found and "give one of this project's" in found


def test_an_exchanged_key_signs_nothing(project: Path, call: Call) -> None:
    (project / ".treadle" / "keys" / "signing.key").write_text("22" * 32)
    code, out = call("log", "checkpoint", project)
    assert code == 1 and "this record was not begun by you" in out
    assert call("trust", project)[0] == 0
    code, out = call("log", "checkpoint", project)
    assert code == 1 and "the key was exchanged" in out


def test_who_may_not_read_the_key_still_releases(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> str:
        raise PermissionError(13, "Permission denied", "keys/signing.key")

    workspace = open_workspace(load(project), actor="ada")
    monkeypatch.setattr("treadle.workspace.signing_key", refused)
    written = workspace.write_checkpoint()
    assert written.file == "" and written.why == "Permission denied: keys/signing.key"


def test_an_empty_log_is_not_signed(tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TREADLE_HOME", str(tmp_path))
    code, out = call("log", "checkpoint", ROOT / "examples" / "credit")
    assert code == 1 and "nothing was recorded yet" in out


def git(project: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(project), *words], capture_output=True, text=True, check=True)
    return done.stdout


def test_a_copy_goes_into_a_git_note(project: Path, call: Call, tmp_path: Path) -> None:
    code, out = call("log", "checkpoint", project, "--to", "git")
    assert code == 1 and "git" in out, "no repository yet"
    git(project, "init", "-q")
    git(project, "config", "user.name", "ada")
    git(project, "config", "user.email", "ada@example.com")
    git(project, "commit", "-q", "--allow-empty", "-m", "first")
    for size in (300, 301):
        code, out = call("log", "checkpoint", project, "--to", "git", "--json")
        assert code == 0 and json.loads(out)["to"].startswith(f"{GIT_NOTES} on ")
        shown = git(project, "notes", f"--ref={GIT_NOTES}", "show", "HEAD")
        assert shown == json.loads(out)["note"] and json.loads(out)["size"] == size
        record(open_workspace(load(project), actor="ada"), range(1))
    kept = tmp_path / "kept.note"
    kept.write_text(shown, encoding="utf-8")
    assert faults(call, project, "--checkpoint", kept) == []


class Taking(http.server.BaseHTTPRequestHandler):
    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.startswith("/full"):
            self.send_error(507)
            return
        if self.path.startswith("/away"):
            self.send_response(302)
            self.send_header("Location", "/taken")
        else:
            self.server.taken.append((self.path, self.headers["Content-Type"], body))  # type: ignore[attr-defined]
            self.send_response(201)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[http.server.ThreadingHTTPServer]:
    monkeypatch.setenv("no_proxy", "*")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Taking) as found:
        found.taken = []  # type: ignore[attr-defined]
        thread = threading.Thread(target=found.serve_forever)
        thread.start()
        yield found
        found.shutdown()
        thread.join()


def test_a_copy_is_put_on_a_server(project: Path, call: Call, server: http.server.ThreadingHTTPServer) -> None:
    at = f"http://127.0.0.1:{server.server_port}"
    code, out = call("log", "checkpoint", project, "--to", f"{at}/logs/credit?token=secret")
    assert code == 0 and "/logs/credit" in out and "secret" not in out
    note = (project / ".treadle" / "checkpoints" / "300.note").read_bytes()
    assert server.taken == [("/logs/credit?token=secret", "text/plain; charset=utf-8", note)]  # type: ignore[attr-defined]
    for path, said in (("/full?token=secret", "507"), ("/away", "302")):
        code, out = call("log", "checkpoint", project, "--to", at + path)
        assert code == 1 and said in out and "secret" not in out
    for url in (
        "ftp://127.0.0.1/x",
        "file:///nowhere/x",
        "http://",
        "http://127.0.0.1:1/closed",
        "http://127.0.0.1:x/",
    ):
        code, out = call("log", "checkpoint", project, "--to", url)
        assert code == 1 and "treadle: " in out, url
    assert len(server.taken) == 1  # type: ignore[attr-defined]


@pytest.mark.parametrize("asked", ["1", "256", "300", "id", "hash"])
def test_an_entry_is_proved_offline(project: Path, call: Call, tmp_path: Path, asked: str) -> None:
    entry = open_workspace(load(project), actor="ada").chain.find()[41]
    name = {"id": entry.id, "hash": entry.hash}.get(asked, asked)
    seq = int(asked) if asked.isdigit() else 42
    proof = tmp_path / "entry.tlog-proof"
    code, out = call("log", "prove", name, project, "--out", proof, "--json")
    found = json.loads(out)
    assert code == 0 and found["seq"] == seq and json.loads(found["entry"])["seq"] == seq
    script = [sys.executable, "-I", str(ROOT / "docs" / "check_inclusion.py")]
    done = subprocess.run(
        [*script, *reversed(found["files"]), found["key"]], capture_output=True, text=True, check=False
    )
    assert done.stdout == f"holds: entry {seq} is in the log of 300 entries signed by {found['origin']}\n"
    assert call("log", "prove", name, project)[1] == proof.read_text(encoding="utf-8")
    edit(tmp_path / "entry.json", "note", "nota")
    done = subprocess.run(
        [*script, *reversed(found["files"]), found["key"]], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1 and f"this is not entry {seq}" in done.stderr


def test_what_cannot_be_proved_is_said(project: Path, call: Call, tmp_path: Path) -> None:
    for name in ("0", "301", "nothing", "9" * 30):
        code, out = call("log", "prove", name, project)
        assert code == 1 and f"there is no entry {name}" in out
    assert "a proof is no .json" in call("log", "prove", "1", project, "--out", tmp_path / "x.json")[1]
    sql(open_workspace(load(project), actor="ada"), "update entries set body = x'7b7d' where seq = 7")
    code, out = call("log", "prove", "7", project)
    assert code == 1 and "this is not entry 7" in out


def test_the_log_is_still_listed_and_says_what_else_it_does(project: Path, call: Call) -> None:
    assert "note 299" in call("log", project, "--limit", "1")[1]
    code, out = call("log", "--help")
    assert code == 0 and "checkpoint" in out and "prove" in out and "--kind" in out
    assert "treadle log checkpoint [OPTIONS] [PROJECT]" in call("log", "checkpoint", "--help")[1]


def test_no_route_opens_a_file(project: Path) -> None:
    routes = Answers(str(project))
    status, _, answer = routes.answer("GET", "/api/verify", "checkpoint=/etc/hostname", person("ada"))
    assert status == 422 and b"command line alone" in answer
    listed = json.loads(routes.answer("GET", "/api", "", person("ada"))[2])["operations"]
    assert all("checkpoint" not in each["takes"] for each in listed)
    status, _, answer = routes.answer("GET", "/api/verify", "", person("ada"))
    assert status == 200 and json.loads(answer)["checkpoints"] == 2


def test_a_checkpoint_costs_few_reads_of_tiles(chain: Chain, tmp_path: Path) -> None:
    """Signing reads the tiles at the log's right edge and those of the checkpoint before, and no entry."""
    from sqlalchemy import event

    from treadle.evidence import Notes

    notes = Notes(tmp_path / "checkpoints", tmp_path / "log.vkey")
    with chain.alone() as alone:
        for number in range(600):
            alone.append(Noted(text=str(number)), "s")
    notes.sign(chain, "treadle/s", "11" * 32)
    chain.append(Noted(text="more"), "s")
    asked: list[str] = []
    event.listen(chain.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    notes.sign(chain, "treadle/s", "11" * 32)
    assert len([each for each in asked if each.startswith("SELECT")]) <= 4
    assert not any("entries" in each for each in asked)
