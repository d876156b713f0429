"""What Git says of a folder, asked of real repositories; nothing of a strange one is run."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from treadle import repository
from treadle.repository import commit_of, state_of, touched


def git(folder: Path, *words: str) -> str:
    named = ("-c", "user.name=ada", "-c", "user.email=ada@example.org", "-c", "init.defaultBranch=main")
    done = subprocess.run(["git", *named, "-C", str(folder), *words], check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository_of(tmp_path: Path) -> Path:
    """A repository with a project one folder down."""
    git(tmp_path, "init", "-q")
    project = tmp_path / "project"
    project.mkdir()
    (project / "a.yaml").write_text("one\n")
    (tmp_path / "beside.txt").write_text("not of the project\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    return project


def test_outside_of_a_repository_and_before_a_commit_there_is_nothing(tmp_path: Path):
    assert state_of(tmp_path) is None and commit_of(tmp_path) == ""
    git(tmp_path, "init", "-q")
    assert state_of(tmp_path) is None and commit_of(tmp_path) == ""


def test_without_git_there_is_nothing(repository_of: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "")
    assert state_of(repository_of) is None and commit_of(repository_of) == ""


def test_a_clean_folder_has_a_commit_and_a_branch(repository_of: Path):
    (repository_of.parent / "beside.txt").write_text("changed beside it\n")
    found = state_of(repository_of)
    assert found is not None and found.commit == git(repository_of, "rev-parse", "HEAD") == commit_of(repository_of)
    assert (found.branch, found.changed, found.diff) == ("main", (), b"")
    git(repository_of, "checkout", "-q", "--detach")
    assert state_of(repository_of).branch == ""  # type: ignore[union-attr]


def test_what_is_not_committed_is_named_and_can_be_applied(repository_of: Path, tmp_path: Path):
    (repository_of / "a.yaml").write_text("two\n")
    (repository_of / "ünew file.yaml").write_text("new\n")
    found = state_of(repository_of)
    assert found is not None
    assert set(found.changed) == {"project/a.yaml", "project/ünew file.yaml"}
    (repository_of / "a.yaml").write_text("one\n")
    patch = tmp_path / "diff"
    patch.write_bytes(found.diff)
    git(tmp_path, "apply", str(patch))
    assert (repository_of / "a.yaml").read_text() == "two\n"
    git(repository_of, "rm", "-q", "--cached", "a.yaml")
    assert "project/a.yaml" in state_of(repository_of).changed  # type: ignore[union-attr]


def test_a_change_too_large_is_named_alone(repository_of: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(repository, "MOST_DIFF", 1000)
    (repository_of / "a.yaml").write_text("x\n" * 2000)
    found = state_of(repository_of)
    assert found is not None and found.changed == ("project/a.yaml",) and found.diff == b""
    (repository_of / "a.yaml").write_text("x\n" * 10)
    assert state_of(repository_of).diff.startswith(b"diff --git")  # type: ignore[union-attr]


def test_nothing_that_a_strange_repository_names_is_run(repository_of: Path, tmp_path: Path):
    ran = tmp_path / "ran"
    script = tmp_path / "run.sh"
    script.write_text(f"#!/bin/sh\ntouch {ran}\ncat\n")
    script.chmod(0o755)
    for name in ("core.fsmonitor", "diff.external", "core.pager", "diff.x.textconv", "diff.x.command"):
        git(repository_of, "config", name, str(script))
    (repository_of / ".gitattributes").write_text("*.yaml diff=x\n")
    (repository_of / "a.yaml").write_text("two\n")
    found = state_of(repository_of)
    assert found is not None and b"+two" in found.diff
    assert not ran.exists()


def test_what_was_written_since_a_day_is_of_the_whole_day_and_behind_older_commits_too(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    times = ("2026-03-01T23:59:59Z", "2026-03-02T00:00:00Z", "2026-03-02T23:00:00+01:00", "2024-01-01T00:00:00Z")
    for number, at in enumerate(times):
        (tmp_path / f"{number}.txt").write_text(at)
        git(tmp_path, "add", ".")
        dated = {**os.environ, "GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at}
        words = ("-c", "user.name=lin", "-c", "user.email=lin@example.org", "commit", "-qm", at)
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True, env=dated)
    assert [each.files for each in touched(tmp_path, "2026-03-02")] == [("2.txt",), ("1.txt",)]
    assert [each.files for each in touched(tmp_path, "2026-03-02T21:00:00+00:00")] == [("2.txt",)]
