"""Optional libraries that tests fit with, where they are installed."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass


@dataclass(frozen=True)
class Extra:
    """One by the name of its module, which is that of its extra."""

    NAME: str

    def missing(self) -> str:
        """Why it cannot be used here; empty when it can."""
        return "" if importlib.util.find_spec(self.NAME) else f"not installed: {self.NAME}"


EXTRAS = (
    Extra("catboost"),
    Extra("xgboost"),
    Extra("torch"),
    Extra("fastexcel"),
    Extra("zstandard"),
    Extra("adbc_driver_postgresql"),
)
