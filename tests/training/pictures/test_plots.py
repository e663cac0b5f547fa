"""Pictures: they are written whole, and show what they should."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from matplotlib import image
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from instrument.arrays import Float32, Float64
from instrument.errors import OutputError
from instrument.model.spec import Axis, MapPoint
from training.pictures import latent_plots, plots

RATE = 48_000


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that are drawn, instead of files."""
    figures: list[Figure] = []

    def keep(figure: Figure, path: Path) -> None:
        figure.canvas.draw()
        figures.append(figure)
        plt.close(figure)

    monkeypatch.setattr(plots, "save", keep)
    return figures


def titles(figure: Figure) -> list[str]:
    return [axis.get_title() for axis in figure.axes if axis.get_visible() and axis.get_title()]


def test_a_picture_is_a_png_and_leaves_nothing_open(tmp_path: Path) -> None:
    path = tmp_path / "losses.png"
    plots.losses([{"step": 0, "train/loss": 3.0}, {"step": 10, "train/loss": 1.0}], path)
    pixels = image.imread(path)
    assert pixels.shape[1] == 1320
    assert pixels.std() > 0.01
    assert [file.name for file in tmp_path.iterdir()] == ["losses.png"]
    assert plt.get_fignums() == []


def test_a_picture_without_an_ending_is_a_png_and_an_svg(tmp_path: Path) -> None:
    history = [{"step": 0, "train/loss": 3.0}, {"step": 10, "train/loss": 1.0}]
    plots.losses(history, tmp_path / "losses")
    assert {file.name for file in tmp_path.iterdir()} == {"losses.png", "losses.svg"}
    first = (tmp_path / "losses.svg").read_bytes()
    plots.losses(history, tmp_path / "losses")
    assert (tmp_path / "losses.svg").read_bytes() == first


def test_a_picture_needs_its_folder(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="there is no folder"):
        plots.losses([{"step": 0, "train/loss": 3.0}], tmp_path / "nowhere" / "losses.png")
    plt.close("all")


def test_losses_of_training_and_validation_notes_share_an_axis(drawn: list[Figure]) -> None:
    history = [
        {"step": 0.0, "train/loss": 3.0, "train/kl": 1.0},
        {"step": 5.0, "validation/kl": 2.0, "validation/active_dimensions": 64.0},
        {"step": 9.0, "train/loss": 1.0},
    ]
    plots.losses(history, Path())
    assert titles(drawn[0]) == ["loss", "kl", "active dimensions"]
    loss, kl = drawn[0].axes[:2]
    assert loss.lines[0].get_xdata() == pytest.approx([0.0, 9.0])
    assert [line.get_label() for line in kl.lines] == ["train", "validation"]


def test_reconstructions_stand_over_what_was_measured(drawn: list[Figure]) -> None:
    rng = np.random.default_rng(0)
    sources, estimates = rng.normal(size=(2, 3, 2, 750))
    masks = np.arange(750) < np.array([100, 300, 750])[:, None]
    plots.reconstructions(sources, estimates, masks, ["a", "b", "c"], Path())
    assert titles(drawn[0]) == ["a", "b", "c"]
    recording, reconstruction = (drawn[0].axes[1].lines[i].get_ydata() for i in (0, 1))
    assert np.isfinite(np.asarray(recording, float)).sum() == 300
    np.testing.assert_array_equal(np.asarray(reconstruction), estimates[1, 0])


@pytest.mark.parametrize("hz", [440.0, 3000.0])
def test_a_spectrogram_shows_a_tone_where_it_is(hz: float, drawn: list[Figure]) -> None:
    audio = (0.1 * np.sin(2.0 * np.pi * hz * np.arange(RATE) / RATE)).astype(np.float32)
    plots.sound(audio, RATE, np.full(251, hz), Path(), "a tone")
    assert titles(drawn[0]) == ["a tone"]
    shown = drawn[0].axes[1].images[0]
    bands = np.asarray(shown.get_array()).mean(axis=1)
    assert float(np.argmax(bands)) / len(bands) * RATE / 2 == pytest.approx(hz, abs=24.0)


