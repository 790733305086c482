"""Mutations of the encrypted part and of the claims: checklist D and E (oauth-tokens 10)."""

from __future__ import annotations

from dataclasses import replace

from registrar.core.tokens import compact
from registrar.core.tokens.forge import Forge, table
from registrar.core.tokens.problems import TokenProblem as P

_BOMB = b'{"pad":"' + b"0" * 1_000_000 + b'"}'
"""Under 2 kB when deflated."""
_ELSEWHERE = "11111111-2222-4333-8444-555555555555"
_AHEAD = 600
"""Seconds, beyond the greatest leeway."""

_ENCRYPTED = table(
    (49, "jwe-alg-a128kw", P.JWE_ALG_NOT_ALLOWED, "the JWE wraps its key with A128KW",
     lambda f: f.encrypted(alg="A128KW", key=f.keys.encryption[:16])),
    (50, "jwe-enc-a256gcm", P.JWE_ENC_NOT_ALLOWED, "the JWE is encrypted with A256GCM",
     lambda f: f.encrypted(enc="A256GCM")),
    (51, "jwe-zip-bomb", P.JWE_ZIP, "the JWE is compressed: 1 MB behind 2 kB",
     lambda f: f.encrypted(zip="DEF", plaintext=_BOMB)),
    (52, "encryption-key-regenerated", P.KID_UNKNOWN_ENCRYPTION, "encrypted with a key that is not loaded here",
     lambda f: f.encryption_regenerated()),
    (53, "wrong-encryption-key", P.DECRYPT_FAILED, "the right kid, another encryption key",
     lambda f: f.wrong_encryption_key()),
    (54, "jwe-tag-flip", P.DECRYPT_FAILED, "one bit of the authentication tag is flipped",
     lambda f: f.jwe_flipped("tag")),
    (55, "jwe-ciphertext-flip", P.DECRYPT_FAILED, "one bit of the ciphertext is flipped",
     lambda f: f.jwe_flipped("ciphertext")),
    (56, "jwe-iv-flip", P.DECRYPT_FAILED, "one bit of the initialisation vector is flipped",
     lambda f: f.jwe_flipped("iv")),
    (57, "jwe-header-reordered", P.DECRYPT_FAILED, "the JWE header's members are in another order",
     lambda f: f.jwe_reordered()),
    (58, "jwe-tag-truncated", P.JWE_MALFORMED, "the authentication tag is cut to 8 bytes",
     lambda f: f.jwe_part("tag", f.jwe_bytes("tag")[:8])),
    (59, "jwe-ciphertext-empty", P.JWE_MALFORMED, "the ciphertext is empty",
     lambda f: f.jwe_part("ciphertext", b"")),
    (60, "jwe-encrypted-key-present", P.JWE_MALFORMED, "an encrypted key is present although alg is dir",
     lambda f: f.jwe_part("encrypted_key", bytes(32))),
    (61, "nested-alg-none-jwt", P.MALFORMED_JSON, "an unsigned JWT is encrypted in place of the claims",
     lambda f: f.encrypted(plaintext=_unsecured_jwt(f))),
    (62, "claims-array", P.MALFORMED_JSON, "an array is encrypted in place of the claims",
     lambda f: f.encrypted(plaintext=compact.render([f.document]))),
)  # fmt: skip

_CLAIMS = table(
    (63, "duplicate-exp", P.DUPLICATE_MEMBER, "exp is there twice", lambda f: f.with_claim_twice("exp")),
    (64, "ctyp-missing", P.CLAIM_MISSING, "ctyp is missing", lambda f: f.with_claims(without="ctyp")),
    (65, "iss-missing", P.CLAIM_MISSING, "iss is missing", lambda f: f.with_claims(without="iss")),
    (66, "aud-missing", P.CLAIM_MISSING, "aud is missing", lambda f: f.with_claims(without="aud")),
    (67, "exp-missing", P.CLAIM_MISSING, "exp is missing", lambda f: f.with_claims(without="exp")),
    (68, "scope-missing", P.CLAIM_MISSING, "scope is missing", lambda f: f.with_claims(without="scope")),
    (69, "sub-missing", P.CLAIM_MISSING, "sub is missing", lambda f: f.with_claims(without="sub")),
    (70, "iss-array", P.CLAIM_TYPE, "iss is an array", lambda f: f.with_claims(iss=[f.keys.cluster_id])),
    (71, "exp-string", P.CLAIM_TYPE, "exp is a string",
     lambda f: f.with_claims(exp=str(f.claims.expires_at))),
    (72, "exp-true", P.CLAIM_TYPE, "exp is true", lambda f: f.with_claims(exp=True)),
    (73, "exp-null", P.CLAIM_TYPE, "exp is null", lambda f: f.with_claims(exp=None)),
    (74, "exp-negative", P.CLAIM_TYPE, "exp is -1", lambda f: f.with_claims(exp=-1)),
    (75, "exp-overflow", P.CLAIM_TYPE, "exp is 1e400", lambda f: f.with_raw_claim("exp", "1e400")),
    (76, "exp-infinity", P.MALFORMED_JSON, "exp is Infinity", lambda f: f.with_raw_claim("exp", "Infinity")),
    (77, "iss-other-cluster", P.ISSUER_MISMATCH, "iss is another cluster, but the keys are ours",
     lambda f: f.with_claims(iss=_ELSEWHERE)),
    (78, "aud-uds", P.AUDIENCE_MISMATCH, "aud is another service", lambda f: f.with_claims(aud="uds")),
)  # fmt: skip

