"""The project file: its types (`ProjectSpec` and its parts), `load` with positions, and `json_schema`.

It reads no row and executes nothing: what only the tables can show, `treadle.drafting` checks.

`check_spec` holds a project built in Python to the rules of the file; `read_yaml` reads any YAML file from anywhere;
`trusted` tells whether a person trusts a project.
"""

from typing import Any

from treadle.spec.brief import Brief, Charter, Duty, Limits, Mistakes, People
from treadle.spec.channels import Channel, Topic
from treadle.spec.documents import Block, Items, YamlFile, kind_of, read_yaml
from treadle.spec.drawn import all_tables
from treadle.spec.durations import duration, spoken
from treadle.spec.entities import Entity
from treadle.spec.experts import Experts
from treadle.spec.layouts import layout_from, stated
from treadle.spec.load import FILE, Project, load, load_untrusted
from treadle.spec.mapping import Exchange, Mapped, Units
from treadle.spec.names import Identifier
from treadle.spec.project import (
    Access,
    Features,
    Layout,
    Lookup,
    New,
    Page,
    Predict,
    ProjectSpec,
    Schedule,
    Serve,
    Source,
    Split,
    Target,
    Train,
    View,
    Watch,
    Window,
)
from treadle.spec.rules import check_spec
from treadle.spec.services import Service, load_service
from treadle.spec.trust import trusted


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of the project file, for editors."""
    import msgspec

    (_, _, named), parts = msgspec.json.schema_components(
        [ProjectSpec, Target, dict[Identifier, Target]], ref_template="#/$defs/{name}"
    )
    one = {"$ref": parts["ProjectSpec"]["properties"]["predict"]["$ref"]}
    parts["ProjectSpec"]["properties"]["predict"] = {
        "description": "What is predicted: one target, or several by their names.",
        "anyOf": [one, {**named, "minProperties": 1}],
    }
    whole = parts["ProjectSpec"]
    whole["properties"]["people"] = {
        "description": "Who answers for a project without a brief.",
        "$ref": "#/$defs/People",
    }
    whole["required"] = [name for name in whole["required"] if name != "brief"]
    whole["oneOf"] = [{"required": ["brief"]}, {"required": ["people"]}]
    schema = {"$ref": "#/$defs/ProjectSpec", "$defs": parts}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Treadle project file",
        **schema,
    }


def as_data(spec: ProjectSpec) -> dict[str, Any]:
    """The spec as plain data, ready for JSON."""
    import msgspec

    data: dict[str, Any] = msgspec.to_builtins(spec)
    return data


__all__ = [
    "FILE",
    "Block",
    "Access",
    "Brief",
    "Channel",
    "Charter",
    "Duty",
    "Entity",
    "Exchange",
    "Experts",
    "Features",
    "Items",
    "Layout",
    "Limits",
    "Lookup",
    "Mapped",
    "Mistakes",
    "New",
    "Page",
    "People",
    "Predict",
    "Project",
    "ProjectSpec",
    "Schedule",
    "Serve",
    "Service",
    "Source",
    "Split",
    "Target",
    "Topic",
    "Train",
    "Units",
    "View",
    "Watch",
    "Window",
    "YamlFile",
    "all_tables",
    "as_data",
    "check_spec",
    "duration",
    "json_schema",
    "kind_of",
    "layout_from",
    "load",
    "load_service",
    "load_untrusted",
    "read_yaml",
    "spoken",
    "stated",
    "trusted",
]
OPEN = (
    "apis",
    "budget",
    "changes",
    "choices",
    "databases",
    "documents",
    "drawn",
    "entities",
    "experts",
    "names",
    "secrets",
    "servers",
    "settings",
    "trust",
    "urls",
    "writing",
)
