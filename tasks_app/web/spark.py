"""A row of small bars without axes: how something went over the last hour."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 120, 24
_GAP = 1


@dataclass(frozen=True)
class Bar:
    """A bar, in units of the picture."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Spark:
    """The picture, with its words for those who do not see it."""

    title: str
    bars: list[Bar]
    width: int = WIDTH
    height: int = HEIGHT


def spark(counts: Sequence[int], title: str) -> Spark:
    """Draw counts as bars from zero, the highest as high as the picture; what is there at all is seen."""
    most, step = max([*counts, 1]), WIDTH / max(1, len(counts))
    bars = [
        Bar(round(place * step, 2), round(HEIGHT - tall, 2), round(step - _GAP, 2), round(tall, 2))
        for place, count in enumerate(counts)
        if count and (tall := max(2.0, HEIGHT * count / most))
    ]
    return Spark(title, bars)
