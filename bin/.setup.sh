# SPDX-License-Identifier: Apache-2.0
# Sourced by the launchers: what the machine needs, what must be built, and a network to try things in.
# shellcheck shell=bash
# shellcheck disable=SC2034  # several variables are for the scripts that source this one

root=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.." && pwd -P)
launch=$root/target/launch # all that a start needs: jars, class path, shared classes
PATH=$PATH:/usr/sbin:/sbin # ip and nft live there; an ordinary user's path lacks them
[[ -n ${JAVA_HOME:-} && -x $JAVA_HOME/bin/java ]] && PATH=$JAVA_HOME/bin:$PATH

die() {
    echo "${0##*/}: $*" >&2
    exit 1
}

# Runs a command quietly; shows what it said only if it failed: quietly WHAT COMMAND...
quietly() {
    local what=$1 log=$root/target/setup.log
    shift
    mkdir -p -- "${log%/*}"
    "$@" > "$log" 2>&1 < /dev/null && return
    cat -- "$log" >&2
    die "$what failed, see above"
}

# --- What the machine needs (package names of Debian 12) ---

missing=()

# Notes PACKAGE as missing unless COMMAND exists: need COMMAND PACKAGE
need() {
    command -v "$1" > /dev/null || missing+=("$2")
}

need_jdk() {
    [[ -z ${JAVA_HOME:-} || -x $JAVA_HOME/bin/javac ]] ||
        die "JAVA_HOME=$JAVA_HOME holds no JDK; unset it or name a JDK 17 or later"
    if ! command -v javac > /dev/null || (($(javac_release) < 17)); then
        [[ -z ${JAVA_HOME:-} ]] || die "JAVA_HOME=$JAVA_HOME is older than Java 17; unset it or name a JDK 17 or later"
        missing+=(openjdk-17-jdk-headless)
    fi
    need mvn maven
}

