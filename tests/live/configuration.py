"""The configuration folder of a Home Assistant that needs no set-up by hand."""

from collections.abc import Mapping
from dataclasses import dataclass
import json
from pathlib import Path
import shutil
from textwrap import dedent
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
DOMAIN: Final = "green_api"
LOOPBACK: Final = "127.0.0.1"

QUIET: Final = """
logger:
  default: warning
  logs:
    custom_components.green_api: info
    # Libraries that only make it faster, or show cameras, are left out.
    aiohttp_fast_zlib: critical
    haffmpeg: critical
    homeassistant.components.camera.img_util: critical
    homeassistant.components.ffmpeg: critical
    # Says of each start that it comes more than ten minutes after the last stop.
    homeassistant.components.recorder.util: error
"""

TALKATIVE: Final = """
logger:
  default: debug
  logs:
    # Home Assistant quiets these by name.
    aiohttp.access: debug
    httpx2: debug
    requests: debug
    urllib3: debug
"""

INCLUDED: Final = ("automations.yaml", "scenes.yaml", "scripts.yaml")

# Home Assistant advises against every installation that is not of its own kind.
IGNORED_ISSUES: Final = ("deprecated_method", "deprecated_method_architecture")


@dataclass(frozen=True, kw_only=True, slots=True)
class Configuration:
    """A configuration folder, and what Home Assistant is to find in it."""

    folder: Path
    port: int
    debug: bool = False
    """Whether every logger logs everything."""
    link: bool = False
    """Whether the integration is the work tree's own, or a copy that stays as it is."""
    language: str = "en"
    """The language in which it names entities."""

    @property
    def storage(self) -> Path:
        """The folder in which Home Assistant keeps its configuration."""
        return self.folder / ".storage"

    def write(self) -> None:
        """Make the folder, or bring it up to date; what Home Assistant keeps stays."""
        self.storage.mkdir(parents=True, exist_ok=True)
        (self.folder / "configuration.yaml").write_text(self._yaml(), encoding="utf-8")
        for name in INCLUDED:
            (self.folder / name).touch()
        self._seed("http", _http(self.port), version=3, afresh=True)
        self._seed(
            "onboarding",
            {"done": ["core_config", "analytics", "integration"]},
            version=4,
        )
        self._seed("core.config_entries", {"entries": [_MARKETPLACE]}, minor_version=5)
        self._seed(
            "repairs.issue_registry",
            {"issues": [_ignored(issue_id) for issue_id in IGNORED_ISSUES]},
            minor_version=2,
        )
        self._place_integration()
        self._place_blueprints()

    def _yaml(self) -> str:
        """Return the configuration that is written by hand elsewhere."""
        place = f"""
            homeassistant:
              name: Home
              country: NL
              currency: EUR
              language: {self.language}
              time_zone: UTC
              unit_system: metric
              internal_url: http://{LOOPBACK}:{self.port}

            # In place of default_config, which looks for devices and for the cloud.
            automation: !include automations.yaml
            config:
            frontend:
            history:
            logbook:
            my:
            scene: !include scenes.yaml
            script: !include scripts.yaml
            """
        return dedent(place).lstrip() + (TALKATIVE if self.debug else QUIET)

    def _seed(
        self,
        key: str,
        data: Mapping[str, object],
        *,
        version: int = 1,
        minor_version: int = 1,
        afresh: bool = False,
    ) -> None:
        """Write a file of the storage; one that is there stays, unless afresh."""
        path = self.storage / key
        if path.exists() and not afresh:
            return
        stored = {
            "version": version,
            "minor_version": minor_version,
            "key": key,
            "data": data,
        }
        path.write_text(json.dumps(stored, indent=2), encoding="utf-8")

    def _place_integration(self) -> None:
        """Put the integration where Home Assistant looks for custom ones."""
        source = ROOT / "custom_components" / DOMAIN
        target = self.folder / "custom_components" / DOMAIN
        target.parent.mkdir(exist_ok=True)
        if target.is_symlink():
            target.unlink()
        else:
            shutil.rmtree(target, ignore_errors=True)
        if self.link:
            target.symlink_to(source, target_is_directory=True)
        else:
            shutil.copytree(source, target)

    def _place_blueprints(self) -> None:
        """Put the project's blueprints, if it has any, beside Home Assistant's own."""
        if (source := ROOT / "blueprints").is_dir():
            shutil.copytree(source, self.folder / "blueprints", dirs_exist_ok=True)


def _http(port: int) -> dict[str, object]:
    """Return the settings of the web server, as ones that a person has confirmed.

    Written in YAML they would be on trial for five minutes.
    """
    stable = {
        "server_host": [LOOPBACK],
        "server_port": port,
        "cors_allowed_origins": [],
        "login_attempts_threshold": -1,
        "ip_ban_enabled": False,
        "ssl_profile": "intermediate_v6",
        "use_x_frame_options": True,
        "created_at": "2026-01-01T00:00:00+00:00",
        "error": None,
        "error_message": None,
    }
    return {"stable": stable, "pending": None, "yaml_migration_done": True}


def _ignored(issue_id: str) -> dict[str, object]:
    """Return an issue of Home Assistant itself that a person has ignored."""
    return {
        "created": "2026-01-01T00:00:00+00:00",
        "dismissed_version": "2026.1.0",
        "domain": "homeassistant",
        "is_persistent": False,
        "issue_id": issue_id,
    }


# Home Assistant adds the Marketplace by itself, which then asks the internet for its
# catalogue, unless it finds that a person has turned it off.
_MARKETPLACE: Final = {
    "created_at": "2026-01-01T00:00:00+00:00",
    "data": {},
    "disabled_by": "user",
    "discovery_keys": {},
    "domain": "marketplace",
    "entry_id": "01KDVDNKR0000000000000000",
    "minor_version": 1,
    "modified_at": "2026-01-01T00:00:00+00:00",
    "options": {},
    "pref_disable_new_entities": False,
    "pref_disable_polling": False,
    "source": "system",
    "subentries": [],
    "title": "Marketplace",
    "unique_id": None,
    "version": 1,
}
