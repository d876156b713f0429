"""What is printed for other schedulers is what they read: by their own tools where these are there, else by grammar."""

from __future__ import annotations

import ast
import re
import shlex
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from treadle.errors import SpecError
from treadle.scheduling import plan_of, unit
from treadle.scheduling.units import Plan, cron_times
from treadle.spec import load

ODD = Path('/srv/100% of it/{{ shop }}\'s "x" $HOME')


def plan(**other: Any) -> Plan:
    given = {"project": "shop-1", "root": Path("/srv/shop"), "program": ("/usr/bin/env", "treadle")}
    return Plan(**{**given, "period": timedelta(hours=1), **other})


def files_of(text: str) -> dict[str, str]:
    """The files that the text of systemd is to be cut into, by the comment that each begins with."""
    found = re.split(r"^# (treadle-[\w-]+\.\w+)(?=[:\n])", text, flags=re.MULTILINE)
    return dict(zip(found[1::2], (part.partition("\n")[2] for part in found[2::2]), strict=True))


@pytest.mark.parametrize("root", [Path("/"), ODD])
def test_systemd_reads_it(tmp_path: Path, root: Path) -> None:
    asked = plan(root=root, folders=(root / "in",), program=("/usr/bin/env", "treadle"))
    files = files_of(unit("systemd", asked))
    assert set(files) == {"treadle-shop-1.service", "treadle-shop-1.timer", "treadle-shop-1.path"}
    place = str(root).replace("%", "%%")
    assert "\nOnActiveSec=0\nOnUnitActiveSec=3600s\n" in files["treadle-shop-1.timer"]
    assert f"\nPathChanged={root / 'in'}\n".replace("%", "%%") in files["treadle-shop-1.path"]
    service = files["treadle-shop-1.service"]
    assert f"\nWorkingDirectory={place}\n" in service and "--retries is not heard here\n" in service
    assert service.endswith("\nKillSignal=SIGINT\nTimeoutStopSec=60\nSuccessExitStatus=130\n\n")
    (line,) = re.findall(r"^ExecStart=(.*)$", files["treadle-shop-1.service"], flags=re.MULTILINE)
    words = [word.replace("%%", "%").replace("$$", "$") for word in shlex.split(line)]
    assert words == ["/usr/bin/env", "treadle", "run", str(root)]
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    verify = shutil.which("systemd-analyze")
    if verify and root == Path("/"):  # it looks whether the folder is there
        places = [str(tmp_path / name) for name in files]
        done = subprocess.run([verify, "verify", "--man=no", *places], capture_output=True, text=True)
        mine = [told for told in done.stderr.splitlines() if "treadle" in told]
        assert not mine, mine


def test_systemd_alone_waits_for_files() -> None:
    asked = plan(period=None, folders=(Path("/srv/in"),))
    assert set(files_of(unit("systemd", asked))) == {"treadle-shop-1.service", "treadle-shop-1.path"}
    for form in ("cron", "airflow", "dagster"):
        with pytest.raises(SpecError, match=f"nothing says to {form} when to run"):
            unit(form, asked)  # type: ignore[arg-type]
    with pytest.raises(SpecError, match="nothing says to systemd"):
        unit("systemd", plan(period=None))


@pytest.mark.parametrize(
    ("period", "times"),
    [
        ("1m", "* * * * *"), ("15m", "*/15 * * * *"), ("1h", "0 * * * *"), ("6h", "0 */6 * * *"), ("1d", "0 0 * * *"),
        ("7d", "0 0 * * 0"), ("7m", None), ("90s", None), ("5h", None), ("90m", None), ("2d", None), ("20s", None),
    ],
)  # fmt: skip
def test_what_cron_can_say(period: str, times: str | None) -> None:
    from treadle.spec import duration

    asked = plan(period=duration(period))
    assert cron_times(asked) == times
    if times is None:
        with pytest.raises(SpecError, match="cron cannot run something every"):
            unit("cron", asked)


