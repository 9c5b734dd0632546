"""The api keys of the simulated accounts, and what each may do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from bot.core.types import AccountName


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key of an account. A key may be revoked while it is in use, as people do at exchanges."""

    key: str
    secret: str
    account: AccountName
    passphrase: str = ""
    trade: bool = True
    withdraw: bool = False
    transfer: bool = False
    ip_restricted: bool = True
    portfolio_margin: bool = False
    """Whether its account says that it is in portfolio margin, which nobody here simulates."""
    revoked: bool = False


class KeyRing:
    """All keys, by their public part."""

    def __init__(self, keys: Iterable[ApiKey] = ()) -> None:
        self._keys = {key.key: key for key in keys}

    def find(self, key: str) -> ApiKey | None:
        """The key of that name, revoked or not."""
        return self._keys.get(key)

    def add(self, key: ApiKey) -> None:
        """A new key, or new rights of an old one."""
        self._keys[key.key] = key

    def revoke(self, key: str, *, revoked: bool = True) -> None:
        """From now on the key is no good, or good again; ``KeyError`` for one that never was."""
        self._keys[key] = replace(self._keys[key], revoked=revoked)

    def __iter__(self) -> Iterator[ApiKey]:
        """Every key there is, revoked ones among them."""
        return iter(self._keys.values())
