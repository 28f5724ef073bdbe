# loss: 30 % of all packets lost each way.  Retransmission brings every SA up, once.

peers=(b c d)

step "a hub and ${#peers[@]} spokes on bad wires"
segment wire
host a "${peers[@]}"
plug a eth0 192.0.2.1/24 wire
n=1
for h in "${peers[@]}"; do
	n=$((n + 1))
	plug $h eth0 192.0.2.$n/24 wire
	psk $h a "key of $h"
	psk a $h "key of $h"
	psk_config $h 192.0.2.$n 10.8.0.$n/24 a 192.0.2.1
done
spoked_config a <<- END
	tunnel gre1 { address = "10.8.0.1/24"  key = 42  source = "192.0.2.1" }
	peer "b" { remote = "192.0.2.2"  auth = psk  secret-file = "/run/b.psk" }
	peer "c" { remote = "192.0.2.3"  auth = psk  secret-file = "/run/c.psk" }
	peer "d" { remote = "192.0.2.4"  auth = psk  secret-file = "/run/d.psk" }
END
spoked_start a
n=1
for h in "${peers[@]}"; do
	n=$((n + 1))
	spoked_start $h
	neighbour $h 10.8.0.1 192.0.2.1
	neighbour a 10.8.0.$n 192.0.2.$n
	weather $h eth0 loss 30%
	weather wire p-$h loss 30%
done

step "pings until they come through"
capture_start wire a eth0
pings=()
for h in "${peers[@]}"; do
	on_exec $h ping -n -q -c 5 -i 0.5 -w 150 10.8.0.1 > "$LAB/$h/ping" 2>&1 &
	pings+=($!)
done
for job in "${pings[@]}"; do
	wait "$job" || fail "five answers did not come through in 150 s"
done

step "one pair of SAs for each, and nothing in the clear"
has_pairs() {
	local n=1 h

	has_sas a $((2 * ${#peers[@]})) || return 1
	for h in "${peers[@]}"; do
		n=$((n + 1))
		has_sas $h 2 || return 1
	done
}
wait_for 60 has_pairs
assert_policies a 2
assert_no_gre wire
for h in "${peers[@]}"; do
	weather $h eth0
	weather wire p-$h
	assert_ping $h 10.8.0.1
done
