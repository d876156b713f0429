"""Runs of several people on one machine: queued, chosen, packed, stopped for what matters more, and gone on with.

It does no step itself: a run is `treadle run` in a process of its own, which goes on where one that was stopped left
off. Machines are shared by nobody here but this one's people.
"""

__all__: list[str] = []
OPEN = ("found", "jobs", "spot", "working")
