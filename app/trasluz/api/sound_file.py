"""How `predict.py` of any family that listens reads a recording: as source, to be put into the script."""

DECODED = '''\
def decoded(path):
    """The first minute: (samples, channels) float32 from -1 to 1, and its rate."""
    try:
        with wave.open(path) as file:
            own, width = file.getframerate(), file.getsampwidth()
            raw = np.frombuffer(file.readframes(60 * own), np.uint8).reshape(-1, width)
            if width == 1:
                values = (raw[:, 0].astype(np.float32) - 128) / 128
            else:  # the upper bytes of 32 bits
                whole = np.zeros((len(raw), 4), np.uint8)
                whole[:, 4 - width:] = raw
                values = (whole.view("<i4")[:, 0] / 2**31).astype(np.float32)
            return values.reshape(-1, file.getnchannels()), own
    except wave.Error:  # no WAV of whole numbers
        import soundfile

        with soundfile.SoundFile(path) as file:
            return file.read(60 * file.samplerate, dtype="float32", always_2d=True), file.samplerate
'''
"""Defines `decoded(path)`; needs `wave`, `np`, and soundfile for what is no WAV of whole numbers."""
