# Kafka: one KRaft node, broker and controller in one process.
# shellcheck shell=bash disable=SC2034,SC2154

: "${KAFKA_PORT:=9092}" "${KAFKA_CONTROLLER_PORT:=$((KAFKA_PORT + 1))}" "${KAFKA_HEAP:=512m}"
KAFKA_PORTS=(KAFKA_PORT KAFKA_CONTROLLER_PORT)
KAFKA_SECONDS=90

kafka_require() {
    java_for kafka 17 999 >/dev/null
    need_maven
}

kafka_prepare() {
    fetch_jars kafka "org.apache.kafka:kafka_$KAFKA_SCALA:$KAFKA_VERSION" "org.apache.kafka:kafka-tools:$KAFKA_VERSION" \
        "org.apache.logging.log4j:log4j-slf4j-impl:$LOG4J_VERSION" "org.apache.logging.log4j:log4j-core:$LOG4J_VERSION"
    kafka_settings >"$root/config/kafka.properties"
    kafka_logging >"$root/config/kafka-log4j2.properties"
    # An interrupted format leaves a directory without this file.
    if [ ! -f "$root/data/kafka/meta.properties" ]; then
        kafka_run kafka.tools.StorageTool format --ignore-formatted -t "$(kafka_cluster_id)" -c "$root/config/kafka.properties" >&2
    fi
}

kafka_start() {
    launch kafka "$(java_for kafka 17 999)" "-Xms$KAFKA_HEAP" "-Xmx$KAFKA_HEAP" -XX:+UseG1GC -XX:MaxGCPauseMillis=20 \
        -XX:+ExitOnOutOfMemoryError "-Dlog4j2.configurationFile=file:$root/config/kafka-log4j2.properties" \
        -cp "$root/programs/kafka/*" kafka.Kafka "$root/config/kafka.properties"
}

# ApiVersions, version 0, correlation id 7, no client id. The broker opens this port only after it has joined its cluster.
kafka_answers() {
    [[ $(exchange "$KAFKA_PORT" '\x00\x00\x00\x0a\x00\x12\x00\x00\x00\x00\x00\x07\xff\xff' 10) == ????????000000070000 ]]
}

# kafka_run CLASS ARGUMENT...: one of Kafka's tools.
kafka_run() {
    "$(java_for kafka 17 999)" -Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
        "-Dlog4j2.configurationFile=file:$root/config/kafka-log4j2.properties" -cp "$root/programs/kafka/*" "$@"
}

# 16 random bytes in URL-safe base64. Another id for each stack, so that a client notices when it has been led to another one.
kafka_cluster_id() {
    local id
    id=$(head -c 16 /dev/urandom | base64 | tr '+/' '-_')
    id=${id:0:22}
    printf '%s\n' "${id/#-/A}" # a leading dash would be read as an option
}

kafka_settings() {
    cat <<END
# Written by deploy/native/services; changes here are lost.
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$KAFKA_CONTROLLER_PORT
listeners=CLIENTS://127.0.0.1:$KAFKA_PORT,CONTROLLER://127.0.0.1:$KAFKA_CONTROLLER_PORT
advertised.listeners=CLIENTS://127.0.0.1:$KAFKA_PORT
listener.security.protocol.map=CLIENTS:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=CLIENTS
controller.listener.names=CONTROLLER
log.dirs=$root/data/kafka

# Topics are made on purpose, with their number of partitions: a mistyped name must fail.
auto.create.topics.enable=false

# One node, so one replica (a cluster: 3, and min.insync.replicas=2). Four partitions instead of 50: the first group and
# the first transaction would otherwise wait for 50 logs to be made.
default.replication.factor=1
min.insync.replicas=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=4

# Stays on: it keeps a late record of a fenced producer from landing outside its transaction.
transaction.partition.verification.enable=true

# A dead owner of partitions is noticed in 1.5 s: by clients of the classic protocol, which may now ask for it (Kafka's floor is
# 6 s), and with the new protocol, in which the broker decides (45 s unless set).
group.min.session.timeout.ms=1000
group.initial.rebalance.delay.ms=0
group.consumer.min.session.timeout.ms=1000
group.consumer.session.timeout.ms=1500
group.consumer.min.heartbeat.interval.ms=300
group.consumer.heartbeat.interval.ms=500

# After kill -9 the node waits until its own earlier session has run out (9 s unless set).
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500

# Two cores, little memory.
num.network.threads=2
num.io.threads=4
num.recovery.threads.per.data.dir=1
log.segment.bytes=67108864
log.cleaner.threads=1
log.cleaner.dedupe.buffer.size=16777216
END
}

kafka_logging() {
    cat <<'END'
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{ISO8601} %-5p %c{1}: %m%n
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
logger.server.name = kafka.server.KafkaRaftServer
logger.server.level = info
END
}
