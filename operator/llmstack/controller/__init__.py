"""The shell: kopf as the watch engine, a keyed queue, and the loop."""
