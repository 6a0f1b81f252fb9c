"""What every part of the config is: frozen, and without unknown keys."""

from typing import Any

from pydantic import BaseModel, ConfigDict, field_validator


class Section(BaseModel):
    """A frozen part of the config that knows all its keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @field_validator("*", mode="before")
    @classmethod
    def _no_number_is_true(cls, value: Any) -> Any:
        if isinstance(value, bool):
            raise ValueError("true or false is no value of this key")
        return value
