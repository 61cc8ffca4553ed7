"""Hard impossibilities, one tiny function each: `None` when the engine can, the reason when it cannot."""

from collections.abc import Callable

from llmstack.catalog.engines.base import Engine
from llmstack.selection.facts import Facts

Policy = Callable[[Facts, Engine], str | None]


def runs_on_vendor(facts: Facts, engine: Engine) -> str | None:
    """Make sure the engine runs on this vendor's accelerators."""
    if facts.accelerator is None or facts.accelerator.vendor in engine.vendors:
        return None
    return f"{engine.name} does not run on {facts.accelerator.name} (it runs on {_list(engine.vendors)})"


def has_compute_capability(facts: Facts, engine: Engine) -> str | None:
    """Make sure the device is not older than the engine's kernels."""
    device = facts.accelerator.compute_capability if facts.accelerator else None
    need = engine.minimum_capability
    if device is None or need is None or device >= need:
        return None
    return (
        f"{engine.name} needs compute capability {need[0]}.{need[1]},"
        f" {facts.accelerator.name if facts.accelerator else ''} has {device[0]}.{device[1]}"
    )


def reads_format(facts: Facts, engine: Engine) -> str | None:
    """Make sure the engine reads the file format of the weights."""
    if facts.gguf and "gguf" not in engine.formats:
        return f"{engine.name} does not read GGUF weights"
    if not facts.gguf and "safetensors" not in engine.formats:
        return f"{engine.name} reads GGUF weights only, and the model is not GGUF"
    return None


def reads_quantization(facts: Facts, engine: Engine) -> str | None:
    """Make sure the engine has kernels for the quantisation."""
    quantization = facts.quantization
    if quantization is None or quantization == "GGUF" or quantization in engine.quantizations:
        return None
    return f"{engine.name} does not read {quantization} weights"


HARD: tuple[Policy, ...] = (runs_on_vendor, has_compute_capability, reads_format, reads_quantization)


def impossibility(facts: Facts, engine: Engine) -> str | None:
    """Return the first reason why the engine cannot serve this, or None."""
    return next((reason for policy in HARD if (reason := policy(facts, engine))), None)


def _list(words: frozenset[str]) -> str:
    return ", ".join(sorted(words))
