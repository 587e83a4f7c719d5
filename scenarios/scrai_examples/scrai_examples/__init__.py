"""Two small worlds for ScrAI, as examples of plug-ins."""

__all__: list[str] = []
