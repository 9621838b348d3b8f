"""The configuration folder of a Home Assistant without manual onboarding."""

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

DEFAULT_LOGGING: Final = """
logger:
  default: warning
  logs:
    custom_components.green_api: info
    # Libraries for speed and for cameras are not installed.
    aiohttp_fast_zlib: critical
    haffmpeg: critical
    homeassistant.components.camera.img_util: critical
    homeassistant.components.ffmpeg: critical
    # Logs at each start that the last stop is more than ten minutes ago.
    homeassistant.components.recorder.util: error
"""

DEBUG_LOGGING: Final = """
logger:
  default: debug
  logs:
    # Home Assistant raises the level of these by name.
    aiohttp.access: debug
    httpx2: debug
    requests: debug
    urllib3: debug
"""

INCLUDED_FILES: Final = ("automations.yaml", "scenes.yaml", "scripts.yaml")

# Home Assistant raises these for every unsupported installation method.
IGNORED_ISSUES: Final = ("deprecated_method", "deprecated_method_architecture")


@dataclass(frozen=True, kw_only=True, slots=True)
class Configuration:
    """A configuration folder and the settings for its content."""

    folder: Path
    port: int
    debug: bool = False
    """Whether all loggers log at debug level."""
    link: bool = False
    """Whether the integration is linked from the work tree instead of copied."""
    language: str = "en"
    """The language of the entity names."""

    @property
    def storage(self) -> Path:
        """Return the folder of Home Assistant's storage."""
        return self.folder / ".storage"

    def write(self) -> None:
        """Create or update the folder; what Home Assistant has stored is kept."""
        self.storage.mkdir(parents=True, exist_ok=True)
        (self.folder / "configuration.yaml").write_text(self._yaml(), encoding="utf-8")
        for name in INCLUDED_FILES:
            (self.folder / name).touch()
        self._write_storage("http", _http(self.port), version=3, overwrite=True)
        self._write_storage(
            "onboarding",
            {"done": ["core_config", "analytics", "integration"]},
            version=4,
        )
        self._write_storage(
            "core.config_entries", {"entries": [_MARKETPLACE]}, minor_version=5
        )
        self._write_storage(
            "repairs.issue_registry",
            {"issues": [_ignored(issue_id) for issue_id in IGNORED_ISSUES]},
            minor_version=2,
        )
        self._place_integration()
        self._place_blueprints()

    def _yaml(self) -> str:
        """Return the content of configuration.yaml."""
        configuration = f"""
            homeassistant:
              name: Home
              country: NL
              currency: EUR
              language: {self.language}
              time_zone: UTC
              unit_system: metric
              internal_url: http://{LOOPBACK}:{self.port}

            # Instead of default_config, which discovers devices and uses the cloud.
            automation: !include automations.yaml
            config:
            frontend:
            history:
            logbook:
            my:
            scene: !include scenes.yaml
            script: !include scripts.yaml
            """
        return dedent(configuration).lstrip() + (
            DEBUG_LOGGING if self.debug else DEFAULT_LOGGING
        )

    def _write_storage(
        self,
        key: str,
        data: Mapping[str, object],
        *,
        version: int = 1,
        minor_version: int = 1,
        overwrite: bool = False,
    ) -> None:
        """Write a storage file; an existing one is kept unless `overwrite` is set."""
        path = self.storage / key
        if path.exists() and not overwrite:
            return
        stored = {
            "version": version,
            "minor_version": minor_version,
            "key": key,
            "data": data,
        }
        path.write_text(json.dumps(stored, indent=2), encoding="utf-8")

    def _place_integration(self) -> None:
        """Link or copy the integration into custom_components."""
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
        """Copy the project's blueprints, if any, into the folder."""
        if (source := ROOT / "blueprints").is_dir():
            shutil.copytree(source, self.folder / "blueprints", dirs_exist_ok=True)


def _http(port: int) -> dict[str, object]:
    """Return the settings of the web server, marked as confirmed.

    From YAML they would be on trial for five minutes.
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
    """Return an issue of Home Assistant itself that the user has ignored."""
    return {
        "created": "2026-01-01T00:00:00+00:00",
        "dismissed_version": "2026.1.0",
        "domain": "homeassistant",
        "is_persistent": False,
        "issue_id": issue_id,
    }


# Home Assistant sets up the Marketplace, which then downloads its catalog, unless an
# entry exists that the user has disabled.
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
