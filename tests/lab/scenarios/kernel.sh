# kernel: no daemon, SAs by hand.  The kernel does what spoked builds on, and the lab's assertions
# can fail: a capture with plaintext GRE and an empty one are both refused.

key=0x000102030405060708090a0b0c0d0e0f0001020304050607080900010203040500aabbcc

# One direction's SA, with selectors as narrow as spoked's.
sa_add() { # HOST SRC DST SPI
	on "$1" ip xfrm state add src "$2" dst "$3" proto esp spi "$4" mode transport reqid 42 \
		replay-window 128 flag esn aead 'rfc4106(gcm(aes))' $key 128 \
		sel src "$2" dst "$3" proto gre
}

# The wildcard pair: one policy each way for whatever peer.
policies_add() { # HOST
	local dir

	for dir in out in; do
		on "$1" ip xfrm policy add src 0.0.0.0/0 dst 0.0.0.0/0 proto gre dir $dir \
			tmpl src 0.0.0.0 dst 0.0.0.0 proto esp reqid 42 mode transport level required
	done
}

gre_add() { # HOST ADDR INNER PEER PEER_INNER
	on "$1" ip -batch - <<- END
		link add gre1 type gre local $2 key 42 ttl 64
		addr add $3/24 dev gre1
		link set gre1 up
		neigh replace $5 lladdr $4 dev gre1 nud permanent
	END
}

step "two hosts, GRE between them in the clear"
host a b
link a eth0 192.0.2.1/24 b eth0 192.0.2.2/24
gre_add a 192.0.2.1 10.8.0.1 192.0.2.2 10.8.0.2
gre_add b 192.0.2.2 10.8.0.2 192.0.2.1 10.8.0.1
capture_start empty a eth0
capture_stop empty
capture_start plain a eth0
assert_ping a 10.8.0.2
capture_stop plain
refute assert_no_gre empty
refute assert_no_gre plain
refute assert_esp plain 192.0.2.1 192.0.2.2
refute assert_no_ping a 10.8.0.2
refute assert_sas a 2
refute assert_policies a 2

step "policies without SAs: nothing goes out, nothing plain comes in"
policies_add a
assert_policies a 2
capture_start dropped a eth0
assert_no_ping a 10.8.0.2
assert test "$(xfrm_stat a XfrmOutNoStates)" -ge 3
assert test "$(xfrm_stat b XfrmInTmplMismatch)" -eq 0
assert_no_ping b 10.8.0.1	# b still speaks in the clear; a must not listen
assert test "$(xfrm_stat a XfrmInTmplMismatch)" -ge 3
capture_stop dropped
assert test "$(capture_count dropped "$FILTER_GRE and src 192.0.2.1")" -eq 0
assert test "$(capture_count dropped "$FILTER_GRE and src 192.0.2.2")" -ge 3

step "SAs by hand: pings flow as ESP, both ways"
policies_add b
for h in a b; do
	sa_add $h 192.0.2.1 192.0.2.2 0x1001
	sa_add $h 192.0.2.2 192.0.2.1 0x1002
done
capture_start esp a eth0
assert_ping a 10.8.0.2
assert_ping b 10.8.0.1
assert_no_gre esp
assert_esp esp 192.0.2.1 192.0.2.2
assert_esp esp 192.0.2.2 192.0.2.1
assert_sas a 2
assert_policies b 2
assert test "$(sa_bytes a 192.0.2.1 192.0.2.2)" -ge $((6 * 88))
refute assert_ping a 10.8.0.77

step "a router rewrites ports, and others once it forgot"
router r
host c
link c eth0 10.1.0.2/24 r lan 10.1.0.1/24
link r wan 198.51.100.1/24 a wan 198.51.100.2/24
on c ip route add default via 10.1.0.1
capture_start ports a wan
for range in 30000-30999 40000-40999; do
	masquerade r wan $range
	nat_forget r
	on c bash -c 'echo -n hello > /dev/udp/198.51.100.2/4500'
	wait_for 5 eval "capture_show ports 'udp and src portrange $range' | grep -q 4500"
done
capture_stop ports
assert test "$(capture_count ports 'udp dst port 4500 and src host 198.51.100.1')" -eq 2

step "loss is loss"
weather a eth0 loss 100%
assert_no_ping a 10.8.0.2
weather a eth0
assert_ping a 10.8.0.2
