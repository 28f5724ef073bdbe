# strongswan-responder: spoked's first packet makes it dial Debian's strongSwan, with two suites.
# Either side's delete is noticed by the other.

. "$lab/scenarios/strongswan.inc"

for suite in "${SUITES[@]}"; do
	read -r ike esp <<< "$suite"
	step "spoked dials, $ike, ESP $esp"
	strongswan_pair "$ike" "$esp" start_action=none
	capture_start wire a eth0
	wait_ping a 10.8.0.2 60
	strongswan_traffic

	step "spoked deletes: strongSwan has no SA left"
	ike a terminate 192.0.2.2
	wait_for 20 has_sas a 0
	wait_for 20 swan_empty
	assert_sas b 0

	step "strongSwan deletes: spoked has no SA left, and dials again"
	wait_ping a 10.8.0.2 60
	swan b --terminate --ike spoked > /dev/null
	wait_for 20 has_sas a 0
	wait_for 20 ike_empty a
	wait_ping a 10.8.0.2 60
	strongswan_end
done
