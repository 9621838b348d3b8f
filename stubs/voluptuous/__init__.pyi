# Home Assistant 2026.9 and newer replace voluptuous by probatio at run time.
from probatio import *
