"""Conformance suites: what every catalog, online state, engine of tables, blobs, colder places,
journals, releases does, every reader
of sources, every family of models, every kind of prediction, and every step of preparation.

It holds no test of Treadle's own rooms and no engine: those who write an engine or a family inherit a suite.

A test of an engine inherits a suite and gives one fixture, `opens`: a function without arguments that opens the
engine, always at the same place. It must survive `pickle`, because some tests open the engine in another process and
kill that::

    from treadle.testing import DurableStateSuite

    class TestRedisState(DurableStateSuite):
        @pytest.fixture
        def opens(self, tmp_path):
            return functools.partial(RedisState, "redis://localhost/7", "test")

A test of a family names the class: see docs/add-a-family.md. So does one of a step: see docs/add-a-step.md.

Import it in a `conftest.py` after `pytest.register_assert_rewrite("treadle.testing")` for asserts that show values.
"""

try:
    import pytest as _pytest  # noqa: F401
except ModuleNotFoundError as bad:
    from treadle.errors import MissingExtra

    raise MissingExtra("dev", "pytest") from bad

from treadle.testing.blobs import BlobsSuite
from treadle.testing.chain import ChainSuite
from treadle.testing.families import FamilySuite
from treadle.testing.journal import JournalSuite
from treadle.testing.releases import ReleasesSuite
from treadle.testing.shelf import ShelfSuite
from treadle.testing.sources import DatabaseSuite, SourceSuite
from treadle.testing.state import DurableStateSuite, OnlineStateSuite
from treadle.testing.steps import StepSuite
from treadle.testing.tables import TablesSuite
from treadle.testing.tasks import TaskSuite

__all__ = [
    "BlobsSuite",
    "ChainSuite",
    "DatabaseSuite",
    "DurableStateSuite",
    "FamilySuite",
    "JournalSuite",
    "OnlineStateSuite",
    "ReleasesSuite",
    "ShelfSuite",
    "SourceSuite",
    "StepSuite",
    "TablesSuite",
    "TaskSuite",
]
