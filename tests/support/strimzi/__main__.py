"""The stand-in operators as a process: `python -m tests.support.strimzi`, for clusters with a Kafka and no Strimzi."""

import argparse
import logging
import signal
import threading
from pathlib import Path

import kubernetes

from tests.support.kube.api import Api
from tests.support.strimzi.stand_in import StrimziStandIn

_log = logging.getLogger("strimzi")


def main() -> None:
    arguments = _arguments()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    stopping = threading.Event()
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, lambda *_: stopping.set())
    stand_in = StrimziStandIn(
        _api(arguments.kubeconfig),
        arguments.namespace,
        arguments.cluster,
        arguments.bootstrap_servers,
        full_reconciliation_s=arguments.full_reconciliation_s,
        timeout_s=arguments.timeout_s,
        kafka_settings=dict(setting.split("=", 1) for setting in arguments.kafka_setting),
    )
    stand_in.slow(arguments.delay_s)
    stand_in.failing(arguments.failing)
    with stand_in:
        _log.info("answering KafkaTopics and KafkaUsers of %s/%s", arguments.namespace, arguments.cluster)
        stopping.wait()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.support.strimzi", description=__doc__)
    parser.add_argument("--kubeconfig", type=Path, help="without it, the service account of the Pod it runs in")
    parser.add_argument("--namespace", required=True, help="of the Kafka, its topics and its users")
    parser.add_argument("--cluster", required=True, help="the value of the label strimzi.io/cluster")
    brokers = parser.add_mutually_exclusive_group(required=True)
    brokers.add_argument("--bootstrap-servers")
    brokers.add_argument("--without-kafka", action="store_true", help="only remember topics and users, for benchmarks")
    parser.add_argument("--kafka-setting", action="append", default=[], metavar="KEY=VALUE", help="of librdkafka")
    parser.add_argument("--full-reconciliation-s", type=float, default=120.0)
    parser.add_argument("--timeout-s", type=float, default=35.0, help="for a broker that does not answer")
    parser.add_argument("--delay-s", type=float, default=0.0, help="before a change is answered")
    parser.add_argument("--failing", default="", help="regular expression of names to refuse")
    return parser.parse_args()


def _api(kubeconfig: Path | None) -> Api:
    configuration = kubernetes.client.Configuration()
    if kubeconfig is None:
        kubernetes.config.load_incluster_config(client_configuration=configuration)
    else:
        kubernetes.config.load_kube_config(str(kubeconfig), client_configuration=configuration)
    return Api(configuration)


if __name__ == "__main__":
    main()
