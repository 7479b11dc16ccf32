"""The vault by itself."""

from __future__ import annotations

import pytest

from sekretar.kernel.errors import ConfigurationError
from sekretar.kernel.secrets import SecretUnreadable, Vault, generate_key

OLD, NEW = generate_key(), generate_key()


def test_only_its_keys_open_it() -> None:
    text = Vault([OLD]).encrypt("пароль")
    assert "пароль" not in text
    assert Vault([NEW, OLD]).decrypt(text) == "пароль"
    with pytest.raises(SecretUnreadable):
        Vault([NEW]).decrypt(text)


@pytest.mark.parametrize("damaged", ["", "x", "gAAAA", "пароль"])
def test_damage_is_noticed(damaged: str) -> None:
    with pytest.raises(SecretUnreadable):
        Vault([OLD]).decrypt(damaged)


def test_the_newest_key_encrypts() -> None:
    text = Vault([NEW, OLD]).encrypt("x")
    assert Vault([NEW]).decrypt(text) == "x"
    assert Vault([NEW, OLD]).is_current(text)
    assert not Vault([OLD, NEW]).is_current(text)
    assert not Vault([OLD]).is_current("nonsense")


@pytest.mark.parametrize("keys", [[], [""], ["short"], [OLD, "x" * 44], [OLD[:-2]], ["пароль" * 8]])
def test_what_is_no_key_is_explained_and_not_quoted(keys: list[str]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Vault(keys)
    assert "sekretar keys generate" in caught.value.remedy
    assert not any(key in str(caught.value) for key in keys if key)


def test_space_around_a_key_is_forgiven() -> None:
    assert Vault([f" {OLD}\n", ""]).decrypt(Vault([OLD]).encrypt("x")) == "x"


def test_nothing_shows_the_keys() -> None:
    vault = Vault([NEW, OLD])
    assert NEW not in repr(vault)
    assert OLD not in str(vault)
    assert repr(vault) == "<Vault with 2 keys>"


def test_derived_keys_differ_by_key_and_purpose_and_stay() -> None:
    vault = Vault([NEW, OLD])
    claims, links = vault.derive("claims"), vault.derive("links")
    assert len({*claims, *links}) == 4
    assert all(len(key) == 32 for key in claims)
    assert Vault([OLD]).derive("claims") == claims[1:]


def test_derivation_is_the_same_in_every_release() -> None:
    """Changing it would make every button of every post unusable."""
    key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
    assert (
        Vault([key]).derive("claims")[0].hex()
        == "07bad449e5e64c8d43503d6212f4c55d61958e137be8f44f4881d767fb069f10"
    )
