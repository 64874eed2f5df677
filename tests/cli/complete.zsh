# SPDX-License-Identifier: GPL-2.0-or-later
#
# zsh -f complete.zsh DIRECTORY LINE: what an interactive zsh offers behind this line, with the completion of this project, one
# match in a line of DIRECTORY/matches. The shell runs on a terminal of its own; compadd, which every completion ends with,
# tells what it was given.
zmodload zsh/zpty
directory=$1 completions=${0:A:h}/../../completions

cat >$directory/.zshrc <<'END'
PS1='' TERM=dumb
fpath=($COMPLETIONS $fpath)
autoload -Uz compinit && compinit -D -u
bindkey '^I' complete-word
compadd() {
	local -a matches
	# With -O, -A and -D nothing is offered, but asked.
	if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)* ]]; then
		builtin compadd "$@"
		return
	fi
	builtin compadd -A matches "$@"
	(( ! $#matches )) || print -rl -- $matches >>$ZDOTDIR/matches
	builtin compadd "$@"
}
ends() { print ENDS; exit }
comppostfuncs=(ends)
zle-line-init() { print READY }
zle -N zle-line-init
END
: >$directory/matches
export ZDOTDIR=$directory COMPLETIONS=$completions
zpty shell zsh -d -i
zpty -r shell said '*READY*' || exit
zpty -w -n shell "$2"$'\t'
zpty -r shell said '*ENDS*'
zpty -d shell
