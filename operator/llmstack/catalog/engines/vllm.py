"""vLLM 0.33: facts from its own argument parser and documentation."""

from llmstack.catalog.accelerators import AcceleratorClass
from llmstack.catalog.engines.base import Engine, IdentityCheck, Launch, Probe, Rendering


def _image(accelerator: AcceleratorClass) -> str:
    return {"amd": "vLLM-rocm", "cpu": "vLLM-cpu"}.get(accelerator.vendor, "vLLM")


def _arguments(launch: Launch) -> tuple[str, ...]:
    context = ("--max-model-len", str(launch.context_length)) if launch.context_length else ()
    sequences = ("--max-num-seqs", str(launch.parallel)) if launch.parallel else ()
    return (
        launch.model,
        "--served-model-name",
        *launch.served_names,
        "--host",
        "0.0.0.0",  # noqa: S104 — inside the Pod
        "--port",
        str(launch.port),
        "--tensor-parallel-size",
        str(launch.tensor_parallel),
        *context,
        *sequences,
        # Cached tokens are missing from `usage` without it, and the cache bill would read zero.
        "--enable-prompt-tokens-details",
        # Its default of 0 aborts requests in flight at SIGTERM (measured).
        "--shutdown-timeout",
        str(launch.drain_seconds),
    )


VLLM = Engine(
    name="vLLM",
    vendors=frozenset({"nvidia", "amd", "cpu"}),
    minimum_capability=(7, 5),
    formats=frozenset({"safetensors"}),
    quantizations=frozenset({"None", "FP8", "AWQ", "GPTQ", "INT8", "INT4"}),
    verified="ParserOnly",
    rendering=Rendering(
        image=_image,
        command=("vllm", "serve"),
        arguments=_arguments,
        owned_arguments=frozenset(
            {
                "--model",
                "--served-model-name",
                "--host",
                "--port",
                "--tensor-parallel-size",
                "-tp",
                "--max-model-len",
                "--api-key",
                "--shutdown-timeout",
                "--root-path",
                "--ssl-keyfile",
                "--enable-prompt-tokens-details",
                "--no-enable-prompt-tokens-details",
                "--kv-transfer-config",
            }
        ),
        port=8000,
        metrics_path="/metrics",
        # Its port is closed until the engine is up; /health turns 503 when the engine is dead.
        readiness=Probe("/health", period=2, timeout=5, failures=2),
        liveness=Probe("/health", period=10, timeout=10, failures=6),
        identity=IdentityCheck("/v1/models"),
        # /health stays 200 while it drains and new requests get 500 (measured): leave DNS first.
        pre_stop_seconds=15,
        drain_seconds=30,
        # "Extra parameters" of vLLM's OpenAI-compatible server documentation that steer sampling only.
        request_fields=frozenset(
            {"top_k", "min_p", "repetition_penalty", "length_penalty", "stop_token_ids", "ignore_eos"}
            | {"skip_special_tokens", "spaces_between_special_tokens", "chat_template_kwargs"}
        ),
        environment=(
            ("VLLM_NO_USAGE_STATS", "1"),
            ("HF_HUB_OFFLINE", "1"),
            ("HOME", "/tmp"),  # noqa: S108
            ("VLLM_CACHE_ROOT", "/tmp/vllm"),  # noqa: S108
            ("PROMETHEUS_DISABLE_CREATED_SERIES", "True"),
        ),
        run_as_user=2000,
        # The published image lets an unprivileged user run with group 0 only (vLLM documentation).
        run_as_group=0,
    ),
)
