"""What tells an endpoint what it should serve. See `treadle.models.Releases` for the protocol."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from treadle.errors import TreadleError

Opens = Callable[[], Any]
Release = Callable[[str], None]


class ReleasesSuite:
    """What every engine of releases keeps to.

    `opens` gives the releases of one endpoint, where nothing was released yet. `release` makes a version (by its name)
    what the endpoint should serve, also one that it served before; `forge` does so without what would prove it.

    - where nothing was released, nothing stands: "" and None;
    - the newest release is given with its version, by any opener, and is the one that `newest` names;
    - `newest` is the same until the next release and another then, and never one that it was: nor where an earlier
      version is brought back, nor where a release is not proved;
    - a release that is not proved is refused with an error; the one before it is not given in its place;
    - both may be asked by many threads while somebody releases.
    """

    @pytest.fixture
    def opens(self) -> Opens:
        pytest.fail("the engine's test gives the fixture `opens`")

    @pytest.fixture
    def release(self) -> Release:
        pytest.fail("the engine's test gives the fixture `release`")

    @pytest.fixture
    def forge(self) -> Release:
        pytest.fail("the engine's test gives the fixture `forge`")

    def test_nothing_stands_where_nothing_was_released(self, opens: Opens) -> None:
        assert opens().newest() == "" and opens().current() is None

    def test_the_newest_release_is_given_to_any_opener(self, opens: Opens, release: Release) -> None:
        before = opens()
        for model in ("shop:1", "shop:2"):
            release(model)
            for releases in (before, opens()):
                found = releases.current()
                assert found.model == model and found.bundle and found.entry == releases.newest() != ""

    def test_each_release_has_a_name_of_its_own(self, opens: Opens, release: Release) -> None:
        seen = [opens().newest()]
        for model in ("shop:1", "shop:2", "shop:1", "shop:2"):
            release(model)
            assert opens().newest() == opens().newest() not in seen
            seen.append(opens().newest())
        assert opens().current().model == "shop:2"

    def test_what_brings_an_earlier_version_back_gives_its_very_bundle(self, opens: Opens, release: Release) -> None:
        given = []
        for model in ("shop:1", "shop:2", "shop:1"):
            release(model)
            given.append(opens().current())
        first, second, again = given
        assert (first.model, first.bundle) == (again.model, again.bundle) and first.bundle != second.bundle
        assert first.entry != again.entry

    def test_what_is_not_proved_is_refused_and_nothing_given_in_its_place(
        self, opens: Opens, release: Release, forge: Release
    ) -> None:
        release("shop:1")
        before = opens().newest()
        forge("shop:2")
        for _ in range(2):
            assert opens().newest() not in ("", before)
            with pytest.raises(TreadleError):
                opens().current()
        release("shop:3")
        assert opens().current().model == "shop:3"

    def test_many_threads_may_ask_while_somebody_releases(self, opens: Opens, release: Release) -> None:
        release("shop:1")
        releases, done = opens(), [False]

        def ask(_: int) -> list[tuple[str, str]]:
            found: list[tuple[str, str]] = []
            while not done[0] or not found:
                found.append((releases.newest(), releases.current().entry))
            return found

        with ThreadPoolExecutor(4) as pool:
            asked = pool.map(ask, range(4))
            stood = [releases.newest()]
            try:
                for model in ("shop:2", "shop:1", "shop:3"):
                    release(model)
                    stood.append(releases.newest())
            finally:
                done[0] = True
            answers = [each for found in asked for each in found]
        assert {entry for pair in answers for entry in pair} <= set(stood)
        # `current` is asked after `newest`, and never gives an older one
        assert all(stood.index(before) <= stood.index(after) for before, after in answers)
