# bash completion for ikectl(8)

_ikectl_ids() {
	# Connections' names and IKE SA IDs, from lines such as "hub: #12, ESTABLISHED, ...".  Only
	# plain names: compgen -W would expand anything else as the shell does.
	ikectl "$@" list-sas 2>/dev/null |
		sed -n 's/^\([A-Za-z0-9._@-]*\): #\([0-9]*\),.*/\1 \2/p'
}

_ikectl_peers() {
	ikectl "$@" list-sas --json 2>/dev/null |
		sed -n 's/^ *"remote-host": "\([0-9a-fA-F.:]*\)".*/\1/p'
}

_ikectl() {
	local cur prev command='' i
	local -a socket=()
	local commands='establish terminate status list-sas monitor stats reload version help'

	COMPREPLY=()
	cur=${COMP_WORDS[COMP_CWORD]}
	prev=${COMP_WORDS[COMP_CWORD-1]}

	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-s|--socket) i=$((i + 1)); socket=(-s "${COMP_WORDS[i]}") ;;
		-*) ;;
		*) command=${COMP_WORDS[i]}; break ;;
		esac
	done

	if [[ -z $command ]]; then
		case $prev in
		-s|--socket) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
		*) mapfile -t COMPREPLY < <(compgen -W "$commands -s -h" -- "$cur") ;;
		esac
		return
	fi

	case $prev in
	-t|--timeout) return ;;
	-i|--tunnel)
		mapfile -t COMPREPLY < <(cd /sys/class/net 2>/dev/null && compgen -f -- "$cur")
		return ;;
	esac

	case $command in
	establish)
		if [[ $cur == -* ]]; then
			mapfile -t COMPREPLY < <(compgen -W '--wait --timeout --tunnel' -- "$cur")
		else
			mapfile -t COMPREPLY < <(compgen -W "any $(_ikectl_peers "${socket[@]}")" -- "$cur")
		fi ;;
	terminate)
		if [[ $cur == -* ]]; then
			mapfile -t COMPREPLY < <(compgen -W '--all --force --timeout' -- "$cur")
		else
			mapfile -t COMPREPLY < <(compgen -W \
				"$(_ikectl_ids "${socket[@]}") $(_ikectl_peers "${socket[@]}")" -- "$cur")
		fi ;;
	status) mapfile -t COMPREPLY < <(compgen -W '--wide' -- "$cur") ;;
	stats) mapfile -t COMPREPLY < <(compgen -W '--json' -- "$cur") ;;
	list-sas)
		if [[ $cur == -* ]]; then
			mapfile -t COMPREPLY < <(compgen -W '--json' -- "$cur")
		else
			mapfile -t COMPREPLY < <(compgen -W "$(_ikectl_ids "${socket[@]}" | cut -d' ' -f1)" -- "$cur")
		fi ;;
	help) mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$cur") ;;
	esac
}

complete -F _ikectl ikectl
