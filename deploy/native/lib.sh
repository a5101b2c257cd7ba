# What the services have in common: processes, ports, conditions, programs. Sourced by `services`, which sets `here`.
# shellcheck shell=bash disable=SC2034,SC2154

STOP_SECONDS=60 # then it is killed

say() { printf '%s\n' "$*" >&2; }
die() { printf 'services: %s\n' "$*" >&2; exit 1; }
milliseconds() { printf '%s\n' $(( ${EPOCHREALTIME/[.,]/} / 1000 )); }

# --- the directory -------------------------------------------------------------------------------------------------------------

open_root() {
    [ "$(uname)" = Linux ] || die "made for Linux: processes are told apart through /proc"
    (( BASH_VERSINFO[0] >= 5 )) || die "bash 5 or newer is needed"
    root=${CHIMERA_STACK_DIR:-$here/../../target/native}
    mkdir -p "$root"
    root=$(cd "$root" && pwd)
    mkdir -p "$root"/{run,log,data,programs,config}
}

# Two calls at once would start a service twice. The services themselves do not inherit the lock (see launch).
lock() {
    need flock util-linux
    exec 9>"$root/run/.lock"
    flock -n 9 || { say "waiting for another call of services on $root"; flock 9; }
}

# --- what must be installed ----------------------------------------------------------------------------------------------------

need() { command -v "$1" >/dev/null || die "$1 is missing: install the package $2"; }

