#!/bin/sh
# Format the data folder if it is new, then run the broker. Arguments: the properties file and the cluster id.
set -eu
properties=${1:-/etc/kafka/server.properties}
cluster_id=${2:-darkroom-kafka-cluster}

sh /opt/kafka/kafka.sh kafka.tools.StorageTool format --ignore-formatted --standalone -t "$cluster_id" -c "$properties"
exec sh /opt/kafka/kafka.sh kafka.Kafka "$properties"
