"""Ours beside the bare limit, on the same work in one run: `make bench`, or `python -m benchmarks NAME...`.

Each module has `measure() -> list[Row]`. Nothing else should run on the machine meanwhile.
"""
