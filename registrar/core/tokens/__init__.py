"""Access tokens of a UCM cluster: keys, minting, strict validation, the wire's answers, mutations, inspection.

The form is decoded from one published token (oauth-tokens 1): RS256 outside, `dir` with A128CBC-HS256 inside.
"""

from registrar.core.tokens.claims import AccessClaims, RefreshClaims
from registrar.core.tokens.forge import Forge, Mutation
from registrar.core.tokens.inspection import TokenInspection, inspect_token
from registrar.core.tokens.keys import ClusterKeys, ValidationKeys
from registrar.core.tokens.mint import mint_access, mint_refresh
from registrar.core.tokens.mutations import MUTATIONS, mutate
from registrar.core.tokens.outcomes import OUTCOMES, Dialect, TokenOutcome, WireAnswer, answer
from registrar.core.tokens.policy import TokenPolicy
from registrar.core.tokens.problems import TokenFacts, TokenProblem, TokenRefused
from registrar.core.tokens.validator import SubjectStatus, TokenValidator

__all__ = [
    "MUTATIONS",
    "OUTCOMES",
    "AccessClaims",
    "ClusterKeys",
    "Dialect",
    "Forge",
    "Mutation",
    "RefreshClaims",
    "SubjectStatus",
    "TokenFacts",
    "TokenInspection",
    "TokenOutcome",
    "TokenPolicy",
    "TokenProblem",
    "TokenRefused",
    "TokenValidator",
    "ValidationKeys",
    "WireAnswer",
    "answer",
    "inspect_token",
    "mint_access",
    "mint_refresh",
    "mutate",
]
