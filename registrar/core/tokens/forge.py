"""Builds tokens that are wrong in one chosen way, with the cluster's own keys at hand, and names each way.

Some forgeries change the claims before they are encrypted, some the bytes afterwards, some use an attacker's
keys. Each is genuine in every other respect, so that only the intended check can catch it.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwe
from joserfc.jwk import OctKey
from jwt import get_algorithm_by_name

from registrar.core.tokens import compact, mint
from registrar.core.tokens.claims import AccessClaims, Document, RefreshClaims
from registrar.core.tokens.keys import ClusterKeys
from registrar.core.tokens.problems import TokenProblem
from simulator.core.instant import Instant

JwePart = Literal["header", "encrypted_key", "iv", "ciphertext", "tag"]
_JWE_PARTS: tuple[JwePart, ...] = ("header", "encrypted_key", "iv", "ciphertext", "tag")


class Forge:
    """Makes wrong tokens. `claims` are those of the good token that every forgery starts from."""

    def __init__(
        self,
        keys: ClusterKeys,
        claims: AccessClaims,
        now: Instant,
        *,
        attacker: ClusterKeys | None = None,
        other_subject: str = "alice",
        unknown_subject: str = "mallory",
        inactive_subject: str = "former",
        revoked_tid: str = "00000000-0000-4000-8000-00000000dead",
    ) -> None:
        """`attacker`: keys that nobody trusts, made when needed if not given."""
        self.keys = keys
        self.claims = claims
        self.now = int(now)
        self.other_subject = other_subject
        self.unknown_subject = unknown_subject
        self.inactive_subject = inactive_subject
        self.revoked_tid = revoked_tid
        self._attacker = attacker

    @cached_property
    def attacker(self) -> ClusterKeys:
        """Keys that nobody trusts."""
        return self._attacker or ClusterKeys.create(self.keys.cluster_id)

    @cached_property
    def document(self) -> Document:
        """The good token's claims."""
        return mint.padded(self.claims.document(self.keys.cluster_id))

    @cached_property
    def private(self) -> str:
        """The good token's JWE."""
        return mint.encrypt(self.keys.encryption, mint.jwe_header(self.keys), compact.render(self.document))

    @cached_property
    def payload(self) -> bytes:
        """The good token's payload."""
        return compact.render({"private": self.private})

    @cached_property
    def token(self) -> str:
        """The good token."""
        return self.signed(self.payload)

    @property
    def refresh_token(self) -> str:
        """A genuine refresh token, which is no access token."""
        return mint.mint_refresh(self.keys, RefreshClaims(tid=self.claims.tid, issued_at=Instant(self.now)))

    # --- outside: the JWS ------------------------------------------------------------------------------------

    def signed(self, payload: bytes) -> str:
        """Make a token of `payload`, properly signed."""
        return mint.sign(self.keys.signing, mint.jws_header(self.keys), payload)

    def header_text(self, header: bytes) -> str:
        """Make a token with any bytes as its header, properly signed."""
        signing_input = f"{compact.encode(header)}.{compact.encode(self.payload)}"
        return f"{signing_input}.{compact.encode(mint.RS256.sign(signing_input.encode(), self.keys.signing))}"

    def header(self, *, without: str | None = None, **members: object) -> str:
        """Make a token with header members set or removed, properly signed."""
        header = {**mint.jws_header(self.keys), **members}
        return self.header_text(
            compact.render({name: value for name, value in header.items() if name != without})
        )

    def unsigned(self, alg: str) -> str:
        """Make a token with this alg in its header and an empty signature."""
        return self.header(alg=alg).rpartition(".")[0] + "."

    def hmac_with_public_key(self) -> str:
        """Make the classic confusion: HS256 keyed with the RSA public key's PEM text (CVE-2017-11424)."""
        signing_input = self.header(alg="HS256").rpartition(".")[0]
        pem = self.keys.signing.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return f"{signing_input}.{compact.encode(hmac.digest(pem, signing_input.encode(), 'sha256'))}"

    def rs512(self) -> str:
        """Make a token signed with RS512."""
        signing_input = self.header(alg="RS512").rpartition(".")[0]
        signature = get_algorithm_by_name("RS512").sign(signing_input.encode(), self.keys.signing)
        return f"{signing_input}.{compact.encode(signature)}"

    def embedded_key(self) -> str:
        """Make a token with the attacker's public key in the header and their signature (CVE-2026-27962)."""
        numbers = self.attacker.signing.public_key().public_numbers()
        jwk = {"kty": "RSA", "n": _integer(numbers.n), "e": _integer(numbers.e)}
        return mint.sign(self.attacker.signing, {**mint.jws_header(self.keys), "jwk": jwk}, self.payload)

    def by_attacker(self, kid: str) -> str:
        """Make a token with this kid, signed with an attacker's key."""
        header = {**mint.jws_header(self.keys), "kid": kid}
        return mint.sign(self.attacker.signing, header, self.payload)

    def signature_bit_flipped(self) -> str:
        """Make a token whose signature has one bit flipped."""
        signing_input, _, signature = self.token.rpartition(".")
        return f"{signing_input}.{compact.encode(_flipped(compact.decode(signature.encode())))}"

    def signature_of_another(self) -> str:
        """Make a token with the signature of another one."""
        other = mint.seal(self.keys, self.document)  # another IV, so another payload
        return self.token.rpartition(".")[0] + "." + other.rpartition(".")[2]

    # --- inside: the JWE -------------------------------------------------------------------------------------

    def private_is(self, private: object) -> str:
        """Make a token with any value as its JWE, properly signed."""
        return self.signed(compact.render({"private": private}))

    def jwe_part(self, part: JwePart, value: bytes) -> str:
        """Make a token with one part of the JWE replaced, properly signed outside."""
        parts = self.private.split(".")
        parts[_JWE_PARTS.index(part)] = compact.encode(value)
        return self.private_is(".".join(parts))

    def jwe_bytes(self, part: JwePart) -> bytes:
        """Return one part of the good JWE, decoded."""
        return compact.decode(self.private.split(".")[_JWE_PARTS.index(part)].encode())

    def jwe_flipped(self, part: JwePart) -> str:
        """Make a token with one bit of this part of the JWE flipped, properly signed outside."""
        return self.jwe_part(part, _flipped(self.jwe_bytes(part)))

    def jwe_reordered(self) -> str:
        """Make a token with the JWE header in another order: the additional authenticated data is another."""
        header = dict(reversed(mint.jwe_header(self.keys).items()))
        return self.jwe_part("header", compact.render(header))

    def encrypted(self, *, key: bytes | None = None, plaintext: bytes | None = None, **members: object) -> str:
        """Make a token with other JWE header members, key or plaintext, encrypted as they ask for."""
        header = {**mint.jwe_header(self.keys), **members}
        private = jwe.encrypt_compact(
            header,
            compact.render(self.document) if plaintext is None else plaintext,
            OctKey.import_key(key or self.keys.encryption),
            algorithms=[str(header["alg"]), str(header["enc"]), "DEF"],
        )
        return self.private_is(private)

    def encryption_regenerated(self) -> str:
        """Make a token after `set key regen authz encryption`, which the validating node has not seen."""
        return mint.seal(self.keys.with_new_encryption(), self.document)

    def wrong_encryption_key(self) -> str:
        """Make a token that is encrypted with another key under the cluster's kid."""
        return self.encrypted(key=self.keys.with_new_encryption().encryption)

    # --- innermost: the claims -------------------------------------------------------------------------------

    def with_claims(self, *, without: str | None = None, **members: object) -> str:
        """Make a token with claims set or removed, encrypted and signed properly.

        It is padded like a good one, unless pad is given.
        """
        document = {**self.claims.document(self.keys.cluster_id), **members}
        document.pop(without or "", None)
        return mint.seal(self.keys, document if "pad" in document else mint.padded(document))

    def with_raw_claim(self, name: str, text: str) -> str:
        """Make a token with a claim whose value is any JSON-like text."""
        others = {member: value for member, value in self.document.items() if member != name}
        return self.encrypted(plaintext=f'{{"{name}":{text},'.encode() + compact.render(others)[1:])

    def with_claim_twice(self, name: str) -> str:
        """Make a token with a claim twice: the second is the good one, which lenient parsers take."""
        return self.encrypted(plaintext=f'{{"{name}":0,'.encode() + compact.render(self.document)[1:])


def _flipped(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


def _integer(value: int) -> str:
    return compact.encode(value.to_bytes((value.bit_length() + 7) // 8))


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """One named way to make a token wrong: a row of `mutations_outside` or `mutations_inside`."""

    name: str
    """Kebab-case, for `ucmsim token mint --mutate NAME`."""
    row: int
    """Row of the checklist (oauth-tokens 10)."""
    text: str
    """One line: what is wrong with the token."""
    problem: TokenProblem
    """What a registrar with leeway 0 says of it."""
    needs: str = ""
    """What must be so around the token for it to be refused; empty if the token alone suffices."""
    apply: Callable[[Forge], str] = field(repr=False)
    """The forged token."""


Row = tuple[int, str, TokenProblem, str, Callable[[Forge], str]]
"""Row number, name, problem, text, forgery."""


def table(*rows: Row) -> tuple[Mutation, ...]:
    """Make mutations of rows: the module that has them reads as a table."""
    return tuple(
        Mutation(row=row, name=name, problem=problem, text=text, apply=apply)
        for row, name, problem, text, apply in rows
    )
