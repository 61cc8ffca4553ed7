"""Units of the API: durations and quantities."""

import re

_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}
_BYTES = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12,
          "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}  # fmt: skip
GIB = 2**30


def seconds(duration: str) -> float:
    """Return a duration as `1h30m` or `800ms` in seconds."""
    return sum(int(n) * _SECONDS[unit] for n, unit in re.findall(r"(\d+)(ms|s|m|h)", duration))


def byte_count(quantity: str) -> int:
    """Return a Kubernetes quantity as `4Mi` in bytes."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(\w*)", quantity)
    if match is None or match[2] not in _BYTES:
        raise ValueError(f"{quantity} is not a quantity of bytes")
    return int(float(match[1]) * _BYTES[match[2]])
