"""The past, read from the record: what led to a thing, what was tried, what two runs differ in.

It only reads; what is kept is written by the steps themselves.
"""

__all__: list[str] = []
OPEN = ("columns", "commenting", "comparing", "found", "lineage", "openlineage", "snapshots")
