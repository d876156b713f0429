"""From one table and the column to predict to a judged model, without a project file.

It has no step and no guess of its own: a project is drafted (`treadle.drafting`) in a folder that is soon gone, or
that is kept, and the loop is run in it as in any other.
"""

from treadle.onetable.asked import Asked
from treadle.onetable.fitting import Found, fit_table

__all__ = ["Asked", "Found", "fit_table"]
