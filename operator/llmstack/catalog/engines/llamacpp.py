"""llama.cpp's llama-server 0.7.0 (build 11669): facts from its own --help and from runs of Debian's build.

Of several aliases the alphabetically first is the one it reports, so the proof's name sorts last.
"""

from llmstack.catalog.accelerators import AcceleratorClass
from llmstack.catalog.engines.base import Engine, IdentityCheck, Launch, Probe, Rendering

_TOKENS_PER_SLOT = 4096


def _image(accelerator: AcceleratorClass) -> str:
    return {"nvidia": "llama.cpp-cuda", "amd": "llama.cpp-rocm"}.get(accelerator.vendor, "llama.cpp")


def _arguments(launch: Launch) -> tuple[str, ...]:
    parallel = launch.parallel or 4
    # --ctx-size is the total over all slots, so a context per request is multiplied (measured).
    context = (launch.context_length or _TOKENS_PER_SLOT) * parallel
    threads = ("--threads", str(launch.threads)) if launch.threads else ("--n-gpu-layers", "all")
    return (
        "--model",
        launch.model,
        "--alias",
        ",".join(launch.served_names),
        "--host",
        "0.0.0.0",  # noqa: S104 — inside the Pod; the default is loopback
        "--port",
        str(launch.port),
        "--ctx-size",
        str(context),
        "--parallel",
        str(parallel),
        "--api-key-file",
        launch.key_file,
        "--metrics",
        "--no-slots",
        "--no-ui",
        # A stream that is idle when SIGTERM comes is held for one interval; the default is 30 s (measured).
        "--sse-ping-interval",
        "1",
        *threads,
    )


LLAMA_CPP = Engine(
    name="llama.cpp",
    vendors=frozenset({"nvidia", "amd", "intel", "apple", "cpu"}),
    minimum_capability=None,
    formats=frozenset({"gguf"}),
    quantizations=frozenset({"GGUF"}),
    verified="Ran",
    rendering=Rendering(
        image=_image,
        command=("/app/llama-server",),
        arguments=_arguments,
        owned_arguments=frozenset(
            {
                "-m",
                "--model",
                "-a",
                "--alias",
                "--host",
                "--port",
                "-c",
                "--ctx-size",
                "-np",
                "--parallel",
                "--api-key",
                "--api-key-file",
                "--metrics",
                "--slots",
                "--no-slots",
                "-t",
                "--threads",
                "-ngl",
                "--n-gpu-layers",
                "--gpu-layers",
                "--api-prefix",
                "--props",
                "--sse-ping-interval",
                "--embeddings",
            }
        ),
        port=8000,
        metrics_path="/metrics",
        readiness=Probe("/health", period=1, timeout=2, failures=2),
        liveness=Probe("/health", period=10, timeout=5, failures=6),
        # Needs the key, is 503 while the model loads, and lists every alias (measured).
        identity=IdentityCheck("/v1/models"),
        # SIGTERM cuts its streams within 0.5 s (measured), so only preStop can drain.
        pre_stop_seconds=15,
        drain_seconds=5,
        # Sampling fields that change this request alone (tools/server/README.md of llama.cpp).
        request_fields=frozenset(
            {"top_k", "min_p", "repeat_penalty", "typical_p", "mirostat", "grammar", "json_schema"}
        ),
    ),
)
