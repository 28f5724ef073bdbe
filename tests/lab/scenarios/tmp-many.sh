SPOKES=50
segment wire
host hub
plug hub eth0 192.0.2.1/24 wire
spokes=()
for ((i = 1; i <= SPOKES; i++)); do spokes+=("s$i"); done
step hosts
host "${spokes[@]}"
step plug
for ((i = 1; i <= SPOKES; i++)); do
	plug s$i eth0 192.0.2.$((i + 10))/24 wire
done
step psk
for ((i = 1; i <= SPOKES; i++)); do
	psk s$i hub 'fifty share one'
	psk_config s$i 192.0.2.$((i + 10)) 10.8.0.$((i + 10))/24 hub 192.0.2.1
done
step gre
gre() { on $1 ip -batch - <<< "link add gre1 type gre local $2 key 42
addr add $3/24 dev gre1
link set gre1 mtu 1380 up"
}
gre hub 192.0.2.1 10.8.0.1
for ((i = 1; i <= SPOKES; i++)); do gre s$i 192.0.2.$((i + 10)) 10.8.0.$((i + 10)); done
step neigh
for ((i = 1; i <= SPOKES; i++)); do
	echo "neigh replace 10.8.0.$((i + 10)) lladdr 192.0.2.$((i + 10)) dev gre1 nud permanent"
	neighbour s$i 10.8.0.1 192.0.2.1
done | on hub ip -batch -
step pings
for s in "${spokes[@]}"; do
	on_exec $s ping -n -q -c 2 -i 0.5 -w 200 10.8.0.1 > "$LAB/$s/ping" 2>&1 &
	pings[${s#s}]=$!
done
for s in "${spokes[@]}"; do
	wait "${pings[${s#s}]}" || fail "no ping from $s: $(tail -n 2 "$LAB/$s/ping" | head -n 1)"
done
step done
