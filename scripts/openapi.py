"""Print the OpenAPI document of the ingestion service: `python -m scripts.openapi`."""

import json

from darkroom_ingestion.http.app import create_app

if __name__ == "__main__":
    print(json.dumps(create_app().openapi(), indent=2))
