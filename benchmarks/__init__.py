"""How fast, and how fast compared with what this machine can do: `python -m benchmarks --json bench.json`."""