# java_for SERVICE LEAST MOST: prints a fitting java. SERVICE_JAVA_HOME decides if set, else the first that fits is taken.
# MOST is 999 where no version is too new.
java_for() {
    local home_variable=${1^^}_JAVA_HOME least=$2 most=$3 java version candidates range
    if [ -n "${!home_variable:-}" ]; then
        candidates=("${!home_variable}/bin/java")
    else
        candidates=("${JAVA_HOME:-/nowhere}/bin/java" "$(command -v java || true)" /usr/lib/jvm/*/bin/java)
    fi
    for java in "${candidates[@]}"; do
        [ -x "$java" ] || continue
        version=$("$java" -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p')
        if (( ${version:-0} >= least && ${version:-0} <= most )); then
            printf '%s\n' "$java"
            return
        fi
    done
    range=$least
    if (( most == 999 )); then range+=" or newer"; elif (( most > least )); then range+=" to $most"; fi
    die "$1 needs Java $range: install a package such as openjdk-$least-jre-headless, or set $home_variable"
}

need_maven() { need mvn maven; }

# --- programs, fetched through Maven -------------------------------------------------------------------------------------------

# fetch_jars NAME GROUP:ARTIFACT:VERSION...: the artifacts with all they depend on, in programs/NAME.
# Complete or absent: the directory gets its name when everything is in it, and is fetched again if the list has changed.
fetch_jars() {
    local target=$root/programs/$1 part=$root/programs/$1.part pom coordinates group artifact version
    pom="<project xmlns=\"http://maven.apache.org/POM/4.0.0\"><modelVersion>4.0.0</modelVersion><groupId>chimera.native</groupId>"
    pom+="<artifactId>$1</artifactId><version>1</version><packaging>pom</packaging><dependencies>"
    for coordinates in "${@:2}"; do
        IFS=: read -r group artifact version <<<"$coordinates"
        pom+=$'\n'"<dependency><groupId>$group</groupId><artifactId>$artifact</artifactId><version>$version</version></dependency>"
    done
    pom+=$'\n'"</dependencies></project>"
    if [ -f "$target/pom.xml" ] && [ "$(<"$target/pom.xml")" = "$pom" ]; then return; fi
    say "fetching ${*:2}"
    rm -rf "$part"
    mkdir -p "$part"
    printf '%s\n' "$pom" >"$part/pom.xml"
    maven "$MAVEN_DEPENDENCY_PLUGIN:copy-dependencies" -f "$part/pom.xml" -DincludeScope=runtime -DoutputDirectory="$part"
    rm -rf "$target"
    mv "$part" "$target"
}

# fetch_archive NAME GROUP:ARTIFACT:VERSION:TYPE[:CLASSIFIER]: the archive's content, in programs/NAME.
fetch_archive() {
    local target=$root/programs/$1 part=$root/programs/$1.part archive
    [ -d "$target" ] && return
    say "fetching $2"
    rm -rf "$part"
    mkdir -p "$part/archive" "$part/content"
    maven "$MAVEN_ARCHIVE_PLUGIN:copy" -Dartifact="$2" -DoutputDirectory="$part/archive"
    for archive in "$part/archive"/*; do
        case $archive in
        *.tar.gz) tar -xzf "$archive" -C "$part/content" ;;
        *.zip) unzip -q "$archive" -d "$part/content" ;;
        *) die "$2 is neither a .tar.gz nor a .zip" ;;
        esac
    done
    mv "$part/content" "$target"
    rm -rf "$part"
}

# Standard output is for nothing but results; the directory of the caller may hold a pom of its own, so Maven runs elsewhere.
maven() {
    (cd "$root/programs" && mvn --quiet --batch-mode "org.apache.maven.plugins:maven-dependency-plugin:$1" "${@:2}" </dev/null >&2) ||
        die "Maven could not fetch it (see above); is Maven Central, or the mirror in Maven's settings.xml, within reach?"
}

# --- processes -----------------------------------------------------------------------------------------------------------------
# run/NAME holds one line: process id, its start in clock ticks since boot (so that a reused id is not mistaken for the service),
# and the ports it was started with.

born() { sed -n 's/^.*) //p' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }
recorded_pid() { local pid rest; read -r pid rest <"$root/run/$1" && printf '%s\n' "$pid"; }
recorded_ports() { local pid start ports; read -r pid start ports <"$root/run/$1" && printf '%s\n' "$ports"; }

alive() {
    local pid start rest
    [ -f "$root/run/$1" ] || return 1
    read -r pid start rest <"$root/run/$1" || return 1
    [ "$(born "$pid")" = "$start" ] && [ "$(process_state "$pid")" != Z ]
}
process_state() { sed -n 's/^.*) //p' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f1; }

# launch NAME COMMAND...: in the background, in a session of its own, so that Ctrl-C here does not reach it.
launch() {
    local name=$1 log=$root/log/$1.log pid
    shift
    if [ -f "$log" ]; then mv "$log" "$log.1"; fi
    setsid "$@" >"$log" 2>&1 </dev/null 9>&- &
    pid=$!
    printf '%s %s %s\n' "$pid" "$(born "$pid" || true)" "$(ports_of "$name")" >"$root/run/$name"
}

# --- ports and conditions ------------------------------------------------------------------------------------------------------

# NAME_PORTS lists the variables; the first is the one that clients use.
ports_of() {
    local -n variables=${1^^}_PORTS
    local variable out=()
    for variable in "${variables[@]}"; do out+=("$variable=${!variable}"); done
    printf '%s\n' "${out[*]}"
}
address() { local -n variables=${1^^}_PORTS; printf '127.0.0.1:%s\n' "${!variables[0]}"; }

refuse_taken_ports() {
    local pair
    for pair in $(ports_of "$1"); do
        if (exec 3<>"/dev/tcp/127.0.0.1/${pair#*=}") 2>/dev/null; then
            die "$1: port ${pair#*=} is taken by another program; set ${pair%%=*} to a free one"
        fi
    done
}

# exchange PORT REQUEST COUNT: sends bytes (written for printf) and prints the first COUNT bytes of the answer in hexadecimal.
exchange() {
    # shellcheck disable=SC2016 # the inner shell expands them
    timeout 3 bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$1" && printf "$2" >&3 && head -c "$3" <&3 | od -An -v -tx1 | tr -d " \n"' - "$@"
}

# await NAME: until it answers, for at most NAME_SECONDS.
await() {
    local name=$1 began seconds_variable=${1^^}_SECONDS
    began=$(milliseconds)
    until "${name}_answers" >/dev/null 2>&1; do
        alive "$name" || fail_with_log "$name" "ended instead of starting"
        (( $(milliseconds) - began < ${!seconds_variable} * 1000 )) ||
            fail_with_log "$name" "does not answer after ${!seconds_variable} s; it still runs ('down $name' stops it)"
        sleep 0.2
    done
}

fail_with_log() {
    say "--- the end of $root/log/$1.log"
    tail -n 25 "$root/log/$1.log" >&2
    say "---"
    die "$1 $2"
}
