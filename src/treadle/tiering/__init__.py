"""Files of tables moved to cheaper places by their last use and value, brought back, and what was read there counted.

It does not say which file should lie where (`plans` does), nor how a file gets there whole (the engine of the tables
does).
"""

__all__: list[str] = []
OPEN = ("found", "moving", "retrieved")
