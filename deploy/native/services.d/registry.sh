# The schema registry: Apicurio, whose API under /apis/ccompat/v7 is Confluent's. Its storage is a Kafka topic.
# With REGISTRY_STORAGE=memory it needs no Kafka, and forgets everything when it ends.
# An id stands for a content: the same schema has the same id, whatever subject it is registered under.
# shellcheck shell=bash disable=SC2034,SC2154

: "${REGISTRY_STORAGE:=kafka}" "${REGISTRY_PORT:=8081}" "${REGISTRY_MANAGEMENT_PORT:=$((REGISTRY_PORT + 1000))}" "${REGISTRY_HEAP:=256m}"
REGISTRY_PORTS=(REGISTRY_PORT REGISTRY_MANAGEMENT_PORT)
REGISTRY_SECONDS=120

registry_require() {
    [[ $REGISTRY_STORAGE == kafka || $REGISTRY_STORAGE == memory ]] || die "registry: REGISTRY_STORAGE is kafka or memory"
    java_for registry 17 999 >/dev/null
    need_maven
    need curl curl
}

registry_prepare() {
    [ "$REGISTRY_STORAGE" = memory ] || kafka_answers 2>/dev/null ||
        die "registry: no Kafka answers on 127.0.0.1:$KAFKA_PORT, and all it knows is kept there; 'up kafka registry' starts both"
    fetch_archive "registry-$REGISTRY_VERSION" "io.apicurio:apicurio-registry-app:$REGISTRY_VERSION:tar.gz:all"
}

registry_start() {
    local storage=(APICURIO_STORAGE_KIND=kafkasql APICURIO_KAFKASQL_BOOTSTRAP_SERVERS="127.0.0.1:$KAFKA_PORT")
    if [ "$REGISTRY_STORAGE" = memory ]; then storage=(APICURIO_STORAGE_KIND=sql APICURIO_STORAGE_SQL_KIND=h2); fi
    launch registry env "${storage[@]}" \
        "$(java_for registry 17 999)" -Xms128m "-Xmx$REGISTRY_HEAP" -XX:+UseSerialGC -XX:+ExitOnOutOfMemoryError \
        -Dquarkus.http.host=127.0.0.1 "-Dquarkus.http.port=$REGISTRY_PORT" \
        -Dquarkus.management.host=127.0.0.1 "-Dquarkus.management.port=$REGISTRY_MANAGEMENT_PORT" \
        -Dquarkus.log.level=WARN -Dquarkus.http.access-log.enabled=false \
        -jar "$root/programs/registry-$REGISTRY_VERSION/apicurio-registry-app-$REGISTRY_VERSION-runner.jar"
}

registry_answers() { curl --silent --fail --max-time 3 "http://127.0.0.1:$REGISTRY_PORT/apis/ccompat/v7/subjects"; }

# Its data are topics. They go with Kafka's data if that is wiped too.
registry_before_wipe() {
    [[ " ${chosen[*]} " == *" kafka "* || $REGISTRY_STORAGE == memory ]] && return
    kafka_answers 2>/dev/null || die "registry: its data are in Kafka, which is down; start Kafka, or wipe both"
    down registry
    kafka_run org.apache.kafka.tools.TopicCommand --bootstrap-server "127.0.0.1:$KAFKA_PORT" \
        --delete --if-exists --topic 'kafkasql-(journal|snapshots)|registry-events' >&2
}
