"""The released model as one file: data only, hashed, signed, and refused when anything about it is unexpected.

A bundle is a zip with exactly these members. The manifest holds size and SHA-256 of each other member, the signature
is over the manifest's bytes, so nothing can be edited, dropped or added. Opening runs no code from the file.

    manifest.json   what it is, what it takes, plan, encoder, calibrator, threshold, metrics, where it came from
    model.onnx      the graph                reference.json  histograms for drift
    golden.json     records with answers     card.md         the model card
    cost.json       what it cost             signature.json  Ed25519 over manifest.json
"""

from __future__ import annotations

import hashlib
import io
import math
import os
import uuid
import zipfile
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from treadle.errors import ModelError
from treadle.features.plan import FeatureColumn, FeaturePlan
from treadle.models import signing
from treadle.models.reference import Reference
from treadle.models.request import Asked
from treadle.scoring import Calibrator, Encoder, Interval, Score, Scorer, Task, task_of
from treadle.scoring.decisions import Costs
from treadle.scoring.over_served import OverServed
from treadle.scoring.steps import known as known_steps
from treadle.scoring.tasks import Decided
from treadle.spec.choices import Refit

FORMAT = 1
MEMBERS = ("manifest.json", "model.onnx", "reference.json", "golden.json", "card.md", "cost.json", "signature.json")
MOST_BYTES = 256 * 1024 * 1024
"""Of all members together, unpacked: more is a mistake or an attack."""
GOLDEN_TOLERANCE = 1e-5
LEAST_GOLDEN = 20
# The earliest time a zip can hold, so that equal content gives an equal file.
_NO_TIME = (1980, 1, 1, 0, 0, 0)


class Member(Struct, frozen=True, forbid_unknown_fields=True):
    size: int
    sha256: str


