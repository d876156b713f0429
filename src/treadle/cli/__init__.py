"""The command line, derived from `treadle.api`. `main` is the entry point of `treadle`."""

from treadle.cli.commands import main

__all__ = ["main"]
