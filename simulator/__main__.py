"""`python -m simulator` and the `ucmsim` command."""

from __future__ import annotations


def main() -> None:
    from simulator.cli import app

    app()


if __name__ == "__main__":
    main()
