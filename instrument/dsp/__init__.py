"""Signals: control frames, the compiled block that turns them into samples, and its callback."""
