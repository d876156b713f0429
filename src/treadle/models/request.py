"""What a released model is asked, as its bundle says it: fields, rules, and the decision that it serves."""

from __future__ import annotations

from msgspec import Struct


class InputRule(Struct, frozen=True):
    """A row rule of the contract: `expression` must not be false for the record. `soft`: if it is, that is told."""

    id: str
    field: str
    text: str
    expression: str
    soft: bool = False


class InputField(Struct, frozen=True):
    name: str
    type: str
    nullable: bool = True
    feature: bool = True
    """False: kept with the prediction (an entity or key) but not seen by the model."""
    example: bool | int | float | str | None = None
    written: bool | None = None
    """Of a text: whether its column was text as it was read, and is known as it is written, such as 007; False where a
    type was guessed first, and it is known as 7. None in bundles that do not say it."""


class Inputs(Struct, frozen=True):
    """The request schema of a model."""

    fields: tuple[InputField, ...]
    rules: tuple[InputRule, ...] = ()


class Asked(Struct, frozen=True):
    """The request schema of a bundle. `cut`: where the training rows end, of a model that was split by time."""

    inputs: Inputs
    decision: str = ""
    cut: str | None = None
