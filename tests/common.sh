# shellcheck shell=bash
# tests/common.sh - what tests/run and tests/demo share: packages and builds.  Sourced; sets `root`.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# Names in tests/packages for a purpose, without those that are installed already.
packages_missing() {
	local purpose name

	for purpose; do
		for name in $(sed -n "s/^${purpose}[[:space:]]//p" "$root/tests/packages"); do
			[[ $(dpkg-query -W -f '${db:Status-Status}' "${name#\?}" 2> /dev/null) == installed ]] || echo "$name"
		done
	done | sort -u
}

# Install what is missing for these purposes.  Daemons that come with a package are kept from
# starting: nobody asked for them on this machine.
packages_install() {
	local missing wanted=() name kept="" policy=/usr/sbin/policy-rc.d status=0

	command -v dpkg-query > /dev/null || return 0	# not Debian: the build will say what it misses
	missing=$(packages_missing "$@")
	[[ -n ${missing//\?*([^[:space:]])/} ]] || return 0
	if ((EUID != 0)); then
		echo "missing packages, and only root can install them: apt-get install ${missing//$'\n'/ }" >&2
		return 1
	fi
	export DEBIAN_FRONTEND=noninteractive
	apt-get -qq update || true
	for name in $missing; do
		[[ $name == \?* && -z $(apt-cache -q show "${name#\?}" 2> /dev/null) ]] || wanted+=("${name#\?}")
	done
	echo "installing ${wanted[*]}"
	if [[ -e $policy ]]; then
		kept=$policy.spoked
		mv "$policy" "$kept"
	fi
	printf '#!/bin/sh\nexit 101\n' > "$policy"
	chmod 755 "$policy"
	apt-get -qq install -y --no-install-recommends "${wanted[@]}" > "$root/build/apt.log" 2>&1 || status=$?
	rm -f "$policy"
	[[ -z $kept ]] || mv "$kept" "$policy"
	((status == 0)) || tail -n 20 "$root/build/apt.log" >&2
	return "$status"
}

# build_in DIRECTORY [MESON-OPTION…]: configure build/DIRECTORY if need be, and build.  CC counts.
build_in() {
	local dir=$root/build/$1 log=$root/build/$1.log

	shift
	if [[ ! -e $dir/build.ninja ]]; then
		rm -rf "$dir"
		meson setup "$dir" "$root" "$@" > "$log" 2>&1 || { tail -n 30 "$log"; return 1; }
	fi
	ninja -C "$dir" > "$log" 2>&1 || { grep -E -A 6 'error:|warning:|FAILED' "$log" | head -n 60; return 1; }
}

# The one executable of that name under build/DIRECTORY.
built() {
	find "$root/build/$1" -name "$2" -type f -perm -u+x | head -n 1
}

# What sudo built belongs to who called sudo.
build_own() {
	[[ -z ${SUDO_UID-} || $EUID -ne 0 ]] || chown -R "$SUDO_UID:${SUDO_GID-}" "$root/build"
}
