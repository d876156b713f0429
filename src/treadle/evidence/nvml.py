"""NVIDIA's driver, asked through its library NVML. The only place that knows `nvidia-ml-py`, the extra `gpu`.

Without the extra, a driver or a GPU there is none, and nothing is said: what is not there was not used.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from treadle.evidence.gpus import Driver, Gpu

_CONTROL = Path("/dev/nvidiactl")
_CUDA = "/dev/nvidia-uvm"
"""What a process has open that computes by CUDA, and not one that asks the driver alone, as we do."""
_FIRST_NAMESPACE = "pid:[4026531836]"
"""The process numbers of the machine itself, in which the driver counts; a container has others."""
_VISIBLE = "CUDA_VISIBLE_DEVICES"


def driver() -> Driver | None:
    """None where there is none. Opened once by each process: a child's is its own."""
    return _opened(os.getpid())


@functools.cache
def _opened(pid: int) -> Driver | None:
    if sys.platform.startswith("linux") and not _CONTROL.exists():
        return None  # not even looked for the extra: most machines are such
    try:
        import pynvml
    except ImportError:
        return None
    try:
        pynvml.nvmlInit()
        count = pynvml.nvmlDeviceGetCount()
        return Nvml(pynvml, [pynvml.nvmlDeviceGetHandleByIndex(each) for each in range(count)]) if count else None
    except (pynvml.NVMLError, AttributeError):
        return None


class Nvml:
    """`library`: the module `pynvml`; `handles`: its GPUs."""

    def __init__(self, library: Any, handles: Sequence[Any]) -> None:
        self._library, self._handles = library, handles
        self.ours = _ours()

    @property
    def most(self) -> int | None:
        """As the environment of this process says, which children have from it. None are as good as not said: a child
        that computes all the same was told otherwise."""
        said = os.environ.get(_VISIBLE, "")
        return len([each for each in said.split(",") if each.strip() not in ("", "-1")]) or None

    def look(self) -> list[Gpu]:
        return [self._one(handle) for handle in self._handles]

    def computes(self, process: int) -> bool | None:
        if not Path(_CUDA).exists():
            return None
        try:
            with os.scandir(f"/proc/{process}/fd") as files:
                return any(_target(each.path) == _CUDA for each in files)
        except FileNotFoundError:
            return False  # it has ended
        except OSError:
            return None

    def _one(self, handle: Any) -> Gpu:
        library = self._library
        memory = self._told(lambda: library.nvmlDeviceGetMemoryInfo(handle, version=library.nvmlMemory_v2))
        if memory is None:  # a driver of before 2021, which counts what it keeps for itself among what is in use
            memory = self._told(lambda: library.nvmlDeviceGetMemoryInfo(handle))
        busy = self._told(lambda: library.nvmlDeviceGetUtilizationRates(handle))
        return Gpu(
            holders=self._holders(handle),
            used=None if memory is None else int(memory.used),
            busy=None if busy is None else busy.gpu / 100,
        )

    def _holders(self, handle: Any) -> Mapping[int, int | None] | None:
        """Processes that compute; those that do by way of MPS are in a list of their own."""
        library = self._library
        found = self._told(lambda: library.nvmlDeviceGetComputeRunningProcesses(handle))
        if found is None:
            return None
        shared = self._told(lambda: library.nvmlDeviceGetMPSComputeRunningProcesses(handle)) or []
        sums = dict[int, int | None]()
        for each in (*found, *shared):  # one may be in both
            sums[each.pid] = max(int(each.usedGpuMemory or 0), sums.get(each.pid) or 0) or None
        return sums

    def _told(self, ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except (self._library.NVMLError, AttributeError, TypeError):  # refused; or an older library has not got it
            return None


def _target(link: str) -> str:
    try:
        return os.readlink(link)  # noqa: PTH115
    except OSError:
        return ""  # closed since


def _ours() -> bool:
    if not sys.platform.startswith("linux"):
        return True
    return _target("/proc/self/ns/pid") == _FIRST_NAMESPACE
