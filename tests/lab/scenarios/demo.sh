# demo: psk-pair, told to a person.  tests/demo runs it; so does tests/run lab, to keep it true.

say() {
	echo
	printf '%s\n' "$@"
}

# A command on a host, as at its prompt.
show() { # HOST COMMAND…
	printf '\n    %s# %s\n' "$1" "${*:2}"
	on "$@" 2>&1 | sed 's/^/    /'
}

say "1. Two hosts on one wire: a is 192.0.2.1, b is 192.0.2.2. Each is to have a GRE tunnel" \
	"   interface, gre1, and spoked to see that GRE leaves and enters only as ESP. They share a key."
host a b
link a eth0 192.0.2.1/24 b eth0 192.0.2.2/24
psk a b 'a secret that only two know'
psk b a 'a secret that only two know'
psk_config a 192.0.2.1 10.8.0.1/24 b 192.0.2.2
psk_config b 192.0.2.2 10.8.0.2/24 a 192.0.2.1
show a cat /run/spoked.conf

say "2. spoked starts on both. It makes gre1 and installs one policy each way, for whatever peer:" \
	"   from now on GRE without ESP is dropped. No SA exists yet, and nothing was sent."
export PATH=${LAB_SPOKED%/*}:${LAB_IKECTL%/*}:$PATH
spoked_start a
spoked_start b
show a ip -brief address show gre1
show a ip xfrm policy
show a ip xfrm state count
neighbour a 10.8.0.2 192.0.2.2	# which NBMA address an inner one is at: by hand, on a bare mGRE
neighbour b 10.8.0.1 192.0.2.1

say "3. The first ping into the tunnel. The kernel asks for an SA, the two daemons agree on keys" \
	"   (IKEv2), and the pings that follow get through."
capture_start wire a eth0
wait_ping a 10.8.0.2 60
show a ping -c 3 -i 0.3 10.8.0.2

say "4. What the wire carried meanwhile: IKE, two requests and two answers, then ESP (the first six). Nothing else."
capture_stop wire
capture_show wire 'not arp' | cut -d ' ' -f 2- > "$LAB/shown"
{
	for message in 'init\[I\]' 'init\[R\]' 'auth\[I\]' 'auth\[R\]'; do	# requests may have been sent twice
		grep -m 1 "isakmp.*$message" "$LAB/shown"
	done
	grep ESP "$LAB/shown" | head -n 6
} | sed 's/^/    /'
assert_no_gre wire
assert_esp wire 192.0.2.1 192.0.2.2
assert_esp wire 192.0.2.2 192.0.2.1
printf '\n    ESP packets: %d    GRE packets in the clear: %d\n' \
	"$(capture_count wire "$FILTER_ESP")" "$(capture_count wire "$FILTER_GRE")"

say "5. What spoked says about it, on either end."
show a ikectl status
show b ikectl status
assert_sas a 2
assert_sas b 2

say "6. The daemon on a is killed and its SAs are flushed: a's GRE has no way out, not even in the clear."
spoked_kill a KILL 2> /dev/null
on a ip xfrm state flush
capture_start closed a eth0
show a ping -c 2 -i 0.3 -W 1 10.8.0.2 || true
capture_stop closed
assert test "$(capture_count closed "$FILTER_GRE")" -eq 0
printf '\n    GRE packets in the clear: 0\n'

say "7. It starts again: so does the traffic, and nobody touched b."
spoked_start a
wait_ping a 10.8.0.2 60
show a ping -c 2 -i 0.3 10.8.0.2
