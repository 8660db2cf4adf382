"""Connections to the ingestion service in a Kubernetes cluster, with the kubeconfig of the user."""
