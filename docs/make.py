"""Write what comes from code: docs/schema.json, docs/commands.md, the list of commands that the command line begins
with, and, where chromium is, docs/report.png.

`make docs`; a test fails when the first three are not current.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from pathlib import Path

import msgspec

from treadle.api import OPERATIONS, Field
from treadle.cli import known
from treadle.spec import json_schema

DOCS = Path(__file__).parent
REPORT = DOCS.parent / "examples" / "flights" / ".treadle" / "reports" / "flights.html"


def commands() -> str:
    """The reference of the command line."""
    lines = [
        "# Commands",
        "",
        "Written by `make docs` from the operations in `treadle.api`. Each command also takes `--as NAME` (who acts),",
        "`--json` (one JSON object on stdout and nothing else) and `--help`.",
    ]
    for _, found in sorted(OPERATIONS.items()):
        fields = found.fields()
        places = " ".join(_place(f) for f in fields if f.is_argument or f.required)
        lines += ["", f"## treadle {found.name}", "", f"    treadle {found.name} {places}".rstrip(), "", found.doc, ""]
        lines += [f"- `{_shown(field)}`: {field.text}{_default(field)}" for field in fields]
        if found.name == "run":
            lines += ["- `--serve`: then serve the released model until Ctrl-C", "- `--port`: port for `--serve`"]
    return "\n".join(lines).rstrip() + "\n"


def _place(field: Field) -> str:
    if not field.is_argument:
        return f"{field.flag} {field.name.upper()}"
    return field.name.upper() if field.required else f"[{field.name.upper()}]"


def _shown(field: Field) -> str:
    return field.name.upper() if field.is_argument else field.flag


def _default(field: Field) -> str:
    if field.required or field.default in (None, "", False, ()):
        return ""
    return f" (default: {str(field.default).lower() if isinstance(field.default, bool) else field.default})"


def schema() -> str:
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def picture() -> None:
    """The head of the flights report, as the README shows it."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None or not REPORT.is_file():
        print("docs/report.png is left as it is: it needs chromium, and a report (treadle run examples/flights)")
        return
    with tempfile.TemporaryDirectory() as profile:
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={profile}"]
        shot = [f"--screenshot={DOCS / 'report.png'}", "--window-size=1100,1900", REPORT.as_uri()]
        subprocess.run([browser, *options, *shot], check=True, capture_output=True)


def command_list() -> bytes:
    return msgspec.json.format(msgspec.json.encode(known.made()), indent=1) + b"\n"


if __name__ == "__main__":
    (DOCS / "commands.md").write_text(commands(), encoding="utf-8")
    (DOCS / "schema.json").write_text(schema(), encoding="utf-8")
    known.FILE.write_bytes(command_list())
    picture()
