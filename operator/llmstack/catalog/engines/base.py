"""What the operator knows of a serving engine, in one shape for all of them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from llmstack.api.serving import EngineName
from llmstack.catalog.accelerators import AcceleratorClass


@dataclass(frozen=True)
class Launch:
    """What one engine process is asked to do; an engine turns it into its own command line.

    Attributes:
        model: a path in the container (or, for engines that download by themselves, a Hub id).
        served_names: names that the engine answers to; the last one proves its identity to the gateway.
        port: port of the API; metrics are on it too unless the engine's facts say otherwise.
        context_length: tokens for prompt and answer together; None: the engine's own choice.
        parallel: requests that run at the same time; None: the engine's own choice.
        tensor_parallel: accelerators that share one replica.
        threads: CPU threads; None on an accelerator.
        key_file: file with the API key that only the gateway holds.
        drain_seconds: time that requests in flight have after SIGTERM.

    """

    model: str
    served_names: tuple[str, ...]
    port: int
    context_length: int | None
    parallel: int | None
    tensor_parallel: int
    threads: int | None
    key_file: str
    drain_seconds: int


@dataclass(frozen=True)
class Probe:
    """An HTTP probe; times in seconds."""

    path: str
    period: int
    timeout: int
    failures: int


@dataclass(frozen=True)
class IdentityCheck:
    """How the gateway proves that the engine behind an address is this service's.

    A path that answers only with the key, and whose body names the engine's own served name.
    """

    path: str


@dataclass(frozen=True)
class Rendering:
    """What is needed to run an engine; absent for engines that are only known to the rubric so far.

    Attributes:
        image: picks the image by accelerator: a key of images.yaml.
        command: entry point in that image.
        arguments: the command line for a launch.
        environment: plain variables (name, value).
        owned_arguments: arguments that the operator sets; a user's `engine.args` may not repeat them.
        request_fields: top-level body fields beyond the OpenAI reference that are harmless.
        run_as_user: UID under the restricted profile.
        writable: paths that need an emptyDir under a read-only root.

    """

    image: Callable[[AcceleratorClass], str]
    command: tuple[str, ...]
    arguments: Callable[[Launch], tuple[str, ...]]
    owned_arguments: frozenset[str]
    port: int
    metrics_path: str
    readiness: Probe
    liveness: Probe
    identity: IdentityCheck
    pre_stop_seconds: int
    drain_seconds: int
    request_fields: frozenset[str]
    environment: tuple[tuple[str, str], ...] = ()
    run_as_user: int = 10001
    run_as_group: int = 10001
    writable: tuple[str, ...] = ("/tmp",)  # noqa: S108 — a mount path, nothing is opened here


@dataclass(frozen=True)
class Engine:
    """The facts of one engine.

    Attributes:
        vendors: accelerator vendors it runs on ("cpu" among them).
        minimum_capability: NVIDIA compute capability below which it does not start.
        formats: weight formats it reads.
        quantizations: values of `model.quantization` it reads.
        verified: Ran: it has run in our tests; ParserOnly: only its command line was checked.
        archived: why it is never chosen automatically, or None.

    """

    name: EngineName
    vendors: frozenset[str]
    minimum_capability: tuple[int, int] | None
    formats: frozenset[Literal["safetensors", "gguf"]]
    quantizations: frozenset[str]
    verified: Literal["Ran", "ParserOnly"]
    rendering: Rendering | None = None
    archived: str | None = None
