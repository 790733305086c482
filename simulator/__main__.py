"""`python -m simulator` and the `ucmsim` command."""

from __future__ import annotations

import sys


def main() -> None:
    from simulator import installation
    from simulator.interrupts import ending_at_once

    with ending_at_once():
        try:
            installation.check()
        except installation.InstallationError as error:
            sys.stderr.write(f"ucmsim: {error}\n")
            raise SystemExit(3) from None

        from simulator.cli import app

    app(prog_name="ucmsim")


if __name__ == "__main__":
    main()
