# Redis, as the system packages it.
# shellcheck shell=bash disable=SC2034,SC2154

: "${REDIS_PORT:=6379}"
REDIS_PORTS=(REDIS_PORT)
REDIS_SECONDS=30

redis_require() {
    local version
    need redis-server redis-server
    version=$(redis-server --version | sed -n 's/.* v=\([0-9]*\).*/\1/p')
    (( ${version:-0} >= REDIS_AT_LEAST )) || die "redis-server is version ${version:-unknown}; $REDIS_AT_LEAST or newer is needed"
}

redis_prepare() { mkdir -p "$root/data/redis"; }

redis_start() {
    launch redis redis-server --port "$REDIS_PORT" --bind 127.0.0.1 --dir "$root/data/redis" --appendonly yes --appendfsync everysec
}

# While it reads its data it answers -LOADING.
redis_answers() { [ "$(exchange "$REDIS_PORT" 'PING\r\n' 7)" = 2b504f4e470d0a ]; }
