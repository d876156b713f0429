"""Treadle's training as estimators of scikit-learn: `Classifier` and `Regressor`, offered as `treadle.Classifier`.

They search, fit and predict, in memory, and no more: no evidence, no sealed test, no bundle. A project has these.
"""

from treadle.estimators.automatic import Classifier, Regressor

__all__ = ["Classifier", "Regressor"]
