"""Mutations of the encoding, the signed envelope and the token's kind: checklist A to C (oauth-tokens 10)."""

from __future__ import annotations

from registrar.core.tokens import compact, mint
from registrar.core.tokens.forge import table
from registrar.core.tokens.problems import TokenProblem as P

_ENCODING = table(
    (1, "absent", P.TOKEN_ABSENT, "no token at all", lambda f: ""),
    (2, "too-large", P.TOKEN_TOO_LARGE, "genuine, but over 8 kB", lambda f: f.with_claims(pad="0" * 4370)),
    (3, "two-segments", P.MALFORMED_SEGMENTS, "the signature and its dot are cut off",
     lambda f: f.token.rpartition(".")[0]),
    (4, "four-segments", P.MALFORMED_SEGMENTS, "a fourth segment is appended", lambda f: f.token + ".AAAA"),
    (5, "empty-payload", P.MALFORMED_SEGMENTS, "the payload segment is empty",
     lambda f: "{0}..{2}".format(*f.token.split("."))),
    (6, "bare-jwe", P.WRONG_TOKEN_KIND, "the inner JWE without the signature around it", lambda f: f.private),
    (7, "base64-padding", P.MALFORMED_B64, "the signature is padded with `=`", lambda f: f.token + "=="),
    (8, "base64-standard-alphabet", P.MALFORMED_B64, "`+` and `/` instead of `-` and `_`",
     lambda f: f.token.translate(str.maketrans("-_", "+/"))),
    (9, "trailing-newline", P.MALFORMED_B64, "a newline follows the token", lambda f: f.token + "\n"),
    (10, "inner-space", P.MALFORMED_B64, "a space stands inside the payload",
     lambda f: f.token[:1000] + " " + f.token[1000:]),
    (11, "non-ascii", P.MALFORMED_B64, "one character is not ASCII",
     lambda f: f.token[:1000] + "é" + f.token[1001:]),
    (12, "noncanonical-base64", P.NONCANONICAL_B64, "another spelling of the same signature bytes",
     lambda f: f.token[:-1] + {"A": "B", "Q": "R", "g": "h", "w": "x"}[f.token[-1]]),
    (13, "header-array", P.MALFORMED_JSON, "the header is a JSON array",
     lambda f: f.header_text(b'["alg","RS256"]')),
    (14, "header-bom", P.MALFORMED_JSON, "the header starts with a byte order mark",
     lambda f: f.header_text(b"\xef\xbb\xbf" + compact.render(mint.jws_header(f.keys)))),
    (15, "header-utf16", P.MALFORMED_UTF8, "the header is UTF-16",
     lambda f: f.header_text(compact.render(mint.jws_header(f.keys)).decode().encode("utf-16"))),
    (16, "header-duplicate-alg", P.DUPLICATE_MEMBER, "the header names alg twice",
     lambda f: f.header_text(b'{"alg":"none",' + compact.render(mint.jws_header(f.keys))[1:])),
    (17, "header-too-deep", P.JSON_TOO_DEEP, "the header is nested 900 levels deep",
     lambda f: f.header_text(b'{"alg":' + b"[" * 900 + b"]" * 900 + b"}")),
)  # fmt: skip

