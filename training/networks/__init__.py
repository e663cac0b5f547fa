"""The two networks of an instrument. They know tensors, and nothing of data sets or files."""
