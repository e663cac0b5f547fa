"""Rendered scores for PyTorch: each worker of a ``DataLoader`` renders a part of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from os import PathLike
from typing import Generic, TypeVar, Unpack

from torch.utils.data import IterableDataset, get_worker_info

import instrument as arco
from instrument.corpus.loading import CorpusItem, CorpusOptions, Paths, score_paths

Example = TypeVar("Example")


class RenderedScores(IterableDataset[Example], Generic[Example]):
    """Items of a corpus, rendered while they are trained with; none is ever written.

    ::

        def example(item):
            return torch.from_numpy(item.audio), torch.from_numpy(item.frames[0].f0_hz)

        scores = RenderedScores("violin", ["scores"], example, variants=10, tempo=(0.8, 1.2))
        loader = DataLoader(scores, batch_size=None, num_workers=4)

    Attributes:
        seed: Of all that is drawn; another one in each epoch gives variants that were never heard.
            Workers have the one that was there when they began, as they do anew in each epoch
            unless ``persistent_workers`` keeps them.
    """

    def __init__(
        self,
        instrument: str | PathLike[str],
        scores: Paths,
        example: Callable[[CorpusItem], Example],
        variants: int = 1,
        seed: int = 0,
        **options: Unpack[CorpusOptions],
    ) -> None:
        """Say what is rendered.

        Args:
            instrument: Name or folder; each worker loads it.
            scores: The .mid files, and folders of them; one or several.
            example: Makes of an item what the loader gives.
            variants: Of each score.
            seed: Of all that is drawn.
            options: What is drawn, and what is wanted, see ``Player.corpus``.
        """
        super().__init__()
        self.seed = seed
        self._instrument, self._scores, self._example = instrument, score_paths(scores), example
        self._variants, self._options = variants, options

    def __iter__(self) -> Iterator[Example]:
        worker = get_worker_info()
        part = (0, 1) if worker is None else (worker.id, worker.num_workers)
        items = arco.load(self._instrument).corpus(
            self._scores, variants=self._variants, seed=self.seed, part=part, **self._options
        )
        return map(self._example, items)
