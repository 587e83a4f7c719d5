"""A language model of a third of a megabyte: llama.cpp loads it, and it says nothing sensible.

Its weights are drawn from a fixed seed. Only its liking for a few signs is chosen, so that
replies stay short.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gguf
import numpy as np

WIDTH, LAYERS, HEADS, INNER = 64, 1, 4, 128
LOUD = 8.0
LIKED = {'"': 0.33, "0": 0.2, "]": 0.25, "{": 0.15, "}": 0.15, '{"op":"': 0.2, '{"title":"': 0.3}
"""What is likelier than the rest: texts get a few characters, lists few items."""
WORD = 0.45
WORDS = [
    '"options":[{"intent":"', '"type":"', '"targets":[', '"place":"', '"effects":[', '"selected":',
    '"success":', '"reason":"', '"events":[', '"description":"', '"scope":"', '"summary":"',
    '"affected_actors":[', '"target":"', '"path":"', '"value":', '{"op":"', '{"title":"',
]  # fmt: skip
"""Tokens of their own, so that what a schema prescribes is said in few."""
SPACE = "\u2581"
ASCII = [chr(code) for code in range(32, 127)]


def write_tiny_model(path: Path) -> None:
    """Write the model as GGUF."""
    writer = gguf.GGUFWriter(str(path), "llama")
    tokens, kinds = _vocabulary()
    _describe(writer, tokens, kinds)
    for name, weights in _weights(tokens).items():
        writer.add_tensor(name, weights.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _vocabulary() -> tuple[list[bytes], list[Any]]:
    kind = gguf.TokenType
    control = [(b"<unk>", kind.UNKNOWN), (b"<s>", kind.CONTROL), (b"</s>", kind.CONTROL)]
    raw = [(f"<0x{code:02X}>".encode(), kind.BYTE) for code in range(256)]
    plain = [(char.replace(" ", SPACE).encode(), kind.NORMAL) for char in ASCII]
    words = [(word.encode(), kind.NORMAL) for word in WORDS]
    rows = control + raw + plain + words
    return [token for token, _ in rows], [each for _, each in rows]


def _describe(writer: Any, tokens: list[bytes], kinds: list[Any]) -> None:
    writer.add_context_length(32768)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * len(tokens))
    writer.add_token_types(kinds)
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_chat_template("{% for each in messages %}{{ each.content }}\n{% endfor %}")


def _weights(tokens: list[bytes]) -> dict[str, Any]:
    draw = np.random.default_rng(1)

    def noise(*shape: int) -> Any:
        return draw.standard_normal(shape) * 0.1

    embedding, output = noise(len(tokens), WIDTH), noise(len(tokens), WIDTH)
    # One channel is loud whatever was said, and speaks for what is liked.
    embedding[:, 0] = LOUD
    output[:, 0] = 0.0
    for text, much in (dict.fromkeys(WORDS, WORD) | LIKED).items():
        output[tokens.index(text.replace(" ", SPACE).encode()), 0] = much
    found = {"token_embd.weight": embedding, "output.weight": output}
    found["output_norm.weight"] = np.ones(WIDTH)
    for layer in range(LAYERS):
        block = f"blk.{layer}."
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            found[f"{block}{name}.weight"] = noise(WIDTH, WIDTH)
        for name in ("attn_norm", "ffn_norm"):
            found[f"{block}{name}.weight"] = np.ones(WIDTH)
        for name, shape in (
            ("gate", (INNER, WIDTH)),
            ("up", (INNER, WIDTH)),
            ("down", (WIDTH, INNER)),
        ):
            found[f"{block}ffn_{name}.weight"] = noise(*shape)
    return found
