"""Stand in for pymicro-vad, which has to be compiled.

Home Assistant's voice assistant imports it, and without the voice assistant the
pages of Home Assistant do not load.  Nobody talks to this Home Assistant, so the
names are enough, and a machine without a compiler can run it.
"""


class MicroVad:
    """Detect voice, had anybody a microphone."""
