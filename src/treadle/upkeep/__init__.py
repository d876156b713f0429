"""Kept tables looked after: snapshots that nothing needs any more removed, files laid out by how they are asked.

It decides by the record alone and says so in it; it changes no row, and computes nothing of what rows mean.
"""

__all__: list[str] = []
OPEN = ("compacting", "found", "pinned", "retaining")
