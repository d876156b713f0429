"""A network on embeddings, learned on a GPU and on the CPU: how long each takes, and what they say.

It needs PyTorch, ONNX Runtime and a GPU, and of Treadle what fits networks alone:
`PYTHONPATH=src python tests/soak/on_gpu.py` in an environment with numpy, msgspec, psutil, threadpoolctl, torch, onnx
and onnxruntime.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass

import msgspec
import numpy as np
from exercise import Asked, Failed, hold

from treadle.scoring.tasks import task_of
from treadle.training.families.embedded_net import EmbeddedNet
from treadle.training.families.embeddings import EmbeddingsFamily, Learning
from treadle.training.families.family import Array, Graph, Params, Sample

ROWS, HELD = 200_000, 50_000
NUMBERS, LEVELS = 12, 300
EPOCHS = 10
KINDS = ("classification", "multiclass", "regression", "counts", "quantiles")
NEAR = 1e-5
"""Between what the GPU says and what the graph does, as `treadle.testing.FamilySuite` has it."""
ALIKE = 0.01
"""The part of the held-out loss by which two orders of adding may differ, after so many epochs."""


class OnCpu(EmbeddingsFamily):
    device = "cpu"


class OnGpu(EmbeddingsFamily):
    device = "cuda"


@dataclass(frozen=True, eq=False)
class Fit:
    made: EmbeddedNet
    seconds: float
    loss: float

    @property
    def content(self) -> bytes:
        return msgspec.json.encode(self.made.kept(), order="deterministic")


def exercise(asked: Asked) -> str:
    if not EmbeddingsFamily.installed():
        return "left out: PyTorch is not installed here"
    import torch

    if not torch.cuda.is_available():
        return "left out: PyTorch sees no GPU here"
    rows, held = drawn(ROWS, asked.seed), drawn(HELD, asked.seed + 1)
    threads = min(os.cpu_count() or 1, 8)
    alone, cpu = fitted(OnCpu, rows, held, 1), fitted(OnCpu, rows, held, threads)
    started, gpu = fitted(OnGpu, rows, held, threads), fitted(OnGpu, rows, held, threads)
    hold(alone.content == cpu.content, f"{threads} threads give other bytes than one")
    hold(started.content == gpu.content, "two fits on the GPU are not equal to the byte")
    apart = abs(gpu.loss - cpu.loss)
    hold(apart < ALIKE * cpu.loss, f"held-out loss {gpu.loss:.5f} on the GPU, {cpu.loss:.5f} on the CPU")
    for kind in KINDS:
        hold(of_kind(kind).content == of_kind(kind).content, f"two fits of {kind} on the GPU are not equal to the byte")
    off = from_graph(gpu.made, held)
    hold(off <= NEAR, f"the graph is off what the GPU says by {off:.2e}")
    return (
        f"{ROWS:,} rows, {NUMBERS} numbers, 2 x {LEVELS} levels, {EPOCHS} epochs, torch {torch.__version__}, "
        f"{torch.cuda.get_device_name()}: "
        f"{alone.seconds:.1f} s on one thread, {cpu.seconds:.1f} s on {threads}, {gpu.seconds:.1f} s on the GPU "
        f"({started.seconds:.1f} s the first time); held-out loss {cpu.loss:.5f} and {gpu.loss:.5f}; "
        f"any threads, and two fits on the GPU, give equal bytes, of each kind of task; the graph is off by {off:.1e}"
    )


def drawn(rows: int, seed: int) -> Sample:
    """Levels of two texts that act together, a wave, a step, and numbers of which some are missing."""
    same, random = np.random.default_rng(7), np.random.default_rng(seed)
    hidden = same.normal(size=(2, LEVELS, 3))
    codes = random.integers(0, LEVELS, size=(rows, 2))
    x = random.normal(size=(rows, NUMBERS)).astype(np.float32)
    drive = (hidden[0, codes[:, 0]] * hidden[1, codes[:, 1]]).sum(axis=1) + np.sin(3 * x[:, 0]) + (x[:, 1] > 0.5)
    x[random.random(x.shape) < 0.05] = np.nan
    y = (drive + random.logistic(size=rows) > 0.5).astype(np.float64)
    return Sample(np.column_stack([x, codes]).astype(np.float32), y, None, (NUMBERS, NUMBERS + 1))


def fitted(family: type[EmbeddingsFamily], rows: Sample, held: Sample, threads: int) -> Fit:
    made = family(task_of("classification"), threads=threads)
    params: Params = {**made.defaults(), "rounds": EPOCHS}
    began = time.perf_counter()
    found = made.fit(rows, params)
    seconds = time.perf_counter() - began
    assert isinstance(found, EmbeddedNet)
    margins = found.margin(held.x)[:, 0]
    return Fit(found, seconds, float((np.logaddexp(0, margins) - held.y * margins).mean()))


def of_kind(kind: str) -> Fit:
    """A short fit on few rows, stopped by others."""
    task = task_of(kind, ("a", "b", "c") if kind == "multiclass" else (), levels=(0.1, 0.9))
    rows, held = (drawn(5_000, seed) for seed in (1, 2))
    if kind != "classification":
        rows, held = (Sample(each.x, each.y + (each.x[:, 0] > 0.3), None, each.categories) for each in (rows, held))
    made = OnGpu(task)
    found = made.fit(rows, made.defaults(), held)
    assert isinstance(found, EmbeddedNet)
    return Fit(found, 0.0, 0.0)


def from_graph(made: EmbeddedNet, held: Sample) -> float:
    """How far the graph is from what the GPU says, of probabilities, also of rows as no table has them."""
    x = held.x.copy()
    random = np.random.default_rng(3)
    odd = random.random(x.shape) < 0.05
    x[odd] = random.choice(
        np.array([np.nan, np.inf, -np.inf, 3e38, -3e38, -1, 0, 299, 300], np.float32), int(odd.sum())
    )
    family = OnGpu(task_of("classification"))
    with family.learning(made, held.head(1), np.zeros((1, 1)), np.ones(1), family.defaults()) as learner:
        assert isinstance(learner, Learning)
        gpu = family.task.link(learner.margin(made.layers, x))
    return float(np.abs(gpu - family.task.link(run(made, x))).max())


def run(made: EmbeddedNet, x: Array) -> Array:
    """The margins of the graph."""
    import onnxruntime
    from onnx import TensorProto, checker, helper

    graph = Graph("x", x.shape[1])
    out = made.graph(graph, np.arange(x.shape[1]), 1.0)
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, n]) for name, n in (("x", x.shape[1]), (out, 1))
    ]
    whole = helper.make_graph(graph.nodes, "net", ends[:1], ends[1:], initializer=graph.constants)
    model = helper.make_model(whole, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    checker.check_model(model)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    told: Array = session.run([out], {"x": x})[0]
    return told.astype(np.float64)


if __name__ == "__main__":
    try:
        print(exercise(Asked(0, 0.0, 1, None)))
    except Failed as bad:
        sys.exit(f"FAILED: {bad}")
