"""A page of pictures of the latent space, as the original showed them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from instrument.files import replacing
from instrument.model.graphs import load_instrument
from instrument.model.metrics import three_digits
from training.data.features import FeatureCache
from training.evaluation.reconstruction import check_latent, reconstruct
from training.export.latent_map import training_latents
from training.networks.envelope import ConditionalVAE, PlainVAE
from training.output import check_own, markdown_table, new_folders, write_json
from training.pictures.latent_pictures import PICTURES, Model, Picture

PAGE_FILE, TITLE = "pictures.md", "# Pictures of "
CLUSTERS = {
    "notes": "notes with a label that at least 5 recordings have",
    "classes": "such labels",
    "silhouette": "silhouette: 1 apart, 0 overlapping, below 0 mixed",
    "knn_balanced": "5 nearest neighbours: balanced accuracy",
    "chance": "the same by chance",
    "knn_accuracy": "5 nearest neighbours: accuracy",
    "majority": "share of the commonest label",
}
"""Metrics of ``training.evaluation.clusters`` → what each says."""


def _cluster_table(metrics: dict[str, float]) -> str:
    """Cluster quality as Markdown: dynamic and string beside each other."""
    labels = [label for label in ("dynamic", "string") if f"{label}_notes" in metrics]
    if not labels:
        return "Too few notes have a label of dynamic or string to measure how far they are apart."
    rows = [
        [meaning, *(three_digits(metrics[f"{label}_{name}"]) for label in labels)]
        for name, meaning in CLUSTERS.items()
    ]
    return markdown_table(["all latent dimensions", *labels], rows)


def _write_page(title: str, shown: dict[str, Picture], path: Path) -> None:
    parts = [f"{TITLE}{title}"]
    for name, picture in shown.items():
        links = ", ".join(f"[{file}]({file})" for file in (f"{name}.svg", *picture.files))
        parts += [f"## {picture.title}", f"![{picture.title}]({name}.png)", picture.text, links]
        if name == "latent-space":
            parts.append(_cluster_table(picture.metrics))
    with replacing(path) as beside:
        beside.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def latent_report(
    cache: FeatureCache,
    instrument_folder: Path,
    network: ConditionalVAE | PlainVAE,
    out: Path,
    *,
    history: Sequence[Mapping[str, float]] = (),
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> dict[str, float]:
    """Draw the pictures, with the data of each beside it.

    A picture that there is nothing for is left out: reconstructions without a held-out note of one
    second, interpolations without two of 0.6 s, losses without a history.

    Args:
        cache: Features, some of them held out.
        instrument_folder: The exported instrument.
        network: The envelope network that it was exported from, for its encoder.
        out: Folder for the pictures, ``pictures.json`` and ``pictures.md``; made if need be.
        history: Of the network's training.
        progress: Called with how many pictures are drawn, of how many.

    Returns:
        Metrics: ``pca_explained``, the share of the latent variance on two principal axes, and
        those of ``cluster_metrics`` as ``dynamic_…`` and ``string_…``, as far as there are labels.

    Raises:
        UsageError: No notes are held out, or the graph isn't this network's.
        InstrumentError: There is no such instrument.
        OutputError: Nothing can be written in the folder.
    """
    instrument = load_instrument(instrument_folder)
    check_latent(network, instrument.spec)
    test = reconstruct(cache, instrument, network, cache.held_out)
    model = Model(cache, instrument, test, training_latents(network, cache), history)
    check_own(out / PAGE_FILE, TITLE, "page of pictures")
    with new_folders(out):
        return _draw(model, out, progress)


def _draw(model: Model, out: Path, progress: Callable[[int, int], None]) -> dict[str, float]:
    """Draw the pictures into a folder, and list them; their metrics."""
    shown: dict[str, Picture] = {}
    for done, (name, draw) in enumerate(PICTURES.items(), 1):
        picture = draw(model, out / name)
        if picture is not None:
            shown[name] = picture
        progress(done, len(PICTURES))
    spec = model.instrument.spec
    metrics = {name: value for picture in shown.values() for name, value in picture.metrics.items()}
    listed = {
        name: {"title": picture.title, "files": [f"{name}.png", f"{name}.svg", *picture.files]}
        for name, picture in shown.items()
    }
    content = {
        "model": {"name": spec.name, "digest": spec.digest},
        "metrics": metrics,
        "pictures": listed,
    }
    write_json(content, out / "pictures.json")
    _write_page(f"{spec.name} {spec.digest}", shown, out / PAGE_FILE)
    return metrics
