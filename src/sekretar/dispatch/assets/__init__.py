"""Poles, base stations, operators and contractors of a desk: where they come from and how they are found."""

from sekretar.dispatch.assets.assets import Assets
from sekretar.dispatch.assets.values import (
    AssetCard,
    Candidate,
    ContractorCard,
    Found,
    Kind,
    OperatorCard,
    Place,
    PoleCard,
    Source,
    StationCard,
    Typed,
)

__all__ = [
    "AssetCard",
    "Assets",
    "Candidate",
    "ContractorCard",
    "Found",
    "Kind",
    "OperatorCard",
    "Place",
    "PoleCard",
    "Source",
    "StationCard",
    "Typed",
]