_SIGNED_ENVELOPE = table(
    (18, "alg-none", P.ALG_NOT_ALLOWED, "alg none and no signature", lambda f: f.unsigned("none")),
    (19, "alg-none-mixed-case", P.ALG_NOT_ALLOWED, "alg nOnE and no signature", lambda f: f.unsigned("nOnE")),
    (20, "alg-missing", P.ALG_NOT_ALLOWED, "the header has no alg", lambda f: f.header(without="alg")),
    (21, "alg-array", P.ALG_NOT_ALLOWED, "alg is an array", lambda f: f.header(alg=["RS256"])),
    (22, "alg-hs256-public-key", P.ALG_NOT_ALLOWED, "HS256, keyed with the RSA public key's PEM text",
     lambda f: f.hmac_with_public_key()),
    (23, "alg-rs512", P.ALG_NOT_ALLOWED, "RS512, signed properly with the genuine key", lambda f: f.rs512()),
    (24, "typ-missing", P.TYP_MISMATCH, "the header has no typ", lambda f: f.header(without="typ")),
    (25, "crit-unknown", P.CRIT_UNSUPPORTED, "the header demands an unknown extension",
     lambda f: f.header(crit=["exp-policy"], **{"exp-policy": "strict"})),
    (26, "b64-false", P.HEADER_UNEXPECTED, "b64 is false (RFC 7797)", lambda f: f.header(b64=False)),
    (27, "jwk-embedded", P.HEADER_UNEXPECTED, "an attacker's public key in the header, its signature below",
     lambda f: f.embedded_key()),
    (28, "jku", P.HEADER_UNEXPECTED, "the header points to a key set elsewhere",
     lambda f: f.header(jku="https://attacker.invalid/keys.json")),
    (29, "x5u", P.HEADER_UNEXPECTED, "the header points to a certificate elsewhere",
     lambda f: f.header(x5u="https://attacker.invalid/leaf.pem")),
    (30, "x5c", P.HEADER_UNEXPECTED, "the header carries a certificate chain",
     lambda f: f.header(x5c=["MIIB"])),
    (31, "kid-missing", P.KID_MISSING, "the header has no kid", lambda f: f.header(without="kid")),
    (32, "kid-integer", P.KID_MALFORMED, "kid is a number", lambda f: f.header(kid=1)),
    (33, "kid-path", P.KID_MALFORMED, "kid is a path", lambda f: f.header(kid="../../dev/null")),
    (34, "kid-sql", P.KID_MALFORMED, "kid is SQL text", lambda f: f.header(kid="' OR 1=1 --")),
    (35, "kid-of-encryption-key", P.KID_UNKNOWN_SIGNING, "kid names the encryption key",
     lambda f: f.header(kid=f.keys.encryption_kid)),
    (36, "other-signing-key", P.KID_UNKNOWN_SIGNING, "signed with another key under that key's own kid",
     lambda f: f.by_attacker(f.attacker.signing_kid)),
    (37, "attacker-signature", P.SIGNATURE_INVALID, "our kid, an attacker's signature",
     lambda f: f.by_attacker(f.keys.signing_kid)),
    (38, "signature-stripped", P.SIGNATURE_INVALID, "the signature segment is empty",
     lambda f: f.token.rpartition(".")[0] + "."),
    (39, "signature-bit-flip", P.SIGNATURE_INVALID, "one bit of the signature is flipped",
     lambda f: f.signature_bit_flipped()),
    (40, "signature-of-another", P.SIGNATURE_INVALID, "the signature of another token",
     lambda f: f.signature_of_another()),
)  # fmt: skip

_KIND = table(
    (41, "refresh-token", P.WRONG_TOKEN_KIND, "a refresh token where an access token belongs",
     lambda f: f.refresh_token),
    (42, "not-encrypted", P.WRONG_TOKEN_KIND, "the claims are signed but not encrypted",
     lambda f: f.signed(compact.render(f.document))),
    (43, "ctyp-refresh", P.WRONG_TOKEN_KIND, "ctyp says refresh inside the JWE",
     lambda f: f.with_claims(ctyp="refresh")),
    (44, "outer-claim", P.PAYLOAD_UNEXPECTED, "a claim stands outside, beside the JWE",
     lambda f: f.signed(compact.render({"private": f.private, "sub": "admin"}))),
    (45, "private-not-a-string", P.JWE_MALFORMED, "`private` is a number", lambda f: f.private_is(1)),
)  # fmt: skip

OUTSIDE = _ENCODING + _SIGNED_ENVELOPE + _KIND
