"""The six engines, in the order of the article's matrix."""

from llmstack.api.serving import EngineName
from llmstack.catalog.engines.base import Engine
from llmstack.catalog.engines.llamacpp import LLAMA_CPP
from llmstack.catalog.engines.others import SGLANG, TENSORRT_LLM, TGI, TRITON
from llmstack.catalog.engines.vllm import VLLM

ENGINES: dict[EngineName, Engine] = {
    engine.name: engine for engine in (VLLM, TENSORRT_LLM, TGI, SGLANG, LLAMA_CPP, TRITON)
}