def test_a_line_of_cron_is_one_command(tmp_path: Path) -> None:
    text = unit("cron", plan(root=ODD))
    assert "--retries is not heard here\n" in text
    line = text.splitlines()[-1]
    assert "%" not in line.replace("\\%", "")
    words = shlex.split(line.replace("\\%", "%"))
    assert words[:5] == ["0", "*", "*", "*", "*"] and words[5:9] == ["/usr/bin/env", "treadle", "run", str(ODD)]


@pytest.mark.parametrize("root", [Path("/srv/shop"), ODD])
def test_airflow_reads_it(root: Path) -> None:
    calls = calls_in(unit("airflow", plan(root=root)))
    dag, operator = calls["DAG"], calls["BashOperator"]
    assert dag["dag_id"] == "treadle_shop_1" and dag["catchup"] is False and dag["max_active_runs"] == 1
    command = operator["bash_command"]
    assert shlex.split(command.replace("{{ '{' }}", "{")) == ["/usr/bin/env", "treadle", "run", str(root)]
    assert "{{" not in command.replace("{{ '{' }}", "")


def test_airflow_runs_it_as_often_and_tries_it_again_as_often_as_was_said() -> None:
    text = unit("airflow", plan(period=timedelta(minutes=7), retries=5))
    assert "    schedule=timedelta(seconds=420),\n" in text and '        "retries": 5,\n' in text


def test_the_folders_of_new_files_are_those_that_hold_them(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "treadle.yaml").write_text(
        "project: shop\npeople: {owner: ada, reviewers: [grace]}\nsources:\n"
        "  a: {read: in, new: files}\n  b: {read: 'more/*.csv', new: files}\n  c: {read: 'more/x*', new: files}\n"
        "  d: {read: later, new: files}\n  e: {read: one.csv, new: files}\n",
        encoding="utf-8",
    )
    (tmp_path / "one.csv").touch()
    made = plan_of(load(tmp_path), every=None, retries=2)
    assert made.folders == (*(tmp_path / name for name in ("in", "more", "later")), tmp_path)
    assert (made.period, made.retries) == (None, 2)


def test_another_project_file_of_the_folder_is_named(tmp_path: Path) -> None:
    for name in ("treadle.yaml", "b.yaml"):
        (tmp_path / name).write_text(
            "project: shop\npeople: {owner: ada, reviewers: [grace]}\nsources: {a: {read: a.csv}}\n"
        )
    plain, other = (plan_of(load(path), every="1h", retries=3) for path in (tmp_path, tmp_path / "b.yaml"))
    assert (plain.words[-1], other.words[-1]) == (str(tmp_path), str(tmp_path / "b.yaml"))
    assert other.root == tmp_path


@pytest.mark.parametrize(("period", "kind"), [(timedelta(hours=1), "schedule"), (timedelta(minutes=7), "sensor")])
@pytest.mark.parametrize("root", [Path("/srv/shop"), ODD])
def test_dagster_reads_it(root: Path, period: timedelta, kind: str) -> None:
    calls = calls_in(text := unit("dagster", plan(root=root, period=period)))
    assert str(root) in ast.unparse(ast.parse(text)) or repr(str(root)) in text
    if kind == "schedule":
        times = calls["ScheduleDefinition"]
        assert (times["cron_schedule"], times["execution_timezone"]) == ("0 * * * *", "UTC")
    else:
        assert calls["sensor"]["minimum_interval_seconds"] == 420
    assert calls["RetryPolicy"]["max_retries"] == 3


def calls_in(text: str) -> dict[str, dict[str, Any]]:
    """The calls of a Python text, by the last part of what is called, with those arguments that are constants."""
    tree = ast.parse(text)
    compile(text, "unit.py", "exec")
    return {
        ast.unparse(node.func).rpartition(".")[2]: {
            each.arg: each.value.value for each in node.keywords if each.arg and isinstance(each.value, ast.Constant)
        }
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
    }
