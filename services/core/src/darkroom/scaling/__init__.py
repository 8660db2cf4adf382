"""The number of workers that a stage needs: a pure rule, without Kafka and without Kubernetes."""
