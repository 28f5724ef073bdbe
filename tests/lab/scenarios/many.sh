# many: 50 spokes towards one hub.  Every one gets through; the hub still has two policies.
# limit: 720

SPOKES=50

step "$((SPOKES + 1)) hosts on one switch"
segment wire
host hub
plug hub eth0 192.0.2.1/24 wire
spokes=()
for ((i = 1; i <= SPOKES; i++)); do
	spokes+=("s$i")
done
host "${spokes[@]}"
for ((i = 1; i <= SPOKES; i++)); do
	plug s$i eth0 192.0.2.$((i + 10))/24 wire
	psk s$i hub 'fifty-one hosts share one secret'
	psk_config s$i 192.0.2.$((i + 10)) 10.8.0.$((i + 10))/24 hub 192.0.2.1
done
psk hub spokes 'fifty-one hosts share one secret'
psk_config hub 192.0.2.1 10.8.0.1/24 spokes 192.0.2.0/24

step "daemons"
spoked_start hub
for ((i = 0; i < SPOKES; i += 10)); do	# a few at a time: together they would starve each other
	for s in "${spokes[@]:i:10}"; do
		spoked_launch $s
	done
	for s in "${spokes[@]:i:10}"; do
		wait_for 120 spoked_listens $s
	done
done
step "neighbours"
for ((i = 1; i <= SPOKES; i++)); do
	echo "neigh replace 10.8.0.$((i + 10)) lladdr 192.0.2.$((i + 10)) dev gre1 nud permanent"
	neighbour s$i 10.8.0.1 192.0.2.1
done | on hub ip -batch -

step "pings from all of them"
capture_start wire hub eth0
for s in "${spokes[@]}"; do
	on_exec $s ping -n -q -c 2 -i 0.5 -w 200 10.8.0.1 > "$LAB/$s/ping" 2>&1 &
	pings[${s#s}]=$!
done
for s in "${spokes[@]}"; do
	wait "${pings[${s#s}]}" || fail "no ping from $s: $(tail -n 2 "$LAB/$s/ping" | head -n 1)"
done

step "two policies, $((2 * SPOKES)) SAs"
wait_for 30 has_sas hub $((2 * SPOKES))
assert_policies hub 2
for s in s1 s25 s50; do
	assert_sas $s 2
done
assert_ping hub 10.8.0.11
assert_ping hub 10.8.0.60
assert_no_gre wire
assert_esp wire 192.0.2.1 192.0.2.60
assert_esp wire 192.0.2.60 192.0.2.1
assert test "$(ike hub list-sas --json | grep -o '"state" *: *"ESTABLISHED"' | wc -l)" -eq $SPOKES
