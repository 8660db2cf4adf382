"""The Kubernetes API: what kinds there are, how to reach it, and the few verbs that the operator needs."""
