"""The conformance suites show the values of their asserts."""

import pytest

pytest.register_assert_rewrite("treadle.testing")
