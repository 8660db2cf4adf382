"""The Kubernetes API: the kinds of objects, the clients, and the few verbs that the operator needs."""
