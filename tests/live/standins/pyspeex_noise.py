"""Stand in for pyspeex-noise, which has to be compiled; see pymicro_vad."""


class AudioProcessor:
    """Reduce noise, had anybody a microphone."""
