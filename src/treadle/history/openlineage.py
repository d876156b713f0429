"""The record as events of OpenLineage 2 (its JSON Schema 2-0-2), for a catalog that shows lineage of many systems.

A step is a run of a job: one event when it began, one when it ended. What it read and made are data sets; a training
table says of each feature which columns it is made of. Nothing of the rows is in them.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET, Struct, UnsetType, field

from treadle.features.columns import Part, above, reads, values
from treadle.features.plan import FeaturePlan
from treadle.store import Blob, File, Snapshot

if TYPE_CHECKING:
    from treadle.evidence import Entry, Payload
    from treadle.store import Ref

_SPEC = "https://openlineage.io/spec"
_EVENT = f"{_SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent"
_FACETS = f"{_SPEC}/facets"
NAMESPACE = "treadle"
_OWN = uuid.UUID("6f0f3a52-6f0c-5b43-9d0a-2f8f2f3f4d11")
"""The space of names in which a run of the loop has its UUID."""


class _Facet(Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    producer: str = field(name="_producer")
    schema_url: str = field(name="_schemaURL")


class Version(_Facet, frozen=True, kw_only=True):
    dataset_version: str


class Statistics(_Facet, frozen=True, kw_only=True):
    row_count: int


class SchemaField(Struct, frozen=True):
    name: str
    type: str


class Schema(_Facet, frozen=True, kw_only=True):
    fields: list[SchemaField]


class Transformation(Struct, frozen=True):
    type: str


class InputField(Struct, frozen=True):
    namespace: str
    name: str
    field: str
    transformations: list[Transformation]


class InputFields(Struct, frozen=True, rename="camel"):
    input_fields: list[InputField]


class ColumnLineageFacet(_Facet, frozen=True, kw_only=True):
    fields: dict[str, InputFields]


class DatasetFacets(Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    version: Version | UnsetType = UNSET
    schema: Schema | UnsetType = UNSET
    column_lineage: ColumnLineageFacet | UnsetType = UNSET


class OutputFacets(Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    output_statistics: Statistics | UnsetType = UNSET


class Dataset(Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    namespace: str
    name: str
    facets: DatasetFacets = DatasetFacets()
    output_facets: OutputFacets | UnsetType = UNSET


class RunName(Struct, frozen=True, rename="camel"):
    run_id: str


class JobName(Struct, frozen=True):
    namespace: str
    name: str


class Parent(_Facet, frozen=True, kw_only=True):
    run: RunName
    job: JobName


class ErrorMessage(_Facet, frozen=True, kw_only=True):
    message: str
    programming_language: str
    """Required by the facet, and so without a default: what has its default is left out."""


class JobType(_Facet, frozen=True, kw_only=True):
    processing_type: str
    integration: str
    job_type: str


class RunFacets(Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    parent: Parent | UnsetType = UNSET
    error_message: ErrorMessage | UnsetType = UNSET


class JobFacets(Struct, frozen=True, rename="camel"):
    job_type: JobType


class Run(Struct, frozen=True, kw_only=True, rename="camel"):
    run_id: str
    facets: RunFacets


class Job(Struct, frozen=True, kw_only=True):
    namespace: str
    name: str
    facets: JobFacets


class RunEvent(Struct, frozen=True, kw_only=True, rename="camel"):
    event_type: str
    event_time: str
    producer: str
    schema_url: str = field(name="schemaURL")
    run: Run
    job: Job
    inputs: list[Dataset]
    outputs: list[Dataset]


def events(project: str, entries: Sequence[Entry[Payload]], version: str) -> Iterator[RunEvent]:
    """Two events for each of the entries that is a step: START, then COMPLETE or FAIL. `version`: Treadle's own."""
    telling = _Telling(project, f"urn:treadle:{version}")
    for entry in entries:
        if entry.usage is not None:
            yield telling.event(entry, "START")
            yield telling.event(entry, "FAIL" if entry.status == "failed" else "COMPLETE")


class _Built(Struct, frozen=True):
    """Of a step's input, the plan that a training table was built by, and the tables that it was built from."""

    plan: FeaturePlan
    tables: dict[str, Snapshot]


