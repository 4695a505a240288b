"""Models written by hand in two frameworks: aligned, given the same weights, held together."""
