# psk-pair: two spoked share a key.  The first ping over gre1 raises an ACQUIRE, spoked keys ESP for
# it, and pings flow.

step "two hosts on one wire; policies stand before any traffic"
host a b
link a eth0 192.0.2.1/24 b eth0 192.0.2.2/24
psk a b 'a secret that only two know'
psk b a 'a secret that only two know'
psk_config a 192.0.2.1 10.8.0.1/24 b 192.0.2.2
psk_config b 192.0.2.2 10.8.0.2/24 a 192.0.2.1
spoked_start a
spoked_start b
neighbour a 10.8.0.2 192.0.2.2
neighbour b 10.8.0.1 192.0.2.1
for h in a b; do
	assert_policies $h 2
	assert_sas $h 0
done

step "the first ping raises the SA"
capture_start wire a eth0
capture_start inner a gre1
on a ping -n -q -c 1 -i 0.05 -w 60 10.8.0.2 > /dev/null || fail "no answer to the first ping"
has_sas a 2 && has_sas b 2 || fail "an answer, but $(sa_count a) and $(sa_count b) SAs"
assert_ping a 10.8.0.2
assert_ping b 10.8.0.1
assert_ping a 10.8.0.2 -s 1300

step "the wire carried ESP, the kernel counted it"
capture_stop inner
assert_no_gre wire
assert_esp wire 192.0.2.1 192.0.2.2
assert_esp wire 192.0.2.2 192.0.2.1
for h in a b; do
	assert_sas $h 2
	assert_policies $h 2
	assert test "$(sa_bytes $h 192.0.2.1 192.0.2.2)" -gt 4000
	assert test "$(sa_bytes $h 192.0.2.2 192.0.2.1)" -gt 4000
	assert test "$(xfrm_stat $h XfrmInTmplMismatch)" -eq 0
done
first() { capture_show "$1" -tt -c 1 "$2" | cut -d ' ' -f 1; }
awk -v g="$(first inner icmp)" -v e="$(first wire esp)" \
	'BEGIN { printf "first GRE packet to first ESP packet: %.0f ms\n", (e - g) * 1000 }'

step "ikectl tells both hosts' story"
for h in a b; do
	ike $h status
	ike $h list-sas
	ike $h list-sas --json | /usr/bin/python3 -m json.tool > /dev/null || fail "ikectl list-sas --json on $h is no JSON"
	assert grep -q 192.0.2. <(ike $h status)
done

step "terminate on a: both ends are without SAs; the next ping brings new ones"
ike a terminate 192.0.2.2
wait_for 20 has_sas a 0
wait_for 20 has_sas b 0
wait_ping b 10.8.0.1 60
wait_for 20 has_sas b 2
assert_sas a 2

step "both dial at once: one IKE SA and one pair of SAs remain"
ike a terminate 192.0.2.2
wait_for 20 has_sas a 0
wait_for 20 has_sas b 0
ike b establish 192.0.2.2 192.0.2.1 & # neither waits
dial=$!
ike a establish 192.0.2.1 192.0.2.2
wait "$dial"
wait_ping a 10.8.0.2 60
assert_ping b 10.8.0.1
one_sa() {
	local h

	for h in a b; do
		has_sas $h 2 && (($(ike $h list-sas | grep -c ESTABLISHED) == 1)) || return 1
	done
}
wait_for 30 one_sa
assert_ping a 10.8.0.2

step "SIGTERM: SAs go, also the peer's; policies stay"
spoked_kill a TERM
assert_sas a 0
assert_policies a 2
wait_for 20 has_sas b 0
