#!/bin/sh
# Record what confd makes of the corpora beside this script: want/JOB for each resource.
#
#     record.sh CONFD
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for corpus in corpus env; do
	cp -r "$here/$corpus" "$work/"
	rm -rf "$here/$corpus/want"
	mkdir "$here/$corpus/want"
	for toml in "$work/$corpus"/conf.d/*.toml; do
		job=$(basename "$toml" .toml)
		sed -i -e "s|^dest = .*|dest = \"$here/$corpus/want/$job\"|" -e '/_cmd = /d' -e '/^owner = /d' -e '/^mode = /d' "$toml"
	done
done
"$1" -onetime -confdir "$work/corpus" -backend file -file "$work/corpus/values.yaml"
env $(cat "$work/env/environment") "$1" -onetime -confdir "$work/env" -backend env
