"""What a team does again and again: meetings built from what happened, actions that are chased, and looking back.

It sends nothing to anybody, and keeps nothing beside the record: agendas and lists are views.
"""

__all__: list[str] = []
OPEN = (
    "acting",
    "actions",
    "agenda",
    "areas",
    "found",
    "growing",
    "growth_found",
    "home",
    "meeting",
    "milestones",
    "progress",
    "retros",
    "review_found",
    "reviewing",
    "rota",
    "showing",
    "since",
    "skills",
    "starting",
    "status",
    "turns",
    "waiting",
)
