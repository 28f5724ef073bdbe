# late-address: the network scripts have made the tunnel; the interface that its source is on gets its
# address after spoked's start.  Not one packet leaves in the clear meanwhile.

host a b
link a eth0 - b eth0 192.0.2.2/24
psk a b 'better late than plain'
psk b a 'better late than plain'
psk_config a eth0 10.8.0.1/24 b 192.0.2.2
psk_config b 192.0.2.2 10.8.0.2/24 a 192.0.2.1
on a ip -batch - <<- END
	link add gre1 type gre local 192.0.2.1 key 42 ttl 64
	link set gre1 arp on up
	addr add 10.8.0.1/24 dev gre1
END
spoked_start a
spoked_start b
neighbour a 10.8.0.2 192.0.2.2
neighbour b 10.8.0.1 192.0.2.1
assert_policies a 2

step "pings are on their way when the address comes"
capture_start wire a eth0
on_exec a ping -n -q -i 0.05 -w 50 10.8.0.2 > "$LAB/ping" 2>&1 &
pings=$!
sleep 0.5
on a ip addr add 192.0.2.1/24 dev eth0
wait_for 60 has_sas a 2
assert_ping a 10.8.0.2
kill -INT $pings
wait $pings || true
assert_no_gre wire
assert_policies a 2
