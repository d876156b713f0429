"""Treadle takes a team from raw tables and event streams to a model in production, and keeps it so."""

__all__ = ["__version__"]
__version__ = "0.1.0"
