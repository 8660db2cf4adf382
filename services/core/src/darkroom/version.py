"""The version of everything: packages, chart, CRD and images. `make generate` writes it into their files."""

VERSION = "0.1.0"
