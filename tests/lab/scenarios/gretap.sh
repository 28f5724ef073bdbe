# gretap: two LANs bridged over Ethernet in GRE.  ARP and pings go through, and so does a TCP stream of
# full 1,500-byte packets, both ways, without anybody having set an MTU.

step "gateways ga and gb, a host behind each, all of them with MTU 1500"
host ga gb ha hb
link ga eth0 192.0.2.1/24 gb eth0 192.0.2.2/24
link ha eth0 10.9.0.1/24 ga lan -
link hb eth0 10.9.0.2/24 gb lan -
psk ga b 'one long wire'
psk gb a 'one long wire'
spoked_config ga <<- END
	tunnel tap1 { type = gretap  key = 42  source = "192.0.2.1"  remote = "192.0.2.2" }
	peer "b" { remote = "192.0.2.2"  auth = psk  secret-file = "/run/b.psk" }
END
spoked_config gb <<- END
	tunnel tap1 { type = gretap  key = 42  source = "192.0.2.2"  remote = "192.0.2.1" }
	peer "a" { remote = "192.0.2.1"  auth = psk  secret-file = "/run/a.psk" }
END
for g in ga gb; do
	spoked_start $g
	on $g ip -batch - <<- END
		link add br0 type bridge
		link set lan master br0
		link set tap1 master br0
		link set br0 up
	END
done
assert_policies ga 2

step "ARP and pings"
capture_start wire ga eth0
wait_ping ha 10.9.0.2 60
assert_ping hb 10.9.0.1
assert grep -q REACHABLE <(on ha ip neigh show 10.9.0.2)
assert_sas ga 2

step "the largest packet, not to be fragmented on the LAN"
assert_ping ha 10.9.0.2 -s 1472 -M do
assert_ping hb 10.9.0.1 -s 1472 -M do

step "TCP each way, in packets of 1,500 bytes"
for h in ha hb; do
	on $h ethtool -K eth0 tso off gso off gro off > /dev/null	# what leaves a host is what a wire would see
done
capture_start lan-a ha eth0
capture_start lan-b hb eth0
tcp_stream ha hb 10.9.0.2 3000000
tcp_stream hb ha 10.9.0.1 3000000
capture_stop lan-a
capture_stop lan-b
assert test "$(capture_count lan-a 'tcp and src 10.9.0.1 and ip[2:2] = 1500')" -gt 2000
assert test "$(capture_count lan-b 'tcp and src 10.9.0.2 and ip[2:2] = 1500')" -gt 2000

step "… and in the large segments that offloading hosts send"
on ha ethtool -K eth0 gso on tso on > /dev/null
tcp_stream ha hb 10.9.0.2 3000000
assert_no_gre wire
assert_esp wire 192.0.2.1 192.0.2.2
assert_esp wire 192.0.2.2 192.0.2.1
assert_sas ga 2
assert_sas gb 2
assert test "$(xfrm_stat ga XfrmInTmplMismatch)" -eq 0
