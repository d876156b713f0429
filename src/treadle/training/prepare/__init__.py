"""Fit the steps of preparation on training rows, and encode those rows without showing a row its own label.

One file a step, beside what it fits in `treadle.scoring.steps`. Others join by the entry point `treadle.preparations`.
"""

from __future__ import annotations

from treadle.training.prepare.groups import GROUPS as GROUPS
from treadle.training.prepare.groups import offers_groups as offers_groups
from treadle.training.prepare.known import preparations as preparations
from treadle.training.prepare.preparation import Preparation as Preparation
from treadle.training.prepare.preparation import Prepared as Prepared
from treadle.training.prepare.prepare import PLAIN as PLAIN
from treadle.training.prepare.prepare import Recipe as Recipe
from treadle.training.prepare.prepare import added as added
from treadle.training.prepare.prepare import alone as alone
from treadle.training.prepare.prepare import categories as categories
from treadle.training.prepare.prepare import fit_encoder as fit_encoder
from treadle.training.prepare.prepare import recipes as recipes
from treadle.training.prepare.prepare import sample_of as sample_of
from treadle.training.prepare.prepare import with_more as with_more
from treadle.training.prepare.words import is_free_text as is_free_text
