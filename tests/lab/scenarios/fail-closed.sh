# fail-closed: without its daemon a host neither sends GRE in the clear nor takes it, from its peer or
# from a stranger.  A new daemon brings traffic back, and nobody touched the peer's.

step "a and b talk; m, on the same wire, has GRE and no policies"
segment wire
host a b m
plug a eth0 192.0.2.1/24 wire
plug b eth0 192.0.2.2/24 wire
plug m eth0 192.0.2.3/24 wire
psk a b 'closed unless open'
psk b a 'closed unless open'
psk_config a 192.0.2.1 10.8.0.1/24 b 192.0.2.2
psk_config b 192.0.2.2 10.8.0.2/24 a 192.0.2.1
on m ip -batch - <<- END
	link add gre1 type gre local 192.0.2.3 key 42 ttl 64
	addr add 10.8.0.3/24 dev gre1
	link set gre1 up
END
spoked_start a
spoked_start b
neighbour a 10.8.0.2 192.0.2.2
neighbour a 10.8.0.3 192.0.2.3
neighbour b 10.8.0.1 192.0.2.1
neighbour m 10.8.0.1 192.0.2.1
capture_start before a eth0
wait_ping a 10.8.0.2 60
assert_ping b 10.8.0.1
assert_no_gre before

# Nothing from a in the clear, nothing plain into it.
closed() { # CAPTURE
	local dropped

	capture_start "$1" a eth0
	dropped=$(xfrm_stat a XfrmInTmplMismatch)
	assert_no_ping a 10.8.0.3
	assert_no_ping m 10.8.0.1
	capture_stop "$1"
	assert test "$(xfrm_stat a XfrmInTmplMismatch)" -ge $((dropped + 3))
	assert test "$(capture_count "$1" "$FILTER_GRE and src 192.0.2.1")" -eq 0
	assert test "$(capture_count "$1" "$FILTER_GRE and src 192.0.2.3")" -ge 3	# m did send
}

step "a stranger's GRE is dropped while the daemon lives"
closed alive

step "somebody flushes SAs: the next packets bring new ones, well before the kernel's 30 s"
on a ip xfrm state flush
wait_ping a 10.8.0.2 15

step "somebody flushes policies: they are back at once, and say so in the log"
on a ip xfrm policy flush
has_policies() { (($(policy_count a) == 2)); }
wait_for 5 has_policies
assert grep -q 'somebody has removed its policies' "$LAB/a/spoked.log"
closed flushed
wait_ping a 10.8.0.2 60

step "somebody deletes the interface, or gives it a key that no policy knows: it is made anew"
number() {
	on a ip -o link show gre1 | cut -d : -f 1
}
anew() { # NUMBER_BEFORE
	[[ $(number) != "$1" ]] && on a ip -d link show gre1 | grep -q 'ikey 0.0.0.42 okey 0.0.0.42'
}
before=$(number)
on a ip link del gre1
wait_for 10 anew "$before"
before=$(number)
on a ip link set gre1 type gre local 192.0.2.1 key 43
wait_for 10 anew "$before"
neighbour a 10.8.0.2 192.0.2.2
neighbour a 10.8.0.3 192.0.2.3
wait_ping a 10.8.0.2 60
closed anew

step "SIGKILL: the SAs that stood still serve, until they run out"
spoked_kill a KILL
assert_policies a 2
capture_start killed a eth0
assert_ping a 10.8.0.2
on a ip xfrm state flush
assert_sas a 0
dropped=$(xfrm_stat a XfrmOutNoStates)
assert_no_ping a 10.8.0.2
assert test "$(xfrm_stat a XfrmOutNoStates)" -gt "$dropped"

step "… and the other way: the peer's ESP finds no SA, its daemon's GRE no way in"
dropped=$(xfrm_stat a XfrmInNoStates)
assert_no_ping b 10.8.0.1
assert test "$(xfrm_stat a XfrmInNoStates)" -gt "$dropped"
assert_no_gre killed
assert_policies a 2

step "a stranger's GRE is dropped while there is no daemon"
closed dead

step "a new daemon: traffic returns, the peer's daemon untouched"
peer=${SPOKED[b]}
capture_start after a eth0
spoked_start a
assert_policies a 2
wait_ping a 10.8.0.2 60
assert_ping b 10.8.0.1
wait_for 20 has_sas b 2
assert_sas a 2
assert test "$peer" = "${SPOKED[b]}"
assert spoked_alive b
assert_no_gre after
closed again
