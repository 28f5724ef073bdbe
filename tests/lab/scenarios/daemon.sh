# daemon: starting, stopping and reloading, as an operator does it, and a kernel whose state changes
# under the daemon's feet.

inner_config() { # LINES…: a's configuration, with them at the end
	spoked_config a << END
tunnel gre1 {
    address = "10.8.0.1/24"
    key = 42
    source = "eth0"
}
peer "b" {
    remote = "192.0.2.2"
    auth = psk
    secret-file = "/run/b.psk"
}
$(printf '%s\n' "$@")
END
}

spis() {
	on "$1" ip xfrm state | grep -o 'spi 0x[0-9a-f]*' | sort
}

gre1_local() {
	on a ip -d link show gre1 | grep -q "local $1"
}

step "an interface without an address: the daemon runs and waits for one"
host a b
link a eth0 - b eth0 192.0.2.2/24
psk a b 'a secret that only two know'
psk b a 'a secret that only two know'
inner_config
psk_config b 192.0.2.2 10.8.0.2/24 a 192.0.2.0/24
spoked_start a
spoked_start b
neighbour b 10.8.0.1 192.0.2.1
assert_policies a 0
refute on a ip link show gre1
assert grep -q 'gre1: .*eth0.*waiting' "$LAB/a/spoked.log"

step "the address comes: policies, interface, traffic"
on a ip addr add 192.0.2.1/24 dev eth0
wait_for 20 on a ip link show gre1
gre1_local 192.0.2.1 || fail "gre1 has another source"
assert_policies a 2
neighbour a 10.8.0.2 192.0.2.2
wait_ping a 10.8.0.2 60
assert_sas a 2

step "root is gone, and so is a second instance"
uid=$(awk '/^Uid:/ { print $2 $3 $4 $5 }' "/proc/${SPOKED[a]}/status")
assert test "$uid" != 0000
assert grep -q '^CapEff:[[:space:]]*0000000000003000$' "/proc/${SPOKED[a]}/status"
before=$(spis a)
refute on a "$LAB_SPOKED" -F -f /run/spoked.conf
on a "$LAB_SPOKED" -F -f /run/spoked.conf > "$LAB/second" 2>&1 || true
assert grep -q 'UDP port 500 is taken' "$LAB/second"
on a "$LAB_SPOKED" -f /run/spoked.conf > "$LAB/second" 2>&1 && fail "a second instance went to the background"
assert grep -q 'UDP port 500 is taken' "$LAB/second"
assert test "$before" = "$(spis a)"
assert_ping a 10.8.0.2

step "SIGHUP: what is new comes, what stays is untouched, what is wrong changes nothing"
inner_config 'tunnel gre2 { address = "10.9.0.1/24"  key = 43  source = "eth0" }'
kill -HUP "${SPOKED[a]}"
wait_for 20 on a ip link show gre2
assert_policies a 4
assert test "$before" = "$(spis a)"
inner_config 'tunnel gre3 { adress = "10.9.0.1/24" }'
ike a reload > "$LAB/reload" 2>&1 && fail "a wrong configuration was loaded"
assert grep -q 'spoked.conf:11: ' "$LAB/reload"
assert_policies a 4
inner_config
ike a reload
wait_for 20 refute on a ip link show gre2
assert_policies a 2
assert test "$before" = "$(spis a)"
assert_ping a 10.8.0.2

step "somebody flushes the kernel's SAs: the next packets bring new ones"
on a ip xfrm state flush
wait_ping a 10.8.0.2 60
assert_sas a 2

step "the source address changes: interface and policies follow, the peer is dialled anew"
on a ip addr add 192.0.2.9/24 dev eth0
on a ip addr del 192.0.2.1/24 dev eth0
on a ip addr add 192.0.2.9/24 dev eth0 2> /dev/null || true
wait_for 20 gre1_local 192.0.2.9
assert_policies a 2
neighbour a 10.8.0.2 192.0.2.2
neighbour b 10.8.0.1 192.0.2.9
wait_ping a 10.8.0.2 60

step "the end: policies and interface stay, the control socket goes"
spoked_kill a TERM
assert_policies a 2
assert_sas a 0
refute test -e "$(run_of a)/spoked/spoked.vici"
assert on a ip link show gre1 > /dev/null
assert_no_ping a 10.8.0.2

step "in the background: the parent comes back when the daemon listens"
on a "$LAB_SPOKED" -f /run/spoked.conf > "$LAB/a/spoked.log" 2>&1 || fail "not started: $(tail -n 1 "$LAB/a/spoked.log")"
ike a version
pid=$(on a fuser -n udp 500 2> /dev/null | tr -d ' ')
wait_ping a 10.8.0.2 60
kill -TERM "$pid"
wait_for 20 refute kill -0 "$pid"
assert_policies a 2

step "remove-policies-at-exit: interfaces of ours go, and then the policies"
on a ip link del gre1
inner_config 'remove-policies-at-exit = true'
spoked_start a
assert_policies a 2
spoked_kill a TERM
assert_policies a 0
refute on a ip link show gre1
