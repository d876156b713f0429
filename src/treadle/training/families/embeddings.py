"""A network that learns embeddings of levels and of numbers' ranges, by PyTorch, where the extra is installed.

Learned by AdamW (Loshchilov and Hutter 2019) in batches, with dropout, on a GPU where PyTorch sees one. What is learned
is kept as numbers (`embedded_net`), so nobody but who fits needs PyTorch. Some rows are shown without their levels, as
a row is whose level was never seen.

Equal rows, settings, seed and device give equal bytes: PyTorch is held to its deterministic algorithms meanwhile.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import numpy as np

from treadle.training.cores import CORES
from treadle.training.families.embedded_net import CHUNK, NAME, EmbeddedNet, Embedding
from treadle.training.families.family import (
    UNKNOWN,
    Array,
    Estimator,
    Footprint,
    Inputs,
    Kept,
    Params,
    Sample,
    polite_threads,
)
from treadle.training.families.network import EXPONENT, KINK, MEAN, Layers, Learner, Network, NetworkFamily, batch_of

FEW_CELLS = 200_000
"""Below this, waking a second thread takes longer than the work it would do."""
UNSEEN = 0.03
"""Of the levels, each time, that are shown as never seen."""
SPREAD = 0.5
"""Standard deviation of the table's numbers before they are learned."""
MOST_WEIGHTS = 300_000
"""In one network: 1.2 MB, and under 0.1 ms a row. Of many columns pieces are fewer, embeddings or layers narrower."""
_LEAST = {"pieces": 4, "embedding": 2, "width": 8}
"""Of settings that are made less for it, first that which takes most."""
_PIECES_US, _CODES_US = 10.0, 14.0
"""What a row takes before the dense layers, as `Footprint.of_numbers` has it of these: its numbers, and its codes."""
BATCHES = ((50_000, 256), (200_000, 512), (10**12, 1024))
"""Rows of a step at the most, by rows in all."""