class _Telling:
    def __init__(self, project: str, producer: str) -> None:
        self.project, self.producer = project, producer

    def event(self, entry: Entry[Payload], kind: str) -> RunEvent:
        ended = kind != "START"
        return RunEvent(
            event_type=kind,
            event_time=entry.time if ended else _began(entry),
            producer=self.producer,
            schema_url=_EVENT,
            run=Run(run_id=str(uuid.UUID(entry.id)), facets=self._of_run(entry, kind)),
            job=Job(namespace=NAMESPACE, name=f"{self.project}.{entry.kind}", facets=JobFacets(self._job_type())),
            inputs=[self._dataset(ref) for ref in entry.uses if _named(ref)],
            outputs=[self._made(ref, entry) for ref in entry.made if _named(ref)] if ended else [],
        )

    def _facet(self, name: str, version: str) -> dict[str, str]:
        return {"producer": self.producer, "schema_url": f"{_FACETS}/{version}/{name}.json#/$defs/{name}"}

    def _job_type(self) -> JobType:
        said = self._facet("JobTypeJobFacet", "2-0-4")
        return JobType(**said, processing_type="BATCH", integration="TREADLE", job_type="STEP")

    def _of_run(self, entry: Entry[Payload], kind: str) -> RunFacets:
        whole = uuid.uuid5(_OWN, f"{self.project} {entry.run}")
        parent = Parent(
            **self._facet("ParentRunFacet", "1-2-0"),
            run=RunName(str(whole)),
            job=JobName(NAMESPACE, f"{self.project}.run"),
        )
        if kind != "FAIL":
            return RunFacets(parent=parent)
        said = self._facet("ErrorMessageRunFacet", "1-0-1")
        error = ErrorMessage(**said, message=entry.error, programming_language="python")
        return RunFacets(parent=parent, error_message=error)

    def _dataset(self, ref: Ref) -> Dataset:
        version = Version(**self._facet("DatasetVersionDatasetFacet", "1-0-1"), dataset_version=ref.content)
        return Dataset(namespace=_space(ref), name=_named(ref), facets=DatasetFacets(version=version))

    def _made(self, ref: Ref, entry: Entry[Payload]) -> Dataset:
        made = self._dataset(ref)
        if not isinstance(ref, Snapshot):
            return made
        counted = Statistics(**self._facet("OutputStatisticsOutputDatasetFacet", "1-0-2"), row_count=ref.rows)
        made = msgspec.structs.replace(made, output_facets=OutputFacets(output_statistics=counted))
        built = _built(entry)
        if built is None:
            return made
        plan, tables = built.plan, built.tables
        typed = [SchemaField(each.name, each.type) for each in plan.features]
        facets = msgspec.structs.replace(
            made.facets,
            schema=Schema(**self._facet("SchemaDatasetFacet", "1-2-0"), fields=typed),
            column_lineage=self._lineage(plan, {name: table.table for name, table in tables.items()}),
        )
        return msgspec.structs.replace(made, facets=facets)

    def _lineage(self, plan: FeaturePlan, tables: dict[str, str]) -> ColumnLineageFacet:
        known, fields = reads(plan), {}
        for feature in plan.features:
            carried = values(known, feature.name)
            every = sorted(p.name for p in above(known, Part("feature", feature.name)) if p.kind == "column")
            fields[feature.name] = InputFields([_field(tables, name, name in carried) for name in every])
        return ColumnLineageFacet(**self._facet("ColumnLineageDatasetFacet", "1-2-0"), fields=fields)


def _field(tables: dict[str, str], name: str, carried: bool) -> InputField:
    source, _, column = name.partition(".")
    kind = Transformation("DIRECT" if carried else "INDIRECT")
    return InputField(NAMESPACE, tables.get(source, source), column, [kind])


def _built(entry: Entry[Payload]) -> _Built | None:
    from treadle.evidence.kinds.features_built import FeaturesBuilt

    if not isinstance(entry.payload, FeaturesBuilt):
        return None
    try:
        return msgspec.json.decode(entry.input, type=_Built)
    except msgspec.MsgspecError:  # of an older version, which said it otherwise
        return None


def _began(entry: Entry[Payload]) -> str:
    assert entry.usage is not None
    ended = datetime.fromisoformat(entry.time)
    return (ended - timedelta(seconds=entry.usage.seconds)).isoformat()


def _space(ref: Any) -> str:
    return "file" if isinstance(ref, File) else NAMESPACE


def _named(ref: Any) -> str:
    """How a data set is called; entries, and blobs without a name, are none."""
    if isinstance(ref, Snapshot):
        return ref.table
    return ref.name if isinstance(ref, File | Blob) else ""
