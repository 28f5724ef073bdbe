# nat: one end behind a masquerading router, whose memory of ports is lost midway; then behind a 1:1
# NAT, with the public address as a configured identity, dialled from either side.

# Source ports that b's SAs send to and expect, besides 4500.
encap_ports() {
	on b ip xfrm state | sed -n 's/.*espinudp sport \([0-9]*\) dport \([0-9]*\).*/\1 \2/p' | tr ' ' '\n' | grep -vx 4500 | sort -u
}

ports_between() { # LOW HIGH
	local port ports

	ports=$(encap_ports)
	[[ -n $ports ]] || return 1
	for port in $ports; do
		((port >= $1 && port <= $2)) || return 1
	done
}

step "a spoke behind a router, a hub outside"
host a b
router r
link a eth0 10.1.0.2/24 r lan 10.1.0.1/24
link r wan 192.0.2.1/24 b eth0 192.0.2.2/24
on a ip route add default via 10.1.0.1
masquerade r wan 30000-30999
psk a b 'through the looking glass'
psk b a 'through the looking glass'
psk_config a 10.1.0.2 10.8.0.1/24 b 192.0.2.2 'local-id = "spoke@example.net"'
psk_config b 192.0.2.2 10.8.0.2/24 a any 'remote-id = "spoke@example.net"'
spoked_start a
spoked_start b
neighbour a 10.8.0.2 192.0.2.2
neighbour b 10.8.0.1 192.0.2.1

step "SAs in UDP, through ports that the router chose"
capture_start wire b eth0
wait_ping a 10.8.0.2 60
assert_ping a 10.8.0.2
assert_ping b 10.8.0.1
for h in a b; do
	assert_sas $h 2
	assert_policies $h 2
	assert test "$(on $h ip xfrm state | grep -c 'encap type espinudp')" -eq 2
done
assert ports_between 30000 30999
assert test "$(sa_bytes b 192.0.2.1 192.0.2.2)" -gt 500
assert test "$(sa_bytes b 192.0.2.2 192.0.2.1)" -gt 500

step "the router forgets and picks other ports: traffic moves with them"
spis=$(on a ip xfrm state | grep -o 'spi 0x[0-9a-f]*' | sort)
masquerade r wan 40000-40999
nat_forget r
wait_ping a 10.8.0.2 60
wait_for 30 ports_between 40000 40999
assert_ping a 10.8.0.2
assert_ping b 10.8.0.1
assert_sas b 2
assert test "$spis" = "$(on a ip xfrm state | grep -o 'spi 0x[0-9a-f]*' | sort)"
assert_no_gre wire
assert test "$(capture_count wire "$FILTER_ESP_UDP and src portrange 30000-30999")" -gt 0
assert test "$(capture_count wire "$FILTER_ESP_UDP and src portrange 40000-40999")" -gt 0
assert test "$(capture_count wire "$FILTER_ESP_UDP and dst portrange 40000-40999")" -gt 0
assert test "$(capture_count wire 'ip proto 50')" -eq 0
spoked_kill a TERM
spoked_kill b TERM

step "1:1 NAT: 198.51.100.81 outside is 10.1.0.2 inside, and says so"
nat_1to1 r 198.51.100.81 10.1.0.2
nat_forget r
on b ip route add 198.51.100.81 via 192.0.2.1
psk_config a 10.1.0.2 10.8.0.1/24 b 192.0.2.2 'local-id = "198.51.100.81"'
psk_config b 192.0.2.2 10.8.0.2/24 a 198.51.100.81 'remote-id = "198.51.100.81"'
spoked_start a
spoked_start b
neighbour a 10.8.0.2 192.0.2.2
neighbour b 10.8.0.1 198.51.100.81
capture_start wire b eth0
wait_ping a 10.8.0.2 60
assert_ping b 10.8.0.1
for h in a b; do
	assert_sas $h 2
	assert_policies $h 2
	assert test "$(on $h ip xfrm state | grep -c 'encap type espinudp')" -eq 2
done

step "the same, dialled from outside"
ike a terminate 192.0.2.2
wait_for 20 has_sas a 0
wait_for 20 has_sas b 0
wait_ping b 10.8.0.1 60
assert_ping a 10.8.0.2
assert_sas b 2
assert_no_gre wire
assert_esp wire 198.51.100.81 192.0.2.2
assert_esp wire 192.0.2.2 198.51.100.81
