"""How the certificates of a lab are made: the model of each `certificate:` in a file."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from simulator.lab.config.model import FileModel, San


class CertificateConfig(FileModel):
    """How one certificate is made. Good by default; each field can make it bad in one way."""

    common_name: str | None = Field(None, description="default: the host name of the certificate's owner")
    sans: list[San] | None = Field(
        None, description="DNS:, IP: or URI: names; default: the host name of the certificate's owner"
    )
    issuer: str | None = Field(
        None, description='name of an authority, or "self"; the default depends on the owner'
    )
    usages: Literal["both", "server", "client", "none"] = Field("both", description="extended key usage")
    valid: Literal["now", "expired", "not_yet"] = "now"
    key: Literal["rsa2048", "ec256", "rsa1024"] = "rsa2048"
    forged: bool = Field(False, description="the issuer is an impostor with the same name but another key")
    revoked: bool = Field(False, description="the certificate is on its issuer's revocation list")
    chain: Literal["full", "leaf_only"] = Field("full", description="leaf_only: intermediates are not sent")
