"""Many texts embedded by several processes, one BLAS thread each.

Two threads in one process are slower than one for the default model; two processes are nearly twice as fast.
Plain child processes rather than ``multiprocessing``: a child does not import the caller's main module again,
so this works from any script, notebook or server, and its thread count is set before numpy loads.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import numpy as np

from retrieval.encoder import SentenceEncoder, Vectors
from retrieval.errors import EmbeddingFailed

MIN_TEXTS_PER_PROCESS = 500
"""Fewer do not earn back the second or two that a process needs to start."""
BATCH = 64
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)


def embed_in_processes(
    embedder: SentenceEncoder, texts: Sequence[str], *, processes: int, progress: bool
) -> Vectors:
    """Vectors of ``texts``, in order; see :func:`retrieval.embed.embed_many`.

    Raises:
        EmbeddingFailed: a process stopped; its last words are in the message.
    """
    from tqdm import tqdm

    vectors = np.empty((len(texts), embedder.dimension), dtype=np.float32)
    starts: queue.SimpleQueue[int] = queue.SimpleQueue()
    for start in range(0, len(texts), BATCH):
        starts.put(start)
    failures: list[BaseException] = []
    off = {} if progress else {"disable": True}  # where a bar is wanted, TQDM_DISABLE still has its say
    with tqdm(total=len(texts), desc="Embedding", unit="text", **off) as bar:

        def work(child: subprocess.Popen[bytes]) -> None:
            try:
                while not failures:
                    start = starts.get_nowait()
                    part = texts[start : start + BATCH]
                    vectors[start : start + len(part)] = _ask(child, part, embedder.dimension)
                    bar.update(len(part))
            except queue.Empty:
                return
            except BaseException as error:  # handed to the caller's thread below
                failures.append(error)

        children = [_start() for _ in range(processes)]
        threads = [threading.Thread(target=work, args=(child,), daemon=True) for child in children]
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:  # also after Ctrl-C: no process may stay behind
            for child in children:
                child.kill()
            for child in children:
                child.communicate()
    if failures:
        raise failures[0]
    return vectors


def _start() -> subprocess.Popen[bytes]:
    path = os.pathsep.join(filter(None, [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]))
    return subprocess.Popen(
        [sys.executable, "-m", "retrieval.embed_processes"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | ONE_THREAD | {"PYTHONPATH": path},
    )


def _ask(child: subprocess.Popen[bytes], texts: Sequence[str], dimension: int) -> Vectors:
    assert child.stdin and child.stdout and child.stderr
    expected = len(texts) * dimension * 4
    try:
        child.stdin.write(json.dumps(list(texts)).encode() + b"\n")
        child.stdin.flush()
        answer = child.stdout.read(expected)
    except OSError:
        answer = b""
    if len(answer) != expected:
        last = child.stderr.read().decode(errors="replace").strip().splitlines()[-1:]
        raise EmbeddingFailed(
            f"A process that embeds texts stopped{': ' + last[0] if last else ''}. Nothing was written. "
            "Check free memory and run the same command again."
        )
    return np.frombuffer(answer, dtype=np.float32).reshape(len(texts), dimension)


def serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    """Answer each line, a JSON list of texts, with the raw bytes of their vectors, until the input ends."""
    embedder = SentenceEncoder()
    for line in requests:
        answers.write(embedder.embed(json.loads(line)).tobytes())
        answers.flush()


if __name__ == "__main__":
    try:
        serve(sys.stdin.buffer, sys.stdout.buffer)
    except KeyboardInterrupt:  # Ctrl-C reaches children too; the parent tells the person
        sys.exit(130)
