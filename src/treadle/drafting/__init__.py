"""A project before it is run: drafted from one table, and checked. It trains nothing, and keeps nothing."""
