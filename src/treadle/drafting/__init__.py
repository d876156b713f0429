"""A project before it is run: drafted from one table, and checked. It trains nothing, and keeps nothing."""

__all__: list[str] = []
OPEN = ("budgeted", "checking", "found", "guessing", "mapping", "stated", "trusting", "writing")
