"""What a team knows: notes with figures that are read anew, papers, and what was tried, by whom, with what result.

It keeps nothing beside the record: a note is an entry, and what is found of it is a view.
"""

__all__: list[str] = []
OPEN = ("citing", "files", "found", "notes", "searching", "tried", "writing")
