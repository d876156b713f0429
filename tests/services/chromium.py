"""A real browser, driven by its own debugging protocol over two pipes: no driver of others stands between.

With axe, which finds what keeps people from using a page, from the package axe-core-python or, where it is there, the
newer one of axe-playwright-python.
"""

from __future__ import annotations

import base64
import importlib.util
import json
import os
import select
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NAME = "chromium"
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_AXE = ("axe_playwright_python", "axe_core_python")
_PATIENCE = 90  # seconds; what is waited for comes long before, or never
_KEYS = {"Tab": 9, "Enter": 13, "Space": 32}


def missing() -> str:
    """Why no browser can be started here; empty when one can."""
    if not any(map(shutil.which, _NAMES)):
        return "no chromium on the path"
    return "" if _axe() is not None else "not installed: axe-core-python"


def _axe() -> Path | None:
    for name in _AXE:
        found = importlib.util.find_spec(name)
        if found is not None and found.submodule_search_locations:
            return Path(found.submodule_search_locations[0]) / "axe.min.js"
    return None


class Browser:
    """One tab of it."""

    def __init__(self, write: int, read: int) -> None:
        self._write, self._read, self._number, self._rest, self._loads = write, read, 0, b"", 0
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = ""
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._call("Page.enable")

    def open(self, url: str, *, scripts: bool = True, width: int = 1100, dark: bool = False) -> None:
        self._call("Emulation.setScriptExecutionDisabled", value=not scripts)
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self._call("Emulation.setDeviceMetricsOverride", **size)
        shade = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self._call("Emulation.setEmulatedMedia", features=shade)
        self._loads = 0
        self._call("Page.navigate", url=url)
        self.loaded()

    def loaded(self) -> None:
        """Wait until a page that was asked for is there."""
        while not self._loads:
            self._next()
        self._loads = 0

    def value(self, script: str) -> Any:
        """What an expression of JavaScript comes to; a promise is waited for."""
        found = self._call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def press(self, key: str) -> None:
        code = {"key": " " if key == "Space" else key, "code": key, "windowsVirtualKeyCode": _KEYS[key]}
        text = {"text": "\r"} if key == "Enter" else {}
        self._call("Input.dispatchKeyEvent", type="keyDown", **code, **text)
        self._call("Input.dispatchKeyEvent", type="keyUp", **code)

    def violations(self) -> list[str]:
        """What axe finds, a line a rule that is broken, with the first place."""
        place = _axe()
        assert place is not None
        self.value(f"{place.read_text(encoding='utf-8')};0")
        found = self.value("axe.run().then(found => JSON.stringify(found.violations))")
        return [f"{each['id']}: {each['help']}: {each['nodes'][0]['html'][:200]}" for each in json.loads(found)]

    def printed(self) -> bytes:
        """The page as PDF."""
        return base64.b64decode(self._call("Page.printToPDF")["data"])

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        asked: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if getattr(self, "_session", ""):
            asked["sessionId"] = self._session
        os.write(self._write, json.dumps(asked).encode() + b"\0") if len(json.dumps(asked)) < 60_000 else self._send(
            asked
        )
        while True:
            said = self._next()
            if said.get("id") == self._number:
                assert "error" not in said, said
                return dict(said["result"])

    def _send(self, asked: dict[str, Any]) -> None:
        left = memoryview(json.dumps(asked).encode() + b"\0")
        while left:
            left = left[os.write(self._write, left) :]

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            assert select.select([self._read], [], [], _PATIENCE)[0], f"the browser said nothing for {_PATIENCE} s"
            part = os.read(self._read, 1 << 16)
            assert part, "the browser ended"
            self._rest += part
        line, _, self._rest = self._rest.partition(b"\0")
        said = dict(json.loads(line))
        self._loads += said.get("method") == "Page.loadEventFired"
        return said


@contextmanager
def started() -> Iterator[Browser]:
    """A browser with an empty profile, which ends with the block."""
    program = next(found for name in _NAMES if (found := shutil.which(name)))
    to_read, write = os.pipe()
    read, to_write = os.pipe()

    def as_it_wants() -> None:  # it reads descriptor 3 and writes 4
        first, second = os.dup(to_read), os.dup(to_write)
        os.dup2(first, 3)
        os.dup2(second, 4)

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--remote-debugging-pipe",
            f"--user-data-dir={profile}",
        ]
        child = subprocess.Popen(
            [program, *options], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            close_fds=False, preexec_fn=as_it_wants,
        )  # fmt: skip
        os.close(to_read)
        os.close(to_write)
        try:
            yield Browser(write, read)
        finally:
            child.kill()
            child.wait()
            os.close(write)
            os.close(read)
