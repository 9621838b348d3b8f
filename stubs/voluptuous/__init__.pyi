# Home Assistant 2026.9 and newer replace voluptuous by probatio at run time.
from probatio import *  # noqa: F403  # as the alias does