def test_silence_can_be_drawn(drawn: list[Figure]) -> None:
    plots.sound(np.zeros(RATE // 2, np.float32), RATE, np.full(126, np.nan), Path())
    assert len(drawn) == 1


def test_sounds_stand_beside_each_other(
    drawn: list[Figure], violin_note: Callable[..., tuple[Float32, Float64]]
) -> None:
    audio, _ = violin_note(69, 0.3)
    shown = [plots.Sound("recording", audio, RATE), plots.Sound("copy", audio[::2], RATE // 2)]
    plots.sounds(shown, [np.zeros(100), np.ones(100)], Path(), "MIDI 69")
    assert titles(drawn[0]) == ["recording", "copy"]
    assert len(drawn[0].axes) == 6
    left, right = (drawn[0].axes[i].get_xlim()[1] for i in (0, 1))
    assert left == pytest.approx(right, abs=0.01)


def test_playing_shows_each_velocity_and_key(drawn: list[Figure]) -> None:
    rng = np.random.default_rng(0)
    keys, velocities = [60, 61, 60, 61], [40, 40, 100, 100]
    cents = [rng.normal(size=50) for _ in keys]
    levels = np.array([[-40.0, -20.0], [-41.0, -19.0], [-42.0, -18.0]])
    plots.playing(keys, velocities, cents, (10, 127), levels, Path())
    pitch, loudness = drawn[0].axes
    legend = pitch.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["40", "100"]
    assert len(loudness.lines) == len(levels)


def test_the_map_knows_notes_without_a_mark(drawn: list[Figure]) -> None:
    points = [
        MapPoint(x, -x, 60 + i, 0.5, mark, "", 3.0, [0.5, 0.4], [0.2, 0.1], [x])
        for i, (x, mark) in enumerate([(0.0, "ff"), (1.0, "p"), (2.0, ""), (3.0, "p")])
    ]
    plots.latent_map(points, Path())
    legend = drawn[0].axes[0].get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["not labelled", "p", "ff"]


def test_unknown_labels_stand_behind_the_known_ones(drawn: list[Figure]) -> None:
    places = np.arange(10.0).reshape(5, 2)
    latent_plots.latent_space(
        {"PCA": places, "t-SNE": -places},
        ["cresc", "ff", "", "p", "ff"],
        [60.0, 61.0, 62.0, 63.0, 64.0],
        [""] * 5,
        Path(),
    )
    assert titles(drawn[0])[:3] == ["PCA: dynamic", "PCA: pitch, MIDI", "PCA: string"]
    legend = drawn[0].axes[0].get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["not labelled", "p", "ff", "cresc"]


def test_axes_that_fill_no_row_leave_it_empty(drawn: list[Figure]) -> None:
    curves = latent_plots.Curves(np.zeros((2, 750), np.float32), np.zeros((2, 750), np.float32))
    names = ["a", "b", "c", "d", "e"]
    latent_plots.traversals(names, [0.0, 1.0], [curves] * 5, Path())
    assert titles(drawn[0]) == names
    assert sum(axis.get_visible() for axis in drawn[0].axes) == 2 * len(names)


def test_effects_stand_in_their_cells(drawn: list[Figure]) -> None:
    axes = [
        Axis("swell", "swell", [1.0], -1.0, 1.0, {"swell_db": 2.0, "slope_db": -0.5}),
        Axis("shape", "shape", [1.0], -1.0, 1.0, {"swell_db": 0.01, "slope_db": 0.1}),
    ]
    latent_plots.effects(axes, {"slope_db": "crescendo", "swell_db": "swell"}, Path())
    assert [text.get_text() for text in drawn[0].axes[0].texts] == ["-0.5", "+2.0", "+0.1", "0"]
