"""What a simulation keeps of its minds; a package of its own, loaded where there are any."""

from scrai.data.minds._config import SUBSYSTEMS, MindsConfig, Subsystem, minds_of

__all__ = ["SUBSYSTEMS", "MindsConfig", "Subsystem", "minds_of"]
