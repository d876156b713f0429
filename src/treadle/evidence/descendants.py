"""The processes below one, by the lists of children that Linux keeps: without going through all of the machine."""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Sequence
from pathlib import Path

import psutil


def below(process: psutil.Process, known: Sequence[psutil.Process] = ()) -> list[psutil.Process]:
    """All of them, of any generation. `known`: those of the last look, which are not opened again.

    A child that ends while its list is read may hide one after it from this look; where the kernel keeps no lists, all
    processes of the machine are gone through.
    """
    if not _lists():
        try:
            return list(process.children(recursive=True))
        except psutil.Error:
            return []
    opened = {each.pid: each for each in known}
    found = []
    for pid in _numbers(process.pid):
        try:
            found.append(opened.get(pid) or psutil.Process(pid))
        except psutil.Error:
            continue
    return found


@functools.cache
def _lists() -> bool:
    """Whether this kernel has them: they are a part of Linux that can be left out."""
    return Path(f"/proc/self/task/{os.getpid()}/children").exists()


def _numbers(pid: int) -> list[int]:
    found = [pid]
    for parent in found:  # grows while it is gone through
        found += _children(parent)
    return found[1:]


def _children(pid: int) -> list[int]:
    """Each thread has a list of the children that it began. Nothing of one that has ended."""
    found = list[int]()
    with contextlib.suppress(OSError), os.scandir(f"/proc/{pid}/task") as threads:
        for thread in threads:
            with contextlib.suppress(OSError):
                found += map(int, Path(thread.path, "children").read_bytes().split())
    return found