class Manifest(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the bundle is. `request` is what it may be asked, `plan` how its features are made.

    `metrics` are values on the sealed test rows. `refs` name what it came from: data, code, run.
    """

    format: int = FORMAT
    project: str
    model: str
    created: str
    kind: str
    target: str
    family: str
    metric: str
    metrics: dict[str, Interval]
    threshold: float
    calibration_error: float | None
    features: tuple[FeatureColumn, ...]
    request: Asked
    plan: FeaturePlan
    encoder: Encoder
    calibrator: Calibrator
    by_rows: float | None = None
    """`metric` on the sealed test rows with each counting alike, where `metrics` are of weighted rows: what a server is
    told has no weights."""
    over_served: OverServed | None = None
    """The gain over the version that was served when it was judged."""
    classes: tuple[str, ...] = ()
    """By number, of a model that tells several classes apart."""
    costs: Costs = ()
    """What mistakes among the classes cost, by number: the class of least expected cost is answered."""
    quantiles: tuple[float, ...] = ()
    """The levels, of a model that tells quantiles."""
    refit: Refit = "training"
    """The rows that it was fitted on: of `all`, `metrics` are those of its twin, fitted on the training rows alone."""
    refs: dict[str, str]
    public_key: str
    members: dict[str, Member] = {}

    def decided(self, score: Score) -> Decided:
        """The answer to a row of which the model says `score`."""
        return self.task.decided(score, self.threshold if self.task.decides else None)

    @property
    def tested(self) -> float | None:
        """`metric` as what comes to a server can be measured by it: every row counts alike."""
        judged = self.metrics.get(self.metric)
        return self.by_rows if self.by_rows is not None else None if judged is None else judged.value

    @property
    def task(self) -> Task:
        return task_of(self.kind, self.classes, self.costs, self.quantiles)


class Golden(Struct, frozen=True, forbid_unknown_fields=True):
    """A real record: raw features in the manifest's order, as JSON, and the prediction that training gave."""

    values: tuple[Any, ...]
    expected: float | tuple[float, ...]
    decided: bool | float | str | None = None
    """What was decided on it; None in bundles of before."""


class _Signature(Struct, frozen=True, forbid_unknown_fields=True):
    algorithm: str
    public_key: str
    signature: str


@dataclass(frozen=True, eq=False)
class Parts:
    """What a bundle is written from. `manifest` needs no members and no key yet."""

    manifest: Manifest
    onnx: bytes
    reference: Reference
    golden: tuple[Golden, ...]
    card: str
    cost: dict[str, Any]


@dataclass(frozen=True, eq=False)
class Bundle:
    """An opened bundle whose hashes and signature hold. `id` is the SHA-256 of its manifest."""

    manifest: Manifest
    onnx: bytes
    reference: Reference
    golden: tuple[Golden, ...]
    card: str
    cost: dict[str, Any]
    id: str

    @staticmethod
    def write(path: str | Path, parts: Parts, key: str) -> str:
        """Write and sign; the file appears whole or not at all. Gives the id. `key`: a private key, hex.

        Raises:
            ModelError: fewer than 20 golden records, or a key that is not one.
        """
        if len(parts.golden) < LEAST_GOLDEN:
            raise ModelError(f"{len(parts.golden)} golden records are too few: at least {LEAST_GOLDEN} are needed")
        content = {
            "model.onnx": parts.onnx,
            "reference.json": _json(parts.reference),
            "golden.json": _json(parts.golden),
            "card.md": parts.card.encode(),
            "cost.json": _json(parts.cost),
        }
        members = {name: Member(len(body), _sha(body)) for name, body in content.items()}
        public = signing.public_key(key)
        manifest = _json(msgspec.structs.replace(parts.manifest, members=members, public_key=public))
        signature = _json(_Signature("ed25519", public, signing.sign(manifest, key)))
        whole = {"manifest.json": manifest, **content, "signature.json": signature}
        file = Path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_name(f".{file.name}.{os.getpid()}.{uuid.uuid4().hex}.partial")
        try:
            with zipfile.ZipFile(partial, "w") as packed:
                for name in MEMBERS:
                    info = zipfile.ZipInfo(name, _NO_TIME)
                    info.compress_type = zipfile.ZIP_DEFLATED
                    info.external_attr = 0o644 << 16
                    packed.writestr(info, whole[name], compresslevel=6)
            partial.replace(file)
        finally:
            partial.unlink(missing_ok=True)
        return _sha(manifest)

    @staticmethod
    def open(path: str | Path, trusted_keys: Collection[str] | None) -> Bundle:
        """Read and check. `trusted_keys`: public keys, hex; None takes any key, for a file that was just written.

        1. The members are the expected ones and not too large.
        2. The signature over the manifest holds, by a trusted key.
        3. Every member has the size and hash that the manifest says.

        Raises:
            ModelError: any of these does not hold, or a part is not what its type says.
        """
        file = Path(path)
        try:
            whole = file.read_bytes()
        except FileNotFoundError as bad:
            raise ModelError("there is no such bundle", where=str(file)) from bad
        except OSError as bad:
            raise ModelError(f"the file cannot be read: {bad}", where=str(file), mend="take the bundle again") from bad
        return Bundle.read(whole, trusted_keys, where=file)

    @staticmethod
    def read(whole: bytes, trusted_keys: Collection[str] | None, *, where: str | Path) -> Bundle:
        """As `open`, from bytes in hand, such as a blob whose hash was just checked. `where` is named in errors."""
        file = Path(where)
        content = _unpacked(whole, file)
        manifest_bytes = content["manifest.json"]
        signature = _decode(content, "signature.json", _Signature, file)
        if signature.algorithm != "ed25519" or not signing.holds(
            manifest_bytes, signature.signature, signature.public_key
        ):
            raise ModelError(
                "the signature does not hold: the manifest was changed after it was signed",
                where=str(file),
                mend="take the bundle again from where it was made",
            )
        if trusted_keys is not None and signature.public_key not in trusted_keys:
            raise ModelError(
                f"signed by a key that is not trusted ({signature.public_key[:16]}…)",
                where=str(file),
                mend="add the public key to the trusted ones, if you know whose it is",
            )
        manifest = _decode(content, "manifest.json", Manifest, file)
        if manifest.format != FORMAT or manifest.public_key != signature.public_key:
            raise ModelError(f"format {manifest.format} or its key is not what this version reads", where=str(file))
        for name in MEMBERS[1:-1]:
            told = manifest.members.get(name)
            if told is None or told.size != len(content[name]) or told.sha256 != _sha(content[name]):
                raise ModelError(
                    f"{name} is not what the manifest says",
                    where=str(file),
                    mend="take the bundle again from where it was made",
                )
        return Bundle(
            manifest,
            content["model.onnx"],
            _decode(content, "reference.json", Reference, file),
            _decode(content, "golden.json", tuple[Golden, ...], file),
            content["card.md"].decode(),
            _decode(content, "cost.json", dict[str, Any], file),
            _sha(manifest_bytes),
        )

    def scorer(self, *, threads: int = 1) -> Scorer:
        """A new scorer; each thread needs its own."""
        return Scorer(self.onnx, self.manifest.encoder, self.manifest.calibrator, threads=threads)

    def verify_golden(self, scorer: Scorer | None = None) -> float:
        """Score every golden record, row by row as serving does; the largest difference.

        Raises:
            ModelError: a prediction differs from what training gave by more than `GOLDEN_TOLERANCE`.
        """
        scorer = scorer or self.scorer()
        if len(self.golden) < LEAST_GOLDEN:
            raise ModelError(f"the bundle has {len(self.golden)} golden records, {LEAST_GOLDEN} are needed")
        scale = self._golden_scale()
        worst = 0.0
        for number, golden in enumerate(self.golden):
            found = scorer.score(raw_values(golden.values, self.manifest.features))
            gaps = _apart(values_of(found), values_of(golden.expected))
            if not all(gap <= GOLDEN_TOLERANCE * scale for gap in gaps):  # nor is NaN an answer
                raise ModelError(
                    f"golden record {number} gives {_digits(found)}, training gave {_digits(golden.expected)}",
                    where=self.manifest.model,
                    mend="do not serve this bundle on this machine",
                )
            self._verify_decision(number, golden)
            worst = max(worst, *gaps)
        return worst

    def _golden_scale(self) -> float:
        """What a difference is small or large beside."""
        told = [value for golden in self.golden for value in values_of(golden.expected)]
        return self.manifest.calibrator.scale(max(map(abs, told)), max(told) - min(told))

    def _verify_decision(self, number: int, golden: Golden) -> None:
        """What training decided on the very prediction that it gave follows from threshold and costs as they stand."""
        decided = self.manifest.decided(golden.expected).prediction
        if golden.decided is not None and decided != golden.decided:
            raise ModelError(
                f"on golden record {number} {decided} is decided, training decided {golden.decided}",
                where=self.manifest.model,
                mend="do not serve this bundle: its threshold, or what mistakes cost, is not what it was made with",
            )


def values_of(score: Score) -> tuple[float, ...]:
    """What was said of one row, one number for each output."""
    return score if isinstance(score, tuple) else (score,)


def _apart(found: tuple[float, ...], expected: tuple[float, ...]) -> list[float]:
    """How far each output is from what it should be; another number of them is as far as can be."""
    if len(found) != len(expected):
        return [math.inf]
    return [abs(one - other) for one, other in zip(found, expected, strict=True)]


def _digits(score: Score) -> str:
    return ", ".join(f"{value:.8g}" for value in values_of(score))


def json_values(values: Collection[Any]) -> tuple[Any, ...]:
    """Raw features as JSON holds them: times and dates as ISO text."""
    return tuple(v.isoformat() if isinstance(v, date | datetime) else v for v in values)


def raw_values(values: Collection[Any], features: tuple[FeatureColumn, ...]) -> tuple[Any, ...]:
    """The opposite of `json_values`.

    Raises:
        ModelError: another number of values, or text that is not a time.
    """
    if len(values) != len(features):
        raise ModelError(f"a record has {len(values)} values for {len(features)} features", where="golden.json")
    readers: dict[str, Any] = {"timestamp": datetime.fromisoformat, "date": date.fromisoformat}
    try:
        return tuple(
            readers[f.type](v) if v is not None and f.type in readers else v
            for v, f in zip(values, features, strict=True)
        )
    except (TypeError, ValueError) as bad:
        raise ModelError(f"a record holds something that is not a time: {bad}", where="golden.json") from bad


def _json(value: Any) -> bytes:
    return msgspec.json.encode(value, order="deterministic")


def _sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _unpacked(whole: bytes, file: Path) -> dict[str, bytes]:
    """All members, when they are exactly the expected ones; sizes are checked before and while unpacking."""
    try:
        with zipfile.ZipFile(io.BytesIO(whole)) as packed:
            infos = packed.infolist()
            if sorted(i.filename for i in infos) != sorted(MEMBERS):
                odd = sorted({i.filename for i in infos} ^ set(MEMBERS)) or ["a member that comes twice"]
                raise ModelError(f"not a bundle: unexpected or missing members ({', '.join(odd[:5])})", where=str(file))
            if sum(i.file_size for i in infos) > MOST_BYTES:
                raise ModelError(f"the bundle unpacks to more than {MOST_BYTES >> 20} MB", where=str(file))
            content = {}
            for info in infos:
                with packed.open(info) as member:
                    # The size in the directory may lie: never read more than it says.
                    body = member.read(info.file_size + 1)
                if len(body) != info.file_size:
                    raise ModelError(f"{info.filename} is larger than it says", where=str(file))
                content[info.filename] = body
            return content
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as bad:
        raise ModelError(f"the file is damaged: {bad}", where=str(file), mend="take the bundle again") from bad
    except Exception as bad:
        if isinstance(bad, ModelError):
            raise
        raise ModelError(f"the file is damaged: {bad}", where=str(file), mend="take the bundle again") from bad


class _Tagged(Struct):
    type: str


class _Steps(Struct):
    steps: tuple[_Tagged, ...]


class _Encoded(Struct):
    encoder: _Steps


def _absent_steps(content: bytes) -> list[str]:
    """The steps that a manifest names and that nothing here brings."""
    try:
        steps = msgspec.json.decode(content, type=_Encoded).encoder.steps
    except msgspec.MsgspecError:
        return []
    return sorted({step.type for step in steps} - {*known_steps()})


def _decode(content: dict[str, bytes], name: str, kind: Any, file: Path) -> Any:
    try:
        return msgspec.json.decode(content[name], type=kind)
    except msgspec.MsgspecError as bad:
        if absent := _absent_steps(content[name]):
            raise ModelError(
                f"features are prepared by {', '.join(absent)}, which is not installed here",
                where=str(file),
                mend="install the package that brings it (entry point treadle.steps)",
            ) from bad
        raise ModelError(f"{name} is not what it should be: {bad}", where=str(file)) from bad
