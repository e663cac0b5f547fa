"""Recordings and pictures as training takes them: read, labelled, cut, measured, kept."""
