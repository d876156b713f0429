"""Lets the tests of records as files find the shop whose record is written by hand."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "knowledge"))
sys.path.insert(0, str(Path(__file__).parents[1] / "stages"))
