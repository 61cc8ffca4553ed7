"""Plan to manifests: pure, deterministic, complete."""
