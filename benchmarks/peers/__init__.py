"""The strategies of other libraries, on the same embeddings, head, pools, seeds and budget as ours.

    python -m venv peers
    peers/bin/pip install -r benchmarks/peers/requirements.txt
    peers/bin/python -m benchmarks.peers --images DIR --labels CSV --plain-head --pool 1000 --seeds 20
    peers/bin/python -m benchmarks.peers.cost

The libraries are imported where they are asked, so that `--help` works without them.
"""
