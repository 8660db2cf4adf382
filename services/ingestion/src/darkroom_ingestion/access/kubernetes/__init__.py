"""Access by the tokens and the Roles of a cluster, which its API server reviews."""
