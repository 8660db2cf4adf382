"""The AsyncAPI document of pipelines: their topics, records and consumer groups."""
