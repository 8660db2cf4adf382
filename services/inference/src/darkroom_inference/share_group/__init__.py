"""Images from a share group (KIP-932), for stages with mode Queue."""
