# strongswan-initiator: Debian's strongSwan dials spoked, by hand and by its own trap policy, with
# two suites.  Either side's delete is noticed by the other.

. "$lab/scenarios/strongswan.inc"

for suite in "${SUITES[@]}"; do
	read -r ike esp <<< "$suite"
	step "strongSwan dials, $ike, ESP $esp"
	strongswan_pair "$ike" "$esp" start_action=trap
	capture_start wire a eth0
	swan b --initiate --child gre --timeout 60 > "$LAB/initiate" 2>&1 || fail "swanctl --initiate: $(tail -n 1 "$LAB/initiate")"
	wait_for 20 has_sas a 2
	strongswan_traffic

	step "strongSwan deletes: spoked has no SA left; strongSwan's own traffic raises new ones"
	swan b --terminate --ike spoked > /dev/null
	wait_for 20 has_sas a 0
	wait_for 20 ike_empty a
	wait_ping b 10.8.0.1 60
	wait_for 20 has_sas a 2

	step "spoked deletes: strongSwan has no SA left, and dials again"
	ike a terminate 192.0.2.2
	wait_for 20 has_sas a 0
	wait_for 20 swan_empty
	wait_ping b 10.8.0.1 60
	strongswan_end
done
