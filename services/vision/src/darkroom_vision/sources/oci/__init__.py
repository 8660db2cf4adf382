"""Files in artifacts of OCI registries: `oci://`."""
