"""What a team wrote, as Markdown files for Git: written out, and what was edited there read back as entries.

A file is a view with its entry's hash, and never what counts. What is private, or without a name, is in none.
"""

__all__: list[str] = []
OPEN = ("found", "reading", "writing")
