"""The JSON documents of the HTTP API, one module for a subject. The OpenAPI document is generated from them."""
