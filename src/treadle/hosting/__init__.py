"""A released model at work: opened from a workspace, served, asked in this process, its journal moved to tables.

It does not answer a request itself (serving does): it composes serving, models and access for one endpoint.
"""

__all__: list[str] = []
OPEN = ("found", "loading", "opening", "predicting", "running")
