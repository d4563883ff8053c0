"""What all sections of a policy file have in common."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """Unchangeable, and nothing in it that is not known."""

    model_config = ConfigDict(frozen=True, extra="forbid")
