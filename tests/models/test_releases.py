"""The releases of an endpoint by the chain pass the public suite; what the record must say is in test_registry.py."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from test_registry import pack, review

from treadle.errors import ModelError, StoreError
from treadle.evidence import Chain, Entry
from treadle.evidence.kinds.model_packed import ModelPacked
from treadle.evidence.kinds.release_made import ReleaseMade
from treadle.evidence.kinds.review_approved import ReviewApproved
from treadle.models import RecordedReleases, registry
from treadle.testing import ReleasesSuite


class TestRecordedReleases(ReleasesSuite):
    @pytest.fixture
    def opens(self, chain: Chain) -> Callable[[], RecordedReleases]:
        return partial(RecordedReleases, chain, "shop")

    @pytest.fixture(params=["released again", "rolled back"])
    def release(self, chain: Chain, request: pytest.FixtureRequest) -> Callable[[str], None]:
        packed: dict[str, Entry[ModelPacked]] = {}

        def made(model: str) -> None:
            again = model in packed
            if not again:
                packed[model] = pack(chain, int(model.removeprefix("shop:")))
                review(chain, packed[model].payload)
            if again and model == "shop:1" and request.param == "rolled back":
                assert registry.rollback(chain, "shop").model == model
            else:
                registry.release(chain, "shop", packed[model])

        return made

    @pytest.fixture
    def forge(self, chain: Chain) -> Callable[[str], None]:
        def made(model: str) -> None:
            """By the approval of another version."""
            packing, approval = pack(chain, int(model.removeprefix("shop:"))), chain.last(ReviewApproved)
            said = ReleaseMade(model=model, bundle=packing.payload.bundle, packing=packing.ref, approval=approval.ref)
            chain.append(said, "endpoint/shop")

        return made


def test_another_endpoints_releases_are_its_own(chain: Chain) -> None:
    packing = pack(chain, 1)
    review(chain, packing.payload)
    registry.release(chain, "shop", packing)
    other = RecordedReleases(chain, "other")
    assert other.newest() == "" and other.current() is None


def test_a_version_of_another_target_is_not_given(chain: Chain) -> None:
    packing = pack(chain, 1, address="shop.late")
    review(chain, packing.payload)
    made = registry.release(chain, "shop", packing)
    assert RecordedReleases(chain, "shop", frozenset({"shop", "shop.back"})).current() == made
    others = RecordedReleases(chain, "shop", frozenset({"shop", "shop.late"}))
    assert others.newest() == made.entry  # it proves nothing
    with pytest.raises(ModelError, match=r"endpoint shop serves shop\.late:1, which is another target's"):
        others.current()


def test_a_record_that_cannot_be_read_is_told_by_both(chain: Chain) -> None:
    from sqlalchemy import text

    releases = RecordedReleases(chain, "shop")
    assert releases.newest() == ""
    with chain.engine.connect().execution_options(treadle_write=True) as connection, connection.begin():
        connection.execute(text("drop table entries"))
    for ask in (releases.newest, releases.current):
        with pytest.raises(StoreError, match="the catalog cannot be used"):
            ask()
