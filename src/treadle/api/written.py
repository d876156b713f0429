"""Files that a command was told to write: in a folder that is there, and in the place of nothing."""

from __future__ import annotations

from pathlib import Path

from treadle.errors import StoreError


def new_file(named: str, flag: str) -> Path:
    """The place of a file that is not there yet.

    Raises:
        StoreError: it is there already, whatever it is, or its folder is not.
    """
    file = Path(named)
    if not file.name or file.is_dir():
        raise StoreError(f'"{named}" names no file', where=flag, mend="name a file in a folder that is there")
    if file.exists() or file.is_symlink():
        raise StoreError(
            f"{named} is there already, and is not written over", where=flag, mend="name another, or take it away"
        )
    if not file.absolute().parent.is_dir():
        raise StoreError(f"the folder of {named} is not there", where=flag, mend="make it, or name another")
    return file
