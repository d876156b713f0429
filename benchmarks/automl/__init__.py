"""Treadle's trainer beside other tabular learners: same rows, same two cores, same seconds.

`python -m benchmarks.automl`, or `make bench-automl`. Each system runs in a process and an environment of its own, so
what a peer imports is written for its environment: `task`, `systems`, `frames`, `worker`, `peers` and `searchers` use
nothing of Treadle. The runner (`__main__`, `running`, `cuts`, `watching`, `results`, `summary`) runs in Treadle's.
"""
