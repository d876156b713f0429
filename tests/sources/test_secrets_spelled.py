"""A secret is hidden however a server spells it when it repeats it."""

from __future__ import annotations

import json
from urllib.parse import quote, urlencode

import pytest

from treadle.sources.sent import _spelled


@pytest.mark.parametrize("secret", ["s3cr3t Value", "s3cr3tü", 's3cr3t"q\\z', "a+b/c"])
def test_in_urls_forms_and_json(secret: str) -> None:
    known = _spelled(secret)
    for text in (secret, quote(secret, safe=""), urlencode({"t": secret})[2:], json.dumps(secret)[1:-1]):
        assert text in known
    assert json.dumps(secret, ensure_ascii=False)[1:-1] in known
