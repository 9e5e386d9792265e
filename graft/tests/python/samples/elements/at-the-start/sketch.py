"""Elements of ours come before Nova's where `...` comes last."""

STONES = ['rough', 'round', ...]
