"""Replacement for pymicro-vad, which has to be compiled.

Home Assistant's voice assistant imports it, and without the voice assistant the
pages of Home Assistant do not load. The voice assistant is not used here, so the
names are enough, and no compiler is needed.
"""


class MicroVad:
    """Voice detection, which is never used."""
