"""Signing in as Jabber does: find the home cluster, get tokens with PKCE, find the device and its file."""

from softphone.core.signin.account import JabberAccount
from softphone.core.signin.machine import SessionOver, SignedIn, SignIn, TokenCame
from softphone.core.signin.transitions import SignInInput, SignInState

__all__ = [
    "JabberAccount",
    "SessionOver",
    "SignIn",
    "SignInInput",
    "SignInState",
    "SignedIn",
    "TokenCame",
]
