"""Engines for the protocols of the rooms, one folder an engine. Rooms never import this one."""
