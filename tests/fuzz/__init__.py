"""Bytes from strangers: whatever they are, the answer is a value or one sentence, soon, and never a traceback."""
