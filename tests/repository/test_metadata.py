"""Manifest, hacs.json and what else HACS and the Marketplace look at."""

import hashlib
from itertools import chain
from pathlib import Path
import re
from typing import Final

from awesomeversion import AwesomeVersion, AwesomeVersionStrategy
from PIL import Image
import pytest
import voluptuous as vol

from custom_components.green_api.const import DOMAIN

from . import (
    GENERATED,
    HACS,
    INTEGRATION,
    MANIFEST,
    README,
    ROOT,
    files,
    named,
    pins,
    pyproject,
    read,
    read_json,
)
from .addresses import addresses, published

BRAND_SIZES: Final = {"icon.png": 256, "icon@2x.png": 512}

# SHA-256 of the words from "Permission" on
MIT: Final = "fe2a9817987f862eaced948f0468c7f51d2fedfc48c5c505b246a49a3870e9a5"


def _semantic_version(value: str) -> str:
    """Accept a version that HACS and Home Assistant can compare."""
    if AwesomeVersion(value).strategy is not AwesomeVersionStrategy.SEMVER:
        raise vol.Invalid(f"{value} is no semantic version")
    return value


_WEB_PAGE: Final = vol.All(str, vol.Match(r"https://(?!www\.home-assistant\.io/)\S+$"))

MANIFEST_SCHEMA: Final = vol.Schema(
    {
        vol.Required("domain"): INTEGRATION.name,
        vol.Required("name"): "GREEN-API",
        vol.Optional("after_dependencies"): [str],
        vol.Required("codeowners"): vol.All(
            [vol.Match(r"@[\w-]+$")], vol.Length(min=1)
        ),
        vol.Required("config_flow"): True,
        vol.Optional("dependencies"): [str],
        vol.Required("documentation"): _WEB_PAGE,
        vol.Required("integration_type"): "service",
        vol.Required("iot_class"): "cloud_polling",
        vol.Required("issue_tracker"): _WEB_PAGE,
        vol.Required("requirements"): vol.All([str], vol.Length(max=0)),
        vol.Required("version"): vol.All(str, _semantic_version),
    }
)

HACS_SCHEMA: Final = vol.Schema(
    {
        vol.Required("name"): "GREEN-API",
        vol.Required("homeassistant"): vol.Match(r"\d{4}\.\d{1,2}\.0$"),
        vol.Optional("hide_default_branch"): bool,
    }
)


def test_manifest() -> None:
    """The manifest has what an integration needs, and nothing unknown."""
    MANIFEST_SCHEMA(read_json(MANIFEST))
    assert (INTEGRATION / "config_flow.py").is_file()


def test_manifest_is_sorted() -> None:
    """The manifest begins with domain and name, the rest follows the alphabet."""
    first, second, *rest = read_json(MANIFEST)
    assert (first, second, *rest) == ("domain", "name", *sorted(rest))


def test_hacs() -> None:
    """hacs.json has what HACS and the Marketplace know."""
    HACS_SCHEMA(read_json(HACS))


def test_hacs_asks_for_the_tested_floor() -> None:
    """The oldest Home Assistant that may install it is of the tested month."""
    asked = AwesomeVersion(read_json(HACS)["homeassistant"])
    tested = AwesomeVersion(pins("floor")["homeassistant"])
    assert (asked.year, asked.minor) == (tested.year, tested.minor)
    assert asked <= tested


def test_one_integration() -> None:
    """There is one integration, and no link leads out of it."""
    folders = {path.name for path in INTEGRATION.parent.iterdir() if path.is_dir()}
    assert folders - GENERATED == {DOMAIN}
    assert not [path for path in files(INTEGRATION) if path.is_symlink()]


def test_files_of_the_integration() -> None:
    """It says that it is typed, and has no texts in a file of core's own kind."""
    assert (INTEGRATION / "py.typed").is_file()
    assert not (INTEGRATION / "strings.json").exists()


@pytest.mark.parametrize(
    "path", [path for path in files(ROOT) if path.suffix == ".json"], ids=named
)
def test_json(path: Path) -> None:
    """Every JSON file can be read."""
    assert read_json(path)


def test_brand() -> None:
    """The icons have the sizes that Home Assistant asks for, on a clear ground."""
    brand = {path.name: path for path in (INTEGRATION / "brand").iterdir()}
    assert brand.keys() >= BRAND_SIZES.keys()
    for name, path in brand.items():
        size = BRAND_SIZES[name.removeprefix("dark_")]
        with Image.open(path) as image:
            assert (image.format, image.size) == ("PNG", (size, size))
            assert image.has_transparency_data


def test_licence() -> None:
    """The licence is the MIT licence, word for word."""
    head, words = read(ROOT / "LICENSE").split("\n\nPermission", maxsplit=1)
    assert re.fullmatch(r"MIT License\n\nCopyright \(c\) \d{4} .+", head)
    canonical = " ".join(f"Permission{words}".split())
    assert hashlib.sha256(canonical.encode()).hexdigest() == MIT
    assert pyproject()["project"]["license"] == "MIT"


def test_version_is_in_the_changelog() -> None:
    """The newest heading of the changelog is the version of the manifest."""
    versions = re.findall(
        r"^## (\d+\.\d+\.\d+)\b", read(ROOT / "CHANGELOG.md"), re.MULTILINE
    )
    assert versions[0] == read_json(MANIFEST)["version"]
    assert versions == sorted(set(versions), key=AwesomeVersion, reverse=True)


def test_one_address() -> None:
    """The public address is the same wherever it is."""
    found = addresses(ROOT)
    assert found.keys() >= {named(MANIFEST), named(README)}
    account, repository = published(ROOT)
    assert {*chain(*found.values())} == {(account, repository)}
    assert read_json(MANIFEST)["codeowners"] == [f"@{account}"]
