"""In which order `treadle --help` tells the commands: by what somebody is about to do, and not by their letters."""

from __future__ import annotations

SECTIONS: dict[str, tuple[str, ...]] = {
    "Begin": ("fit", "init", "check", "trust", "schema"),
    "Data": ("data", "lineage", "features", "schedule"),
    "Training": ("run", "report", "trials", "compare", "reproduce", "mirror", "queue"),
    "Serving": ("models", "serve", "predict", "watch", "replay", "drain"),
    "Record": ("why", "log", "verify"),
    "Team": ("status", "team", "decide", "notes", "tried", "agenda", "minutes", "actions", "milestones", "retro",
             "skills", "experts", "talk", "concern", "notify"),
    "Money": ("costs", "prices"),
    "Access": ("access", "tokens"),
}  # fmt: skip
REST = "More"
"""Where a command stands that none of these names."""


def sections(words: list[str]) -> dict[str, list[str]]:
    """`words`, each once, by section.

    >>> sections(["verify", "looms", "fit"])
    {'Begin': ['fit'], 'Record': ['verify'], 'More': ['looms']}
    """
    named = {title: [word for word in several if word in words] for title, several in SECTIONS.items()}
    known = {word for several in named.values() for word in several}
    named[REST] = [word for word in words if word not in known]
    return {title: several for title, several in named.items() if several}
