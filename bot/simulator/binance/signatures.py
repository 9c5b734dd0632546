"""Signatures: HMAC SHA-256 with a shared secret, or Ed25519 with a key pair (General Info, "SIGNED").

A simulated key of the second sort has the private key as its secret, in PEM, because a client needs one to
sign with; what is checked is checked with its public half. RSA keys are not simulated.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from functools import lru_cache
from urllib.parse import unquote

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

PEM = "-----BEGIN"


def is_pair(secret: str) -> bool:
    """Whether it is the key of an Ed25519 pair."""
    return secret.startswith(PEM)


def fits(secret: str, text: str, signature: str) -> bool:
    """Whether whoever knows the secret signed that text."""
    if not is_pair(secret):
        return hmac.compare_digest(signature.encode(), signature_of(secret, text).encode())
    try:
        _public(secret).verify(base64.b64decode(unquote(signature), validate=True), text.encode())
    except (InvalidSignature, binascii.Error):
        return False
    return True


@lru_cache(maxsize=64)
def signature_of(secret: str, text: str) -> str:
    """What whoever knows the secret signs a text with; a client in the same process signs it just before."""
    return hmac.digest(secret.encode(), text.encode(), "sha256").hex()


@lru_cache(maxsize=64)
def _public(secret: str) -> Ed25519PublicKey:
    public = load_pem_private_key(secret.encode(), None).public_key()
    assert isinstance(public, Ed25519PublicKey), "a key pair of another kind"
    return public
