# SPDX-License-Identifier: GPL-2.0-or-later
# Flattens one JSON document: a line ".devices.0.address<TAB>0000:01:00.0" for each scalar.
{ text = text $0 "\n" }

END {
	value("")
	if (text !~ /^[ \t\r\n]*$/)
		fail("something after the end")
}

function fail(why)
{
	if (!failed)
		print "json: " why ": " substr(text, 1, 60) > "/dev/stderr"
	failed = 1
	exit 1
}

# Takes the next token away from the text, and returns it.
function token(    found)
{
	sub(/^[ \t\r\n]+/, "", text)
	if (!match(text, /^([][{}:,]|"([^"\\]|\\.)*"|-?[0-9][-+.eE0-9]*|true|false|null)/))
		fail("no token")
	found = substr(text, 1, RLENGTH)
	text = substr(text, RLENGTH + 1)
	return found
}

function unquoted(s)
{
	if (s !~ /^"/)
		return s
	s = substr(s, 2, length(s) - 2)
	gsub(/\\"/, "\"", s)
	gsub(/\\\//, "/", s)
	return s
}

function members(path, end,    n, name, next_token)
{
	sub(/^[ \t\r\n]+/, "", text)
	if (substr(text, 1, 1) == end) {
		token()
		return
	}
	for (n = 0; next_token != end; n++) {
		name = n
		if (end == "}") {
			name = unquoted(token())
			if (token() != ":")
				fail("no colon after " name)
		}
		value(path "." name)
		next_token = token()
		if (next_token != "," && next_token != end)
			fail("no comma")
	}
}

function value(path,    t)
{
	t = token()
	if (t == "{")
		members(path, "}")
	else if (t == "[")
		members(path, "]")
	else if (t ~ /^[]}:,]$/)
		fail("no value")
	else
		print path "\t" unquoted(t)
}
