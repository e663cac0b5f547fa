"""Corpora: scores in, annotated sound out, item by item, on one machine or many."""
