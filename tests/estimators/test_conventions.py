"""The estimators keep scikit-learn's own rules for estimators: every check of its suite."""

from __future__ import annotations

from typing import Any

from sklearn.utils.estimator_checks import parametrize_with_checks

import treadle

EXPECTED = {
    "check_sample_weight_equivalence_on_dense_data": (
        "a weight is not so many copies of a row: medians and deviations of the preparation, the dealing into folds "
        "and the least rows for a comparison go by rows; copies on both sides of a fold would give the answer away"
    ),
}

NOT_PROMISED = {"check_array_api_input"}
"""Asked only where scikit-learn's array API is switched on, and skipped elsewhere: such arrays are not taken."""

ESTIMATORS = [cls(trials=2, families=("linear",), minutes=None) for cls in (treadle.Classifier, treadle.Regressor)]


@parametrize_with_checks(ESTIMATORS, expected_failed_checks=lambda _: EXPECTED, xfail_strict=True)
def test_scikit_learns_own_checks(estimator: Any, check: Any) -> None:
    if getattr(check, "func", check).__name__ in NOT_PROMISED:
        return
    check(estimator)
