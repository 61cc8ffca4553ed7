"""Engines that the rubric judges and that are not rendered yet: their hard limits, so a no has a reason."""

from llmstack.catalog.engines.base import Engine

_SAFETENSORS = frozenset({"None", "FP8", "AWQ", "GPTQ", "INT8", "INT4"})

SGLANG = Engine(
    name="SGLang",
    vendors=frozenset({"nvidia", "amd"}),
    minimum_capability=(7, 5),  # load_model_utils.py of 0.5.23
    formats=frozenset({"safetensors"}),
    quantizations=_SAFETENSORS,
    verified="ParserOnly",
)
TENSORRT_LLM = Engine(
    name="TensorRT-LLM",
    vendors=frozenset({"nvidia"}),
    minimum_capability=(8, 0),  # its support matrix: Ampere A100, Ada, Hopper, Blackwell
    formats=frozenset({"safetensors"}),
    quantizations=frozenset({"None", "FP8", "AWQ", "GPTQ", "INT8", "INT4"}),
    verified="ParserOnly",
)
TGI = Engine(
    name="TGI",
    vendors=frozenset({"nvidia", "amd"}),
    minimum_capability=(7, 5),
    formats=frozenset({"safetensors"}),
    quantizations=frozenset({"None", "FP8", "AWQ", "GPTQ", "INT8", "INT4"}),
    verified="ParserOnly",
    archived="TGI is archived since 21 March 2026: it runs when it is named, and is never chosen",
)
TRITON = Engine(
    name="Triton",
    vendors=frozenset({"nvidia"}),
    minimum_capability=(7, 5),
    formats=frozenset({"safetensors"}),
    quantizations=_SAFETENSORS,
    verified="ParserOnly",
)
