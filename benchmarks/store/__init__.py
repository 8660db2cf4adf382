"""The results store beside the bare driver, its pages at full size, and what filling it costs the service."""
