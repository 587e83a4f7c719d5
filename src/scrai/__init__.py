"""ScrAI: a durable simulation backend. Six phases a cycle, each phase a transaction."""

__version__ = "0.1.0"

__all__ = ["__version__"]
