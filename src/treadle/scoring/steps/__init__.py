"""Fitted steps of preparation as data, one file each: raw features in, float columns out, many rows or one at a time.

Add one by writing its file, its name in `known.py`, and what fits it in `treadle.training.prepare`; others join by the
entry point `treadle.steps`. `treadle.testing.StepSuite` says what each must hold.
"""

from __future__ import annotations

from treadle.scoring.steps.clock import Calendar as Calendar
from treadle.scoring.steps.clock import Clock as Clock
from treadle.scoring.steps.grouped import Grouped as Grouped
from treadle.scoring.steps.grouped import How as How
from treadle.scoring.steps.grouped import Tell as Tell
from treadle.scoring.steps.known import ENTRY_POINT as ENTRY_POINT
from treadle.scoring.steps.known import OWN as OWN
from treadle.scoring.steps.known import known as known
from treadle.scoring.steps.levels import Levels as Levels
from treadle.scoring.steps.levels import levels_of as levels_of
from treadle.scoring.steps.number import Number as Number
from treadle.scoring.steps.offset import Offset as Offset
from treadle.scoring.steps.pair import Pair as Pair
from treadle.scoring.steps.ranked import Ranked as Ranked
from treadle.scoring.steps.scaled import Scaled as Scaled
from treadle.scoring.steps.step import HIGHEST as HIGHEST
from treadle.scoring.steps.step import LOWEST as LOWEST
from treadle.scoring.steps.step import NAN as NAN
from treadle.scoring.steps.step import Append as Append
from treadle.scoring.steps.step import FittedStep as FittedStep
from treadle.scoring.steps.step import numbers as numbers
from treadle.scoring.steps.words import Words as Words
from treadle.scoring.steps.words import words_of as words_of
