"""The tables that a project keeps, looked into: which snapshots there are, asked by SQL, two of them compared.

It only reads, and says nothing of columns one by one (`treadle.profiling` does).
"""

__all__: list[str] = []
OPEN = ("asking", "found", "snapshots")
