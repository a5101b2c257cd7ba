# Cassandra: one node that owns the whole ring.
# shellcheck shell=bash disable=SC2034,SC2154

: "${CASSANDRA_PORT:=9042}" "${CASSANDRA_STORAGE_PORT:=7000}" "${CASSANDRA_HEAP:=1g}"
CASSANDRA_PORTS=(CASSANDRA_PORT CASSANDRA_STORAGE_PORT)
CASSANDRA_SECONDS=180

# Java 11 and 17 only; what is opened below is the list for 17.
cassandra_require() {
    java_for cassandra 17 17 >/dev/null
    need_maven
}

cassandra_prepare() {
    fetch_jars cassandra "org.apache.cassandra:cassandra-all:$CASSANDRA_VERSION"
    cassandra_settings >"$root/config/cassandra.yaml"
    cassandra_logging >"$root/config/cassandra-logback.xml"
}

cassandra_start() {
    local opened=() package agent
    for package in java.base/jdk.internal.misc java.base/java.lang.ref java.management.rmi/com.sun.jmx.remote.internal.rmi \
        java.rmi/sun.rmi.registry java.rmi/sun.rmi.server java.sql/java.sql jdk.attach/sun.tools.attach jdk.unsupported/sun.misc; do
        opened+=("--add-exports=$package=ALL-UNNAMED")
    done
    for package in java.base/java.{io,lang,lang.module,lang.reflect,nio,util,util.concurrent,util.concurrent.atomic} \
        java.base/jdk.internal.{loader,math,module,ref,reflect,util.jar} java.base/sun.nio.ch \
        jdk.management/com.sun.management.internal; do
        opened+=("--add-opens=$package=ALL-UNNAMED")
    done
    agent=("$root"/programs/cassandra/jamm-*.jar) # measures objects, so that memtables know their size
    # A node alone need not wait for a ring: no gossip, no delay, no token to choose.
    launch cassandra "$(java_for cassandra 17 17)" "-javaagent:${agent[0]}" "${opened[@]}" \
        "-Xms$CASSANDRA_HEAP" "-Xmx$CASSANDRA_HEAP" -Xss256k -XX:+UseG1GC -XX:+PerfDisableSharedMem -XX:+ExitOnOutOfMemoryError \
        -Djdk.attach.allowAttachSelf=true -Djava.net.preferIPv4Stack=true \
        -Dio.netty.tryReflectionSetAccessible=true -Dio.netty.allocator.useCacheForAllThreads=true -Dio.netty.allocator.maxOrder=11 \
        "-Dcassandra.config=file://$root/config/cassandra.yaml" "-Dcassandra.storagedir=$root/data/cassandra" \
        "-Dlogback.configurationFile=file:$root/config/cassandra-logback.xml" -Dcassandra-foreground=yes \
        -Dcassandra.initial_token=0 -Dcassandra.load_ring_state=false -Dcassandra.ring_delay_ms=0 \
        -Dcassandra.skip_wait_for_gossip_to_settle=0 -Dcassandra.superuser_setup_delay_ms=0 \
        -cp "$root/programs/cassandra/*" org.apache.cassandra.service.CassandraDaemon
}

# OPTIONS of the native protocol, version 4; the answer is SUPPORTED (opcode 6).
cassandra_answers() { [[ $(exchange "$CASSANDRA_PORT" '\x04\x00\x00\x00\x05\x00\x00\x00\x00' 9) == 8400000006???????? ]]; }

cassandra_settings() {
    cat <<END
# Written by deploy/native/services; changes here are lost.
cluster_name: chimera-native
partitioner: org.apache.cassandra.dht.Murmur3Partitioner
endpoint_snitch: SimpleSnitch
num_tokens: 1
auto_bootstrap: false
seed_provider:
  - class_name: org.apache.cassandra.locator.SimpleSeedProvider
    parameters: [{ seeds: "127.0.0.1:$CASSANDRA_STORAGE_PORT" }]
listen_address: 127.0.0.1
storage_port: $CASSANDRA_STORAGE_PORT
rpc_address: 127.0.0.1
native_transport_port: $CASSANDRA_PORT
authenticator: AllowAllAuthenticator
authorizer: AllowAllAuthorizer

commitlog_sync: periodic
commitlog_sync_period: 10000ms
commitlog_segment_size: 16MiB
commitlog_total_space: 256MiB

# Nobody to hint to. DROP and TRUNCATE keep no copies, which would fill the disk of a test machine.
hinted_handoff_enabled: false
auto_snapshot: false

# Two cores, little memory.
concurrent_reads: 8
concurrent_writes: 16
concurrent_compactors: 1
memtable_heap_space: 256MiB
memtable_offheap_space: 256MiB
key_cache_size: 16MiB
file_cache_size: 64MiB
networking_cache_size: 32MiB
END
}

cassandra_logging() {
    cat <<'END'
<configuration>
  <appender name="out" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%d{ISO8601} %-5level %logger{0}: %msg%n</pattern></encoder>
  </appender>
  <root level="WARN"><appender-ref ref="out"/></root>
</configuration>
END
}