class EmbeddingsFamily(NetworkFamily):
    """Search: width and depth of the layers, width of a level's embedding, pieces of a number's range; the rate, decay,
    and the share of a layer that is left out in learning."""

    name = NAME
    extra = "torch"
    native = True
    pairs = False
    gpu = True
    why = "learns what levels of text have in common; smooth interactions"
    device: ClassVar[str] = ""
    """`cpu` or `cuda`; empty: the GPU, where PyTorch sees one."""

    def defaults(self) -> Params:
        return {
            "width": 128,
            "depth": 2,
            "embedding": 8,
            "pieces": 16,
            "rate": 0.002,
            "decay": 0.02,
            "dropout": 0.15,
            "text": "native",
            "even_classes": False,
        }

    def suggest(self, trial: Any) -> Params:
        even = trial.suggest_categorical(f"{NAME}.even_classes", [False, True]) if self.weight_option else False
        return {
            "width": trial.suggest_int(f"{NAME}.width", 16, 256, log=True),
            "depth": trial.suggest_int(f"{NAME}.depth", 1, 3),
            "embedding": trial.suggest_int(f"{NAME}.embedding", 2, 32, log=True),
            "pieces": trial.suggest_int(f"{NAME}.pieces", 4, 48, log=True),
            "rate": trial.suggest_float(f"{NAME}.rate", 3e-4, 1e-2, log=True),
            "decay": trial.suggest_float(f"{NAME}.decay", 1e-4, 1.0, log=True),
            "dropout": trial.suggest_float(f"{NAME}.dropout", 0.0, 0.5),
            "text": "native",
            "even_classes": even,
        }

    def footprint(self, params: Params, rows: int, inputs: Inputs = UNKNOWN) -> Footprint:
        within, levels = self.within(params, inputs), inputs.levels
        read = (inputs.width - len(levels)) * (within["pieces"] + 1) + len(levels) * within["embedding"]
        table = (sum(levels) + len(levels)) * within["embedding"]
        met = self.dense_numbers(read, within)
        before = _PIECES_US * (inputs.width > len(levels)) + _CODES_US * bool(levels)
        return Footprint(Footprint.of_numbers(met).row_us + before, Footprint.of_numbers(met + table).mb)

    def within(self, params: Params, inputs: Inputs) -> Params:
        """`params` such that a network of such inputs has at most `MOST_WEIGHTS`."""
        found = {**params, **{key: int(params[key]) for key in ("width", "depth", "embedding", "pieces")}}
        codes, rows = len(inputs.levels), sum(inputs.levels) + len(inputs.levels)
        while True:
            width, embedding = found["width"], found["embedding"]
            parts = {
                "pieces": (inputs.width - codes) * (found["pieces"] + 1) * width,
                "embedding": (codes * width + rows) * embedding,
                "width": self.dense_numbers(0, found),
            }
            wide = [key for key in parts if found[key] > _LEAST[key]]
            if sum(parts.values()) <= MOST_WEIGHTS or not wide:
                return found
            most = max(wide, key=lambda key: parts[key])
            found[most] -= max(1, found[most] // 8)

    def started(self, rows: Sample, near_zero: Array, params: Params, weight: Array) -> Network:
        inputs = Inputs.of(rows)
        within = self.within(params, inputs)
        embedding = Embedding.of(rows, within["pieces"])
        random = np.random.default_rng((self.seed, 1))
        shape = int(embedding.sizes.sum()), within["embedding"]
        table = [(SPREAD * random.normal(size=shape)).astype(np.float32)] if len(embedding.codes) else []
        read = embedding.amounts + len(embedding.codes) * within["embedding"]
        return EmbeddedNet(
            layers=(*table, *self._first(read, near_zero, within, weight)), rounds=0, embedding=embedding
        )

    @contextmanager
    def learning(self, first: Any, rows: Sample, truth: Array, weight: Array, params: Params) -> Iterator[Learner]:
        threads = 1 if rows.x.size < FEW_CELLS else CORES.free(self.threads)
        with _held_to_order(self.device, threads) as device:
            yield Learning(self, first, rows, (truth, weight), params, device)

    def restore(self, kept: Kept) -> Estimator:
        return EmbeddedNet.restore(kept)


@contextmanager
def _held_to_order(device: str, threads: int) -> Iterator[str]:
    """The device to learn on, with PyTorch deterministic and on so many threads; afterwards as it was.

    Raises:
        MemoryError: it was refused memory.
    """
    polite_threads()
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # read when CUDA begins; without it sums have no order
    import torch

    threads_before, order_before = torch.get_num_threads(), torch.get_deterministic_debug_mode()
    torch.set_num_threads(threads)
    # the same as use_deterministic_algorithms(True), which imports a compiler for seconds
    torch.set_deterministic_debug_mode("error")
    try:
        yield device or ("cuda" if torch.cuda.is_available() else "cpu")
    except RuntimeError as error:
        if "out of memory" in str(error) or "not enough memory" in str(error) or "allocate memory" in str(error):
            raise MemoryError(str(error)) from error
        raise
    finally:
        torch.set_deterministic_debug_mode(order_before)
        torch.set_num_threads(threads_before)


class Learning:
    """A network on embeddings while it is learned, on these rows and this device."""

    def __init__(
        self,
        family: EmbeddingsFamily,
        first: EmbeddedNet,
        rows: Sample,
        taught: tuple[Array, Array],
        params: Params,
        device: str,
    ) -> None:
        import torch

        self.family, self.embedding, self.device, self.dropout = (
            family,
            first.embedding,
            device,
            float(params["dropout"]),
        )
        self.x = self._sent(rows.x)
        self.truth, self.weight = (self._sent(part.astype(np.float32)) for part in taught)
        self.known = {
            name: self._sent(getattr(first.embedding, name))
            for name in (*Embedding.PLACES, *Embedding.AMOUNTS, "first")
        }
        self.parts = [self._sent(part).requires_grad_() for part in first.layers]
        self.first, self.second, self.mean = ([torch.zeros_like(part) for part in self.parts] for _ in range(3))
        self.steps, self.rate, self.decay = 0, float(params["rate"]), float(params["decay"])

    def epoch(self, number: int, end: float) -> float:
        import torch

        rows = len(self.x)
        random = np.random.default_rng((self.family.seed, number))
        order = self._sent(random.permutation(rows))
        chance = torch.Generator(self.device).manual_seed(int(random.integers(2**62)))
        size = batch_of(rows, next(batch for most, batch in BATCHES if rows <= most))
        total = torch.zeros((), device=self.device)
        for step, begin in enumerate(range(0, rows, size)):
            some = order[begin : begin + size]
            margins = self._margins(self.parts, self.x[some], chance)
            loss = (self._each_loss(margins, self.truth[some]) * self.weight[some]).mean()
            self._step(torch.autograd.grad(loss, self.parts))
            total += loss.detach() * len(some)
            if step % 64 == 63 and time.monotonic() > end:
                return float(total) / (begin + len(some))
        return float(total) / rows

    def _step(self, slopes: Sequence[Any]) -> None:
        """AdamW. By hand: PyTorch's own imports a compiler before its first step, which takes seconds."""
        import torch

        self.steps += 1
        first, second = 1 - 0.9**self.steps, 1 - 0.999**self.steps
        with torch.no_grad():
            for i, slope in enumerate(slopes):
                self.first[i].lerp_(slope, 0.1)
                self.second[i].lerp_(slope.square(), 0.001)
                if slope.ndim > 1:
                    self.parts[i].mul_(1 - self.rate * self.decay)
                wide = (self.second[i] / second).sqrt_().add_(1e-8)
                self.parts[i].addcdiv_(self.first[i], wide, value=-self.rate / first)
                self.mean[i].lerp_(self.parts[i], MEAN)

    def averaged(self) -> Layers:
        whole = np.float32(1 - (1 - MEAN) ** self.steps)
        return tuple(part.cpu().numpy() / whole for part in self.mean)

    def margin(self, layers: Layers, x: Array) -> Array:
        import torch

        parts = [self._sent(part) for part in layers]
        with torch.no_grad():
            told = [self._margins(parts, self._sent(x[b : b + CHUNK])).cpu().numpy() for b in range(0, len(x), CHUNK)]
        return np.concatenate(told).astype(np.float64)

    def _sent(self, values: Array) -> Any:
        import torch

        return torch.from_numpy(np.array(values)).to(self.device)

    def _margins(self, parts: Sequence[Any], x: Any, chance: Any = None) -> Any:
        """As `EmbeddedNet.margin`, in float32; with `chance`, as in learning: without some inputs."""
        import torch

        known, dense = self.known, parts[len(parts) % 2 :]
        raw = x[:, known["numbers"]]
        gaps = raw.isnan()
        filled = torch.where(gaps, known["fill"], raw)
        out = ((filled[:, known["place"]] - known["lower"]) * known["steep"]).clamp(0, 1)
        read = [out, gaps[:, known["flagged"]].to(out.dtype)]
        if len(parts) % 2:
            rows, last = x[:, known["codes"]].nan_to_num(nan=-1.0) + 1, known["sizes"] - 1
            rows = torch.where(rows > last, 0, rows.clamp(min=0)).long()
            if chance is not None:
                rows = rows * (torch.rand(rows.shape, generator=chance, device=self.device) >= UNSEEN)
            table = torch.nn.functional.embedding(rows + known["first"], parts[0])
            read.append(table.flatten(1))
        out = torch.cat(read, dim=1)
        for place in range(0, len(dense), 2):
            out = torch.addmm(dense[place + 1], out, dense[place])
            if place + 2 < len(dense):
                out = out.relu()
                if chance is not None and self.dropout > 0:
                    stays = torch.rand(out.shape, generator=chance, device=self.device) >= self.dropout
                    out = out * stays / (1 - self.dropout)
        return out

    def _each_loss(self, margins: Any, truth: Any) -> Any:
        """Of each row, as `NetworkFamily` tells it; of quantiles with the kink rounded off."""
        import torch

        task = self.family.task
        if task.levels:
            off = margins - truth
            # its slope goes from 0 to 1 within the kink
            below = torch.where(off.abs() < KINK, (off + KINK) ** 2 / (4 * KINK), off.clamp(min=0))
            return (below - off * torch.tensor(task.levels, device=self.device, dtype=off.dtype)).mean(dim=1)
        if task.outputs > 1:
            return -(torch.log_softmax(margins, dim=1) * truth).sum(dim=1)
        if task.plain().kind == "identity":
            return 0.5 * ((margins - truth) ** 2)[:, 0]
        if task.plain().kind == "exponential":
            return (self._count(margins) - truth * margins)[:, 0]
        return torch.nn.functional.binary_cross_entropy_with_logits(margins, truth, reduction="none")[:, 0]

    def _count(self, margins: Any) -> Any:
        """e to the margin; beyond `EXPONENT` a line, so that one row cannot end all learning."""
        bent = margins.clamp(-EXPONENT, EXPONENT)
        return bent.exp() * (1 + margins - bent)
