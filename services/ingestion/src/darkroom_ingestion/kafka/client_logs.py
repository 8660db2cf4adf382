"""Where librdkafka's own messages go."""

import logging

KAFKA_LOGGER = logging.getLogger("librdkafka")
