"""What a meter makes of a GPU that a child holds for three of six seconds, that nobody touches, that is held here.

It asks for NVIDIA's driver, `nvidia-ml-py` and PyTorch with CUDA; of ours it loads the meter alone, which needs msgspec
and psutil. By itself, on a machine that has nothing else of Treadle: `PYTHONPATH=src python tests/soak/gpu_meter.py`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from exercise import Asked, Failed, hold

if TYPE_CHECKING:
    from treadle.evidence import Usage

HELD_S, STEP_S = 3.0, 6.0
HOLDS = f"""
import sys, time, torch
print("ready", flush=True)
sys.stdin.readline()
begun = time.monotonic()
square = torch.rand(4096, 4096, device="cuda")
while time.monotonic() - begun < {HELD_S} / 2:  # busy for half of it
    (square @ square).sum().item()
time.sleep(max(0.0, begun + {HELD_S} - time.monotonic()))
"""
LOOKS_ON = 'import sys, time, torch\nprint("ready", flush=True)\nsys.stdin.readline()\ntime.sleep(3)'


def exercise(asked: Asked) -> str:
    from treadle.evidence import nvml

    driver = nvml.driver()
    hold(driver is not None, "there is no driver here, or no nvidia-ml-py: nothing can be measured")
    return "; ".join((_by_child(), _untouched(), _of_our_own()))


def _by_child() -> str:
    """From before the first use of the GPU to the end of the process: what begins and ends a context counts too."""
    usage, took = _measured(HOLDS)
    least, most = HELD_S - 0.5, took + 0.5  # it is asked every quarter of a second, or less often
    hold(least <= usage.gpu_seconds <= most, f"a child held it for {HELD_S} to {took:.2f} s: {usage}")
    hold(usage.gpu_peak_mb >= 64, f"64 MiB at the least were on it: {usage}")
    return f"held by a child for {HELD_S:g} to {took:.2f} of {usage.seconds:.2f} s: {_said(usage)}"


def _untouched() -> str:
    usage, _ = _measured(LOOKS_ON)
    hold(usage.gpu_seconds == 0 and usage.gpu_by in ("processes", "devices"), f"nobody held it: {usage}")
    return f"untouched in {usage.seconds:.2f} s: {_said(usage)}"


def _of_our_own() -> str:
    """One that this process holds since before the step counts for all of it."""
    import torch

    kept = torch.zeros(2**26, device="cuda")
    usage, own = _metered(lambda: time.sleep(2.0))
    hold(abs(usage.gpu_seconds - usage.seconds) < 0.1, f"held all the time: {usage}")
    return f"our own, all of {usage.seconds:.2f} s: {_said(usage)}, metering took {own:.2%} ({kept.numel()} numbers)"


def _measured(program: str) -> tuple[Usage, float]:
    """What a step of six seconds used, whose child runs a program from its second second on; how long that ran."""
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None and child.stdin is not None
        hold(child.stdout.readline() == b"ready\n", "PyTorch cannot be imported")
        took = list[float]()

        def work() -> None:
            begun = time.monotonic()
            time.sleep(1.0)
            started = time.monotonic()
            child.communicate(b"\n")
            took.append(time.monotonic() - started)
            time.sleep(max(0.0, begun + STEP_S - time.monotonic()))

        usage, _ = _metered(work)
        hold(child.returncode == 0, "the child failed")
        return usage, took[0]


def _metered(work: Callable[[], None]) -> tuple[Usage, float]:
    """What it used; and the share of the time that metering took, by the clocks of its threads."""
    from treadle.evidence.metering import Meter

    class Timed(Meter):
        own = 0.0

        def _watch(self) -> None:
            begun = time.thread_time()
            super()._watch()
            self.own = time.thread_time() - begun

    begun = time.thread_time()
    meter = Timed()
    around = time.thread_time() - begun
    work()
    begun = time.thread_time()
    usage = meter.stop()
    return usage, (meter.own + around + time.thread_time() - begun) / usage.seconds


def _said(usage: Usage) -> str:
    busy = "not told" if usage.gpu_busy_seconds is None else f"{usage.gpu_busy_seconds:.2f}"
    return f"gpu_seconds {usage.gpu_seconds:.2f}, busy {busy}, peak {usage.gpu_peak_mb:,.0f} MiB, by {usage.gpu_by!r}"


def _machine() -> str:
    """What this machine tells, for who must find out why a figure is not what it should be."""
    from treadle.evidence import nvml
    from treadle.evidence.descendants import _lists

    driver = nvml.driver()
    if driver is None:
        return "no driver"
    begun = time.perf_counter()
    seen = driver.look()
    took = (time.perf_counter() - begun) * 1e3
    where = Path("/proc/self/ns/pid").readlink()
    return (
        f"namespace {where}, ours {driver.ours}, process {os.getpid()}, at most {driver.most}, lists of children "
        f"{_lists()}, one look {took:.2f} ms: {seen}"
    )


def main() -> int:
    print(_machine(), flush=True)
    failed = False
    for part in (_by_child, _untouched, _of_our_own):
        try:
            print(part(), flush=True)
        except (Failed, ImportError) as bad:
            failed = True
            print(f"FAILED: {bad}", flush=True)
    print(_machine())
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
