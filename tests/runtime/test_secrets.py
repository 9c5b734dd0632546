"""Keys come from where the file says, or are refused in one line that says how to keep them better."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.config import ConfigError, Settings, load
from bot.runtime.redaction import redact
from bot.runtime.secrets import Keys, keys_of

CONFIG = """\
mode = "live"
[accounts.main]
venue = "okx"
keys = { api_key = "API", secret = "SECRET", passphrase = "env:PHRASE" }
"""
PHRASE = {"PHRASE": "open sesame 7"}
CANARY = "cAnary+8f/1Zq=="


class Ring:
    def __init__(self, entries: dict[tuple[str, str], str], fails: Exception | None = None) -> None:
        self.entries, self.fails = entries, fails

    def get_password(self, service: str, username: str, /) -> str | None:
        if self.fails is not None:
            raise self.fails
        return self.entries.get((service, username))


def no_library() -> Ring:
    raise ImportError("No module named 'keyring'")


@pytest.fixture
def settings(tmp_path: Path) -> Callable[..., Settings]:
    def made(secret: str, api_key: str = "env:API") -> Settings:
        path = tmp_path / "bot.toml"
        path.write_text(CONFIG.replace("SECRET", secret).replace("API", api_key, 1))
        return load(path, {})

    return made


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    path = tmp_path / "secret.txt"
    path.write_text(f"{CANARY}\n")
    path.chmod(0o600)
    return path


ENVIRON = {"API": "the-public-part", **PHRASE}


def refused(
    settings: Settings, environ: dict[str, str] = ENVIRON, ring: Callable[[], Ring] = no_library
) -> str:
    with pytest.raises(ConfigError) as caught:
        keys_of(settings, "main", environ=environ, keyring=ring)
    assert CANARY not in str(caught.value)
    return str(caught.value)


def test_keys_come_from_environment_and_file(settings: Callable[..., Settings], secret_file: Path) -> None:
    keys = keys_of(settings(f"file:{secret_file.name}"), "main", environ=ENVIRON)
    assert (keys.api_key, keys.secret, keys.passphrase) == ("the-public-part", CANARY, "open sesame 7")


def test_keys_come_from_the_keyring(settings: Callable[..., Settings]) -> None:
    ring = Ring({("holdfast", "main/secret"): CANARY})
    keys = keys_of(settings("keyring:holdfast/main/secret"), "main", environ=ENVIRON, keyring=lambda: ring)
    assert keys.secret == CANARY


def test_keys_never_print_themselves() -> None:
    keys = Keys(api_key=CANARY, secret=CANARY, passphrase=CANARY)
    assert CANARY not in f"{keys!r} {keys}"


@pytest.mark.parametrize("spelt", [CANARY, "cAnary%2B8f/1Zq%3D%3D", "cAnary%2B8f%2F1Zq%3D%3D"])
def test_from_then_on_they_are_hidden_in_every_spelling(
    settings: Callable[..., Settings], secret_file: Path, spelt: str
) -> None:
    keys_of(settings(f"file:{secret_file}"), "main", environ=ENVIRON)
    assert redact(f"GET /x?y={spelt}&z") == "GET /x?y=***&z"


def test_each_line_of_a_private_key_is_hidden(settings: Callable[..., Settings], secret_file: Path) -> None:
    secret_file.write_text("-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2Vw\n-----END PRIVATE KEY-----\n")
    keys_of(settings(f"file:{secret_file}"), "main", environ=ENVIRON)
    assert "MC4CAQAwBQYDK2Vw" not in redact("ccxt said MC4CAQAwBQYDK2Vw")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_file_that_others_may_read_is_refused(
    settings: Callable[..., Settings], secret_file: Path, mode: int
) -> None:
    secret_file.chmod(mode)
    said = refused(settings(f"file:{secret_file}"))
    assert "bot.toml:4: accounts.main.keys.secret: " in said
    assert f"may be read by others (mode {mode:04o}); do: chmod 600 {secret_file}" in said


def test_a_stricter_mode_is_accepted(settings: Callable[..., Settings], secret_file: Path) -> None:
    secret_file.chmod(0o400)
    assert keys_of(settings(f"file:{secret_file}"), "main", environ=ENVIRON).secret == CANARY


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_somebody_else_is_refused(settings: Callable[..., Settings], secret_file: Path) -> None:
    os.chown(secret_file, 12345, -1)
    assert "belongs to user 12345" in refused(settings(f"file:{secret_file}"))


def test_a_file_that_is_not_there_or_none_is_refused(
    settings: Callable[..., Settings], tmp_path: Path
) -> None:
    assert "cannot be read: No such file or directory" in refused(settings("file:nowhere.txt"))
    os.mkfifo(tmp_path / "pipe", 0o600)
    assert "is no ordinary file" in refused(settings("file:pipe"))
    (tmp_path / "folder").mkdir()
    assert "is no ordinary file" in refused(settings("file:folder"))


@pytest.mark.parametrize(
    ("text", "said"), [(b"\xff" * 9, "UTF-8"), (b"abc", "3 characters"), (b"", "0 char")]
)
def test_a_file_without_a_key_in_it_is_refused(
    settings: Callable[..., Settings], secret_file: Path, text: bytes, said: str
) -> None:
    secret_file.write_bytes(text)
    assert said in refused(settings(f"file:{secret_file}"))


def test_a_huge_file_is_refused(settings: Callable[..., Settings], secret_file: Path) -> None:
    secret_file.write_bytes(b"x" * 20_000)
    assert "more than 16384 bytes" in refused(settings(f"file:{secret_file}"))


def test_a_variable_that_is_not_set_is_named(settings: Callable[..., Settings]) -> None:
    said = refused(settings("env:HOLDFAST_SECRET"))
    assert "accounts.main.keys.secret: environment variable HOLDFAST_SECRET is not set" in said


def test_a_keyring_that_is_not_installed_says_what_to_install(settings: Callable[..., Settings]) -> None:
    assert 'do: pip install "holdfast[keyring]"' in refused(settings("keyring:a/b"))


def test_a_keyring_that_does_not_open_says_nothing_of_its_insides(settings: Callable[..., Settings]) -> None:
    ring = Ring({}, RuntimeError(f"prompt dismissed for {CANARY}"))
    assert "the keyring did not open (RuntimeError)" in refused(settings("keyring:a/b"), ring=lambda: ring)


def test_a_keyring_without_the_entry_says_how_to_make_it(settings: Callable[..., Settings]) -> None:
    said = refused(settings("keyring:holdfast/main"), ring=lambda: Ring({}))
    assert "do: keyring set holdfast main" in said
