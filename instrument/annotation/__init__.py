"""What was played, exactly: every note and every frame, as the engine had them."""

from instrument.annotation.rendering import Annotated, render_annotated
from instrument.annotation.truth import FrameTruth, NoteTruth, frame_count, resampled

__all__ = [
    "Annotated",
    "FrameTruth",
    "NoteTruth",
    "frame_count",
    "render_annotated",
    "resampled",
]
