"""The base of the API's documents: camelCase names."""

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

EXAMPLE_ID = "019a3c5e-7b1d-7c42-9d0e-5a8f3b2c1d4e"


class Document(BaseModel):
    """A JSON document. The OpenAPI document is generated from its fields."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)
