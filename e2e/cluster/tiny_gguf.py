"""A tiny llama in GGUF with random weights and a byte-level vocabulary: real tokens, no download.

Deep and narrow (96 layers of width 64, 14 MB): about 80 tokens a second on one core, so that a stream lasts long
enough to be cut.
"""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np
from numpy.typing import NDArray

VERSION = 1
LAYERS = 96
_WIDTH, _HEADS, _KV_HEADS, _FEED_FORWARD, _CONTEXT = 64, 4, 2, 128, 131072
_PIECES = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
_PIECES += ["▁"] + [chr(code) for code in range(33, 127)] + ["▁the", "ing", "th", "er"]
_TEMPLATE = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}assistant:"


def write(path: Path) -> None:
    """Write the model; the same bytes each time."""
    numbers = np.random.default_rng(0)

    def tensor(*shape: int) -> NDArray[np.float32]:
        return numbers.normal(0, 0.05, shape).astype(np.float32)

    kinds = [gguf.TokenType.UNKNOWN, gguf.TokenType.CONTROL, gguf.TokenType.CONTROL]
    kinds += [gguf.TokenType.BYTE] * 256 + [gguf.TokenType.NORMAL] * (len(_PIECES) - 259)
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_name("llmstack-tiny")
    writer.add_context_length(_CONTEXT)
    writer.add_embedding_length(_WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(_FEED_FORWARD)
    writer.add_head_count(_HEADS)
    writer.add_head_count_kv(_KV_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(_WIDTH // _HEADS)
    writer.add_vocab_size(len(_PIECES))
    writer.add_file_type(0)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(_PIECES)
    writer.add_token_scores([0.0] * 259 + [-float(rank) for rank in range(len(_PIECES) - 259)])
    writer.add_token_types(kinds)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_chat_template(_TEMPLATE)
    kv_width = _WIDTH // _HEADS * _KV_HEADS
    writer.add_tensor("token_embd.weight", tensor(len(_PIECES), _WIDTH))
    writer.add_tensor("output_norm.weight", np.ones(_WIDTH, np.float32))
    writer.add_tensor("output.weight", tensor(len(_PIECES), _WIDTH))
    for layer in range(LAYERS):
        block = f"blk.{layer}."
        writer.add_tensor(f"{block}attn_norm.weight", np.ones(_WIDTH, np.float32))
        writer.add_tensor(f"{block}ffn_norm.weight", np.ones(_WIDTH, np.float32))
        writer.add_tensor(f"{block}attn_q.weight", tensor(_WIDTH, _WIDTH))
        writer.add_tensor(f"{block}attn_k.weight", tensor(kv_width, _WIDTH))
        writer.add_tensor(f"{block}attn_v.weight", tensor(kv_width, _WIDTH))
        writer.add_tensor(f"{block}attn_output.weight", tensor(_WIDTH, _WIDTH))
        writer.add_tensor(f"{block}ffn_gate.weight", tensor(_FEED_FORWARD, _WIDTH))
        writer.add_tensor(f"{block}ffn_up.weight", tensor(_FEED_FORWARD, _WIDTH))
        writer.add_tensor(f"{block}ffn_down.weight", tensor(_WIDTH, _FEED_FORWARD))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
