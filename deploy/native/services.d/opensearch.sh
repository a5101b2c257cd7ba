# OpenSearch: one node, the minimal distribution: plain HTTP, no security plugin.
# shellcheck shell=bash disable=SC2034,SC2154

: "${OPENSEARCH_PORT:=9200}" "${OPENSEARCH_TRANSPORT_PORT:=9300}" "${OPENSEARCH_HEAP:=1g}" "${OPENSEARCH_USER:=nobody}"
OPENSEARCH_PORTS=(OPENSEARCH_PORT OPENSEARCH_TRANSPORT_PORT)
OPENSEARCH_SECONDS=180

opensearch_require() {
    java_for opensearch 21 999 >/dev/null
    need_maven
    need curl curl
    need unzip unzip
    if [ "$(id -u)" = 0 ]; then
        need setpriv util-linux
        id "$OPENSEARCH_USER" >/dev/null 2>&1 || die "opensearch refuses to run as root, and there is no account $OPENSEARCH_USER; set OPENSEARCH_USER"
    fi
}

opensearch_prepare() {
    fetch_archive "opensearch-$OPENSEARCH_VERSION" "org.opensearch.distribution.integ-test-zip:opensearch:$OPENSEARCH_VERSION:zip"
    local home=$root/programs/opensearch-$OPENSEARCH_VERSION/opensearch-$OPENSEARCH_VERSION config=$root/config/opensearch
    mkdir -p "$config" "$root/data/opensearch" "$root/log/opensearch"
    cp "$home/config/log4j2.properties" "$config/"
    # No log of collections and no dumps: both would be written among the programs, where the account may not write.
    sed -e '/Xlog:gc/d' -e '/HeapDump/d' -e "s|=logs/|=$root/log/opensearch/|" "$home/config/jvm.options" >"$config/jvm.options"
    opensearch_settings >"$config/opensearch.yml"
    local as
    opensearch_as
    if (( ${#as[@]} > 0 )); then
        chown -R "$OPENSEARCH_USER" "$config" "$root/data/opensearch" "$root/log/opensearch"
        "${as[@]}" test -w "$root/data/opensearch" -a -r "$home/bin/opensearch" ||
            die "opensearch runs as $OPENSEARCH_USER because it refuses to run as root, and that account cannot enter $root; run services as an ordinary user, or set CHIMERA_STACK_DIR to a directory whose parents all may enter"
    fi
}

# Sets `as` to what stands before a command so that it runs under that account; to nothing unless we are root.
opensearch_as() {
    as=()
    if [ "$(id -u)" = 0 ]; then
        as=(setpriv --reuid="$OPENSEARCH_USER" --regid="$(id -g "$OPENSEARCH_USER")" --clear-groups)
    fi
}

opensearch_start() {
    local java as
    java=$(java_for opensearch 21 999)
    opensearch_as
    launch opensearch "${as[@]}" env OPENSEARCH_JAVA_HOME="$(dirname "$(dirname "$(readlink -f "$java")")")" \
        OPENSEARCH_PATH_CONF="$root/config/opensearch" OPENSEARCH_JAVA_OPTS="-Xms$OPENSEARCH_HEAP -Xmx$OPENSEARCH_HEAP" \
        "$root/programs/opensearch-$OPENSEARCH_VERSION/opensearch-$OPENSEARCH_VERSION/bin/opensearch"
}

opensearch_answers() {
    curl --silent --fail --max-time 5 "http://127.0.0.1:$OPENSEARCH_PORT/_cluster/health?wait_for_status=yellow&timeout=2s"
}

opensearch_settings() {
    cat <<END
# Written by deploy/native/services; changes here are lost.
cluster.name: chimera-native
discovery.type: single-node
network.host: 127.0.0.1
http.port: $OPENSEARCH_PORT
transport.port: $OPENSEARCH_TRANSPORT_PORT
path.data: $root/data/opensearch
path.logs: $root/log/opensearch

# A nearly full disk would make every index read-only; here it should just go on.
cluster.routing.allocation.disk.threshold_enabled: false
# Tests delete their indices by a pattern.
action.destructive_requires_name: false
END
}
