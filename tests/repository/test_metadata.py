"""The manifest, hacs.json and other files that HACS and the Marketplace check."""

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
    path_id,
    pins,
    pyproject,
    read,
    read_json,
)
from .addresses import addresses, published_address

# Only the first words of a name are searched, by the frontend.
NAME: Final = "WhatsApp, Telegram, MAX (GREEN-API)"

BRAND_SIZES: Final = {"icon.png": 256, "icon@2x.png": 512}

ICON: Final = ROOT / "images/icon.svg"
BACKGROUNDS: Final = ("#fafafa", "#111111")
"""The pages of Home Assistant in light and dark mode."""

MIN_CONTRAST: Final = 3
"""What WCAG 2.2 asks for graphics (1.4.11)."""

# SHA-256 of the words from "Permission" on
MIT: Final = "fe2a9817987f862eaced948f0468c7f51d2fedfc48c5c505b246a49a3870e9a5"


def _semantic_version(value: str) -> str:
    """Validate a version: HACS and Home Assistant have to be able to compare it."""
    if AwesomeVersion(value).strategy is not AwesomeVersionStrategy.SEMVER:
        raise vol.Invalid(f"{value} is not a semantic version")
    return value


_WEB_PAGE: Final = vol.All(str, vol.Match(r"https://(?!www\.home-assistant\.io/)\S+$"))

MANIFEST_SCHEMA: Final = vol.Schema(
    {
        vol.Required("domain"): INTEGRATION.name,
        vol.Required("name"): NAME,
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
        vol.Required("name"): NAME,
        vol.Required("homeassistant"): vol.Match(r"\d{4}\.\d{1,2}\.0$"),
        vol.Optional("hide_default_branch"): bool,
    }
)


def test_manifest() -> None:
    """The manifest has the required keys, and no unknown ones."""
    MANIFEST_SCHEMA(read_json(MANIFEST))
    assert (INTEGRATION / "config_flow.py").is_file()


def test_manifest_is_sorted() -> None:
    """The manifest begins with domain and name; the other keys are sorted."""
    first, second, *rest = read_json(MANIFEST)
    assert (first, second, *rest) == ("domain", "name", *sorted(rest))


def test_hacs() -> None:
    """hacs.json only has keys that HACS and the Marketplace know."""
    HACS_SCHEMA(read_json(HACS))


def test_hacs_minimum_is_the_tested_floor() -> None:
    """The minimum version of Home Assistant is of the same month as the tested one."""
    minimum = AwesomeVersion(read_json(HACS)["homeassistant"])
    tested = AwesomeVersion(pins("floor")["homeassistant"])
    assert (minimum.year, minimum.minor) == (tested.year, tested.minor)
    assert minimum <= tested


def test_one_integration() -> None:
    """There is one integration, without symbolic links."""
    folders = {path.name for path in INTEGRATION.parent.iterdir() if path.is_dir()}
    assert folders - GENERATED == {DOMAIN}
    assert not [path for path in files(INTEGRATION) if path.is_symlink()]


def test_files_of_the_integration() -> None:
    """It is marked as typed, and has no strings.json, which only core uses."""
    assert (INTEGRATION / "py.typed").is_file()
    assert not (INTEGRATION / "strings.json").exists()


@pytest.mark.parametrize(
    "path", [path for path in files(ROOT) if path.suffix == ".json"], ids=path_id
)
def test_json(path: Path) -> None:
    """Every JSON file is valid and not empty."""
    assert read_json(path)


def test_brand() -> None:
    """The icons have the required sizes and a transparent background."""
    brand = {path.name: path for path in (INTEGRATION / "brand").iterdir()}
    assert brand.keys() >= BRAND_SIZES.keys()
    for name, path in brand.items():
        size = BRAND_SIZES[name.removeprefix("dark_")]
        with Image.open(path) as image:
            assert (image.format, image.size) == ("PNG", (size, size))
            assert image.has_transparency_data


def _luminance(color: str) -> float:
    """Return the relative luminance of a color such as `#0a8a78`, by WCAG 2.2."""
    channels = (channel / 255 for channel in bytes.fromhex(color[1:]))
    red, green, blue = (
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
        for channel in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colors, by WCAG 2.2."""
    darker, lighter = sorted(map(_luminance, (one, other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("background", [*BACKGROUNDS, "#ffffff"])
def test_contrast_of_the_icon(background: str) -> None:
    """The icon stands out from both backgrounds, and its white line from the icon."""
    colors = re.findall(r'stop-color="(#\w+)"', read(ICON))
    assert len(colors) == 2
    assert min(_contrast(color, background) for color in colors) >= MIN_CONTRAST


def test_licence() -> None:
    """The license is the MIT license, word for word."""
    copyright_notice, permission = read(ROOT / "LICENSE").split(
        "\n\nPermission", maxsplit=1
    )
    assert re.fullmatch(r"MIT License\n\nCopyright \(c\) \d{4} .+", copyright_notice)
    canonical = " ".join(f"Permission{permission}".split())
    assert hashlib.sha256(canonical.encode()).hexdigest() == MIT
    assert pyproject()["project"]["license"] == "MIT"


def test_version_is_in_the_changelog() -> None:
    """The newest version in the changelog is the one in the manifest."""
    versions = re.findall(
        r"^## (\d+\.\d+\.\d+)\b", read(ROOT / "CHANGELOG.md"), re.MULTILINE
    )
    assert versions[0] == read_json(MANIFEST)["version"]
    assert versions == sorted(set(versions), key=AwesomeVersion, reverse=True)


def test_address_is_the_same_everywhere() -> None:
    """The published address is the same in all files."""
    found = addresses(ROOT)
    assert found.keys() >= {path_id(MANIFEST), path_id(README)}
    account, repository = published_address(ROOT)
    assert {*chain(*found.values())} == {(account, repository)}
    assert read_json(MANIFEST)["codeowners"] == [f"@{account}"]