_TIME = table(
    (79, "expired", P.EXPIRED, "expired a second ago",
     lambda f: f.with_claims(iat=f.now - 3601, exp=f.now - 1)),
    (80, "expires-now", P.EXPIRED, "expires at this very second",
     lambda f: f.with_claims(iat=f.now - 3600, exp=f.now)),
    (81, "not-yet-valid", P.NOT_YET_VALID, "nbf lies ahead",
     lambda f: f.with_claims(iat=f.now, nbf=f.now + _AHEAD, exp=f.now + 2 * _AHEAD)),
    (82, "issued-in-future", P.ISSUED_IN_FUTURE, "iat lies ahead",
     lambda f: f.with_claims(iat=f.now + _AHEAD, exp=f.now + 2 * _AHEAD)),
    (83, "exp-before-iat", P.CLAIM_RANGE, "exp lies before iat",
     lambda f: f.with_claims(iat=f.now, exp=f.now - 1)),
    (84, "lifetime-25h", P.LIFETIME_TOO_LONG, "good for 25 hours",
     lambda f: f.with_claims(iat=f.now, exp=f.now + 25 * 3600)),
    (85, "exp-milliseconds", P.LIFETIME_TOO_LONG, "exp counts milliseconds",
     lambda f: f.with_claims(exp=1000 * f.claims.expires_at)),
)  # fmt: skip

_SUBJECT = table(
    (86, "scope-insufficient", P.SCOPE_INSUFFICIENT, "scope lists other things",
     lambda f: f.with_claims(scope="openid profile")),
    (87, "scope-substring", P.SCOPE_INSUFFICIENT, "scope is only part of another word",
     lambda f: f.with_claims(scope=" ".join(f"x{word}x" for word in f.claims.scope.split()))),
    (88, "subject-unknown", P.SUBJECT_UNKNOWN, "sub is nobody",
     lambda f: f.with_claims(sub=f.unknown_subject)),
    (89, "subject-nul", P.SUBJECT_UNKNOWN, "sub ends in a NUL",
     lambda f: f.with_claims(sub=f.claims.subject + "\0")),
    (90, "subject-inactive", P.SUBJECT_INACTIVE, "sub was removed from LDAP",
     lambda f: f.with_claims(sub=f.inactive_subject)),
    (91, "typ-admin", P.TYP_MISMATCH, "typ of the claims is admin", lambda f: f.with_claims(typ="admin")),
    (92, "subject-device-mismatch", P.SUBJECT_DEVICE_MISMATCH, "a good token of somebody else",
     lambda f: f.with_claims(sub=f.other_subject)),
    (93, "revoked", P.REVOKED, "a revoked token", lambda f: f.with_claims(tid=f.revoked_tid)),
)  # fmt: skip

_NEEDS = {
    90: "the user database must hold the subject as inactive",
    92: "the subject must be active and must not own the device that registers",
    93: "the node must be told that this tid is revoked; UCM itself never revokes access tokens",
}


def _unsecured_jwt(forge: Forge) -> bytes:
    header = compact.encode(b'{"alg":"none"}')
    return f"{header}.{compact.encode(compact.render(forge.document))}.".encode()


INSIDE = tuple(
    replace(mutation, needs=_NEEDS.get(mutation.row, ""))
    for mutation in _ENCRYPTED + _CLAIMS + _TIME + _SUBJECT
)
