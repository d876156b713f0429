"""Sign and check with Ed25519 (RFC 8032). Keys are hex text; keeping the private one is the caller's work."""

from __future__ import annotations

from treadle.errors import ModelError


def new_key() -> str:
    """A new private key, 64 hex digits."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.generate().private_bytes_raw().hex()


def public_key(private: str) -> str:
    """The public key that belongs to `private`, 64 hex digits."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    try:
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(private)).public_key().public_bytes_raw().hex()
    except ValueError as bad:
        raise ModelError("the signing key is not 64 hex digits", mend="make one with treadle.models.new_key()") from bad


def sign(message: bytes, private: str) -> str:
    """The signature over `message`, 128 hex digits. The same message and key give the same signature."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(private)).sign(message).hex()


def holds(message: bytes, signature: str, public: str) -> bool:
    """Whether `signature` over `message` was made with the private key that belongs to `public`."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True
