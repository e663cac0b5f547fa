"""Training: the loop, its runs, and what each network learns by."""
