"""What the measurements with hostile statements share: a shop full of trip-wires, the tricks, the mutator."""
