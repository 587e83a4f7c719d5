"""Pictures of runs. They need matplotlib, which is loaded when the first is drawn."""

from scrai.worlds.exchange._plots._beside import beside
from scrai.worlds.exchange._plots._box import contract_curve, edgeworth, path_of
from scrai.worlds.exchange._plots._film import film
from scrai.worlds.exchange._plots._lines import prices, welfare
from scrai.worlds.exchange._plots._map import heat_map
from scrai.worlds.exchange._plots._paper import MOVING, STILL, check_output, save

__all__ = [
    "MOVING",
    "STILL",
    "beside",
    "check_output",
    "contract_curve",
    "edgeworth",
    "film",
    "heat_map",
    "path_of",
    "prices",
    "save",
    "welfare",
]
