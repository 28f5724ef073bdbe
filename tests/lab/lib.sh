# tests/lab/lib.sh - the words that scenarios are written in.
#
# A new scenario is a file in tests/lab/scenarios: it makes hosts, starts daemons, asserts; a command
# that fails fails it.  `tests/run lab NAME` runs it alone.
#
# A host is a network namespace with a name, a /run and a hostname of its own, kept alive by one
# sleeping process.  A scenario runs as the first process of a PID namespace (tests/lab/scenario),
# so that whatever it started is gone when it ends, however it ends.
#
#	host NAME…                          make hosts
#	router NAME…                        the same, forwarding
#	link A IF ADDR/LEN B IF ADDR/LEN    a wire between two ("-" for no address)
#	segment NAME                        a switch; plug HOST IF ADDR/LEN SEGMENT
#	on HOST COMMAND…                    run a command there
#	weather HOST IF NETEM…              loss 30%, delay 20ms, …; nothing: fair again
#	masquerade ROUTER IF [LOW-HIGH]     source NAT behind IF's address, UDP from these ports
#	nat_1to1 ROUTER PUBLIC PRIVATE      all of one address, both ways
#	nat_forget ROUTER                   drop NAT's memory of flows
#
#	psk HOST NAME SECRET                /run/NAME.psk, mode 0600
#	spoked_config HOST <<…              its configuration, /run/spoked.conf
#	psk_config HOST ADDR TUNNEL_ADDR PEER PEER_ADDR [LINE…]   the usual one, lines into peer { }
#	spoked_start HOST                   start it, wait until its control socket answers
#	spoked_kill HOST SIGNAL             end it; TERM must be a clean exit
#	ike HOST ARGUMENT…                  ikectl there
#	neighbour HOST INNER NBMA           mGRE's address mapping, by hand
#	charon_start HOST; swanctl_load HOST <<…; swan HOST ARGUMENT…; charon_stop HOST
#
#	capture_start NAME HOST IF          packets into NAME's capture, capture_stop NAME ends it
#	capture_show NAME [FILTER]          as tcpdump prints them; capture_count NAME FILTER
#
#	wait_for SECONDS COMMAND…           until it succeeds; wait_for SECONDS refute …: until it fails
#	wait_ping HOST ADDR SECONDS         until one answer came
#	tcp_stream FROM TO ADDR BYTES       that much TCP to TO's ADDR, arriving as it was sent
#	assert_ping HOST ADDR [OPTION…]     all of three answered
#	assert_no_ping HOST ADDR            none of three
#	assert_no_gre NAME                  the capture has ESP (or ESP in UDP) and no plaintext GRE
#	assert_esp NAME SRC DST             it has ESP from SRC to DST, bare or in UDP
#	assert_sas HOST N                   N Child SAs in the kernel; has_sas to wait for it
#	assert_policies HOST N              N policies (per-socket ones aside)
#	sa_bytes HOST SRC DST               bytes that this direction's SAs carried
#	xfrm_stat HOST COUNTER              a line of /proc/net/xfrm_stat
#	assert CONDITION…                   a [[ ]] condition's command form: assert test … / assert grep …
#	refute COMMAND…                     the command must fail
#	step TEXT                           what is being tried, into the log
#	fail TEXT                           that is all

declare -A HOLDER=()	# host -> its sleeping process
declare -A SPOKED=()	# host -> running spoked
declare -A CHARON=()	# host -> running charon
declare -A CAPTURE=()	# name -> running tcpdump
HOSTS=()		# in the order in which they were made
HOSTS_SHOWN_MAX=4	# of which a failure shows so many
LOG_LINES_MAX=60
SANITIZER='ERROR: [A-Za-z]*Sanitizer|LeakSanitizer|runtime error:|SUMMARY: [A-Za-z]*Sanitizer'

# Sanitizers end the process; spoked's own clean exit is 0.
export ASAN_OPTIONS=exitcode=99:detect_leaks=1:allocator_may_return_null=1
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1:exitcode=99

step() {
	printf '[%3d s] %s\n' "$SECONDS" "$*"
}

