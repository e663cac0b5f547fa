"""The training side of Arco: recordings in, an exported instrument out."""
