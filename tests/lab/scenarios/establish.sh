# establish: ikectl establish -w brings the SA up before any traffic; each way of failing has an exit
# status of 1, one line, and its own cause.

# What `ikectl establish` says when it fails, in $said; it must fail with 1 and one line.
establish_fails() { # HOST ARGUMENT…
	local status=0

	ike "$1" establish "${@:2}" > "$LAB/out" 2> "$LAB/err" || status=$?
	said=$(< "$LAB/err")
	echo "exit $status: $said"
	((status == 1)) || fail "ikectl establish ${*:2} ended with $status, not 1"
	(($(wc -l < "$LAB/err") == 1)) || fail "ikectl establish ${*:2} should say one line"
}

step "a peer that has our key, one with another, one with other proposals, and one that is not there"
segment wire
host a good other mute
plug a eth0 192.0.2.1/24 wire
plug good eth0 192.0.2.2/24 wire
plug other eth0 192.0.2.3/24 wire
plug mute eth0 192.0.2.4/24 wire
for h in good other mute; do
	psk $h a "the key on $h and a"
	psk a $h "the key on $h and a"
done
psk other a 'not what a believes it to be'
psk_config good 192.0.2.2 10.8.0.2/24 a 192.0.2.1
psk_config other 192.0.2.3 10.8.0.3/24 a 192.0.2.1
psk_config mute 192.0.2.4 10.8.0.4/24 a 192.0.2.1 'ike-proposals = {"aes128-sha256-ecp256"}'
spoked_config a <<- END
	retransmit { interval = "500ms"  tries = 4 }
	tunnel gre1 { address = "10.8.0.1/24"  key = 42  source = "192.0.2.1" }
	peer "good" { remote = "192.0.2.2"  auth = psk  secret-file = "/run/good.psk" }
	peer "other" { remote = "192.0.2.3"  auth = psk  secret-file = "/run/other.psk" }
	peer "mute" {
		remote = "192.0.2.4"
		auth = psk
		secret-file = "/run/mute.psk"
		ike-proposals = {"aes256gcm16-prfsha384-x25519"}
	}
	peer "nobody" { remote = "192.0.2.5"  auth = psk  secret-file = "/run/good.psk" }
END
spoked_start a
for h in good other mute; do
	spoked_start $h
done
neighbour a 10.8.0.2 192.0.2.2
neighbour good 10.8.0.1 192.0.2.1
capture_start wire a eth0

step "before any traffic"
ike a establish -w -t 60 192.0.2.1 192.0.2.2 || fail "establish -w ended with $?"
assert_sas a 2
wait_for 5 has_sas good 2
assert test "$(capture_count wire esp)" -eq 0

step "once more: it stands already, nothing new is made"
spis=$(on a ip xfrm state | grep -o 'spi 0x[0-9a-f]*' | sort)
ike a establish -w -t 60 192.0.2.1 192.0.2.2 || fail "establish of what stands ended with $?"
ike good establish -w -t 60 192.0.2.2 192.0.2.1 || fail "establish from the other side ended with $?"
assert test "$spis" = "$(on a ip xfrm state | grep -o 'spi 0x[0-9a-f]*' | sort)"
assert_ping a 10.8.0.2
assert_ping good 10.8.0.1

step "wrong key"
establish_fails a -w -t 60 192.0.2.1 192.0.2.3
wrong_key=$said
assert grep -qiE 'authentication|AUTH' <<< "$said"

step "no common proposal"
establish_fails a -w -t 60 192.0.2.1 192.0.2.4
no_proposal=$said
assert grep -qi proposal <<< "$said"

step "nobody there: the time-out, then the cause"
establish_fails a -w -t 2 192.0.2.1 192.0.2.5
assert grep -q 'timed out' <<< "$said"
establish_fails a -w -t 60 192.0.2.1 192.0.2.5
assert grep -qiE 'answer|unreachable' <<< "$said"
[[ $said != "$wrong_key" && $said != "$no_proposal" ]] || fail "causes are not told apart"

step "no peer configured"
establish_fails a -w -t 10 192.0.2.1 192.0.2.77

step "nothing of that left SAs behind, or disturbed the good one"
assert_sas a 2
assert_sas other 0
assert_sas mute 0
assert_policies a 2
assert_ping a 10.8.0.2
assert_no_gre wire
