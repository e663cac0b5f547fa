"""A smaller timbre network inside a trained one: the units that count, with their weights.

The weights are read from the exported graph, whose nodes stand in the order of the network's
layers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import onnx
import torch
from torch import Tensor, nn
from torch.nn import functional

from instrument.errors import UsageError
from instrument.model.graphs import Instrument
from instrument.settings import Choice
from training.diet.costs import read_kept
from training.diet.objective import answer
from training.fitting.checkpoints import EARLY
from training.fitting.runs import load_network
from training.fitting.timbre import FAINT_DB
from training.networks.losses import in_db
from training.networks.timbre import LOWEST_MIDI, TimbreDecoder, TimbreSettings

SAME = 1e-3
BINS, COMPONENTS, INFORMED_FRAMES = 16, 8, 3000
"""In how many bins mutual information is estimated, with so many principal components of spectra,
and about how many frames."""

GATES = (1, 0, 2)
"""Where ONNX has PyTorch's reset, update and new gates."""


def read_timbre(instrument: Instrument) -> TimbreDecoder:
    """The network that an instrument's timbre was exported from.

    Raises:
        UsageError: The graph is none that was exported from such a network.
    """
    spec = instrument.spec
    graph, kept = read_kept(instrument, spec.timbre)
    try:
        lowest = min(spec.pitch_range[0], LOWEST_MIDI)
        network = _rebuilt(graph, kept, spec.sample_rate, spec.timbre_size.harmonics, lowest)
    except (StopIteration, RuntimeError, KeyError, ValueError) as error:
        raise _foreign(instrument) from error
    _check_same(network, instrument)
    return network


def early_timbre(run: Path, full: TimbreDecoder) -> TimbreDecoder:
    """The network of a run of timbre as it was early, whose units are those of the full one.

    Raises:
        UsageError: There is no such run, it kept no early weights, or its network has other sizes.
    """
    early = cast("TimbreDecoder", load_network(run, ("timbre",), EARLY))
    if early.settings != full.settings:
        raise UsageError(f"{run}: trained a timbre of other sizes than the instrument's")
    return early


def _foreign(instrument: Instrument) -> UsageError:
    return UsageError(
        f"{instrument.folder}: its timbre isn't a network of this program; export it anew"
    )


def _rebuilt(
    graph: onnx.GraphProto, kept: dict[str, np.ndarray], rate: int, harmonics: int, lowest: int
) -> TimbreDecoder:
    matrices: Iterator[np.ndarray] = (
        kept[name]
        for node in graph.node
        if node.op_type == "MatMul"
        for name in node.input
        if name in kept
    )
    first, second, third, fourth, heads = (torch.tensor(next(matrices).T) for _ in range(5))
    recurrent = next(node for node in graph.node if node.op_type == "GRU")
    hidden = len(first)
    weights = [torch.tensor(kept[name][0]) for name in recurrent.input[1:4]]
    into, within, biases = (
        _reordered(w, hidden) for w in (*weights[:2], weights[2].reshape(2, -1).T)
    )
    bias = next(
        kept[name]
        for node in graph.node
        if node.op_type == "Add"
        for name in node.input
        if name in kept and len(kept[name]) == len(heads)
    )
    sizes = TimbreSettings(
        hidden, harmonics, len(heads) - harmonics, first.shape[1] - 2, rate, lowest_midi=lowest
    )
    network = TimbreDecoder(sizes)
    state = network.state_dict()
    state |= {name: torch.tensor(kept[name]) for name in state if name in kept}
    state |= {
        "before.0.0.weight": first,
        "before.1.0.weight": second,
        "after.0.0.weight": third,
        "after.1.0.weight": fourth,
        "gru.weight_ih_l0": into,
        "gru.weight_hh_l0": within,
        "gru.bias_ih_l0": biases[:, 0],
        "gru.bias_hh_l0": biases[:, 1],
        "harmonic_head.weight": heads[:harmonics],
        "noise_head.weight": heads[harmonics:],
        "harmonic_head.bias": torch.tensor(bias[:harmonics]),
        "noise_head.bias": torch.tensor(bias[harmonics:]),
    }
    network.load_state_dict(state)
    return network.eval()


