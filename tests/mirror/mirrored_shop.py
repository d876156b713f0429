"""The small shop of the steps, as one that may be mirrored."""

from __future__ import annotations

from pathlib import Path

from stage_shop import edit, write_shop


def plain_shop(folder: Path, *, name: str = "shop") -> Path:
    """It releases what holds its gates, and believes logins; its rows may be old."""
    write_shop(folder)
    edit(folder, "approve: reviewer", "approve: policy")
    edit(folder, "serve: {endpoint: shop}", f"access: {{trust: local}}\nserve: {{endpoint: {name}}}")
    edit(folder, "project: shop", f"project: {name}")
    edit(folder, "value: 3, unit: d", "value: 9999, unit: d", "orders.yaml")
    return folder
