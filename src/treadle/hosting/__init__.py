"""A released model at work: opened from a workspace, served, asked in this process, its journal moved to tables.

It composes what serving, models and access do for one endpoint; how a request is answered is serving's.
"""