def _reordered(weights: Tensor, hidden: int) -> Tensor:
    """Rows of ONNX's gates, [3·hidden, …], in PyTorch's order."""
    return weights.reshape(3, hidden, -1)[list(GATES)].flatten(0, 1)


@torch.no_grad()
def _check_same(network: TimbreDecoder, instrument: Instrument) -> None:
    f0_hz, loudness_db = torch.full((1, 5), 440.0), torch.linspace(-60.0, -10.0, 5)[None]
    state = torch.zeros(1, network.settings.hidden)
    told, state_after = instrument.timbre.run(f0_hz.numpy(), loudness_db.numpy(), state.numpy())
    expected = told.amplitude, told.harmonics, told.noise, state_after
    found = network(f0_hz, loudness_db, state)
    for mine, graphs in zip(found, expected, strict=True):
        if not np.allclose(mine.numpy(), graphs, rtol=SAME, atol=SAME):
            raise _foreign(instrument)


LAYERS = ("before.0", "before.1", "gru", "after.0", "after.1")


class Criterion(Choice):
    """Which units count.

    Attributes:
        ACTIVATION: Those whose output varies most, times the size of the weights that lead away.
        MAGNITUDE: Those of the largest weights, there and away.
        INFORMATION: Those whose output tells most of the spectrum, in mutual information.
    """

    ACTIVATION = "activation"
    MAGNITUDE = "magnitude"
    INFORMATION = "information"


@torch.no_grad()
def importance(
    network: TimbreDecoder, asked: tuple[Tensor, Tensor], criterion: Criterion
) -> list[Tensor]:
    """How much each unit of each of ``LAYERS`` counts: [hidden] each.

    Args:
        network: Whose.
        asked: f0_hz and loudness_db of notes, [N, T] each.
        criterion: By which.
    """
    if criterion is Criterion.INFORMATION:
        return _information(network, *asked)
    hidden = network.settings.hidden
    weight = network.get_parameter
    leaving = [
        weight("before.1.0.weight"),
        weight("gru.weight_ih_l0"),
        torch.cat([weight("after.0.0.weight")[:, :hidden], weight("gru.weight_hh_l0")]),
        weight("after.1.0.weight"),
        torch.cat([weight("harmonic_head.weight"), weight("noise_head.weight")]),
    ]
    if criterion is Criterion.MAGNITUDE:
        arriving = [
            weight("before.0.0.weight"),
            weight("before.1.0.weight"),
            weight("gru.weight_ih_l0").reshape(3, hidden, -1).transpose(0, 1).flatten(1),
            weight("after.0.0.weight"),
            weight("after.1.0.weight"),
        ]
        size = [_norms(each, 1) for each in arriving]
    else:
        size = [given.flatten(0, 1).std(0) for given in _given(network, *asked)]
    return [s * _norms(each, 0) for s, each in zip(size, leaving, strict=True)]


