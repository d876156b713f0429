"""The command line, derived from `treadle.api`; `main` is the entry point of `treadle`.

It defines no operation and decides nothing: it reads words, begins an operation, and shows its answer.
"""

from treadle.cli.commands import main

__all__ = ["main"]
