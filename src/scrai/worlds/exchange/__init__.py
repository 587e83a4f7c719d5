"""`exchange`: a spatial economy in which agents forage, meet and trade in small blocks."""

from scrai.worlds.exchange._spec import ExchangeSpec, ModeSchedule, Params, UtilitySpec

__all__ = ["ExchangeSpec", "ModeSchedule", "Params", "UtilitySpec"]
