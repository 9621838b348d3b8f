"""Replacement for pyspeex-noise, which has to be compiled; see pymicro_vad."""


class AudioProcessor:
    """Noise reduction, which is never used."""