fail() {
	local i

	printf '%s\n' "$*" > "$LAB/failure"
	echo "FAILED: $*" >&3
	for ((i = 1; i < ${#BASH_SOURCE[@]}; i++)); do
		[[ ${BASH_SOURCE[i]} != */scenarios/* ]] || echo "    at ${BASH_SOURCE[i]##*/}:${BASH_LINENO[i - 1]}" >&3
	done
	exit 1
}

assert() {
	"$@" || fail "not so: $*"
}

refute() {
	if (exec 3>&1 && "$@") > "$LAB/refuted" 2>&1; then
		cat "$LAB/refuted"
		fail "should have failed: $*"
	fi
	rm -f "$LAB/failure"
}

fails() {
	! "$@"
}

wait_for() {
	local limit=$1 end=$((SECONDS + $1))

	shift
	[[ $1 != refute ]] || set -- fails "${@:2}"	# until it no longer succeeds
	while ! "$@" > "$LAB/waited" 2>&1; do
		if ((SECONDS >= end)); then
			cat "$LAB/waited"
			fail "waited $limit s in vain for: $*"
		fi
		sleep 0.2
	done
}

# ---- hosts and wires ----------------------------------------------------------------------------

# IPv6 is off on a new host: its neighbour and multicast chatter would be the first packet through
# a tunnel, where a scenario wants to send that itself.
host() {
	local name

	for name; do
		mkdir -p "$LAB/$name"
		unshare --net --mount --uts bash -c '
			mount -t tmpfs -o mode=755 tmpfs /run
			echo "$1" > /proc/sys/kernel/hostname
			echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6
			exec {forever}<> <(:)
			echo $$ > "$2"
			read -r -u "$forever"' "host-$name" "$name" "$LAB/$name/up" &
		HOLDER[$name]=$!
		HOSTS+=("$name")
	done
	for name; do
		wait_for 30 test -e "$LAB/$name/up"
	done
}

router() {
	local name

	host "$@"
	for name; do
		on "$name" bash -c 'echo 1 > /proc/sys/net/ipv4/ip_forward'
	done
}

on() {
	nsenter -t "${HOLDER[$1]}" --net --mount --uts -- "${@:2}"
}

# The same with a process of its own, whose number is $!.
on_exec() {
	exec nsenter -t "${HOLDER[$1]}" --net --mount --uts -- "${@:2}"
}

# The host's own /run, seen from here.
run_of() {
	echo "/proc/${HOLDER[$1]}/root/run"
}

address_up() { # HOST IF ADDR/LEN
	local address=""

	[[ $3 == - ]] || address="addr add $3 dev $2"
	on "$1" ip -batch - <<- END
		link set lo up
		link set $2 up
		$address
	END
}

link() {
	ip link add "$2" netns "${HOLDER[$1]}" type veth peer name "$5" netns "${HOLDER[$4]}"
	address_up "$1" "$2" "$3"
	address_up "$4" "$5" "$6"
}

segment() {
	host "$1"
	unset 'HOSTS[-1]'	# nothing of interest to a dump
	on "$1" ip -batch - <<- END
		link add switch type bridge
		link set switch up
	END
}

plug() {
	on "$4" ip -batch - <<- END
		link add p-$1 master switch type veth peer name $2 netns ${HOLDER[$1]}
		link set p-$1 up
	END
	address_up "$1" "$2" "$3"
}

weather() {
	local host=$1 interface=$2

	shift 2
	on "$host" tc qdisc del dev "$interface" root 2> /dev/null || true
	(($# == 0)) || on "$host" tc qdisc add dev "$interface" root netem limit 10000 "$@"
}

masquerade() {
	on "$1" nft -f - <<- END
		table ip lab
		delete table ip lab
		table ip lab {
			chain post {
				type nat hook postrouting priority 100
				${3:+oifname $2 meta l4proto udp masquerade to :$3}
				oifname $2 masquerade
			}
		}
	END
}

nat_1to1() {
	on "$1" nft -f - <<- END
		table ip lab
		delete table ip lab
		table ip lab {
			chain pre {
				type nat hook prerouting priority -100
				ip daddr $2 dnat to $3
			}
			chain post {
				type nat hook postrouting priority 100
				ip saddr $3 snat to $2
			}
		}
	END
}

nat_forget() {
	on "$1" conntrack -F 2> /dev/null
}

neighbour() {
	on "$1" ip neigh replace "$2" lladdr "$3" dev gre1 nud permanent
}

# ---- spoked -------------------------------------------------------------------------------------

psk() {
	(umask 077 && printf '%s' "$3" > "$(run_of "$1")/$2.psk")
}

spoked_config() {
	local text

	IFS= read -r -d '' text || true	# cat without a process: "many" does it often
	printf '%s' "$text" > "/proc/${HOLDER[$1]}/root/run/spoked.conf"
}

psk_config() {
	local host=$1 address=$2 inner=$3 peer=$4 remote=$5 lines=""

	shift 5
	(($# == 0)) || printf -v lines '\n    %s' "$@"
	spoked_config "$host" << END
tunnel gre1 {
    address = "$inner"
    key = 42
    source = "$address"
}
peer "$peer" {
    remote = "$remote"
    auth = psk
    secret-file = "/run/$peer.psk"${lines}
}
END
}

spoked_start() {
	spoked_launch "$1"
	wait_for 60 spoked_answers "$1"
}

# Starting without waiting, for scenarios that start many.
spoked_launch() {
	[[ -x ${LAB_SPOKED-} && -x ${LAB_IKECTL-} ]] || fail "no spoked or ikectl built (LAB_SPOKED, LAB_IKECTL)"
	on_exec "$1" "$LAB_SPOKED" -F -f /run/spoked.conf >> "$LAB/$1/spoked.log" 2>&1 &
	SPOKED[$1]=$!
}

spoked_answers() {
	spoked_listens "$1" && ike "$1" version
}

# Cheaper, but does not tell a dead daemon's socket from a new one's.
spoked_listens() {
	spoked_alive "$1" || fail "spoked on $1 ended at its start"
	[[ -S /proc/${HOLDER[$1]}/root/run/spoked/spoked.vici ]]
}

spoked_alive() {
	[[ -n ${SPOKED[$1]-} ]] && kill -0 "${SPOKED[$1]}" 2> /dev/null
}

spoked_kill() {
	local host=$1 signal=$2

	spoked_alive "$host" || spoked_ended "$host" running
	kill -"$signal" "${SPOKED[$host]}"
	spoked_ended "$host" "$signal"
}

# Wait for the end that the signal asked for.
spoked_ended() {
	local host=$1 signal=$2 pid=${SPOKED[$1]} status=0 end=$((SECONDS + 30))

	while [[ $signal != running ]] && kill -0 "$pid" 2> /dev/null; do
		((SECONDS < end)) || fail "spoked on $host is still there 30 s after SIG$signal"
		sleep 0.1
	done
	wait "$pid" || status=$?
	unset "SPOKED[$host]"
	sanitizer_check "$host"
	case $signal in
	running) fail "spoked on $host ended by itself, status $status" ;;
	KILL) ((status == 137)) || fail "spoked on $host ended with $status, not by SIGKILL" ;;
	*) ((status == 0)) || fail "spoked on $host ended with status $status after SIG$signal" ;;
	esac
}

sanitizer_check() {
	local log=$LAB/$1/spoked.log

	[[ -e $log ]] || return 0
	! grep -Eq "$SANITIZER" "$log" || fail "a sanitizer spoke up in spoked on $1: $(grep -Em 1 "$SANITIZER" "$log")"
}

ike() {
	on "$1" "$LAB_IKECTL" "${@:2}"
}

# ---- strongSwan, as Debian ships it -------------------------------------------------------------

# Copied binaries: the packages' AppArmor profiles, where in force, confine by path and would keep
# them from this directory.
charon_start() {
	local host=$1

	mkdir -p "$LAB/bin"
	cp -n /usr/lib/ipsec/charon /usr/sbin/swanctl "$LAB/bin/"
	cat > "$LAB/$host/strongswan.conf" <<- 'END'
		charon {
			load = nonce random openssl kdf pem pkcs1 x509 kernel-netlink socket-default vici
			install_routes = no
			install_virtual_ip = no
			filelog {
				stderr {
					default = 1
				}
			}
		}
		swanctl {
			load = nonce random openssl pem pkcs1 x509
		}
	END
	STRONGSWAN_CONF=$LAB/$host/strongswan.conf on_exec "$host" "$LAB/bin/charon" --use-syslog no \
		>> "$LAB/$host/charon.log" 2>&1 &
	CHARON[$host]=$!
	wait_for 60 swan "$host" --stats	# a socket in the file system is not yet one that listens
}

charon_stop() {
	kill -TERM "${CHARON[$1]}"
	wait "${CHARON[$1]}" || true
	unset "CHARON[$1]"
}

swan() {
	STRONGSWAN_CONF=$LAB/$1/strongswan.conf on "$1" "$LAB/bin/swanctl" "${@:2}"
}

swanctl_load() {
	cat > "$LAB/$1/swanctl.conf"
	swan "$1" --load-all --noprompt --file "$LAB/$1/swanctl.conf" > "$LAB/$1/swanctl.log" 2>&1 ||
		fail "swanctl on $1: $(head -n 1 "$LAB/$1/swanctl.log")"
}

# ---- captures -----------------------------------------------------------------------------------

capture_start() {
	local name=$1

	on_exec "$2" tcpdump -i "$3" -w "$LAB/$name.pcap" -s 256 -B 8192 -U --immediate-mode -Z root \
		2> "$LAB/$name.tcpdump" &
	CAPTURE[$name]=$!
	wait_for 30 grep -q 'listening on' "$LAB/$name.tcpdump"
}

# What is still in the kernel's buffer is written first: a file that no longer grows.
capture_stop() {
	local name=$1 before=-1 now

	while now=$(stat -c %s "$LAB/$name.pcap") && ((now != before)); do
		before=$now
		sleep 0.3
	done
	kill -TERM "${CAPTURE[$name]}"
	wait "${CAPTURE[$name]}" || fail "tcpdump $name: $(tail -n 1 "$LAB/$name.tcpdump")"
	unset "CAPTURE[$name]"
	grep -q '^0 packets dropped by kernel' "$LAB/$name.tcpdump" ||
		fail "capture $name has holes: $(grep dropped "$LAB/$name.tcpdump")"
}

capture_show() {
	tcpdump -n -r "$LAB/$1.pcap" "${@:2}" 2> /dev/null
}

capture_count() {
	capture_show "$1" "$2" | wc -l
}

FILTER_GRE='ip proto 47 or ip6 proto 47'
# ESP in UDP is what port 4500 carries without IKE's four zero bytes and is no keepalive. RFC 3948 2
FILTER_ESP_UDP='(udp port 4500 and udp[4:2] > 20 and udp[8:4] != 0)'
FILTER_ESP="(ip proto 50 or $FILTER_ESP_UDP)"

assert_no_gre() {
	[[ -z ${CAPTURE[$1]-} ]] || capture_stop "$1"
	if (($(capture_count "$1" "$FILTER_GRE") > 0)); then
		capture_show "$1" "$FILTER_GRE" -c 5
		fail "plaintext GRE in capture $1: $(capture_count "$1" "$FILTER_GRE") packets"
	fi
	# An empty capture proves nothing.
	(($(capture_count "$1" "$FILTER_ESP") > 0)) || fail "no ESP in capture $1 either"
}

assert_esp() {
	[[ -z ${CAPTURE[$1]-} ]] || capture_stop "$1"
	(($(capture_count "$1" "$FILTER_ESP and src host $2 and dst host $3") > 0)) ||
		fail "no ESP from $2 to $3 in capture $1"
}

# ---- what the kernel says -----------------------------------------------------------------------

# SAs without the larval ones that an ACQUIRE leaves (SPI 0).
sa_count() {
	on "$1" ip xfrm state | grep -c 'proto esp spi 0x0*[1-9a-f]' || true
}

has_sas() {
	(($(sa_count "$1") == $2))
}

assert_sas() {
	has_sas "$1" "$2" || fail "$1 has $(sa_count "$1") SAs, not $2"
}

# Per-socket policies (IKE's own bypass) show as "socket in", not "dir in".
policy_count() {
	on "$1" ip xfrm policy | grep -c '^[[:space:]]*dir ' || true
}

assert_policies() {
	local n

	n=$(policy_count "$1")
	((n == $2)) || fail "$1 has $n policies, not $2"
}

sa_bytes() {
	on "$1" ip -s xfrm state list src "$2" dst "$3" proto esp |
		awk '/lifetime current/ { getline; sub(/\(bytes\).*/, ""); n += $1 } END { print n + 0 }'
}

xfrm_stat() {
	awk -v name="$2" '$1 == name { print $2 }' "/proc/${HOLDER[$1]}/net/xfrm_stat"
}

wait_ping() {
	on "$1" ping -n -q -c 1 -i 0.3 -w "$3" "$2" > "$LAB/ping" 2>&1 ||
		fail "no ping from $1 to $2 within $3 s: $(tail -n 2 "$LAB/ping" | head -n 1)"
}

assert_ping() {
	# ping takes a last answer that is later than one interval for lost: a busy machine needs a long one.
	on "$1" ping -n -q -c 3 -i 1 -W 5 "${@:3}" "$2" > "$LAB/ping" 2>&1 && grep -q ' 0% packet loss' "$LAB/ping" ||
		fail "ping from $1 to $2: $(grep loss "$LAB/ping" || tail -n 1 "$LAB/ping")"
}

assert_no_ping() {
	on "$1" ping -n -q -c 3 -i 0.2 -W 1 "${@:3}" "$2" > "$LAB/ping" 2>&1 || true
	grep -q ' 100% packet loss' "$LAB/ping" ||
		fail "ping from $1 to $2 should find nothing: $(grep loss "$LAB/ping" || tail -n 1 "$LAB/ping")"
}

tcp_stream() {
	local receiver sent

	on_exec "$2" /usr/bin/python3 "$lab/stream" receive "$3" > "$LAB/received" 2>&1 &
	receiver=$!
	wait_for 30 grep -q listening "$LAB/received"
	sent=$(on "$1" timeout 60 /usr/bin/python3 "$lab/stream" send "$3" "$4" 2>&1) ||
		fail "TCP from $1 to $2 came to a stop: ${sent##*$'\n'}"
	wait "$receiver" || fail "TCP from $1 to $2: $(tail -n 1 "$LAB/received")"
	[[ $(tail -n 1 "$LAB/received") == "$sent" ]] || fail "TCP from $1 to $2: sent $sent, received $(tail -n 1 "$LAB/received")"
	echo "$1 to $2: $sent"
}

# ---- the end ------------------------------------------------------------------------------------

# Everything a person needs to see why: each host's daemon, SAs (no keys), policies, counters.
dump() {
	local name log shown=0

	for name in "${HOSTS[@]}"; do
		((shown++ < HOSTS_SHOWN_MAX)) || { echo "… and $((${#HOSTS[@]} - HOSTS_SHOWN_MAX)) more hosts"; break; }
		for log in spoked charon; do
			[[ -s $LAB/$name/$log.log ]] || continue
			echo "---- $name: $log"
			tail -n "$LOG_LINES_MAX" "$LAB/$name/$log.log"
		done
		echo "---- $name: ip xfrm state, policy; xfrm_stat; links"
		on "$name" ip -s xfrm state | sed -E 's/0x[0-9a-f]{17,}/0x(removed)/' |
			grep -vE 'lifetime config|limit:|expire ' | head -n 60
		on "$name" ip xfrm policy | head -n 40
		grep -v ' 0$' "/proc/${HOLDER[$name]}/net/xfrm_stat" | sed 's/[[:space:]]0$//' | awk 'NF == 2 && $2 > 0'
		on "$name" ip -br addr
	done 2>&1
}

# Every daemon still up ends as an operator would end it, and must end well.
finish() {
	local name

	for name in "${!SPOKED[@]}"; do
		spoked_alive "$name" || spoked_ended "$name" running
		kill -TERM "${SPOKED[$name]}"
	done
	for name in "${!SPOKED[@]}"; do
		spoked_ended "$name" TERM
	done
}
