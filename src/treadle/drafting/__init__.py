"""A project before it is run: drafted from the tables that there are, and checked. It trains and keeps nothing."""

__all__: list[str] = []
OPEN = ("budgeted", "checking", "drafts", "found", "guessing", "mapping", "stated", "trusting", "writing")
