"""A process that serves a GGUF file with llama.cpp's own server until its input ends.

python _llama_server.py MODEL.gguf [--embeddings]
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import xllamacpp


def serve(model: Path, *, embeddings: bool = False) -> str:
    """Start serving; return the address."""
    params = xllamacpp.CommonParams()
    params.model.path = str(model)
    params.model_alias = {"tiny"}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_ctx = 65536
    params.n_parallel = 4
    params.cpuparams.n_threads = 1
    params.warmup = False
    params.cache_ram_mib = 0
    if embeddings:
        params.embedding = True
        params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    handle = xllamacpp.Server(params)
    serve.handle = handle  # type: ignore[attr-defined] # it lives as long as the process
    return str(handle.listening_address)


if __name__ == "__main__":
    address = serve(Path(sys.argv[1]), embeddings="--embeddings" in sys.argv)
    print(json.dumps({"url": address}), flush=True)
    sys.stdin.read()