def _information(network: TimbreDecoder, f0_hz: Tensor, loudness_db: Tensor) -> list[Tensor]:
    """Mutual information in nats of each unit and the spectrum's principal components.

    Each component counts by how far it varies.
    """
    spectra_db = torch.cat([in_db(s) for s in answer(network, f0_hz, loudness_db)], dim=-1)
    sounding = (loudness_db > FAINT_DB).flatten()
    some = torch.nonzero(sounding)[:: max(1, int(sounding.sum()) // INFORMED_FRAMES), 0]
    spectra_db = spectra_db.flatten(0, 1)[some]
    _, spread, directions = torch.linalg.svd(spectra_db - spectra_db.mean(0), full_matrices=False)
    components = _in_bins(spectra_db @ directions[:COMPONENTS].T)
    share = spread[:COMPONENTS] / spread[:COMPONENTS].sum()
    return [
        _mutual(_in_bins(given.flatten(0, 1)[some]), components) @ share
        for given in _given(network, f0_hz, loudness_db)
    ]


def _in_bins(values: Tensor) -> Tensor:
    """In which of ``BINS`` quantiles of its column each value lies: [n, k] → [n, k, bins] of 0, 1.

    Values that are alike, such as the zeros of a ReLU, are in one bin.
    """
    edges = torch.quantile(values, torch.linspace(0.0, 1.0, BINS + 1)[1:-1], dim=0)
    where = (values[..., None] > edges.T).sum(-1)
    return functional.one_hot(where, BINS).float()


def _mutual(these: Tensor, those: Tensor) -> Tensor:
    """Mutual information in nats of columns in bins, [n, a, bins] and [n, b, bins]: [a, b]."""
    joint = torch.einsum("nai,nbj->abij", these, those) / len(these)
    apart = joint.sum(3, keepdim=True) * joint.sum(2, keepdim=True)
    return torch.where(joint > 0.0, joint * torch.log(joint / apart.clamp_min(1e-12)), 0.0).sum(
        (2, 3)
    )


def _norms(weights: Tensor, along: int) -> Tensor:
    return weights.square().sum(along).sqrt()


def _given(network: TimbreDecoder, f0_hz: Tensor, loudness_db: Tensor) -> list[Tensor]:
    """What the units of each of ``LAYERS`` give, [N, T, hidden] each."""
    given: dict[str, Tensor] = {}

    def keep(name: str) -> object:
        def hook(_module: nn.Module, _inputs: object, output: Tensor | tuple[Tensor, ...]) -> None:
            given[name] = output if isinstance(output, Tensor) else output[0]

        return network.get_submodule(name).register_forward_hook(hook)

    handles = [keep(name) for name in LAYERS]
    network(f0_hz, loudness_db, torch.zeros(len(f0_hz), network.settings.hidden))
    for handle in handles:
        handle.remove()  # type: ignore[attr-defined]
    return [given[name] for name in LAYERS]


@torch.no_grad()
def trimmed(network: TimbreDecoder, counts: list[Tensor], hidden: int) -> TimbreDecoder:
    """A network of so many units in each layer: those that count most, with their weights.

    Args:
        network: The larger one.
        counts: ``importance``.
        hidden: Units of each layer that stay.
    """
    sizes = network.settings
    whole = torch.arange(sizes.pitch_features + 2)
    units = [torch.topk(layer, hidden).indices.sort().values for layer in counts]
    gates = [(unit + sizes.hidden * torch.arange(3)[:, None]).flatten() for unit in units]
    small = TimbreDecoder(replace(sizes, hidden=hidden))
    state = network.state_dict()
    chosen = {
        "before.0.0": (units[0], whole),
        "before.1.0": (units[1], units[0]),
        "after.0.0": (units[3], torch.cat([units[2], sizes.hidden + whole])),
        "after.1.0": (units[4], units[3]),
        "harmonic_head": (torch.arange(sizes.harmonics), units[4]),
        "noise_head": (torch.arange(sizes.noise_bands), units[4]),
    }
    cut = {"pitch_centres": state["pitch_centres"]}
    for name, (rows, columns) in chosen.items():
        cut[f"{name}.weight"] = state[f"{name}.weight"][rows][:, columns]
        cut[f"{name}.bias"] = state[f"{name}.bias"][rows]
    for layer, at in (("before.0", 0), ("before.1", 1), ("after.0", 3), ("after.1", 4)):
        for kind in ("weight", "bias"):
            cut[f"{layer}.1.{kind}"] = state[f"{layer}.1.{kind}"][units[at]]
    for kind, columns in (("ih", units[1]), ("hh", units[2])):
        cut[f"gru.weight_{kind}_l0"] = state[f"gru.weight_{kind}_l0"][gates[2]][:, columns]
        cut[f"gru.bias_{kind}_l0"] = state[f"gru.bias_{kind}_l0"][gates[2]]
    small.load_state_dict(small.state_dict() | cut)
    return small


@torch.no_grad()
def shuffled(network: TimbreDecoder, seed: int) -> TimbreDecoder:
    """A network of the same weights in another order, each tensor by itself."""
    random = torch.Generator().manual_seed(seed)
    other = TimbreDecoder(network.settings)
    state = network.state_dict()
    for name, _ in network.named_parameters():
        flat = state[name].flatten()
        state[name] = flat[torch.randperm(len(flat), generator=random)].view_as(state[name])
    other.load_state_dict(state)
    return other
