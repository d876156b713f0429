"""The input of a step is what its key was made of: nobody changes it, and its parts are given by name."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import Any

import pytest
from msgspec import Struct

from treadle import stages
from treadle.evidence import StepInput
from treadle.stages.examples import Examples
from treadle.stages.work import StepLine, TrainingCost

for module in pkgutil.iter_modules(stages.__path__, "treadle.stages."):
    importlib.import_module(module.name)
INPUTS = [each for each in StepInput.__subclasses__() if each.__module__.startswith("treadle.stages.")]


@pytest.mark.parametrize("asked", INPUTS, ids=lambda each: each.__name__)
def test_an_input_is_frozen_and_named(asked: type[StepInput[Any]]) -> None:
    assert asked.__struct_config__.frozen
    assert {each.kind for each in inspect.signature(asked).parameters.values()} == {inspect.Parameter.KEYWORD_ONLY}


@pytest.mark.parametrize("said", [Examples, StepLine, TrainingCost])
def test_what_steps_hand_on_is_frozen(said: type[Struct]) -> None:
    assert said.__struct_config__.frozen


def test_every_step_of_the_loop_has_an_input() -> None:
    assert len(INPUTS) >= 10
