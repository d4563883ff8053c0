"""What a simulation found, beside what was promised."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the table. `most`, `least`: what the figure may be; without either it is only told."""

    what: str
    figure: float
    unit: str = "%"
    most: float | None = None
    least: float | None = None

    @property
    def kept(self) -> bool:
        """Whether it is as promised."""
        return (self.most is None or self.figure <= self.most) and (self.least is None or self.figure >= self.least)

    @property
    def promise(self) -> str:
        if self.most is not None:
            return f"≤ {self.most:g} {self.unit}"
        if self.least is not None:
            return f"≥ {self.least:g} {self.unit}"
        return ""

    @property
    def row(self) -> str:
        value = f"{self.figure:,.0f}" if self.unit == "people" else f"{self.figure:.3g}"
        broken = "" if self.kept else ", **broken**"
        return f"| {self.what} | {value} {self.unit} | {self.promise}{broken} |"
