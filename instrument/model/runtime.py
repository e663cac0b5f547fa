"""Running ONNX graphs, bounded in time and memory; the one door to onnxruntime."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from threading import Event, Thread
from typing import Any, NamedTuple, TypeAlias, TypeVar

import numpy as np

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # later versions tell their makers of each use
import onnxruntime

from instrument.arrays import Float32
from instrument.errors import InstrumentError
from instrument.model.onnx_file import read_graph
from instrument.model.spec import Graph
from instrument.text import one_line

T = TypeVar("T")

Stop: TypeAlias = onnxruntime.RunOptions
"""Ends the runs it is given to, from another thread."""


class Computed(NamedTuple):
    """Outputs of a graph.

    Attributes:
        outputs: In order.
        sound: Whether they are known to be what they may be.
    """

    outputs: Sequence[Float32]
    sound: bool


Compute: TypeAlias = Callable[[Mapping[str, Float32], Float32], Computed]
"""What computes a graph, from inputs by their names and how large each output may be."""

SAME = 1e-4
"""Two ways to compute a graph give the same if they differ by less than this part of its values."""

MEMORY_BYTES = 1 << 30
"""Most that all graphs together may take to compute."""

LOADING_SECONDS = 20.0
"""Loading takes some hundredths of a second."""

_OUT_OF_MEMORY = ("AllocateRawInternal", "bad_alloc", "Failed to allocate memory")

ENDING_SECONDS = 2.0
LARGEST_INPUT = 1 << 20
LONGEST_REASON = 300


class Output(NamedTuple):
    """What one output of a graph may be.

    Attributes:
        most: Largest value, whatever its sign.
        silent: What stands for a value of a note or voice that went wrong.
    """

    most: float
    silent: float


def within_time(work: Callable[[Stop], T], what: str, seconds: float = LOADING_SECONDS) -> T:
    """Do some work with graphs that can be stopped: by Ctrl-C, and when its time is over.

    Args:
        work: Is done in a thread of its own, and gives what it is given to each run.
        what: Is loaded, for messages.
        seconds: How long it may take.

    Raises:
        InstrumentError: It takes longer.
    """
    stop = _leaving_memory()
    results: list[T] = []
    errors: list[BaseException] = []
    done = Event()

    def do() -> None:
        try:
            results.append(work(stop))
        except BaseException as error:  # it is raised where it is waited for
            errors.append(error)
        done.set()

    Thread(target=do, name="arco-load", daemon=True).start()
    try:
        in_time = done.wait(seconds)
    finally:
        stop.terminate = True
        done.wait(ENDING_SECONDS)
    if not in_time:
        raise InstrumentError(
            f"{what}: its graphs take more than {seconds:g} s to load and compute; "
            "export the instrument anew"
        )
    if errors:
        raise errors[0]
    return results[0]


@cache
def _limit_memory() -> None:
    """Give all sessions one allocator, which has an end."""
    kind = onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR
    memory = onnxruntime.OrtMemoryInfo("Cpu", kind, 0, onnxruntime.OrtMemType.DEFAULT)
    limits = onnxruntime.OrtArenaCfg({"max_mem": MEMORY_BYTES})
    with suppress(Exception):  # the program that Arco is part of has one already
        onnxruntime.create_and_register_allocator(memory, limits)


def _leaving_memory() -> Stop:
    """Options of a run that gives its memory back.

    What a graph took that failed for want of memory stays taken else, the next session takes some
    beyond the end, and from then on there is none.
    """
    options = Stop()
    options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    return options


def _session(content: bytes, path: Path, *, as_written: bool) -> onnxruntime.InferenceSession:
    """A session on one thread that doesn't spin: the audio needs the other cores.

    Args:
        content: Of the file.
        path: Of the file, for messages.
        as_written: Whether nothing is computed ahead.
    """
    _limit_memory()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.use_env_allocators", "1")
    options.log_severity_level = 4  # what goes wrong is raised
    if as_written:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        return onnxruntime.InferenceSession(
            content,
            sess_options=options,
            providers=["CPUExecutionProvider"],
            enable_fallback=0,
        )
    except Exception as error:  # onnxruntime's exceptions have no common base
        raise InstrumentError(f"{path}: onnxruntime cannot load it: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """What an exception says, short and in one line."""
    return one_line(str(error).strip().partition("\n")[0][:LONGEST_REASON])


class _ByOnnxruntime:
    """Computes a graph by a session."""

    def __init__(self, session: onnxruntime.InferenceSession, inputs: Sequence[str]) -> None:
        self._session = session
        self._inputs = inputs
        self._options: Stop | None = None

    def __call__(self, inputs: Mapping[str, Float32], _most: Float32) -> Computed:
        given = {name: inputs[name] for name in self._inputs}
        try:
            found: Sequence[Float32] = self._session.run(None, given, self._options)
        except Exception:  # onnxruntime's exceptions have no common base
            self._options = _leaving_memory()
            raise
        return Computed(found, sound=False)


class GraphRunner:
    """A graph that was tried, and is watched while it runs.

    Attributes:
        path: Of its file.
        inputs: Names of what it takes.
        input_shapes: Of each input, as declared: a size, or a name where any size will do.
        output_shapes: Of each output, when what may have any size had two.
        fault: What went wrong last, while it ran, if anything did.
        faults: How often something did.
        divisible: Whether notes and voices come out the same, bit for bit, whichever are computed
            together.
    """

    def __init__(
        self,
        graph: Graph,
        folder: Path,
        outputs: Sequence[Output],
        stop: Stop | None = None,
    ) -> None:
        """Load a graph and run it once.

        It is run as it is written first, within its limits of memory and time; only then
        onnxruntime may compute ahead what is always the same, which has no limits.

        Args:
            graph: Its file and the names of its tensors.
            folder: Where the file is.
            outputs: What each output may be.
            stop: Stops the run.

        Raises:
            InstrumentError: It is missing, was edited, or can't be computed.
        """
        self.path = folder / graph.file
        self.fault: InstrumentError | None = None
        self.faults = 0
        self.divisible = False
        self.inputs = graph.inputs
        self._outputs = outputs
        self._most = np.array([output.most for output in outputs], np.float32)
        self._content = read_graph(graph, folder)
        written = _session(self._content, self.path, as_written=True)
        _check_tensors(written, graph, self.path)
        self.input_shapes = [tuple(tensor.shape) for tensor in written.get_inputs()]
        sizes = [
            tuple(s if isinstance(s, int) else 2 for s in shape) for shape in self.input_shapes
        ]
        if any(math.prod(shape) > LARGEST_INPUT for shape in sizes):
            raise InstrumentError(
                f"{self.path}: inputs of {sizes} are larger than any instrument's"
            )
        inputs = {
            name: np.ones(shape, np.float32) for name, shape in zip(self.inputs, sizes, strict=True)
        }
        try:
            found = written.run(None, inputs, run_options=stop)
        except Exception as error:  # onnxruntime's exceptions have no common base
            raise self._uncomputable(error) from error
        self.output_shapes = [array.shape for array in found]
        session = _session(self._content, self.path, as_written=False)
        self._compute: Compute = _ByOnnxruntime(session, self.inputs)

    def take_content(self) -> bytes:
        """The file as it was checked, for who may compute it otherwise; it is let go by this."""
        content, self._content = self._content, b""
        return content

    def compute_by(self, compute: Compute, trial: Mapping[str, Float32]) -> None:
        """Compute it in another way from now on, if that gives the same.

        Args:
            compute: How: each note or voice by itself.
            trial: Inputs for which it has to.
        """
        before, found = (each(trial, self._most).outputs for each in (self._compute, compute))
        if all(
            one.shape == other.shape
            and np.allclose(one, other, rtol=SAME, atol=SAME * float(np.abs(one).max()))
            for one, other in zip(before, found, strict=True)
        ):
            self._compute, self.divisible = compute, True

    def run(
        self, inputs: Mapping[str, Float32], shapes: Sequence[tuple[int, ...]]
    ) -> Sequence[Float32]:
        """Compute outputs; what goes wrong is silent, and kept as a ``fault``.

        Args:
            inputs: By name, at least those that the graph takes; the first axis of each counts
                notes or voices.
            shapes: That the outputs should have. Their first axes count the same.
        """
        try:
            found, sound = self._compute(inputs, self._most)
        except Exception as error:  # onnxruntime's exceptions have no common base
            self._keep(self._uncomputable(error))
            return self._silence(shapes)
        for array, shape in zip(found, shapes, strict=True):
            if array.shape != shape:
                self._keep(
                    InstrumentError(f"{self.path}: it gives arrays of {array.shape}, not {shape}")
                )
                return self._silence(shapes)
        if not sound:
            self._check(found)
        return found

    def _check(self, found: Sequence[Float32]) -> None:
        """Silence what isn't what it may be, in place."""
        with np.errstate(over="ignore", invalid="ignore"):
            for array, output in zip(found, self._outputs, strict=True):
                # A sum of squares takes a third of the time that the largest of them takes, and is
                # at least that; of NaN it is NaN.
                flat, most = array.reshape(-1), output.most
                if not (flat.dot(flat) <= most**2 or -most <= flat.min() <= flat.max() <= most):
                    self._silence_faulty(found)
                    break

    def _silence(self, shapes: Sequence[tuple[int, ...]]) -> Sequence[Float32]:
        return [
            np.full(shape, output.silent, np.float32)
            for shape, output in zip(shapes, self._outputs, strict=True)
        ]

    def _silence_faulty(self, found: Sequence[Float32]) -> None:
        """Silence the notes or voices any of whose values isn't what it may be, in place."""
        for array, output in zip(found, self._outputs, strict=True):
            inside = np.abs(array) <= output.most
            for row in np.flatnonzero(~inside.reshape(len(inside), -1).all(axis=1)):
                value = array[row][~inside[row]].flat[0]
                allowed = f"from {-output.most:g} to {output.most:g}"
                self._keep(
                    InstrumentError(f"{self.path}: it gives {value:g}, and should give {allowed}")
                )
                for each, of_each in zip(found, self._outputs, strict=True):
                    each[row] = of_each.silent

    def _keep(self, fault: InstrumentError) -> None:
        self.fault = fault
        self.faults += 1

    def _uncomputable(self, error: Exception) -> InstrumentError:
        if any(sign in str(error) for sign in _OUT_OF_MEMORY):
            needs = f"it needs more than the {MEMORY_BYTES >> 20} MB that instruments may take"
            return InstrumentError(f"{self.path}: {needs}")
        return InstrumentError(f"{self.path}: onnxruntime cannot compute it: {_reason(error)}")


def _check_tensors(session: onnxruntime.InferenceSession, graph: Graph, path: Path) -> None:
    """Refuse tensors of other names or types than they should have."""
    given: tuple[list[Any], list[Any]] = session.get_inputs(), session.get_outputs()
    try:
        names = [[tensor.name for tensor in tensors] for tensors in given]
    except UnicodeDecodeError as error:
        raise InstrumentError(f"{path}: its tensors have names that are no text") from error
    if names != [graph.inputs, graph.outputs]:
        said = f"tensors {names[0]} → {names[1]}, and not {graph.inputs} → {graph.outputs}"
        raise InstrumentError(f"{path}: {one_line(said)[:LONGEST_REASON]}")
    for tensor in (*given[0], *given[1]):
        if tensor.type != "tensor(float)":
            kind = one_line(tensor.type)[:LONGEST_REASON]
            raise InstrumentError(f"{path}: {tensor.name} is a {kind}, not 32-bit floats")
