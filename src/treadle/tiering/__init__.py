"""Files of tables moved to cheaper places by their last use and value, brought back, and what was read there counted.

Which file would lie where is for `plans` to say; how it gets there whole is the engine's. Here it is done, and said in
the record.
"""

__all__: list[str] = []
OPEN = ("found", "moving", "retrieved")
