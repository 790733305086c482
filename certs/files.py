"""Writes certificates and keys into files, for people and programs that are pointed at a folder."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

from certs.authority import IssuedCertificate
from certs.stores import NodeStores


def write_stores(folder: Path, stores: NodeStores) -> None:
    """Write one PEM file for each certificate, and a folder of them for each trust store.

    Files that a trust store no longer needs are removed. Private keys are written by `write_private`.
    """
    _write_issued(folder, "tomcat", stores.tomcat)
    _write_trust(folder / "tomcat-trust", stores.tomcat_trust)
    _write_issued(folder, "CallManager", stores.callmanager)
    _write_trust(folder / "CallManager-trust", stores.callmanager_trust)
    _write_public(folder / "CAPF.pem", stores.lsc_issuer.certificate)


def write_private(path: Path, pem: bytes) -> None:
    """Write `pem` to a file that has mode 0600 before it has content, whatever was there before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileNotFoundError):
        path.unlink()
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(pem)


def _write_public(path: Path, pem: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pem)


def _write_issued(folder: Path, name: str, issued: IssuedCertificate) -> None:
    _write_public(folder / f"{name}.pem", issued.credential.chain)
    write_private(folder / f"{name}.key", issued.private_key)


def _write_trust(folder: Path, certificates: tuple[bytes, ...]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.pem"):
        if re.fullmatch(r"\d{3}\.pem", old.name):
            old.unlink()
    for number, pem in enumerate(certificates, start=1):
        _write_public(folder / f"{number:03d}.pem", pem)
