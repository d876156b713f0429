"""The kinds of entry, one file each. Nothing lists them: `payload.known_kinds` finds what is here.

A kind's `before` reads the shape that an older version wrote; shape 1 is version 0.1's `detail`, `made` and `uses`.
"""
