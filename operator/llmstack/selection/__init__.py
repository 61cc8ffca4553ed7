"""Which engine, by which leaf of the tree, and why: pure functions over facts."""
