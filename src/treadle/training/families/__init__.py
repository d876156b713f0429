"""The families of models that compete, one file each; a heavy library is imported when its family is first fitted.

Others join by the entry point `treadle.families`: a name that leads to a subclass of `Family`, held to
`treadle.testing.FamilySuite`.
"""

from __future__ import annotations

from treadle.training.families.additive import Additive as Additive
from treadle.training.families.additive import Curve as Curve
from treadle.training.families.beside import Beside as Beside
from treadle.training.families.blend import Blend as Blend
from treadle.training.families.blend import Constant as Constant
from treadle.training.families.blend import Member as Member
from treadle.training.families.centred import Centred as Centred
from treadle.training.families.centred import centre_of as centre_of
from treadle.training.families.centred import learn as learn
from treadle.training.families.centred import left_out as left_out
from treadle.training.families.epochs import losses_of as losses_of
from treadle.training.families.exposed import Exposed as Exposed
from treadle.training.families.family import Array as Array
from treadle.training.families.family import Estimator as Estimator
from treadle.training.families.family import Family as Family
from treadle.training.families.family import Fixed as Fixed
from treadle.training.families.family import Footprint as Footprint
from treadle.training.families.family import Graph as Graph
from treadle.training.families.family import Inputs as Inputs
from treadle.training.families.family import Kept as Kept
from treadle.training.families.family import Params as Params
from treadle.training.families.family import Sample as Sample
from treadle.training.families.known import ENTRY_POINT as ENTRY_POINT
from treadle.training.families.known import OWN as OWN
from treadle.training.families.known import families as families
from treadle.training.families.known import known as known
from treadle.training.families.known import restore as restore
from treadle.training.families.linear import Linear as Linear
from treadle.training.families.linear import LinearFamily as LinearFamily