javac_release() {
    local version
    version=$(javac -version 2>&1) # javac 17.0.15, or javac 1.8.0_392
    version=${version#javac }
    echo "${version%%[!0-9]*}"
}

need_namespaces() {
    need ip iproute2
    need nft nftables
}

# Whether the dynamic linker finds a library, wherever the distribution keeps it.
has_library() {
    ldconfig -p | grep -E -- "$1" > /dev/null # not -q: it would end before ldconfig does, which pipefail takes for a failure
}

need_libpcap() {
    has_library "libpcap\.so\.(0\.8|1)" || missing+=(libpcap0.8)
}

need_libnftables() {
    has_library "libnftables\.so\.1" || missing+=(libnftables1)
}

# Installs what is missing, or says which command would.
install_missing() {
    ((${#missing[@]})) || return 0
    local install=(apt-get install -y --no-install-recommends "${missing[@]}")
    command -v apt-get > /dev/null || die "install what Debian calls ${missing[*]}, then start again"
    # Root of a user namespace is root by name only: it cannot write here.
    [[ $EUID -eq 0 && -w /var/lib/dpkg ]] || die "as root, run: apt-get update && ${install[*]}"
    echo "${0##*/}: installing ${missing[*]}" >&2
    export DEBIAN_FRONTEND=noninteractive
    quietly "apt-get update" apt-get -q update
    quietly "${install[*]}" "${install[@]}"
    missing=()
    hash -r
}

# --- What must be built ---

# Whether the launch directory is older than the sources, or was made by another JDK. Directories count too: a
# deleted file changes its directory.
is_stale() {
    [[ -f $launch/stamp ]] && cmp -s -- "$(jdk_release_file)" "$launch/jdk" || return 0
    local newer
    newer=$(cd -- "$root" &&
        find pom.xml .mvn bin/.setup.sh ./*/pom.xml ./*/src/main -newer "$launch/stamp" -print -quit)
    [[ -n $newer ]]
}

# The file that tells JDKs apart: shared classes serve only the JDK that made them.
jdk_release_file() {
    local java
    java=$(command -v java) || { echo /nonexistent && return; }
    java=$(readlink -f -- "$java")
    echo "${java%/bin/java}/release"
}

# Builds the program if it is stale. Two starts at once: the second waits and finds it done.
build_if_stale() {
    is_stale || return 0
    mkdir -p -- "$root/target" 2> /dev/null || true
    [[ -w $root/target ]] ||
        die "must build, but user $(id -un) may not write $root/target; start once as its owner"
    need_jdk
    install_missing
    exec 9> "$root/target/setup.lock"
    flock 9
    if is_stale; then
        echo "${0##*/}: building, this happens only when sources have changed" >&2
        build
    fi
    exec 9>&-
}

build() {
    local began
    began=$root/target/began
    touch -- "$began" # sources saved from here on are newer than this build
    rm -rf -- "$root"/bench/target/{lib,*.jar} "$root"/lab/target/*.jar # of other versions
    quietly "the build" mvn -q -B -ntp -f "$root/pom.xml" package -pl bench,lab -am -DskipTests \
        -Dspotless.check.skip -Dcheckstyle.skip -Denforcer.skip
    # A running service keeps the files that it has open: they are replaced, never overwritten.
    rm -rf -- "$launch"
    mkdir -p -- "$launch"
    cp -- "$root"/bench/target/{lib/,}*.jar "$root"/lab/target/*.jar "$launch/"
    local jars=("$launch"/*.jar)
    (
        IFS=:
        echo "${jars[*]}" > "$launch/classpath"
    )
    write_jvm_options
    share_classes
    cp -- "$(jdk_release_file)" "$launch/jdk"
    mv -- "$began" "$launch/stamp"
}

# --- How Java is started ---

# Here and nowhere else: the launchers, and the services that demo and bench start, read them from $launch/jvm.options.
jvm_options=(
    --add-opens java.base/jdk.internal.misc=ALL-UNNAMED # Agrona's buffers
    -XX:+IgnoreUnrecognizedVMOptions # those below come and go with releases, and a start without them is as good

    # Nothing is allocated per packet: what counts is a small heap and no helper threads. A collection stops the
    # forwarders: of a small young generation it takes half a millisecond, and what a change or a status leaves behind is
    # dead by then. The old generation starts small and stays near what lives, where a share of the machine's memory
    # would fill up unneeded; the price is a few more collections of 50 ms while a reload reads ten thousand SAs.
    -XX:+UseSerialGC
    -Xms24m
    -Xmn8m
    -XX:MinHeapFreeRatio=10
    -XX:MaxHeapFreeRatio=20
    -XX:-ShrinkHeapInSteps
    -XX:TrimNativeHeapInterval=2000 # ms; compilers and libnftables need tens of megabytes for moments

    # Loops over ten thousand SAs are compiled at their second run instead of the seventh: the first changes after the
    # start cost 2 ms instead of 8.
    -XX:Tier3BackEdgeThreshold=10000

    -XX:-UsePerfData            # its file in /tmp can stall a safepoint for as long as the disk takes
    -XX:+ExitOnOutOfMemoryError # a service manager restarts a dead service, not a limping one

    -Xshare:auto
    "-XX:SharedArchiveFile=$launch/markcast.jsa"
    -Xlog:cds=off # an archive that does not fit only makes the start slower
    -XX:+UnlockDiagnosticVMOptions
    -XX:ArchiveRelocationMode=0 # elsewhere than where it was made for, the archive has to be patched and copied as a whole

    "-Dmarkcast.launcher=$root/bin/markcast"
    "-Dmarkcast.jvm.options=$launch/jvm.options"
)
main_class=org.markcast.daemon.Main

# As java(1) reads an argument file: one a line, quoted.
write_jvm_options() {
    local option
    for option in "${jvm_options[@]}"; do
        option=${option//\\/\\\\}
        printf '"%s"\n' "${option//\"/\\\"}"
    done > "$launch/jvm.options"
}

# Archives the classes of typical starts, so that the next ones map them instead of loading and verifying them.
share_classes() {
    mkdir -p -- "$launch/classes"
    write_sample yes
    quietly "learning the classes of check" list_classes check check -c "$launch/sample.conf"
    quietly "learning the classes of rules" list_classes rules rules -c "$launch/sample.conf"
    # The service that forwards needs a network. Without one the rest of it will do; at worst a start is slower.
    if ! { can_make_networks && learn_service "${own_network[@]}"; }; then
        write_sample no
        learn_service || true
    fi
    # Each class once, the order kept: some lines refer to those before them.
    awk '!seen[$0]++' "$launch"/classes/*.list > "$launch/classes/all"
    quietly "sharing classes" java "@$launch/jvm.options" -Xshare:dump "-XX:SharedClassListFile=$launch/classes/all" \
        -cp "$(< "$launch/classpath")"
    rm -rf -- "$launch/classes"
}

# A configuration with all that a start may load; with or without forwarding and rules: write_sample yes|no
write_sample() {
    printf 'markcast {\n interface = eth1\n forward = %s\n rules = %s\n sources = static\n' "$1" "$1"
    printf ' static {\n  sa {\n   mark = 1\n   local_ts = 10.1.0.0/16, 224.0.0.0/4\n   remote_ts = 10.1.0.129, 224.0.0.0/4\n'
    printf '   local_host = 192.0.2.1\n   remote_host = 192.0.2.2\n   spi_in = 0xc15e5a4d\n  }\n }\n}\n'
} > "$launch/sample.conf"

# Runs a command and writes down the classes that it loads: list_classes LIST COMMAND...
list_classes() {
    local list=$launch/classes/$1.list
    shift
    java "@$launch/jvm.options" -Xshare:off "-XX:DumpLoadedClassList=$list" -cp "$(< "$launch/classpath")" \
        "$main_class" "$@" || { rm -f -- "$list" && return 1; }
}

# Runs the service for a moment and asks for its status: learn_service [COMMAND THAT GIVES IT A NETWORK...]
learn_service() {
    export launch main_class
    export -f list_classes
    # shellcheck disable=SC2016  # expands in the inner shell
    "$@" bash -c '
        [[ -z $1 ]] || ip -batch - <<< "link add eth1 type veth peer name peer
            address add 10.1.0.1/16 dev eth1
            link set eth1 up
            link set peer up"
        list_classes run run -c "$launch/sample.conf" --run-dir "$launch/classes/run" &
        job=$!
        for ((i = 0; i < 300; i++)); do
            [[ ! -S $launch/classes/run/control.sock ]] || break
            kill -0 "$job" || exit 1
            sleep 0.1
        done
        list_classes status status --json --run-dir "$launch/classes/run"
        list_classes table status --run-dir "$launch/classes/run"
        kill "$(< "$launch/classes/run/markcast.pid")"
        wait "$job"' bash "$*"
} > /dev/null 2>&1 < /dev/null

# --- A network to try things in ---

# As an ordinary user, a user namespace gives the right to make the others.
namespaces=(--net --mount)
((EUID == 0)) || namespaces+=(--user --map-root-user)
no_networks="cannot make network namespaces: run as root, or allow user namespaces (sysctl user.max_user_namespaces)"

can_make_networks() {
    unshare "${namespaces[@]}" true 2> /dev/null
}

# What gives a command a network and mount namespace of its own, with a /run of its own for `ip netns`: it cannot touch the
# machine's network, and all that it makes is gone when its last process ends.
# shellcheck disable=SC2016  # expands in the inner shell
own_network=(
    unshare "${namespaces[@]}" bash -c 'mount -t tmpfs -o mode=755 tmpfs /run && ip link set lo up && exec "$@"' bash
)

exec_in_own_network() {
    can_make_networks || die "$no_networks"
    exec "${own_network[@]}" "$@"
}
