"""Events in, control frames out, and the samples that follow from them."""
