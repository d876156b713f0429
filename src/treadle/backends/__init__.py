"""Engines for the protocols of the rooms, one folder an engine.

It owns no protocol and is not imported by rooms: `treadle.workspace` alone chooses an engine.
"""
