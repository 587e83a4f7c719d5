"""`exchange`: a spatial exchange economy."""

__all__: list[str] = []
