# readme: README.md taken at its word.  Its two configurations key a pair of spoked, its swanctl.conf
# strongSwan on the other end.  Hosts and addresses are those of its drawing; a router is the Internet.

readme=$lab/../../README.md

block() { # KIND NUMBER: a fenced block of README.md
	awk -v kind="\`\`\`$1" -v number="$2" \
		'$0 == "```" { inside = 0 } inside { print } $0 == kind { inside = ++seen == number }' "$readme"
}

conf() { # HOST NUMBER: with the lab's place for secrets
	block conf "$2" | sed 's,/etc/spoked/,/run/,' | spoked_config "$1"
}

step "the drawing: here, the Internet, there"
host here there
router internet
link here eth0 192.0.2.2/24 internet eth0 192.0.2.1/24
link there eth0 203.0.113.33/24 internet eth1 203.0.113.1/24
on here ip route add default via 192.0.2.1
on there ip route add default via 203.0.113.1
secret=$(openssl rand -hex 32)
psk here there "$secret"
psk there here "$secret"

step "two spoked"
conf here 1
conf there 2
assert test -n "$(block conf 2)"
spoked_start here
spoked_start there
capture_start wire here eth0
wait_ping here 10.0.0.1 60
assert_ping there 10.0.0.2
assert_ping here 10.0.0.1 -s 1300
assert_policies here 2
assert_sas here 2
assert_no_gre wire
ike here status
ike here establish -w any 203.0.113.33
ike here list-sas --json > /dev/null

step "strongSwan in there's place"
spoked_kill there TERM
wait_for 20 has_sas here 0
on there ip link del gre1
on there ip xfrm policy flush
on there ip -batch - <<- END
	link add gre1 type gre local 203.0.113.33 remote 192.0.2.2 ttl 64
	addr add 10.0.0.1/30 dev gre1
	link set gre1 mtu 1400 up
END
charon_start there
block swanctl 1 | sed "s/what openssl printed/$secret/" | swanctl_load there
wait_ping here 10.0.0.1 60
assert_ping there 10.0.0.2
assert_no_gre wire
ike here terminate 203.0.113.33
wait_for 20 has_sas here 0
wait_ping there 10.0.0.2 60
assert_no_gre wire
charon_stop there
spoked_kill here TERM
